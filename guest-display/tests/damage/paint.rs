//! What is on people's screens: text, textures, photographs, windows.

use guest_display::geometry::Rect;

use crate::frame::Frame;

pub const GLYPH_WIDTH: u32 = 8;
pub const GLYPH_HEIGHT: u32 = 16;

/// Numbers that look random, the same each time.
pub fn scramble(seed: u32) -> u32 {
    let mut x = seed.wrapping_add(0x9E37_79B9);
    x = (x ^ x >> 16).wrapping_mul(0x21F0_AAAD);
    x = (x ^ x >> 15).wrapping_mul(0x735A_2D97);
    x ^ x >> 15
}

/// A picture without two pixels alike.
pub fn noise(width: u32, height: u32, seed: u32) -> Frame {
    let seed = scramble(seed);
    Frame::from_fn(width, height, |x, y| scramble(seed ^ (y << 13 | x)) & 0x00FF_FFFF)
}

/// A wallpaper: gradients with grain.
pub fn texture(width: u32, height: u32) -> Frame {
    Frame::from_fn(width, height, |x, y| {
        let grain = scramble(y << 13 | x) % 8;
        let (red, green, blue) = (x / 8 + grain, y / 4 + grain, (x + y) / 8);
        red % 256 * 0x1_0000 + green % 256 * 0x100 + blue % 256
    })
}

/// A letter, upper left corner at a place: strokes in the middle of its box, as fonts have them.
pub fn glyph(frame: &mut Frame, left: u32, top: u32, letter: u32, ink: u32, paper: u32) {
    for y in 0..GLYPH_HEIGHT {
        let strokes = if (3..13).contains(&y) { scramble(letter * 64 + y) } else { 0 };
        for x in 0..GLYPH_WIDTH {
            let color = if x > 0 && strokes >> x & 1 == 1 { ink } else { paper };
            frame.row_mut(top + y, left + x, left + x + 1)[0] = color;
        }
    }
}

/// A line of a text: words of different lengths, indented, ending somewhere.
pub fn line(frame: &mut Frame, left: u32, top: u32, columns: u32, number: u32, paper: u32) {
    let (indent, end) = (scramble(number) % 8, columns / 4 + scramble(number ^ 0x55) % (columns * 3 / 4));
    for column in 0..columns {
        let letter = scramble(number * 512 + column) % 70;
        let blank = column < indent || column >= end || letter > 58;
        let ink = if blank { paper } else { 0x00C0_C0C0 };
        glyph(frame, left + column * GLYPH_WIDTH, top, letter, ink, paper);
    }
}

/// A screen full of text, beginning with a line of that number.
pub fn terminal(width: u32, height: u32, first: u32) -> Frame {
    let mut frame = Frame::new(width, height, 0);
    for row in 0..height / GLYPH_HEIGHT {
        line(&mut frame, 0, row * GLYPH_HEIGHT, width / GLYPH_WIDTH, first + row, 0);
    }
    frame
}

/// A window: title bar, frame, white inside with text.
pub fn window(width: u32, height: u32, seed: u32) -> Frame {
    let mut frame = Frame::new(width, height, 0x0030_3030);
    frame.fill(Rect::new(1, 24, width - 1, height - 1), 0x00F8_F8F8);
    for row in 0..(height - 40) / GLYPH_HEIGHT {
        let columns = (width - 24) / GLYPH_WIDTH;
        line(&mut frame, 12, 32 + row * GLYPH_HEIGHT, columns, seed * 1000 + row, 0x00F8_F8F8);
    }
    frame
}
