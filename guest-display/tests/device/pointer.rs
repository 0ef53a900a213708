//! The pointer against the model.

use guest_display::geometry::{Point, Rect};
use guest_display::{CursorError, CursorSize, Head, Progress};
use qxl::geometry::Point16;

use crate::frame::Shape;
use crate::{drain, empty, settle, shown, started};

const HOT: Point = Point { x: 2, y: 3 };

#[test]
fn a_shape_that_comes_again_is_not_written_again() {
    let (board, mut device, _) = shown(1, 64, 64);
    let shapes = [Shape { side: 16, color: 0xff11_2233 }, Shape { side: 16, color: 0x8000_0000 }];
    let mut uniques = Vec::new();
    for round in 0..10 {
        device.set_cursor(&shapes[round % 2], HOT).unwrap();
        settle(&board, &mut device);
        board.poll();
        uniques.push(board.model.borrow().pointer().unique);
    }
    assert_ne!(uniques[0], uniques[1]);
    assert!(uniques.chunks(2).all(|pair| pair == &uniques[..2]), "{uniques:?}");
    assert_eq!((device.statistics().shapes_written, device.statistics().shapes_reused), (2, 8));
    // The hot spot is part of the shape.
    device.set_cursor(&shapes[0], Point { x: 0, y: 0 }).unwrap();
    board.poll();
    assert!(!uniques.contains(&board.model.borrow().pointer().unique));
    board.assert_content();
}

#[test]
fn moves_that_are_no_news_are_dropped() {
    let (board, mut device, _) = shown(2, 64, 64);
    device.set_cursor(&Shape { side: 4, color: 1 }, HOT).unwrap();
    device.move_cursor(10, 11).unwrap();
    let before = device.statistics().gestures;
    for _ in 0..5 {
        assert_eq!(device.move_cursor(10, 11), Ok(Progress::Done));
    }
    assert_eq!((device.statistics().gestures, device.statistics().moves_dropped), (before, 5));
    board.poll();
    assert_eq!(board.model.borrow().pointer().position, Point16::new(10, 11));
    device.hide_cursor().unwrap();
    device.hide_cursor().unwrap();
    assert_eq!(device.statistics().gestures, before + 1);
    board.poll();
    assert!(!board.model.borrow().pointer().visible);
    // Shown again, a known shape is one move.
    device.set_cursor(&Shape { side: 4, color: 1 }, HOT).unwrap();
    board.poll();
    assert!(board.model.borrow().pointer().visible);
    assert_eq!(device.statistics().shapes_written, 1);
    device.move_cursor(i32::MIN, i32::MAX).unwrap();
    board.poll();
    assert_eq!(board.model.borrow().pointer().position, Point16::new(i16::MIN, i16::MAX));
    board.assert_content();
}

#[test]
fn the_pointer_counts_from_the_corner_of_the_surface() {
    let (board, mut device) = started(3);
    device.set_screen(&[Head { area: Rect::new(100, 50, 164, 114) }]).unwrap();
    device.set_cursor(&Shape { side: 4, color: 1 }, HOT).unwrap();
    device.move_cursor(110, 60).unwrap();
    board.poll();
    assert_eq!(board.model.borrow().pointer().position, Point16::new(10, 10));
    board.assert_content();
}

#[test]
fn a_shape_without_pixels_or_with_too_many_is_refused() {
    let (board, mut device, _) = shown(4, 64, 64);
    for side in [0, 257, u32::MAX] {
        let refused = device.set_cursor(&Shape { side, color: 1 }, HOT);
        assert_eq!(refused, Err(CursorError::Size(CursorSize { width: side, height: side })));
    }
    device.set_cursor(&Shape { side: 256, color: 1 }, Point { x: u32::MAX, y: u32::MAX }).unwrap();
    board.poll();
    board.assert_content();
}

#[test]
fn many_shapes_and_moves_leave_nothing_behind() {
    let (board, mut device, _) = shown(5, 64, 64);
    for round in 0..400_u32 {
        let shape = Shape { side: 1 + round % 70, color: round };
        device.set_cursor(&shape, Point::default()).unwrap();
        device.move_cursor(round.cast_signed(), 0).unwrap();
        if round % 7 == 0 {
            board.poll();
        }
    }
    drain(&board, &mut device);
    assert!(board.model.borrow().pointer().visible);
    assert_eq!(board.model.borrow().pointer().position, Point16::new(399, 0));
    // The last shape's command is the device's until another shape comes.
    assert_eq!(device.statistics().outstanding, 1);
    empty(&board, &mut device);
    assert_eq!(device.statistics().outstanding, 0);
    board.assert_content();
}
