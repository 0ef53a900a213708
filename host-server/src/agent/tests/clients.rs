//! Clients that come and go, several of them, and what they are due.

use super::*;

#[test]
fn a_client_that_joins_late_gets_whole_messages_only() {
    let mut world = World::with(&[ANNA]);
    let long = message(4, 5000);
    world.guest_writes(&chunked(&long[..3000], 3000));
    world.run().unwrap();
    world.relay.join(BERT);
    world.relay.start(BERT, PLENTY, world.now);
    world.guest_writes(&chunked(&long[3000..], 3000));
    world.guest_writes(&chunked(&message(3, 8), 28));
    world.run().unwrap();
    assert_eq!(world.take_data(BERT), message(3, 8));
    assert_eq!(world.take_data(ANNA), [long, message(3, 8)].concat());
}

#[test]
fn a_message_that_began_while_nobody_was_there_is_dropped_whole() {
    let mut world = World::with(&[ANNA]);
    let long = message(4, 100);
    world.guest_writes(&chunked(&long[..50], 50));
    world.run().unwrap();
    world.relay.leave(ANNA);
    world.relay.join(BERT);
    world.relay.start(BERT, PLENTY, world.now);
    world.guest_writes(&chunked(&long[50..], 100));
    world.run().unwrap();
    assert_eq!(world.take_data(BERT), []);
    world.guest_writes(&chunked(&long, 120));
    world.run().unwrap();
    assert_eq!(world.take_data(BERT), long);
}

#[test]
fn nothing_goes_to_an_agent_before_the_client_has_said_that_it_talks_to_it() {
    let mut world = World::with(&[]);
    world.relay.join(ANNA);
    world.client_sends(ANNA, &message(4, 100)[..60], 60).unwrap();
    world.relay.start(ANNA, PLENTY, world.now);
    world.client_sends(ANNA, &message(4, 100)[60..], 60).unwrap();
    world.client_sends(ANNA, &message(3, 8), 28).unwrap();
    world.run().unwrap();
    assert_eq!(world.take_received().0, message(3, 8));
}

#[test]
fn messages_for_an_agent_that_is_gone_do_not_reach_the_next_one() {
    let mut world = World::with(&[ANNA]);
    world.reads = 0;
    let long = message(4, 5000);
    world.client_sends(ANNA, &long[..4000], 2000).unwrap();
    world.run().unwrap();
    world.relay.detach();
    world.relay.attach(true);
    world.reads = usize::MAX;
    world.relay.start(ANNA, PLENTY, world.now);
    world.client_sends(ANNA, &long[4000..], 2000).unwrap();
    world.client_sends(ANNA, &message(3, 8), 28).unwrap();
    world.run().unwrap();
    assert_eq!(world.take_received().0, message(3, 8));
}

#[test]
fn the_agent_hears_when_the_last_client_goes_and_when_one_goes_in_a_message() {
    let mut world = World::with(&[ANNA, BERT]);
    let gone = own(&Message::ClientDisconnected);
    world.client_sends(ANNA, &message(4, 100)[..60], 60).unwrap();
    world.run().unwrap();
    world.client_sends(BERT, &message(3, 8), 28).unwrap();
    world.run().unwrap();
    assert_eq!(world.take_received(), (message(4, 100)[..60].to_vec(), vec![]));
    world.relay.leave(ANNA);
    world.run().unwrap();
    assert_eq!(world.received[8..28], gone, "before anything of others");
    assert_eq!(world.take_received(), (message(3, 8), gone.clone()));
    world.relay.join(ANNA);
    world.relay.leave(ANNA);
    world.run().unwrap();
    assert_eq!(world.take_own(), [], "one is left");
    world.relay.leave(BERT);
    world.run().unwrap();
    assert_eq!(world.take_own(), gone);
    world.reads = 0;
    for _ in 0..1000 {
        world.relay.join(ANNA);
        world.relay.leave(ANNA);
    }
    world.reads = usize::MAX;
    world.run().unwrap();
    assert_eq!(world.take_own(), gone, "once, when it did not read meanwhile");
}

#[test]
fn a_client_that_owes_tokens_holds_nobody_up_and_goes_in_the_end() {
    let mut world = World::with(&[ANNA]);
    world.relay.join(BERT);
    world.relay.start(BERT, 0, world.now);
    let small = message(3, 8);
    for _ in 0..5 {
        world.guest_writes(&chunked(&small, 28));
        world.run().unwrap();
        assert_eq!(world.take_data(ANNA), small);
    }
    world.relay.grant(BERT, 2, world.now);
    world.run().unwrap();
    assert_eq!(world.take_data(BERT), small.repeat(2));
    let due = world.relay.due().unwrap();
    assert_eq!(due, world.now + PATIENCE);
    world.relay.on_time(world.now);
    assert!(world.relay.take_faults().is_empty());
    world.relay.on_time(due);
    assert!(matches!(world.relay.take_faults().as_slice(), [(BERT, _)]));

    for _ in 0..3 {
        world.guest_writes(&chunked(&small, 28));
        world.run().unwrap();
    }
    assert!(matches!(world.relay.take_faults().as_slice(), [(BERT, _)]), "five are left behind already");
    world.relay.leave(BERT);
    assert_eq!((world.take_data(ANNA), world.relay.due()), (small.repeat(3), None));
}

#[test]
fn a_client_that_stops_in_a_message_for_which_others_wait_goes_in_the_end() {
    let mut world = World::with(&[ANNA, BERT]);
    let long = message(4, 100);
    world.client_sends(ANNA, &long[..60], 60).unwrap();
    world.run().unwrap();
    assert_eq!(world.relay.due(), None, "nobody waits");
    world.client_sends(BERT, &message(3, 8), 28).unwrap();
    let start = world.now;
    assert_eq!(world.relay.due(), Some(start + PATIENCE));
    world.now += PATIENCE / 2;
    world.client_sends(ANNA, &long[60..70], 60).unwrap();
    world.run().unwrap();
    assert_eq!(world.relay.due(), Some(world.now + PATIENCE), "it has gone on");
    world.relay.on_time(start + PATIENCE);
    assert!(world.relay.take_faults().is_empty());
    world.relay.on_time(world.now + PATIENCE);
    assert!(matches!(world.relay.take_faults().as_slice(), [(ANNA, _)]));
    world.relay.leave(BERT);
    world.relay.on_time(world.now + PATIENCE);
    assert!(world.relay.take_faults().is_empty() && world.relay.due().is_none(), "nobody waits any more");
}

fn monitors(count: u8) -> Vec<u8> {
    let mut body = vec![0; 8 + usize::from(count) * 20];
    body[0] = count;
    RawMessage { kind: kind::MONITORS_CONFIG, opaque: 7, data: body.into() }.encode().to_vec()
}

/// Sends monitors and gives what comes out.
fn wish(world: &mut World, message: &[u8]) -> Option<Monitors> {
    world.relay.on_data(ANNA, &Bytes::copy_from_slice(message), world.now).unwrap()
}

#[test]
fn monitors_that_no_device_takes_go_to_the_agent_in_their_turn() {
    for taken in [false, true] {
        let mut world = World::with(&[ANNA]);
        world.client_sends(ANNA, &message(5, 8), 28).unwrap();
        let body = Bytes::copy_from_slice(&monitors(2)[20..]);
        assert_eq!(wish(&mut world, &monitors(2)), Some(Monitors { body, for_agent: true }));
        world.client_sends(ANNA, &message(3, 8), 28).unwrap();
        world.run().unwrap();
        assert_eq!(world.take_received().0, message(5, 8), "what follows waits for the answer");
        world.relay.decide_monitors(ANNA, taken);
        world.run().unwrap();
        let rest = if taken { message(3, 8) } else { [monitors(2), message(3, 8)].concat() };
        assert_eq!(world.take_received().0, rest);
        world.client_sends(ANNA, &message(3, 8), 28).unwrap();
        world.client_sends(ANNA, &message(3, 8), 28).unwrap();
        world.run().unwrap();
        assert_eq!(world.take_tokens(ANNA), 5, "they cost a token, wherever they go");
    }
}

#[test]
fn devices_get_monitors_also_without_an_agent() {
    let mut world = World::with(&[]);
    world.relay.join(ANNA);
    assert!(wish(&mut world, &monitors(1)).is_some_and(|monitors| !monitors.for_agent));
    world.relay.detach();
    assert!(wish(&mut world, &monitors(1)).is_some_and(|monitors| !monitors.for_agent));
    world.run().unwrap();
    assert_eq!(world.take_tokens(ANNA), 1, "of the one that was sent when no agent was there");
    assert_eq!(world.received, []);
}

#[test]
fn wishes_for_monitors_without_an_answer_are_bounded_too() {
    let mut world = World::with(&[ANNA]);
    let sent = (0..100).take_while(|_| world.client_sends(ANNA, &monitors(100), 1000).is_ok()).count();
    assert_eq!(sent, 6, "of three pieces each");
}

#[test]
fn peers_that_are_not_there_change_nothing() {
    let mut world = World::with(&[]);
    world.relay.detach();
    world.relay.join(ANNA);
    world.relay.start(ANNA, PLENTY, world.now);
    world.relay.grant(ANNA, 5, world.now);
    world.relay.grant(BERT, 5, world.now);
    world.relay.start(BERT, 5, world.now);
    world.relay.leave(BERT);
    world.relay.decide_monitors(BERT, true);
    world.relay.move_pointer(MouseState::default());
    world.relay.wake();
    assert!(world.client_sends(BERT, &message(3, 8), 28).is_ok());
    world.run().unwrap();
    world.relay.attach(true);
    world.run().unwrap();
    assert_eq!((world.received.len(), world.clients.len()), (0, 0));
}
