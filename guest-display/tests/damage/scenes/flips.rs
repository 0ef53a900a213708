//! Programs that show two whole frames in turn.

use guest_display::geometry::Rect;

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
        Screen::assert_cheap(cost, 12, 12 * 250);
    }
}

#[test]
fn a_film_in_full_screen_is_a_few_large_images() {
    let mut screen = Screen::showing(noise(1024, 768, 1000));
    screen.device.most_pixels = 240_000;
    for number in 0..40 {
        let cost = screen.flip(&noise(1024, 768, number));
        Screen::assert_cheap(cost, 4, 1024 * 768 * 4 + 4 * 250);
    }
    // When it stands still, nothing is drawn; and soon a change costs itself again.
    for _ in 0..3 {
        assert_eq!(screen.show_all().commands(), 0);
    }
    let mut last = usize::MAX;
    for step in 0..10 {
        screen.frame.fill(Rect::new(300, 300, 310 + step, 310), step);
        last = screen.show_all().bytes();
    }
    assert!(last <= 250, "{last} bytes for a small change");
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

#[test]
fn two_frames_in_turn_are_known_soon_whatever_was_before() {
    // Tiles of both are known, and then a film plays over the middle of them.
    let frames = [terminal(1024, 768, 7), noise(1024, 768, 2)];
    let mut screen = Screen::showing(frames[0].clone());
    for turn in 1..10 {
        screen.flip(&frames[turn % 2]);
    }
    for number in 0..60 {
        screen.frame.paste(&noise(640, 360, number), 192, 204);
        screen.show(&[Rect::new(192, 204, 832, 564)]);
    }
    for turn in 0..40 {
        screen.flip(&frames[turn % 2]);
    }
    for turn in 0..20 {
        Screen::assert_cheap(screen.flip(&frames[turn % 2]), 24, 24 * 250 + 8000);
    }
}
