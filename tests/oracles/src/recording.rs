//! Properties of the `recording` crate, for a recording from anybody.

use recording::{
    CommandKind, DeviceMemory, Entry, Event, EventKind, HEADER, Limits, Message, OutsideMemory, Recording,
    RingCommand,
};

use crate::Oracle;

/// The fuzz targets `recording_*`.
pub const ORACLES: &[Oracle] = &[Oracle { name: "recording_events", check: events }];

/// Small, so that a few bytes cannot ask for much memory.
const LIMITS: Limits = Limits { command_bytes: 1 << 20 };

const SURFACES: u32 = 8;
const BASE: u64 = 0x5000_0000_0000;
const RELEASE_ID: u64 = 0x0123_4567_89ab_cdef;

/// Any bytes end in events and at most one error, which lies inside the bytes; every command stays within
/// its limit, and its structures can be placed anywhere. Reading twice gives the same, and so does reading what was
/// written again.
pub fn events(bytes: &[u8]) {
    // The first command of a recording stands alone as well: behind the header, what the input holds is read as the
    // rest of a recording.
    let whole = [HEADER, bytes].concat();
    for input in [bytes, &whole] {
        let outcome = read(input);
        assert_eq!(outcome, read(input));
        let (events, _) = outcome;
        let (text, count) = written(&events);
        let (again, _) = read(&text);
        assert_eq!(again.get(..count), events.get(..count));
    }
}

/// The events as a recording, up to the first one that no server would write so; and how many these are.
fn written(events: &[Event]) -> (Vec<u8>, usize) {
    let mut text = HEADER.to_vec();
    for (count, Event { number, timestamp, kind }) in events.iter().enumerate() {
        let entry = match kind {
            EventKind::Message(message) => Entry::message(message),
            // A message ends at the first 0 in it.
            EventKind::Command(command) if command.kind == CommandKind::Message => return (text, count),
            EventKind::Command(command) => {
                let mut memory = vec![0; command.layout.size()];
                assert!(command.layout.place(&mut memory, BASE, RELEASE_ID));
                let ring = RingCommand { kind: command.kind, address: BASE, first_revision: false };
                match Entry::command(&Placed(&memory), ring, LIMITS) {
                    Ok(entry) => entry,
                    Err(_) => return (text, count),
                }
            }
        };
        entry.write(*number, *timestamp, &mut text);
    }
    (text, events.len())
}

/// Structures at [`BASE`].
struct Placed<'a>(&'a [u8]);

impl DeviceMemory for Placed<'_> {
    fn append(&self, address: u64, lead: u64, length: usize, to: &mut Vec<u8>) -> Result<(), OutsideMemory> {
        let start =
            address.checked_add(lead).and_then(|start| start.checked_sub(BASE)).ok_or(OutsideMemory)?;
        let start = usize::try_from(start).map_err(|_| OutsideMemory)?;
        let bytes = self.0.get(start..).and_then(|rest| rest.get(..length)).ok_or(OutsideMemory)?;
        to.extend_from_slice(bytes);
        Ok(())
    }

    fn bytes_after(&self, address: u64) -> u64 {
        (BASE + self.0.len() as u64).saturating_sub(address)
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
