//! Every kind of command, as the device has it in memory; and recordings that end or lie.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its input has failed")]

use std::fs;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::{any, prop_assert, proptest};
use proptest::sample::{Index, select};
use recording::{Command, ErrorKind, EventKind, Limits, Message, Recording};

const BASE: u64 = 0x10_0000;

/// The part behind the first line of a recording, from the fuzz target's corpus.
fn corpus(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/recording_events");
    [b"SPICE_REPLAY 1\n", fs::read(folder.join(name)).unwrap().as_slice()].concat()
}

fn commands(bytes: &[u8]) -> Vec<Command> {
    let commands = Recording::open(bytes, 8).unwrap().filter_map(|event| match event.unwrap().kind {
        EventKind::Command(command) => Some(command),
        EventKind::Message(_) => None,
    });
    commands.collect()
}

/// The memory of the only command.
fn memory(name: &str) -> Vec<u8> {
    let commands = commands(&corpus(name));
    assert_eq!(commands.len(), 1, "{name}");
    place(&commands[0])
}

fn place(command: &Command) -> Vec<u8> {
    let mut memory = vec![0; command.layout.size()];
    assert!(command.layout.place(&mut memory, BASE, 7));
    memory
}

fn u32_at(memory: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(memory[at..at + 4].try_into().unwrap())
}

/// Follows the address at `at` to an offset.
fn follow(memory: &[u8], at: usize) -> usize {
    let address = u64::from_le_bytes(memory[at..at + 8].try_into().unwrap());
    usize::try_from(address.checked_sub(BASE).expect("a null address")).unwrap()
}

/// The bytes of a chain of chunks, whose links back are right.
fn chain(memory: &[u8], mut chunk: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let size = u32_at(memory, chunk) as usize;
        bytes.extend_from_slice(&memory[chunk + 20..chunk + 20 + size]);
        if memory[chunk + 12..chunk + 20] == [0; 8] {
            return bytes;
        }
        let next = follow(memory, chunk + 12);
        assert_eq!(follow(memory, next + 4), chunk);
        chunk = next;
    }
}

#[test]
fn a_fill_holds_its_brush_and_rop() {
    let memory = memory("fill");
    assert_eq!(memory.len(), 191);
    assert_eq!((memory[12], memory[13]), (1, 1), "effect and type");
    assert_eq!((u32_at(&memory, 39), u32_at(&memory, 43)), (16, 16), "bottom and right of the box");
    assert_eq!(u32_at(&memory, 63), u32::MAX, "no other surface");
    assert_eq!((u32_at(&memory, 123), u32_at(&memory, 127)), (1, 255), "a solid brush");
    assert_eq!(memory[143..145], [8, 0], "the rop");
}

#[test]
fn a_copy_points_to_pixels_in_chunks() {
    let memory = memory("copy");
    let image = follow(&memory, 123);
    assert_eq!((u32_at(&memory, image + 10), u32_at(&memory, image + 14)), (2, 2), "size");
    assert_eq!(memory[image + 18..image + 20], [8, 4], "format and flags");
    assert_eq!(memory[image + 32..image + 40], [0; 8], "no palette");
    assert_eq!(chain(&memory, follow(&memory, image + 40)), (0..16).collect::<Vec<u8>>());
}

#[test]
fn a_copy_points_to_flat_pixels_palette_and_clip() {
    let memory = memory("copy_flat_palette");
    let clip = follow(&memory, 51);
    assert_eq!((u32_at(&memory, 47), u32_at(&memory, clip)), (1, 1));
    assert_eq!(chain(&memory, clip + 4).len(), 16);
    let image = follow(&memory, 123);
    let palette = follow(&memory, image + 32);
    assert_eq!(memory[palette + 8..palette + 10], [2, 0]);
    assert_eq!(u32_at(&memory, palette + 14), u32::MAX);
    let pixels = follow(&memory, image + 40);
    assert_eq!(memory[pixels..pixels + 4], [1, 2, 3, 4]);
}

#[test]
fn a_quic_image_holds_its_first_chunk() {
    let memory = memory("copy_quic");
    let image = follow(&memory, 123);
    assert_eq!(u32_at(&memory, image + 18), 4);
    assert_eq!(chain(&memory, image + 22), b"QUIC");
}

#[test]
fn text_stroke_and_cursor_hold_theirs() {
    let text = memory("text");
    let string = follow(&text, 123);
    assert_eq!(u32_at(&text, string), 20);
    assert_eq!(chain(&text, string + 8), b"12345678901234567890");

    let stroke = memory("stroke");
    let path = follow(&stroke, 123);
    assert_eq!(u32_at(&stroke, path), 8);
    assert_eq!(chain(&stroke, path + 4), b"12345678");
    assert_eq!((stroke[131], stroke[134]), (8, 1), "flags and number of dashes");
    let style = follow(&stroke, 143);
    assert_eq!(&stroke[style..style + 4], b"1234");

    let cursor = place(&commands(&corpus("cursor"))[0]);
    assert_eq!(cursor.get(9..13), Some([1, 0, 0xfe, 0xff].as_slice()), "position");
    let shape = follow(&cursor, 14);
    assert_eq!(u32_at(&cursor, shape + 18), 4);
    assert_eq!(chain(&cursor, shape + 22), b"1234");
}

#[test]
fn a_composite_holds_images_and_a_matrix() {
    let memory = memory("composite");
    assert_eq!(memory[follow(&memory, 127) + 18..][..2], [8, 4], "source");
    assert_eq!(&memory[follow(&memory, 135)..][..4], b"1234", "matrix");
    assert_eq!(memory[follow(&memory, 143) + 18..][..2], [8, 4], "mask");
    assert_eq!(memory[151..159], [0; 8], "no matrix of the mask");
    assert_eq!(memory[163..167], [0xff, 0xff, 2, 0], "origin of the mask");
}

#[test]
fn surfaces_are_renamed_in_turns() {
    let commands = commands(&corpus("surfaces"));
    let named: Vec<u32> = commands.iter().map(|command| u32_at(&place(command), 8)).collect();
    assert_eq!(named, [1, 1, 1], "the first id that is not the primary surface's");
    assert_eq!(commands[2].destroys, Some(1));

    let body = corpus("surfaces").split_off(15);
    let twice = [b"SPICE_REPLAY 1\n", body.as_slice(), body.as_slice()].concat();
    let mut recording = Recording::open(twice.as_slice(), 3).unwrap();
    let ids: Vec<u32> = (&mut recording)
        .filter_map(|event| match event.unwrap().kind {
            EventKind::Command(command) => command.destroys,
            EventKind::Message(_) => None,
        })
        .collect();
    assert_eq!(ids, [1, 2], "an id is not given out before it is released");
}

#[test]
fn surfaces_run_out_unless_they_are_released() {
    let body = corpus("surfaces").split_off(15);
    let twice = [b"SPICE_REPLAY 1\n", body.as_slice(), body.as_slice()].concat();
    let error = Recording::open(twice.as_slice(), 2).unwrap().find_map(Result::err).unwrap();
    assert!(matches!(error.kind, ErrorKind::OutOfSurfaces(2)), "{error}");

    let mut recording = Recording::open(twice.as_slice(), 2).unwrap();
    let mut destroyed = 0;
    while let Some(event) = recording.next_event().unwrap() {
        if let EventKind::Command(Command { destroys: Some(id), .. }) = event.kind {
            recording.release(id);
            destroyed += 1;
        }
    }
    assert_eq!(destroyed, 2);
}

#[test]
fn a_primary_surface_without_pixels_is_black() {
    let bytes = corpus("primary");
    let sizes: Vec<Vec<u8>> = Recording::open(bytes.as_slice(), 8)
        .unwrap()
        .filter_map(|event| match event.unwrap().kind {
            EventKind::Message(Message::CreatePrimary { surface, .. }) => Some(surface.pixels),
            _ => None,
        })
        .collect();
    assert_eq!(sizes, [b"1234".to_vec(), vec![0; 16]]);
}

#[test]
fn compressed_blocks_are_read() {
    assert_eq!(memory("zlib")[8..], *b"hello\0");
}

#[test]
fn every_cut_is_a_truncation_or_an_earlier_end() {
    for name in ["copy_flat_palette", "composite", "cursor", "primary", "surfaces", "text", "zlib"] {
        let bytes = corpus(name);
        for length in 15..bytes.len() {
            let cut = bytes.get(..length).unwrap();
            match Recording::open(cut, 8).unwrap().find_map(Result::err) {
                None => {}
                Some(error) => assert!(error.is_truncation(), "{name} cut to {length}: {error}"),
            }
        }
    }
}

#[test]
fn errors_say_where() {
    let bytes = [corpus("copy_bits"), b"event 1 0 9 0\n".to_vec()].concat();
    let error = Recording::open(bytes.as_slice(), 8).unwrap().find_map(Result::err).unwrap();
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
    assert_eq!((error.line, error.offset), (lines as u64, bytes.len() as u64));
    assert_eq!(
        error.to_string(),
        format!("recording, line {lines} (byte {}): unknown type of command 9", bytes.len())
    );
}

#[test]
fn no_command_takes_more_than_the_limit() {
    let bytes = corpus("copy");
    let size = commands(&bytes)[0].layout.size();
    for limit in 0..size {
        let limits = Limits { command_bytes: limit };
        let error = Recording::with_limits(bytes.as_slice(), 8, limits).unwrap().find_map(Result::err);
        assert!(matches!(error.unwrap().kind, ErrorKind::TooLarge { .. }), "{limit}");
    }
    let limits = Limits { command_bytes: size };
    assert!(Recording::with_limits(bytes.as_slice(), 8, limits).unwrap().all(|event| event.is_ok()));
}

#[test]
fn what_is_no_recording_is_refused() {
    let refusal = |bytes: &[u8]| Recording::open(bytes, 8).unwrap_err().kind;
    assert!(matches!(refusal(b"SPICE_REPLAY 2\n"), ErrorKind::Version(2)));
    assert!(matches!(refusal(b"\x7fELF"), ErrorKind::NotARecording));
    assert!(matches!(refusal(b""), ErrorKind::NotARecording));
    let revision = corpus("first_revision");
    let error = Recording::open(revision.as_slice(), 8).unwrap().find_map(Result::err).unwrap();
    assert!(matches!(error.kind, ErrorKind::FirstRevision));
}

/// All recordings of the corpus.
fn corpora() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/recording_events");
    let files = fs::read_dir(folder).unwrap();
    files.map(|file| corpus(file.unwrap().file_name().to_str().unwrap())).collect()
}

proptest! {
    #[test]
    fn damage_ends_in_events_or_one_error(
        which in any::<Index>(),
        damage in vec(
            (any::<Index>(), select(b"0189-: \n\x00\xff".to_vec())),
            1..6,
        ),
    ) {
        let corpora = corpora();
        let mut bytes = which.get(&corpora).clone();
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let limits = Limits { command_bytes: 1 << 16 };
        if let Ok(recording) = Recording::with_limits(bytes.as_slice(), 8, limits) {
            let errors = recording.filter(Result::is_err).count();
            prop_assert!(errors <= 1);
        }
    }
}
