//! Images that come again and again under their names, and images of few colours whose palettes do: what the caches of clients are
//! for.

use std::io::Write;

use anyhow::Result;
use recording::PrimarySurface;

use crate::scenery::{Noise, command};
use crate::source::{Call, CommandSource, Step};

const WIDTH: usize = 1024;
const HEIGHT: usize = 768;
/// The edge of an image, in pixels.
const EDGE: usize = 32;
/// Images that have names.
const ICONS: u64 = 48;
/// Palettes: more than a client keeps.
const PALETTES: u64 = 160;
/// Colours of a palette.
const COLORS: u64 = 256;
/// `QXL_IMAGE_CACHE`: the image may be kept under its name.
const KEEP: u8 = 1;

/// A number of drawings: in turn an image that has a name and one whose palette has.
pub struct IconSource {
    left: u64,
    made: u64,
    begun: bool,
}

impl IconSource {
    /// As many drawings.
    pub const fn new(count: u64) -> Self {
        Self { left: count, made: 0, begun: false }
    }

    /// One drawing in the words of a recording.
    fn words(number: u64) -> Result<Vec<u8>> {
        let choice = Noise(number).next() >> 8;
        let columns = WIDTH / EDGE;
        let cell = usize::try_from(choice >> 24)? % (columns * (HEIGHT / EDGE));
        let (left, top) = (cell % columns * EDGE, cell / columns * EDGE);
        let (right, bottom) = (left + EDGE, top + EDGE);
        let nowhere = "surfaces_dest -1\nrect surfaces_rects 0 0 0 0\n".repeat(3);
        let mut words = format!(
            "SPICE_REPLAY 1\nevent 0 0 1 0\ndrawable\nrect bbox {top} {left} {bottom} {right}\ntype 0\neffect 1\n\
             mm_time 0\nself_bitmap 0\nrect self_bitmap_area 0 0 0 0\nsurface_id 0\n{nowhere}type 3\nimage 1\n"
        )
        .into_bytes();
        if number.is_multiple_of(2) {
            icon(1 + choice % ICONS, &mut words)?;
        } else {
            indexed(number, 1 + choice % PALETTES, &mut words)?;
        }
        let rest = format!(
            "\nrect src_area 0 0 {EDGE} {EDGE}\nrop_descriptor 8\nscale_mode 0\nflags 0\npoint 0 0\nimage 0\n"
        );
        words.extend_from_slice(rest.as_bytes());
        Ok(words)
    }
}

/// The image of this name.
fn icon(name: u64, words: &mut Vec<u8>) -> Result<()> {
    let mut noise = Noise(name);
    // Strokes in a few colours, some of them rough: no two images have much in common.
    let colors: Vec<u64> = (0..8).map(|_| noise.next() & 0x00ff_ffff).collect();
    let pixel = |index: usize| {
        let pattern = (index / EDGE / 8 * 5 + index % EDGE / 4 * 3) % 11;
        let color = colors.get(pattern % colors.len()).copied().unwrap_or(0);
        let rough = if pattern > 9 { noise.next() & 0x0f_0f0f } else { 0 };
        [(color ^ rough) as u8, (color >> 8 ^ rough >> 8) as u8, (color >> 16 ^ rough >> 16) as u8, 0]
    };
    let pixels: Vec<u8> = (0..EDGE * EDGE).flat_map(pixel).collect();
    image(name, KEEP, 8, EDGE * 4, "has_palette 0\n", &pixels, words)
}

/// An image that is new, with the palette of this name.
fn indexed(number: u64, palette: u64, words: &mut Vec<u8>) -> Result<()> {
    let mut noise = Noise(!palette);
    let mut colors = format!("has_palette 1\nqp.num_ents {COLORS}\nunique {palette}\n");
    for _ in 0..COLORS {
        colors += &format!("ents {}\n", noise.next() & 0x00ff_ffff);
    }
    let step = usize::try_from(number % 13)? + 1;
    let pixels: Vec<u8> = (0..EDGE * EDGE).map(|index| (index / 16 * step % 251) as u8).collect();
    image(0, 0, 5, EDGE, &colors, &pixels, words)
}

fn image(
    name: u64,
    flags: u8,
    format: u8,
    stride: usize,
    palette: &str,
    pixels: &[u8],
    words: &mut Vec<u8>,
) -> Result<()> {
    let size = pixels.len();
    write!(
        words,
        "descriptor.id {name}\ndescriptor.type 0\ndescriptor.flags {flags}\ndescriptor.width {EDGE}\n\
         descriptor.height {EDGE}\nbitmap.format {format}\nbitmap.flags 4\nbitmap.x {EDGE}\nbitmap.y {EDGE}\n\
         bitmap.stride {stride}\n{palette}data_chunks 0 {size}\nbinary 0 bitmap.data {size}:"
    )?;
    words.extend_from_slice(pixels);
    Ok(())
}

impl CommandSource for IconSource {
    fn next_step(&mut self) -> Result<Option<Step>> {
        if !self.begun {
            self.begun = true;
            let surface = PrimarySurface::black(WIDTH as u32, HEIGHT as u32);
            return Ok(Some(Step::Call(Call::CreatePrimary { surface, asynchronous: false })));
        }
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        self.made += 1;
        command(&Self::words(self.made)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_drawing_is_one_command() {
        let mut source = IconSource::new(4);
        assert!(matches!(source.next_step().unwrap(), Some(Step::Call(Call::CreatePrimary { .. }))));
        for bytes in [EDGE * EDGE, EDGE * EDGE * 4, EDGE * EDGE, EDGE * EDGE * 4] {
            let Some(Step::Command { layout, .. }) = source.next_step().unwrap() else {
                panic!("no command")
            };
            assert!(layout.size() > bytes && layout.size() < bytes + 4096);
        }
        assert!(source.next_step().unwrap().is_none());
    }
}
