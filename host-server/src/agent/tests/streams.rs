//! What goes through comes out the same, whole, and without what is switched off.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const NOTHING_OPTIONAL: AgentSettings =
    AgentSettings { copy_paste: false, file_transfer: false, pointer: true };

/// Types of messages, known and unknown, but for monitors and capabilities, which are not passed on as they are.
fn kinds() -> impl Strategy<Value = u32> {
    prop_oneof![3..6_u32, 7..17_u32, Just(1), Just(99), Just(u32::MAX)]
}

proptest! {
    #[test]
    fn from_the_guest_to_a_client(
        messages in vec((kinds(), 0..7000_usize), 1..8),
        cut in 20..9000_usize,
        writes in 1..5000_usize,
        everything in any::<bool>(),
    ) {
        let mut world = World::with(&[ANNA]);
        let settings = if everything { AgentSettings::default() } else { NOTHING_OPTIONAL };
        world.relay.set_settings(settings);
        let (mut stream, mut expected) = (Vec::new(), Vec::new());
        for (kind, size) in messages {
            let message = message(kind, size);
            stream.extend(chunked(&message, cut));
            if everything || !matches!(kind, 4 | 7..=12) {
                expected.extend(message);
            }
        }
        for bytes in stream.chunks(writes) {
            world.guest_writes(bytes);
            world.run().unwrap();
        }
        prop_assert_eq!(world.take_data(ANNA), expected);
        prop_assert!(world.written.is_empty() && world.relay.take_faults().is_empty());
    }

    #[test]
    fn from_clients_to_the_guest(
        messages in vec((kinds(), 0..7000_usize), 1..8),
        cut in 20..2049_usize,
        reads in 1..5000_usize,
        everything in any::<bool>(),
    ) {
        let mut world = World::with(&[ANNA]);
        let settings = if everything { AgentSettings::default() } else { NOTHING_OPTIONAL };
        world.relay.set_settings(settings);
        let (mut expected, mut tokens) = (Vec::new(), WINDOW);
        world.reads = 0;
        for (kind, size) in messages {
            let message = message(kind, size);
            for piece in message.chunks(cut) {
                while tokens == 0 {
                    world.reads = reads;
                    world.relay.wake();
                    world.run().unwrap();
                    tokens += world.take_tokens(ANNA);
                }
                tokens -= 1;
                world.client_sends(ANNA, piece, cut).unwrap();
                world.run().unwrap();
                tokens += world.take_tokens(ANNA);
                prop_assert!(tokens <= WINDOW);
            }
            if everything || !matches!(kind, 4 | 7..=12) {
                expected.extend(message);
            }
        }
        world.reads = usize::MAX;
        world.relay.wake();
        world.run().unwrap();
        let (received, own) = world.take_received();
        prop_assert_eq!(received, expected);
        prop_assert_eq!(own, vec![]);
        tokens += world.take_tokens(ANNA);
        prop_assert!((WINDOW - 4..=WINDOW).contains(&tokens), "{} tokens", tokens);
    }
}

#[test]
fn what_is_switched_off_in_the_middle_of_a_message_counts_from_the_next_one() {
    let mut world = World::with(&[ANNA]);
    let clipboard = message(4, 100);
    world.client_sends(ANNA, &clipboard[..50], 50).unwrap();
    world.guest_writes(&chunked(&clipboard[..50], 50));
    world.run().unwrap();
    world.relay.set_settings(NOTHING_OPTIONAL);
    world.client_sends(ANNA, &clipboard[50..], 100).unwrap();
    world.guest_writes(&chunked(&clipboard[50..], 70));
    world.run().unwrap();
    world.client_sends(ANNA, &clipboard, 120).unwrap();
    world.guest_writes(&chunked(&clipboard, 120));
    world.run().unwrap();
    assert_eq!(world.take_received().0, clipboard);
    assert_eq!(world.take_data(ANNA), clipboard);
}

#[test]
fn capabilities_that_are_switched_off_are_not_announced_however_they_are_cut() {
    let data = [&[1, 0, 0, 0], [0xff; 8].as_slice()].concat();
    let announced = RawMessage { kind: kind::ANNOUNCE_CAPABILITIES, opaque: 0, data: data.into() }.encode();
    for cut in 20..33 {
        let mut world = World::with(&[ANNA]);
        world.relay.set_settings(NOTHING_OPTIONAL);
        world.guest_writes(&chunked(&announced, cut));
        world.run().unwrap();
        let got = world.take_data(ANNA);
        assert_eq!(got[..24], announced[..24]);
        assert_eq!(got[24..], [0x97, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    }
    let mut world = World::with(&[ANNA]);
    world.guest_writes(&chunked(&announced, 32));
    world.run().unwrap();
    assert_eq!(world.take_data(ANNA), announced, "nothing is switched off");
}
