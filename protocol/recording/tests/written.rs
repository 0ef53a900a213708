//! What is read and written again is the same.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its input has failed")]

use std::cell::Cell;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use proptest::prelude::{any, prop_assert, proptest};
use proptest::sample::Index;
use recording::{
    Command, DeviceMemory, Entry, Event, EventKind, HEADER, Limits, Omission, OutsideMemory, Recording,
    RingCommand,
};

const BASE: u64 = 0x10_0000;

/// A command's structures at [`BASE`], in one slot.
struct Placed {
    bytes: Vec<u8>,
    /// Bytes that were copied out.
    copied: Cell<usize>,
}

impl Placed {
    fn new(command: &Command) -> Self {
        let mut bytes = vec![0; command.layout.size()];
        assert!(command.layout.place(&mut bytes, BASE, 7));
        Self { bytes, copied: Cell::new(0) }
    }

    fn entry(&self, command: &Command, limits: Limits) -> Result<Entry, Omission> {
        let command = RingCommand { kind: command.kind, address: BASE, first_revision: false };
        Entry::command(self, command, limits)
    }
}

impl DeviceMemory for Placed {
    fn append(&self, address: u64, lead: u64, length: usize, to: &mut Vec<u8>) -> Result<(), OutsideMemory> {
        let start =
            address.checked_add(lead).and_then(|start| start.checked_sub(BASE)).ok_or(OutsideMemory)?;
        let bytes = usize::try_from(start).ok().and_then(|start| self.bytes.get(start..)?.get(..length));
        to.extend_from_slice(bytes.ok_or(OutsideMemory)?);
        self.copied.set(self.copied.get() + length);
        Ok(())
    }

    fn bytes_after(&self, address: u64) -> u64 {
        (BASE + self.bytes.len() as u64).saturating_sub(address)
    }
}

/// The recording with every event read and written again.
fn rewritten(recording: &[u8]) -> Vec<u8> {
    let mut written = HEADER.to_vec();
    for event in Recording::open(recording, 1024).unwrap() {
        let Event { number, timestamp, kind } = event.unwrap();
        let entry = match kind {
            EventKind::Command(command) => Placed::new(&command).entry(&command, Limits::default()).unwrap(),
            EventKind::Message(message) => Entry::message(&message),
        };
        entry.write(number, timestamp, &mut written);
    }
    written
}

fn corpus(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/recording_events");
    [HEADER, &fs::read(folder.join(name)).unwrap()].concat()
}

/// Recordings of one or a few commands, by their names: each kind and each operation.
const KINDS: [&str; 19] = [
    "alpha_blend",
    "blackness",
    "composite",
    "copy",
    "copy_bits",
    "copy_flat_palette",
    "copy_quic",
    "copy_surface",
    "cursor",
    "fill",
    "fill_pattern",
    "opaque",
    "rop3",
    "stroke",
    "surface_kept",
    "surfaces",
    "text",
    "transparent",
    "update_and_message",
];

#[test]
fn each_kind_of_command_comes_back_as_it_was() {
    for name in KINDS {
        let before = corpus(name);
        let after = rewritten(&before);
        let (before, after) = (String::from_utf8_lossy(&before), String::from_utf8_lossy(&after));
        // The reader gives ids out anew.
        let before = before.replace("surface_id 3\n", "surface_id 1\n");
        assert_eq!(before, after, "{name}");
    }
}

#[test]
fn a_primary_surface_without_pixels_gets_its_pixels() {
    let after = String::from_utf8(rewritten(&corpus("primary"))).unwrap();
    assert!(after.contains("1 1 -4 32\n0 1 0 0\nbinary 0 data 4:1234\n"), "{after}");
    assert!(after.contains("2 2 8 32\n0 1 0 0\nbinary 0 data 16:"), "{after}");
}

/// The only command of a recording.
fn command(name: &str) -> Command {
    let recording = corpus(name);
    let mut commands =
        Recording::open(recording.as_slice(), 8).unwrap().filter_map(|event| match event.unwrap().kind {
            EventKind::Command(command) => Some(command),
            EventKind::Message(_) => None,
        });
    commands.next().unwrap()
}

#[test]
fn a_circle_of_chunks_is_left_out() {
    let command = command("copy");
    let mut placed = Placed::new(&command);
    let number = |bytes: &[u8], at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    let image = usize::try_from(number(&placed.bytes, 123) - BASE).unwrap();
    let chunk = number(&placed.bytes, image + 40);
    let at = usize::try_from(chunk - BASE).unwrap();
    placed.bytes[at + 12..at + 20].copy_from_slice(&chunk.to_le_bytes());
    assert_eq!(placed.entry(&command, Limits::default()), Err(Omission::TooLarge));
    assert!(placed.copied.get() < 2 << 20, "no pixels were copied");
}

#[test]
fn chunks_of_another_size_are_left_out() {
    let command = command("copy");
    let mut placed = Placed::new(&command);
    let image =
        usize::try_from(u64::from_le_bytes(placed.bytes[123..131].try_into().unwrap()) - BASE).unwrap();
    // One row more than there are pixels for.
    placed.bytes[image + 24] += 1;
    assert_eq!(placed.entry(&command, Limits::default()), Err(Omission::Size("bitmap.data")));
}

#[test]
fn a_large_command_is_left_out() {
    let command = command("surface_kept");
    let placed = Placed::new(&command);
    let entry = placed.entry(&command, Limits::default()).unwrap();
    assert!(entry.size() < 200, "{}", entry.size());
    assert_eq!(placed.entry(&command, Limits { command_bytes: 44 }), Err(Omission::TooLarge));
}

proptest! {
    /// Whatever the guest's memory holds, what is recorded can be read, and stays within the limit.
    #[test]
    fn damaged_structures_are_left_out_or_can_be_read(
        kind in any::<Index>(),
        damage in proptest::collection::vec((any::<Index>(), any::<u8>()), 1..6),
        cut in proptest::option::of(any::<Index>()),
    ) {
        const LIMIT: usize = 1 << 16;
        let command = command(KINDS[kind.index(KINDS.len())]);
        let mut placed = Placed::new(&command);
        for (at, byte) in damage {
            // Not only the pixels, which are most of it.
            let at = at.index(placed.bytes.len().min(300));
            placed.bytes[at] = byte;
        }
        if let Some(cut) = cut {
            let length = cut.index(placed.bytes.len());
            placed.bytes.truncate(length);
        }
        let limits = Limits { command_bytes: LIMIT };
        let outcome = placed.entry(&command, limits);
        prop_assert!(placed.copied.get() <= LIMIT);
        if let Ok(entry) = outcome {
            let mut text = HEADER.to_vec();
            entry.write(0, 0, &mut text);
            let mut surfaces = Recording::open(text.as_slice(), 8).unwrap();
            match surfaces.next_event() {
                Ok(event) => prop_assert!(event.is_some()),
                // The reader also knows the surfaces that there are.
                Err(error) => prop_assert!(
                    matches!(error.kind, recording::ErrorKind::NoSuchSurface(_)), "{}", error),
            }
        }
    }
}

#[test]
fn recorded_desktops_come_back_byte_for_byte() {
    for name in ["qxl-desk", "ms-desk"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/recordings");
        let mut before = Vec::new();
        let file = File::open(folder.join(name).with_extension("rec.zst")).unwrap();
        zstd::Decoder::new(file).unwrap().read_to_end(&mut before).unwrap();
        let after = rewritten(&before);
        let differs = before.iter().zip(&after).position(|(before, after)| before != after);
        let show = |bytes: &[u8], at: usize| {
            String::from_utf8_lossy(&bytes[at.saturating_sub(300)..(at + 100).min(bytes.len())]).into_owned()
        };
        if let Some(at) = differs {
            panic!("{name}, byte {at}:\n{}\n---\n{}", show(&before, at), show(&after, at));
        }
        assert_eq!(before.len(), after.len(), "{name}");
    }
}
