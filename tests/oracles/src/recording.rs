//! Properties of the `recording` crate, for a recording from anybody.

use recording::{CommandKind, Event, EventKind, Limits, Message, Recording};

use crate::Oracle;

/// The fuzz targets `recording_*`.
pub const ORACLES: &[Oracle] = &[Oracle { name: "recording_events", check: events }];

/// Small, so that a few bytes cannot ask for much memory.
const LIMITS: Limits = Limits { command_bytes: 1 << 20 };

const SURFACES: u32 = 8;
const BASE: u64 = 0x5000_0000_0000;
const RELEASE_ID: u64 = 0x0123_4567_89ab_cdef;

/// The first command of a recording stands alone as well: behind these bytes, what the input holds is read
/// as the rest of a recording.
const HEAD: &[u8] = b"SPICE_REPLAY 1\n";

/// Any bytes end in events and at most one error, which lies inside the bytes; every command stays within
/// its limit, and its structures can be placed anywhere. Reading twice gives the same.
pub fn events(bytes: &[u8]) {
    let whole = [HEAD, bytes].concat();
    for input in [bytes, &whole] {
        assert_eq!(read(input), read(input));
    }
}

/// The events, and the error as text.
fn read(bytes: &[u8]) -> (Vec<Event>, Option<String>) {
    let mut events = Vec::new();
    let mut recording = match Recording::with_limits(bytes, SURFACES, LIMITS) {
        Ok(recording) => recording,
        Err(error) => return (events, Some(error.to_string())),
    };
    loop {
        match recording.next_event() {
            Ok(Some(event)) => {
                check(&event);
                if let EventKind::Command(command) = &event.kind {
                    command.destroys.into_iter().for_each(|surface| recording.release(surface));
                }
                events.push(event);
            }
            Ok(None) => return (events, None),
            Err(error) => {
                assert!(error.offset <= bytes.len() as u64);
                assert!(matches!(recording.next_event(), Ok(None)));
                return (events, Some(error.to_string()));
            }
        }
    }
}

fn check(event: &Event) {
    match &event.kind {
        EventKind::Message(Message::CreatePrimary { surface, .. }) => {
            let bytes = u64::from(surface.height) * u64::from(surface.stride.unsigned_abs());
            assert_eq!(surface.pixels.len() as u64, bytes);
        }
        EventKind::Message(_) => {}
        EventKind::Command(command) => {
            let size = command.layout.size();
            assert!(size <= LIMITS.command_bytes + 1, "{size}");
            let mut memory = vec![0; size];
            assert!(command.layout.place(&mut memory, BASE, RELEASE_ID));
            assert_eq!(memory.first_chunk(), Some(&RELEASE_ID.to_le_bytes()));
            assert!(!command.layout.place(&mut memory[1..], BASE, RELEASE_ID));
            assert!(command.destroys.is_none_or(|id| id < SURFACES && command.kind == CommandKind::Surface));
            let mut placed = command.layout.clone().into_memory(RELEASE_ID);
            assert_eq!((placed.size(), placed.address() % 16), (size, 0));
        }
    }
}
