//! The two recorded desktops of tests/data are read whole.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its input has failed")]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use recording::{CommandKind, Event, EventKind, Message, Recording};

fn open(name: &str) -> Recording<BufReader<impl Read>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/recordings").join(name);
    let file = File::open(&path).unwrap();
    Recording::open(BufReader::new(zstd::Decoder::new(file).unwrap()), 1024).unwrap()
}

fn count(name: &str) -> (BTreeMap<u32, u64>, u64) {
    let (mut commands, mut primaries) = (BTreeMap::new(), 0);
    for event in open(name) {
        match event.unwrap().kind {
            EventKind::Command(command) => *commands.entry(command.kind as u32).or_default() += 1,
            EventKind::Message(Message::CreatePrimary { surface, .. }) => {
                assert_eq!(surface.pixels.len() as u32, surface.height * surface.stride.unsigned_abs());
                primaries += 1;
            }
            EventKind::Message(_) => {}
        }
    }
    (commands, primaries)
}

#[test]
fn a_desktop_of_the_qxl_driver() {
    let (commands, primaries) = count("qxl-desk.rec.zst");
    assert_eq!(commands, BTreeMap::from([(1, 4317), (3, 82), (5, 1)]));
    assert_eq!(primaries, 8);
}

#[test]
fn a_desktop_of_the_modesetting_driver() {
    let (commands, primaries) = count("ms-desk.rec.zst");
    assert_eq!(commands, BTreeMap::from([(1, 510), (3, 73)]));
    assert_eq!(primaries, 7);
}

#[test]
fn addresses_lie_inside_the_block() {
    let draws = open("qxl-desk.rec.zst").filter_map(|event| match event.unwrap() {
        Event { kind: EventKind::Command(command), .. } if command.kind == CommandKind::Draw => Some(command),
        _ => None,
    });
    for command in draws.take(500) {
        let base = 0x7f00_0000_0000;
        let mut memory = vec![0; command.layout.size()];
        assert!(command.layout.place(&mut memory, base, 77));
        assert_eq!(memory[..8], 77u64.to_le_bytes());
        // Copies have the address of their image at 123, behind the fields that all operations share.
        if memory[13] == 3 {
            let image = u64::from_le_bytes(memory[123..131].try_into().unwrap());
            let offset = usize::try_from(image - base).unwrap();
            assert_eq!(offset % 16, 0);
            assert!(offset + 48 <= memory.len());
        }
    }
}
