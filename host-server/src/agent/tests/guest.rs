//! What the server itself tells the agent, and agents that break the rules.

use super::*;

fn state(x: u32) -> MouseState {
    MouseState { x, y: 1, buttons: 2, display_id: 0 }
}

#[test]
fn of_many_places_of_the_pointer_a_slow_agent_hears_the_first_and_the_last() {
    let mut world = World::with(&[]);
    world.reads = 10;
    for x in 0..1000 {
        world.relay.move_pointer(state(x));
        world.run().unwrap();
    }
    world.reads = usize::MAX;
    world.relay.wake();
    world.run().unwrap();
    let expected = [own(&Message::MouseState(state(0))), own(&Message::MouseState(state(999)))].concat();
    assert_eq!(world.take_own(), expected);
    world.relay.move_pointer(state(5));
    world.run().unwrap();
    assert_eq!(world.take_own(), own(&Message::MouseState(state(5))));
}

#[test]
fn a_click_that_comes_at_once_is_heard_whole() {
    let mut world = World::with(&[]);
    let states = [state(1), MouseState { buttons: 6, ..state(1) }, state(1), state(2)];
    states.iter().for_each(|state| world.relay.move_pointer(*state));
    world.run().unwrap();
    let expected: Vec<u8> = states.iter().flat_map(|state| own(&Message::MouseState(*state))).collect();
    assert_eq!(world.take_own(), expected);
}

#[test]
fn the_pointer_goes_between_the_chunks_of_a_client() {
    let mut world = World::with(&[ANNA]);
    let clipboard = message(4, 3000);
    world.client_sends(ANNA, &clipboard[..2048], 2048).unwrap();
    world.relay.move_pointer(state(1));
    world.client_sends(ANNA, &clipboard[2048..], 2048).unwrap();
    world.run().unwrap();
    assert_eq!(world.take_received(), (clipboard, own(&Message::MouseState(state(1)))));
}

fn announcement(wants_devices: bool) -> Vec<u8> {
    let word = if wants_devices { 1_u32 << 15 } else { 0 };
    let data = [[0; 4], word.to_le_bytes()].concat();
    RawMessage { kind: kind::ANNOUNCE_CAPABILITIES, opaque: 0, data: data.into() }.encode().to_vec()
}

#[test]
fn the_agent_is_told_of_devices_when_it_wants_it_and_when_a_client_begins() {
    let device = GraphicsDevice {
        channel_id: 0,
        monitor_id: 0,
        device_display_id: 0,
        address: Bytes::from_static(b"pci/0000/02.0\0"),
    };
    let told = own(&Message::GraphicsDevices(vec![device.clone()]));
    let mut world = World::with(&[ANNA]);
    world.relay.set_devices(vec![device.clone()]);
    world.guest_writes(&chunked(&announcement(false), 28));
    world.run().unwrap();
    assert_eq!(world.take_own(), []);
    world.guest_writes(&chunked(&announcement(true), 28));
    world.run().unwrap();
    assert_eq!(world.take_own(), told);
    world.relay.start(ANNA, PLENTY, world.now);
    world.run().unwrap();
    assert_eq!(world.take_own(), told);
    world.relay.set_devices(vec![device.clone(), device.clone()]);
    world.relay.move_pointer(state(1));
    world.run().unwrap();
    let both = own(&Message::GraphicsDevices(vec![device.clone(), device]));
    assert_eq!(world.take_own(), [own(&Message::MouseState(state(1))), both].concat());
    world.guest_writes(&chunked(&announcement(false), 24));
    world.run().unwrap();
    world.relay.start(ANNA, PLENTY, world.now);
    world.run().unwrap();
    assert_eq!(world.take_own(), [], "it has changed its mind");
}

#[test]
fn so_many_devices_that_they_fill_several_chunks() {
    let device = GraphicsDevice { address: Bytes::from_static(&[b'x'; 200]), ..GraphicsDevice::default() };
    let mut world = World::with(&[ANNA]);
    world.relay.set_devices(vec![device.clone(); 50]);
    world.guest_writes(&chunked(&announcement(true), 28));
    world.run().unwrap();
    assert_eq!(world.take_own(), own(&Message::GraphicsDevices(vec![device; 50])));
}

#[test]
fn what_the_agent_tells_the_server_goes_to_no_client() {
    let mut world = World::with(&[ANNA]);
    let clipboard = message(4, 100);
    world.guest_writes(&chunked(&clipboard[..50], 50));
    world.guest_writes(&[2, 0, 0, 0, 5, 0, 0, 0, 1, 2, 3, 4, 5]);
    world.guest_writes(&chunked(&clipboard[50..], 100));
    world.run().unwrap();
    assert_eq!(world.take_data(ANNA), clipboard);
}

#[test]
fn an_agent_that_breaks_the_rules_is_at_fault() {
    let long = [message(4, 10), vec![0]].concat();
    let bad: [(&str, Vec<u8>); 5] = [
        ("an unknown port", vec![3, 0, 0, 0, 1, 0, 0, 0, 0]),
        ("a header that is cut", chunked(&message(4, 10)[..19], 19)),
        ("no protocol", chunked(&[0; 20], 20)),
        ("two messages in a chunk", chunked(&long, 40)),
        ("a chunk over the end of a message", [chunked(&long[..25], 30), chunked(&long[25..], 30)].concat()),
    ];
    for (name, bytes) in bad {
        for clients in [&[] as &[_], &[ANNA]] {
            let mut world = World::with(clients);
            world.guest_writes(&bytes);
            assert!(world.run().is_err(), "{name}");
            world.relay.detach();
            world.written.clear();
            world.relay.take_outputs();
            world.relay.attach(true);
            world.relay.start(ANNA, PLENTY, world.now);
            world.guest_writes(&chunked(&message(3, 8), 28));
            assert!(world.run().is_ok(), "{name}: a new opening begins anew");
            assert_eq!(world.take_data(ANNA).len(), 28 * clients.len());
        }
    }
}
