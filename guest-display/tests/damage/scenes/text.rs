//! Typing and scrolling text.

use guest_display::geometry::Rect;

use super::Screen;
use crate::frame::Frame;
use crate::paint::{GLYPH_HEIGHT, GLYPH_WIDTH, glyph, line, noise, terminal};

const GLYPH_BYTES: usize = (GLYPH_WIDTH * GLYPH_HEIGHT * 4) as usize;

#[test]
fn typing_costs_a_glyph() {
    let mut screen = Screen::showing(terminal(1024, 768, 0));
    screen.frame.fill(Rect::new(0, 400, 1024, 416), 0);
    screen.show_all();
    for letter in 0..100 {
        let left = letter * GLYPH_WIDTH;
        glyph(&mut screen.frame, left, 400, letter, 0x00FF_FFFF, 0);
        // As a compositor that tells the line.
        let cost = screen.show(&[Rect::new(0, 400, 1024, 416)]);
        Screen::assert_cheap(cost, 1, 250 + GLYPH_BYTES);
    }
}

#[test]
fn a_blinking_cursor_is_a_fill() {
    let mut screen = Screen::showing(terminal(1024, 768, 0));
    let cursor = Rect::new(512, 400, 514, 416);
    screen.frame.fill(Rect::new(480, 400, 560, 416), 0);
    screen.show_all();
    for color in [0x00FF_FFFF, 0, 0x00FF_FFFF, 0] {
        screen.frame.fill(cursor, color);
        let cost = screen.show_all();
        assert_eq!((cost.fills, cost.pixel_bytes), (1, 0), "{cost:?}");
        assert_eq!(cost.commands(), 1);
    }
}

#[test]
fn text_scrolls_by_copying() {
    let (width, height) = (1024, 768);
    for lines in [1, 2, 7, 25] {
        let mut screen = Screen::showing(terminal(width, height, 0));
        for step in 1..4 {
            let cost = screen.flip(&terminal(width, height, step * lines));
            // New lines are images, at most.
            let new = (width * lines * GLYPH_HEIGHT * 4) as usize;
            assert!((1..=4).contains(&cost.copies), "{lines} lines: {cost:?}");
            Screen::assert_cheap(cost, 2 + lines as usize * 16, new + 1000);
        }
    }
}

#[test]
fn a_pane_scrolls_beside_others() {
    // A panel above, a side bar at the left, a scroll bar at the right that changes too; up as well as down.
    let pane = Rect::new(203, 61, 915, 701);
    let mut screen = Screen::showing(noise(1024, 768, 5));
    let mut text = Frame::new(pane.width(), 4000, 0x00FF_FFFF);
    for row in 0..4000 / 20 {
        line(&mut text, 3, row * 20, 85, row, 0x00FF_FFFF);
    }
    let mut last = None;
    for (step, top) in [1000, 1037, 1100, 1099, 760].into_iter().enumerate() {
        screen.frame.paste(
            &text.cut(Rect::new(0, top, pane.width(), top + pane.height())),
            pane.left,
            pane.top,
        );
        screen.frame.fill(Rect::new(pane.right, pane.top, pane.right + 12, pane.bottom), 0x00E0_E0E0);
        let thumb = pane.top + top / 8;
        screen.frame.fill(Rect::new(pane.right, thumb, pane.right + 12, thumb + 80), 0x0040_4040);
        let cost = screen.show_all();
        if let Some(last) = last.replace(top) {
            let new = (pane.width() * top.abs_diff(last) * 4) as usize;
            assert!((1..=4).contains(&cost.copies), "step {step}: {cost:?}");
            Screen::assert_cheap(cost, 100, new + 6000);
        }
    }
}

#[test]
fn a_sheet_scrolls_sideways() {
    let sheet = terminal(3000, 600, 3);
    let mut screen = Screen::showing(sheet.cut(Rect::new(0, 0, 1000, 600)));
    for (from, to) in [(0, 40), (40, 171), (171, 170), (170, 3)] {
        let cost = screen.flip(&sheet.cut(Rect::new(to, 0, to + 1000, 600)));
        let new = (600 * u32::abs_diff(from, to) * 4) as usize;
        assert!((1..=4).contains(&cost.copies), "{from} to {to}: {cost:?}");
        Screen::assert_cheap(cost, 100, new + 16 * 1024);
    }
}
