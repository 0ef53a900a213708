//! Tokens, room, and what is bounded.

use super::*;

#[test]
fn a_guest_that_does_not_read_stops_the_client_and_no_one_else() {
    let mut world = World::with(&[ANNA]);
    world.reads = 0;
    let small = message(3, 8);
    for _ in 0..MAX_OUTSTANDING {
        world.client_sends(ANNA, &small, 28).unwrap();
        world.run().unwrap();
    }
    assert_eq!(world.take_tokens(ANNA), 0, "nothing is read");
    world.guest_writes(&chunked(&small, 28));
    world.run().unwrap();
    assert_eq!(world.take_data(ANNA), small, "the other direction goes on");
    let fault = world.client_sends(ANNA, &small, 28).unwrap_err();
    assert_eq!(fault.to_string(), "client fault: 21 agent messages that the guest has not read");
    world.relay.leave(ANNA);
    world.reads = usize::MAX;
    world.relay.wake();
    world.run().unwrap();
    let (of_client, own_messages) = world.take_received();
    assert_eq!(of_client, small, "the chunk that had begun; the rest has gone with its client");
    assert_eq!(own_messages, own(&Message::ClientDisconnected));
}

#[test]
fn tokens_come_back_as_the_guest_reads() {
    let mut world = World::with(&[ANNA]);
    world.reads = 4 * 36;
    for _ in 0..WINDOW {
        world.client_sends(ANNA, &message(3, 8), 28).unwrap();
    }
    world.run().unwrap();
    assert_eq!(world.take_tokens(ANNA), 0, "four are read");
    world.reads = 35;
    world.relay.wake();
    world.run().unwrap();
    assert_eq!(world.take_tokens(ANNA), 0, "and nearly a fifth");
    world.reads = 1;
    world.relay.wake();
    world.run().unwrap();
    assert_eq!(world.take_tokens(ANNA), 5);
}

#[test]
fn a_new_agent_is_a_new_window() {
    let mut world = World::with(&[ANNA]);
    world.reads = 3 * 36;
    for _ in 0..MAX_OUTSTANDING {
        world.client_sends(ANNA, &message(3, 8), 28).unwrap();
    }
    world.run().unwrap();
    world.relay.detach();
    world.client_sends(ANNA, &message(4, 100), 60).unwrap();
    world.relay.attach(true);
    world.client_sends(ANNA, &message(4, 100), 60).unwrap();
    world.run().unwrap();
    assert_eq!(world.take_tokens(ANNA), 0, "the tokens of what is dropped are those of the old one");
    world.relay.start(ANNA, PLENTY, world.now);
    world.reads = 0;
    for _ in 0..MAX_OUTSTANDING {
        world.client_sends(ANNA, &message(3, 8), 28).unwrap();
        world.run().unwrap();
    }
    assert!(world.client_sends(ANNA, &message(3, 8), 28).is_err());
    assert_eq!(world.take_received().0.len(), 3 * 28);
}

#[test]
fn messages_that_are_dropped_give_their_tokens_back_in_bunches() {
    let mut world = World::with(&[ANNA]);
    world.relay.set_settings(AgentSettings { copy_paste: false, ..AgentSettings::default() });
    for sent in 1..=12 {
        world.client_sends(ANNA, &message(4, 10), 30).unwrap();
        world.run().unwrap();
        assert_eq!(world.take_tokens(ANNA), if sent % 5 == 0 { 5 } else { 0 });
    }
    assert_eq!(world.take_received().0, []);
}

#[test]
fn the_guest_is_read_only_while_a_client_has_tokens_for_it() {
    let mut world = World::with(&[]);
    world.relay.join(ANNA);
    world.relay.start(ANNA, 2, world.now);
    let long = message(4, 10_000);
    world.guest_writes(&chunked(&long, 20_000));
    world.run().unwrap();
    assert_eq!(world.take_data(ANNA), long[..2 * 2048]);
    assert!(world.written.len() > 5000, "the rest is the guest's still");
    world.relay.grant(ANNA, 1, world.now);
    world.run().unwrap();
    assert_eq!(world.take_data(ANNA), long[2 * 2048..3 * 2048]);
    world.relay.start(ANNA, PLENTY, world.now);
    world.run().unwrap();
    assert_eq!(world.take_data(ANNA), long[3 * 2048..]);
}

#[test]
fn the_guest_is_read_only_while_connections_have_room() {
    let mut world = World::with(&[ANNA]);
    let long = message(4, 10_000);
    world.room = false;
    world.guest_writes(&chunked(&long, 20_000));
    world.run().unwrap();
    assert_eq!((world.take_data(ANNA).len(), world.written.len()), (0, long.len() + 8));
    world.room = true;
    world.run().unwrap();
    assert_eq!(world.take_data(ANNA), long);
}

#[test]
fn nothing_of_an_endless_guest_is_kept_when_nobody_listens() {
    let mut world = World::with(&[]);
    for _ in 0..1000 {
        world.guest_writes(&chunked(&message(4, 60_000), 100_000));
        world.run().unwrap();
    }
    assert!(world.written.is_empty() && world.clients.is_empty());
    world.relay.join(ANNA);
    world.guest_writes(&chunked(&message(4, 60_000), 100_000));
    world.run().unwrap();
    assert!(world.written.is_empty(), "nor while a client does not talk to the agent");
    assert_eq!(world.take_data(ANNA), []);
}

#[test]
fn a_stopped_machine_is_left_alone() {
    let mut world = World::with(&[ANNA]);
    world.relay.set_machine_runs(false);
    world.client_sends(ANNA, &message(3, 8), 28).unwrap();
    world.guest_writes(&chunked(&message(3, 8), 28));
    world.run().unwrap();
    assert_eq!((world.received.len(), world.written.len()), (0, 36));
    world.relay.set_machine_runs(true);
    world.run().unwrap();
    assert_eq!((world.received.len(), world.written.len()), (36, 0));
}

#[test]
fn a_port_that_does_not_say_when_it_has_room_is_asked_again() {
    let mut world = World::with(&[]);
    world.relay.attach(false);
    world.relay.join(ANNA);
    world.relay.start(ANNA, PLENTY, world.now);
    world.reads = 30;
    world.client_sends(ANNA, &message(3, 8), 28).unwrap();
    world.run().unwrap();
    assert_eq!(world.received.len(), 30);
    world.reads = usize::MAX;
    world.run().unwrap();
    assert_eq!(world.received.len(), 30, "not yet");
    let due = world.relay.due().unwrap();
    assert_eq!(due, world.now + Duration::from_millis(100));
    world.now = due;
    world.relay.on_time(world.now);
    world.run().unwrap();
    assert_eq!((world.received.len(), world.relay.due()), (36, None));
}
