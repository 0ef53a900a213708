//! Valid drawing commands at random, the same for the same seed: every operation with every kind of
//! image, brush, mask and clip that a driver may combine.
//!
//! They are written in the words of a recording and read as one, so that the reader lays them out. A
//! command never asks for what the original server takes as a reason to end the process.

use std::io::Write;

use anyhow::Result;
use recording::{EventKind, PrimarySurface, Recording};

use crate::source::{Call, CommandSource, SURFACES, Step};

const WIDTH: i32 = 320;
const HEIGHT: i32 = 240;

/// `QXL_DRAW_*` by name.
const OPERATIONS: [(u8, &str); 14] = [
    (1, "fill"),
    (2, "opaque"),
    (3, "copy"),
    (4, "copy bits"),
    (5, "blend"),
    (6, "blackness"),
    (7, "whiteness"),
    (8, "invers"),
    (9, "rop3"),
    (10, "stroke"),
    (11, "text"),
    (12, "transparent"),
    (13, "alpha blend"),
    (14, "composite"),
];

/// `SPICE_BITMAP_FMT_*`, bits of a pixel, and entries of the palette. The two formats whose first pixel is
/// in the low bits are missing: the original ends the process when it renders them.
const FORMATS: [(u8, i32, u16); 7] =
    [(2, 1, 2), (4, 4, 16), (5, 8, 256), (6, 16, 0), (7, 24, 0), (8, 32, 0), (9, 32, 0)];
const RGB32: (u8, i32, u16) = (8, 32, 0);
const RGBA: (u8, i32, u16) = (9, 32, 0);
const BITS: (u8, i32, u16) = (2, 1, 0);

/// A number of commands that depend on a seed only.
pub struct RandomSource {
    random: Random,
    left: u64,
    begun: bool,
    images: u64,
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` up to, but not including, `high`.
    fn between(&mut self, low: i32, high: i32) -> i32 {
        let span = u64::from(high.abs_diff(low).max(1));
        low.saturating_add(i32::try_from(self.next() % span).unwrap_or(0))
    }

    fn one_in(&mut self, count: i32) -> bool {
        self.between(0, count) == 0
    }

    fn pick<T: Copy>(&mut self, choices: &[T], otherwise: T) -> T {
        let index = self.next() as usize % choices.len().max(1);
        choices.get(index).copied().unwrap_or(otherwise)
    }

    fn bytes(&mut self, count: i32) -> Vec<u8> {
        (0..count).map(|_| self.next().to_le_bytes()[0]).collect()
    }
}

/// Where something is drawn: left, top, width and height.
#[derive(Clone, Copy)]
struct Area(i32, i32, i32, i32);

impl Area {
    /// Top, left, bottom, right: the order of the device.
    fn edges(self) -> String {
        let Self(x, y, width, height) = self;
        format!("{y} {x} {} {}", y + height, x + width)
    }
}

impl RandomSource {
    /// `count` commands.
    pub fn new(seed: u64, count: u64) -> Self {
        Self { random: Random(seed), left: count, begun: false, images: 0 }
    }

    /// The operations of the first `count` commands of a seed, by name.
    ///
    /// # Errors
    /// None that is known.
    pub fn operations(seed: u64, count: u64) -> Result<Vec<&'static str>> {
        let mut source = Self::new(seed, count);
        (0..count).map(|_| Ok(source.command()?.1)).collect()
    }

    /// The first `count` commands of a seed, each as a recording.
    ///
    /// # Errors
    /// None that is known.
    pub fn text(seed: u64, count: u64) -> Result<Vec<u8>> {
        let mut source = Self::new(seed, count);
        let mut text = Vec::new();
        for _ in 0..count {
            text.extend(source.command()?.0);
        }
        Ok(text)
    }

    fn area(&mut self) -> Area {
        let (width, height) = (self.random.between(1, 120), self.random.between(1, 90));
        let x = self.random.between(0, WIDTH - width + 1);
        let y = self.random.between(0, HEIGHT - height + 1);
        Area(x, y, width, height)
    }

    /// A recording of one command, and the name of its operation.
    fn command(&mut self) -> Result<(Vec<u8>, &'static str)> {
        let area = self.area();
        let (kind, name) = self.random.pick(&OPERATIONS, (1, "fill"));
        let mut text = Vec::new();
        writeln!(text, "SPICE_REPLAY 1\nevent 0 0 1 0\ndrawable\nrect bbox {}", area.edges())?;
        self.clip(&mut text, area)?;
        writeln!(text, "effect 0\nmm_time 0\nself_bitmap 0\nrect self_bitmap_area 0 0 0 0\nsurface_id 0")?;
        text.extend(b"surfaces_dest -1\nrect surfaces_rects 0 0 0 0\n".repeat(3));
        writeln!(text, "type {kind}")?;
        self.operation(&mut text, kind, area)?;
        Ok((text, name))
    }

    fn clip(&mut self, text: &mut Vec<u8>, Area(x, y, width, height): Area) -> Result<()> {
        if !self.random.one_in(3) {
            writeln!(text, "type 0")?;
            return Ok(());
        }
        // Side by side, so that they do not overlap.
        let count = self.random.between(1, 4);
        let mut bytes = Vec::new();
        for column in 0..count {
            let (left, right) = (x + width * column / count, x + width * (column + 1) / count);
            let top = self.random.between(y, y + height);
            let bottom = self.random.between(top, y + height) + 1;
            bytes.extend([top, left, bottom, right].into_iter().flat_map(i32::to_le_bytes));
        }
        writeln!(text, "type 1\nnum_rects {count}")?;
        chunk(text, "clip_rects", &bytes)
    }

    fn operation(&mut self, text: &mut Vec<u8>, kind: u8, area: Area) -> Result<()> {
        match kind {
            1 => {
                self.brush(text)?;
                self.rop(text)?;
                self.mask(text, area)
            }
            2 => {
                self.source(text, area)?;
                self.brush(text)?;
                self.rop(text)?;
                self.scale(text)?;
                self.mask(text, area)
            }
            3 | 5 => {
                self.source(text, area)?;
                self.rop(text)?;
                self.scale(text)?;
                self.mask(text, area)
            }
            4 => {
                let Area(_, _, width, height) = area;
                let (x, y) =
                    (self.random.between(0, WIDTH - width + 1), self.random.between(0, HEIGHT - height + 1));
                Ok(writeln!(text, "point {x} {y}")?)
            }
            9 => {
                self.source(text, area)?;
                // With a pattern that begins further right or lower the original reads what lies before it.
                let Area(x, y, _, _) = area;
                self.brush_from(text, (x + 1, y + 1))?;
                writeln!(text, "rop3 {}", self.rop3())?;
                self.scale(text)?;
                self.mask(text, area)
            }
            10 => self.stroke(text),
            11 => self.glyphs(text, area),
            12 => self.transparent(text, area),
            13 => self.alpha_blend(text, area),
            14 => self.composite(text, area),
            _ => self.mask(text, area),
        }
    }

    /// A ternary operation on which pattern, source and destination all have a say: the original ends the
    /// process for any other.
    fn rop3(&mut self) -> i32 {
        loop {
            let rop3 = self.random.between(0, 256);
            let (pattern, source, destination) = (rop3 >> 4 ^ rop3, rop3 >> 2 ^ rop3, rop3 >> 1 ^ rop3);
            if pattern & 0x0f != 0 && source & 0x33 != 0 && destination & 0x55 != 0 {
                return rop3;
            }
        }
    }

    fn color(&mut self) -> i32 {
        self.random.between(0, 1 << 24)
    }

    fn rop(&mut self, text: &mut Vec<u8>) -> Result<()> {
        let operation = self.random.pick(&[8, 8, 8, 16, 32, 64, 128, 256, 512], 8);
        Ok(writeln!(text, "rop_descriptor {}", operation | self.inversions())?)
    }

    /// Half of the time none; else any of those of source, brush, destination and result.
    fn inversions(&mut self) -> i32 {
        if self.random.one_in(2) {
            return 0;
        }
        [1, 2, 4, 1024].into_iter().filter(|_| self.random.one_in(2)).sum()
    }

    fn scale(&mut self, text: &mut Vec<u8>) -> Result<()> {
        Ok(writeln!(text, "scale_mode {}", self.random.between(0, 2))?)
    }

    fn brush(&mut self, text: &mut Vec<u8>) -> Result<()> {
        self.brush_from(text, (WIDTH, HEIGHT))
    }

    /// A colour, or a pattern that begins left of `x` and above `y`.
    fn brush_from(&mut self, text: &mut Vec<u8>, (x, y): (i32, i32)) -> Result<()> {
        if !self.random.one_in(3) {
            return Ok(writeln!(text, "type 1\nu.color {}", self.color())?);
        }
        writeln!(text, "type 2")?;
        let (width, height) = (self.random.between(1, 20), self.random.between(1, 20));
        let format = self.random.pick(&FORMATS, RGB32);
        self.image(text, format, width, height)?;
        Ok(writeln!(text, "point {} {}", self.random.between(0, x), self.random.between(0, y))?)
    }

    fn mask(&mut self, text: &mut Vec<u8>, Area(_, _, width, height): Area) -> Result<()> {
        if !self.random.one_in(4) {
            return Ok(writeln!(text, "flags 0\npoint 0 0\nimage 0")?);
        }
        let (x, y) = (self.random.between(0, 5), self.random.between(0, 5));
        writeln!(text, "flags {}\npoint {x} {y}", self.random.between(0, 2))?;
        self.image(text, BITS, width + x, height + y)
    }

    fn source(&mut self, text: &mut Vec<u8>, area: Area) -> Result<()> {
        let format = self.random.pick(&FORMATS, RGB32);
        self.source_of(text, area, format, true)
    }

    /// An image, and the part of it that fills the area: mostly as large as that.
    fn source_of(
        &mut self,
        text: &mut Vec<u8>,
        Area(_, _, width, height): Area,
        format: (u8, i32, u16),
        scaled: bool,
    ) -> Result<()> {
        let (mut columns, mut rows) = (width, height);
        if scaled && self.random.one_in(3) {
            (columns, rows) = (self.random.between(1, 100), self.random.between(1, 80));
        }
        let (x, y) = (self.random.between(0, 4), self.random.between(0, 4));
        self.image(text, format, columns + x + 1, rows + y + 1)?;
        Ok(writeln!(text, "rect src_area {}", Area(x, y, columns, rows).edges())?)
    }

    fn image(
        &mut self,
        text: &mut Vec<u8>,
        (format, bits, entries): (u8, i32, u16),
        width: i32,
        height: i32,
    ) -> Result<()> {
        self.images += 1;
        let stride = (width * bits + 31) / 32 * 4;
        let flags = self.random.pick(&[0, 4], 4);
        write!(text, "image 1\ndescriptor.id {}\ndescriptor.type 0\n", self.images << 32)?;
        write!(text, "descriptor.flags 0\ndescriptor.width {width}\ndescriptor.height {height}\n")?;
        write!(text, "bitmap.format {format}\nbitmap.flags {flags}\nbitmap.x {width}\n")?;
        writeln!(text, "bitmap.y {height}\nbitmap.stride {stride}\nhas_palette {}", i32::from(entries > 0))?;
        if entries > 0 {
            writeln!(text, "qp.num_ents {entries}\nunique {}", self.images)?;
        }
        for _ in 0..entries {
            writeln!(text, "ents {}", self.color())?;
        }
        let pixels = self.random.bytes(stride * height);
        chunk(text, "bitmap.data", &pixels)
    }

    fn stroke(&mut self, text: &mut Vec<u8>) -> Result<()> {
        let mut path = Vec::new();
        for _ in 0..self.random.between(1, 4) {
            self.figure(&mut path);
        }
        chunk(text, "path", &path)?;
        // Ours does not draw dashes.
        writeln!(text, "attr.flags 0")?;
        // The original paints patterns along a line differently from run to run.
        writeln!(text, "type 1\nu.color {}", self.color())?;
        let mode = self.random.pick(&[8, 16, 32, 64, 128, 256, 512], 8) | self.inversions();
        Ok(writeln!(text, "fore_mode {mode}\nback_mode 8")?)
    }

    /// Lines, curves, or lines and then curves; open or closed.
    fn figure(&mut self, path: &mut Vec<u8>) {
        const BEGIN: i32 = 1;
        const END: i32 = 2;
        const CLOSE: i32 = 8;
        const BEZIER: i32 = 16;
        let end = self.random.pick(&[END, END | CLOSE], END);
        let (lines, curves) = (self.random.between(2, 8), self.random.between(1, 3) * 3);
        match self.random.between(0, 3) {
            0 => self.segment(path, BEGIN | end, lines),
            1 => self.segment(path, BEGIN | end | BEZIER, curves + 1),
            _ => {
                self.segment(path, BEGIN, lines);
                self.segment(path, end | BEZIER, curves);
            }
        }
    }

    fn segment(&mut self, path: &mut Vec<u8>, flags: i32, count: i32) {
        path.extend([flags, count].into_iter().flat_map(i32::to_le_bytes));
        for _ in 0..count {
            let point = [self.random.between(0, WIDTH * 16), self.random.between(0, HEIGHT * 16)];
            path.extend(point.into_iter().flat_map(i32::to_le_bytes));
        }
    }

    fn glyphs(&mut self, text: &mut Vec<u8>, area: Area) -> Result<()> {
        // Of glyphs of 8 bits the original draws each row in the place of the next, and the first from what
        // lies behind them.
        let (depth_flag, bits) = self.random.pick(&[(1, 1), (2, 4)], (2, 4));
        let Area(x, y, width, height) = area;
        let count = self.random.between(1, 6);
        let mut string = Vec::new();
        for _ in 0..count {
            let place = [self.random.between(x, x + width), self.random.between(y, y + height), -1, -2];
            let (columns, rows) = (self.random.between(1, 14), self.random.between(1, 16));
            string.extend(place.into_iter().flat_map(i32::to_le_bytes));
            string.extend([columns, rows].into_iter().flat_map(|size| (size as u16).to_le_bytes()));
            string.extend(self.random.bytes((columns * bits + 7) / 8 * rows));
        }
        writeln!(text, "data_size {}\nlength {count}\nflags {depth_flag}", string.len())?;
        chunk(text, "string", &string)?;
        // With a back area only PUT draws anything.
        let (back, mode) = match self.random.one_in(2) {
            true => (area, 8),
            false => (Area(0, 0, 0, 0), self.random.pick(&[8, 8, 16, 32, 64, 512], 8)),
        };
        writeln!(text, "rect back_area {}", back.edges())?;
        self.brush(text)?;
        self.brush(text)?;
        Ok(writeln!(text, "fore_mode {mode}\nback_mode 8")?)
    }

    fn transparent(&mut self, text: &mut Vec<u8>, area: Area) -> Result<()> {
        let format = self.random.pick(&FORMATS, RGB32);
        self.source_of(text, area, format, true)?;
        let color = self.color();
        Ok(writeln!(text, "src_color {color}\ntrue_color {color}")?)
    }

    fn alpha_blend(&mut self, text: &mut Vec<u8>, area: Area) -> Result<()> {
        writeln!(text, "alpha_flags 0\nalpha {}", self.random.between(0, 256))?;
        let format = self.random.pick(&[RGB32, RGBA], RGBA);
        self.source_of(text, area, format, true)
    }

    /// An operator of Porter and Duff; source and mask unfiltered, of any size, repeated in any way.
    fn composite(&mut self, text: &mut Vec<u8>, Area(_, _, width, height): Area) -> Result<()> {
        const SOURCE_REPEAT: i32 = 14;
        const MASK_REPEAT: i32 = 16;
        const COMPONENT_ALPHA: i32 = 1 << 18;
        const SOURCE_OPAQUE: i32 = 1 << 22;
        let operator = self.random.between(0, 14);
        let repeats = self.random.between(0, 4) << SOURCE_REPEAT | self.random.between(0, 4) << MASK_REPEAT;
        let rest = self.random.pick(&[0, COMPONENT_ALPHA, SOURCE_OPAQUE], 0);
        writeln!(text, "flags {}", operator | repeats | rest)?;
        self.image(text, RGBA, width, height)?;
        writeln!(text, "src_transform 0")?;
        let mask = self.random.one_in(2);
        writeln!(text, "mask {}", i32::from(mask))?;
        if mask {
            let (columns, rows) = (self.random.between(1, width + 1), self.random.between(1, height + 1));
            self.image(text, RGBA, columns, rows)?;
        }
        let mut origin = || (self.random.between(0, width), self.random.between(0, height));
        let ((x, y), (mask_x, mask_y)) = (origin(), origin());
        write!(text, "mask_transform 0\nsrc_origin {x} {y}\nmask_origin {mask_x} {mask_y}\n")?;
        Ok(())
    }
}

fn block(text: &mut Vec<u8>, name: &str, bytes: &[u8]) -> Result<()> {
    write!(text, "binary 0 {name} {}:", bytes.len())?;
    text.extend_from_slice(bytes);
    text.push(b'\n');
    Ok(())
}

/// A chain of one chunk.
fn chunk(text: &mut Vec<u8>, name: &str, bytes: &[u8]) -> Result<()> {
    writeln!(text, "data_chunks 0 {}", bytes.len())?;
    block(text, name, bytes)
}

impl CommandSource for RandomSource {
    fn next_step(&mut self) -> Result<Option<Step>> {
        if !self.begun {
            self.begun = true;
            let (width, height) = (WIDTH.unsigned_abs(), HEIGHT.unsigned_abs());
            return Ok(Some(Step::Call(Call::CreatePrimary {
                surface: PrimarySurface::black(width, height),
                asynchronous: false,
            })));
        }
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let (text, _) = self.command()?;
        let event = Recording::open(text.as_slice(), SURFACES)?.next_event()?;
        Ok(event.and_then(|event| match event.kind {
            EventKind::Command(command) => {
                let recording::Command { kind, layout, destroys } = command;
                Some(Step::Command { kind, layout, destroys })
            }
            EventKind::Message(_) => None,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_comes_and_can_be_read() {
        let mut source = RandomSource::new(1, 500);
        let mut count = 0;
        while let Some(step) = source.next_step().unwrap() {
            count += u64::from(matches!(step, Step::Command { .. }));
        }
        assert_eq!(count, 500);
        let names = RandomSource::operations(1, 500).unwrap();
        assert!(OPERATIONS.iter().all(|(_, name)| names.contains(name)));
    }

    #[test]
    fn a_seed_gives_the_same_commands_again() {
        let text = |seed| RandomSource::text(seed, 3).unwrap();
        assert_eq!(text(7), text(7));
        assert_ne!(text(7), text(8));
    }
}
