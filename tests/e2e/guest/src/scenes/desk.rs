//! A desktop's scenes: a person types, a terminal scrolls, a window is dragged, a video plays.

use std::time::Duration;

use anyhow::Result;

use crate::canvas::{Area, Canvas, Colour, Text};
use crate::scenes::{SIZE, Scene};
use crate::test_card;

const PAPER: Colour = [24, 26, 31];
const INK: Colour = [222, 226, 230];
const LINE: usize = 24;

/// The terminal's inside.
const TERMINAL: Area = Area { left: 96, top: 72, right: 896, bottom: 648 };

/// What the terminal shows: source code, more or less.
const TEXT: [&str; 6] = [
    "static int drm_atomic_commit(struct drm_device *dev,",
    "        if (state->acquire_ctx->contended)",
    "                return -EDEADLK;  /* try again */",
    "    for_each_new_plane_in_state(state, plane, i) {",
    "        total 128 drwxr-xr-x 2 root root 4096 Nov 24",
    "}",
];

/// A character a frame.
pub(super) fn typing() -> Result<Scene> {
    let mut canvas = desk()?;
    paper(&mut canvas, TERMINAL);
    let glyph = Text::Small.width("x");
    let columns = (TERMINAL.right - TERMINAL.left) / glyph - 2;
    let letters: Vec<char> = TEXT.concat().chars().collect();
    let step = move |canvas: &mut Canvas, frame: usize| {
        let letter = letters.get(frame % letters.len()).copied().unwrap_or(' ');
        let left = TERMINAL.left + glyph + frame % columns * glyph;
        let top = TERMINAL.top + LINE + frame / columns * LINE;
        let cell = Area { left, top, right: left + 2 * glyph, bottom: top + LINE };
        paper(canvas, cell);
        canvas.write(&letter.to_string(), Text::Small, INK, left, top);
        canvas.write("_", Text::Small, INK, left + glyph, top);
        Ok(vec![cell])
    };
    Ok(Scene { canvas, frames: 240, period: None, step: Box::new(step) })
}

/// A line a frame, scrolled up.
pub(super) fn terminal() -> Result<Scene> {
    let mut canvas = desk()?;
    paper(&mut canvas, TERMINAL);
    let step = move |canvas: &mut Canvas, frame: usize| {
        let last = TERMINAL.bottom - LINE;
        canvas.scroll_up(TERMINAL, LINE);
        paper(canvas, Area { top: last, ..TERMINAL });
        let text = format!("{frame:4}  {}", TEXT.get(frame % TEXT.len()).copied().unwrap_or_default());
        canvas.write(&text, Text::Small, INK, TERMINAL.left + 8, last);
        Ok(vec![TERMINAL])
    };
    Ok(Scene { canvas, frames: 120, period: None, step: Box::new(step) })
}

/// A window of text over a picture.
pub(super) fn drag() -> Result<Scene> {
    const WIDTH: usize = 400;
    const HEIGHT: usize = 300;
    let behind = desk()?;
    let mut window = Canvas::painted(&Canvas::pixmap(SIZE)?)?;
    let inside = Area { left: 0, top: 0, right: WIDTH, bottom: HEIGHT };
    paper(&mut window, inside);
    for (line, text) in TEXT.iter().cycle().take(10).enumerate() {
        window.write(text.get(..text.len().min(44)).unwrap_or(text), Text::Small, INK, 8, 30 + line * LINE);
    }
    let canvas = behind.clone();
    let step = move |canvas: &mut Canvas, frame: usize| {
        let place = |frame: usize| {
            let (left, top) = (20 + frame % 90 * 6, 20 + frame % 90 * 4);
            Area { left, top, right: left + WIDTH, bottom: top + HEIGHT }
        };
        let (before, now) = (place(frame.saturating_sub(1)), place(frame));
        canvas.restore(before, &behind);
        canvas.place(&window, inside, now.left, now.top);
        Ok(vec![before.around(now)])
    };
    Ok(Scene { canvas, frames: 90, period: None, step: Box::new(step) })
}

/// 640x360 in the middle at 25 frames a second: lights that move, and grain as cameras have it.
pub(super) fn video() -> Result<Scene> {
    let area = Area { left: 192, top: 204, right: 832, bottom: 564 };
    let mut seed = 1_u32;
    let step = move |canvas: &mut Canvas, frame: usize| {
        canvas.paint(area, |x, y| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let grain = usize::try_from(seed >> 28).unwrap_or_default();
            // Up and down again, so that there are no edges.
            let light =
                |at: usize| u8::try_from((at & 0x1ff).abs_diff(256).min(239) + grain).unwrap_or(u8::MAX);
            [light(x + frame * 4), light(x / 2 + y + frame * 3), light(y * 2 + 512 - frame * 2 % 512)]
        });
        Ok(vec![area])
    };
    let period = Some(Duration::from_millis(40));
    Ok(Scene { canvas: desk()?, frames: 100, period, step: Box::new(step) })
}

/// Two pictures of which nothing is alike.
pub(super) fn pair() -> Result<[Canvas; 2]> {
    let mut striped = desk()?;
    let whole = Area { left: 0, top: 0, right: SIZE.width, bottom: SIZE.height };
    striped.paint(whole, |x, y| {
        let level = u8::try_from((x * 7 + y * 13 + x * y / 97) & 0xff).unwrap_or_default();
        [level, 255 - level, level / 2]
    });
    Ok([test_card::paint(SIZE, "scene")?, striped])
}

fn desk() -> Result<Canvas> {
    Canvas::painted(&test_card::background(SIZE)?)
}

fn paper(canvas: &mut Canvas, area: Area) {
    canvas.paint(area, |_, _| PAPER);
}
