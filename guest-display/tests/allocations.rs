//! No frame allocates: a kernel may be asked to draw because memory is short.
#![allow(clippy::unwrap_used, reason = "a test stops when something fails")]
#![allow(dead_code, reason = "the board and its frames are other tests' too")]

#[path = "device/board.rs"]
mod board;
#[path = "device/frame.rs"]
mod frame;

use board::Board;
use frame::{Frame, Shape};
use guest_display::geometry::{Point, Rect};
use guest_display::{Device, Head};

#[test]
fn nothing_allocates_once_there_is_a_screen() {
    let board = Board::new(11);
    let mut device = Device::start(board.clone()).unwrap();
    let area = Rect::new(0, 0, 320, 240);
    device.set_screen(&[Head { area }]).unwrap();
    let mut frame = Frame::new(320, 240);
    for round in 0..60_u32 {
        // A new picture, one of one colour, one that scrolls, and a block that comes and goes.
        let old = frame.clone();
        match round % 4 {
            0 => frame.paint(area, |x, y| (x * 7 + y * 131 + round).wrapping_mul(0x9e37_79b9) >> 8),
            1 => frame.paint(Rect { right: 200, ..area }, |_, _| round),
            2 => frame.paint(Rect { bottom: 224, ..area }, |x, y| old.pixels[((y + 16) * 320 + x) as usize]),
            _ => frame.paint(Rect::new(64, 64, 128, 128), |x, y| (x * y).wrapping_mul(round % 3 + 77)),
        }
        let allocated = allocation_counter::measure(|| {
            let _ = device.update(0, &frame, &[area]).unwrap();
            let _ = device.set_cursor(&Shape { side: 16 + round % 5, color: round % 9 }, Point::default());
            let _ = device.move_cursor(round.cast_signed(), 3).unwrap();
            let _ = device.flush().unwrap();
        });
        assert_eq!(allocated.count_total, 0, "round {round}");
        board.poll();
    }
    let statistics = device.statistics();
    assert!(statistics.released > 0 && statistics.images > 0 && statistics.fills > 0, "{statistics:?}");
}

#[test]
fn a_screen_that_comes_back_as_it_was_needs_no_memory() {
    let board = Board::new(12);
    let mut device = Device::start(board.clone()).unwrap();
    let heads = [Head { area: Rect::new(0, 0, 320, 240) }];
    device.set_screen(&heads).unwrap();
    let allocated = allocation_counter::measure(|| {
        device.set_screen(&[]).unwrap();
        device.set_screen(&heads).unwrap();
    });
    assert_eq!(allocated.count_total, 0);
}
