//! Windows: dragged, opened, closed.

use guest_display::geometry::Rect;

use super::Screen;
use crate::paint::{GLYPH_HEIGHT, line, noise, texture, window};

#[test]
fn a_dragged_window_is_copied() {
    let (background, window) = (texture(1024, 768), window(420, 310, 1));
    let (mut x, mut y) = (100, 90);
    let mut frame = background.clone();
    frame.paste(&window, x, y);
    let mut screen = Screen::showing(frame);
    for (dx, dy) in [(7, 5), (-3, 0), (0, 9), (1, -1), (40, 60), (-33, 17), (129, -65)] {
        (x, y) = (x.wrapping_add_signed(dx), y.wrapping_add_signed(dy));
        let mut frame = background.clone();
        frame.paste(&window, x, y);
        // Something else moves on as well.
        frame.fill(Rect::new(960, 10, 970, 20), (x * y) & 0x00FF_FFFF);
        let cost = screen.flip(&frame);
        let uncovered = window.width * dy.unsigned_abs() + window.height * dx.unsigned_abs();
        assert!(cost.copies >= 1, "by {dx}, {dy}: {cost:?}");
        Screen::assert_cheap(cost, 12, uncovered as usize * 4 + 14_000);
    }
}

#[test]
fn a_dragged_window_may_change_inside() {
    let (background, mut window) = (texture(1024, 768), window(420, 310, 1));
    let mut frame = background.clone();
    frame.paste(&window, 100, 100);
    let mut screen = Screen::showing(frame);
    for step in 1..6 {
        // A clock in the middle of it.
        line(&mut window, 180, 150, 8, step, 0x00F8_F8F8);
        let mut frame = background.clone();
        frame.paste(&window, 100 + step * 11, 100 + step * 6);
        let cost = screen.flip(&frame);
        let (uncovered, clock) = (420 * 6 + 310 * 11, 8 * 8 * GLYPH_HEIGHT);
        assert!(cost.copies >= 1, "{cost:?}");
        Screen::assert_cheap(cost, 12, (uncovered + clock) as usize * 4 + 10_000);
    }
}

#[test]
fn a_menu_comes_and_goes_in_tiles() {
    let closed = noise(1024, 768, 3);
    let mut open = closed.clone();
    open.paste(&window(260, 330, 7), 70, 30);
    let mut screen = Screen::showing(closed.clone());
    let first = screen.flip(&open);
    assert!(first.pixel_bytes <= 260 * 330 * 4);
    // When they come again, the device is given them to keep, the edges of the menu a little later.
    for _ in 0..9 {
        let kept_at_most = 6 * 6 * 64 * 64 * 4;
        Screen::assert_cheap(screen.flip(&closed), 40, kept_at_most + 40 * 250);
        Screen::assert_cheap(screen.flip(&open), 60, kept_at_most + 60 * 250);
    }
    for _ in 0..3 {
        Screen::assert_cheap(screen.flip(&closed), 36, 12_000);
        Screen::assert_cheap(screen.flip(&open), 36, 12_000);
    }
}

#[test]
fn a_large_window_is_one_fill_and_its_text() {
    let mut screen = Screen::showing(texture(1024, 768));
    let area = Rect::new(101, 77, 901, 677);
    screen.frame.fill(area, 0x00FF_FFFF);
    Screen::assert_cheap(screen.show_all(), 1, 250);
    // The same with a few words on it.
    let mut screen = Screen::showing(texture(1024, 768));
    screen.frame.fill(area, 0x00FF_FFFF);
    for row in 0..5 {
        line(&mut screen.frame, 203, 161 + row * 100, 12, row, 0x00FF_FFFF);
    }
    let cost = screen.show_all();
    Screen::assert_cheap(cost, 12, 12 * 250 + 5 * 12 * 8 * 16 * 4);
}
