//! A device that lies.

use guest_display::geometry::Rect;
use guest_display::{Dead, Device};
use proptest::prelude::*;
use qxl::ram::RamHeader;
use qxl::release::ReleaseInfo;
use qxl::ring::SharedMemory;
use zerocopy::little_endian::{U32, U64};

use crate::board::Board;
use crate::frame::{Frame, Shape};
use crate::{head, shown};

const RELEASES: usize = core::mem::offset_of!(RamHeader, release_ring);

/// Pushes an id into the release ring, as a device that does not care.
fn release(board: &Board, id: u64) {
    let (memory, ring) = (board.memory(), board.header() + RELEASES);
    let prod: U32 = memory.get(ring + 4).unwrap();
    memory.put(ring + 20 + 8 * (prod.get() % 8) as usize, &U64::new(id)).unwrap();
    memory.put(ring + 4, &U32::new(prod.get().wrapping_add(1))).unwrap();
}

#[test]
fn an_id_that_was_never_given_ends_it() {
    for id in [0, 1, u64::MAX, 1 << 32, 77] {
        let (board, mut device, _) = shown(1, 64, 64);
        crate::drain(&board, &mut device);
        release(&board, id);
        assert_eq!(device.flush(), Err(Dead::UnknownRelease(id)));
        assert_eq!(device.flush(), Err(Dead::UnknownRelease(id)));
        assert!(device.set_screen(&[head(32, 32)]).is_err());
        assert!(device.set_cursor(&Shape { side: 3, color: 1 }, Default::default()).is_err());
        device.resume().unwrap();
        crate::settle(&board, &mut device);
        board.assert_content();
    }
}

#[test]
fn a_chain_in_a_circle_ends_it() {
    let (board, mut device, mut frame) = shown(2, 64, 64);
    crate::drain(&board, &mut device);
    frame.paint(Rect::new(0, 0, 64, 64), |x, y| x * y + 5 * x);
    // The device sleeps: it takes the commands while it is told, and keeps them.
    device.update(0, &frame, &[Rect::new(0, 0, 64, 64)]).unwrap();
    let ring = board.header() + core::mem::offset_of!(RamHeader, command_ring);
    let command: U64 = board.memory().get(ring + 20).unwrap();
    let place = (command.get() & 0xffff_ffff) as usize;
    let id: ReleaseInfo = board.memory().get(place).unwrap();
    let id = id.id.get();
    // Its own id is still where the next one is to be.
    release(&board, id);
    let end = device.flush();
    assert!(matches!(end, Err(Dead::UnknownRelease(_))), "{end:?}");
}

#[test]
fn indices_that_jump_end_it() {
    for ring in ["command_ring", "cursor_ring", "release_ring"] {
        let (board, mut device, mut frame) = shown(3, 64, 64);
        let (at, word) = match ring {
            "command_ring" => (core::mem::offset_of!(RamHeader, command_ring), 12),
            "cursor_ring" => (core::mem::offset_of!(RamHeader, cursor_ring), 12),
            _ => (RELEASES, 4),
        };
        board.memory().put(board.header() + at + word, &U32::new(0xdead_0000)).unwrap();
        frame.paint(Rect::new(0, 0, 64, 64), |x, _| x);
        let drawn = device.update(0, &frame, &[Rect::new(0, 0, 64, 64)]);
        let pointed = device.set_cursor(&Shape { side: 3, color: 1 }, Default::default());
        assert!(drawn.is_err() || pointed.is_err(), "{ring}");
        assert!(matches!(device.flush(), Err(Dead::Ring(_))), "{ring}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn bytes_from_anywhere_never_panic(
        seed: u64,
        writes in proptest::collection::vec((0u8..12, any::<u16>(), any::<u64>()), 1..60),
    ) {
        let board = Board::new(seed);
        let Ok(mut device) = Device::start(board.clone()) else { panic!("a fresh device is refused") };
        let mut frame = Frame::new(64, 64);
        let _ = device.set_screen(&[head(64, 64)]);
        for (kind, place, value) in writes {
            let (place, word) = (usize::from(place), value as u32);
            match kind {
                // Only what the device itself may write is spoilt: RAM's header, the ROM, command memory.
                0 => board.memory().view(0).store(board.header() + place % 5348 / 4 * 4, word),
                1 => drop(board.rom.put(place % 1160, &U32::new(word))),
                2 => drop(board.memory().put((1 << 19) + place * 4, &U64::new(value))),
                3 => release(&board, value),
                4 => release(&board, (value % 64) | ((value >> 32 & 3) << 32)),
                5 => drop(device.set_screen(&[head(1 + word % 100, 1 + word % 90)])),
                6 => drop(device.set_cursor(&Shape { side: word % 20, color: word }, Default::default())),
                7 => drop(device.interrupted(word)),
                8 => drop((device.client_monitors(), device.starve())),
                9 => drop(device.resume()),
                10 => board.poll(),
                _ => {
                    frame.paint(Rect::new(0, 0, 64, 64), |x, y| x.wrapping_mul(word) ^ y);
                    let _ = device.update(0, &frame, &[Rect::new(0, 0, 64, 64)]);
                }
            }
        }
        // Once the host behaves again, so does the device: nothing that it did lasts.
        let fresh = Board::new(seed);
        fresh_rom(&board, &fresh);
        device.resume().unwrap();
        crate::settle(&board, &mut device);
    }
}

/// Gives a board the ROM of another one.
fn fresh_rom(board: &Board, from: &Board) {
    let mut bytes = vec![0; from.rom.len()];
    from.rom.read(0, &mut bytes).unwrap();
    board.rom.write(0, &bytes).unwrap();
}
