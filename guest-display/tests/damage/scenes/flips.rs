//! Programs that show two whole frames in turn.

use super::Screen;
use crate::paint::{noise, terminal};

#[test]
fn two_frames_in_turn_are_kept_as_tiles() {
    let frames = [noise(1024, 768, 1), noise(1024, 768, 2)];
    let mut screen = Screen::showing(frames[0].clone());
    screen.flip(&frames[1]);
    // The device is given tiles to keep.
    screen.flip(&frames[0]);
    screen.flip(&frames[1]);
    for turn in 0..6 {
        let cost = screen.flip(&frames[turn % 2]);
        assert_eq!(cost.pixel_bytes, 0, "{cost:?}");
        Screen::assert_cheap(cost, 192, 192 * 250);
    }
}

#[test]
fn two_pages_of_text_in_turn_are_kept_as_well() {
    let frames = [terminal(1000, 750, 0), terminal(1000, 750, 500)];
    let mut screen = Screen::showing(frames[0].clone());
    for turn in 1..10 {
        screen.flip(&frames[turn % 2]);
    }
    for turn in 10..16 {
        let cost = screen.flip(&frames[turn % 2]);
        assert!(cost.bytes() < 1000 * 750 * 4 / 20, "{} bytes: {cost:?}", cost.bytes());
    }
}
