//! A desktop on which a video plays, as a compositor paints it that knows rows only: all of the rows from the first to the last
//! change. Beside the video a clock goes, a caret blinks above it, and below it a program prints lines.

use std::io::Write;

use anyhow::Result;
use recording::{CommandKind, EventKind, PrimarySurface, Recording};

use crate::source::{Call, CommandSource, SURFACES, Step};

const WIDTH: usize = 1024;
const HEIGHT: usize = 768;
/// Where the video is.
const LEFT: usize = 200;
const TOP: usize = 150;
const VIDEO_WIDTH: usize = 640;
const VIDEO_HEIGHT: usize = 360;
/// Frames from one blink of the caret to the next, and where that is.
const CARET: usize = 12;
const CARET_TOP: usize = 40;
/// Frames from one printed line to the next, and where they are.
const LINE: usize = 3;
const LINES_TOP: usize = 560;
const LINES_HEIGHT: usize = 160;
/// The edge of the picture that the video's camera moves over.
const WORLD: usize = 1024;

/// A number of frames.
pub struct FilmSource {
    left: u64,
    frame: usize,
    begun: bool,
    world: Vec<u32>,
    screen: Vec<u32>,
}

impl FilmSource {
    /// The desktop, and then as many frames.
    pub fn new(frames: u64) -> Self {
        let text = |index: usize| {
            let (x, y) = (index % WIDTH, index / WIDTH);
            let letter = (x / 8 * 31 + y / 16 * 17) % 23;
            let ink = x % 8 < 6 && y % 16 < 11 && (letter * 7 + x % 8 * 3 + y % 16 * 5) % 4 == 0;
            if ink { 0x20_2020 } else { 0xf4_f4f0 }
        };
        let screen = (0..WIDTH * HEIGHT).map(text).collect();
        Self { left: frames, frame: 0, begun: false, world: world(), screen }
    }

    /// Moves the camera, and the clock.
    fn advance(&mut self) {
        self.frame += 1;
        let (pan_x, pan_y) = (self.frame * 3, self.frame);
        let mut noise = Noise(self.frame as u64);
        for y in 0..VIDEO_HEIGHT {
            let source = (y + pan_y) % WORLD * WORLD;
            for x in 0..VIDEO_WIDTH {
                let grain = (noise.next() >> 40) as u32 & 0x03_0303;
                let pixel = self.world.get(source + (x + pan_x) % WORLD).copied().unwrap_or(0);
                if let Some(to) = self.screen.get_mut((TOP + y) * WIDTH + LEFT + x) {
                    *to = pixel ^ grain;
                }
            }
        }
        self.write(40, TOP + 20, 48, 16, self.frame);
        if self.frame.is_multiple_of(CARET) {
            self.write(300, CARET_TOP, 2, 16, self.frame / CARET % 2);
        }
        if self.frame.is_multiple_of(LINE) {
            let line = self.frame / LINE;
            self.write(200, LINES_TOP + line * 16 % LINES_HEIGHT, 400, 12, line);
        }
    }

    /// Something like text that depends on `number`.
    fn write(&mut self, left: usize, top: usize, width: usize, height: usize, number: usize) {
        for y in top..top + height {
            for x in left..left + width {
                let ink = (x / 8 * 7 + x % 8 * 3 + y * 5 + number * 11) % 4 == 0;
                if let Some(to) = self.screen.get_mut(y * WIDTH + x) {
                    *to = if ink { 0x20_2020 } else { 0xf4_f4f0 };
                }
            }
        }
    }

    /// A copy of a part of the desktop, in the words of a recording.
    fn copy(&self, left: usize, top: usize, width: usize, height: usize) -> Result<Vec<u8>> {
        let (right, bottom) = (left + width, top + height);
        let (stride, nowhere) = (width * 4, "surfaces_dest -1\nrect surfaces_rects 0 0 0 0\n".repeat(3));
        let mut pixels = Vec::with_capacity(stride * height);
        for row in self.screen.chunks(WIDTH).skip(top).take(height) {
            pixels.extend(row.iter().skip(left).take(width).flat_map(|pixel| pixel.to_le_bytes()));
        }
        let mut text = Vec::with_capacity(pixels.len() + 1024);
        write!(
            text,
            "SPICE_REPLAY 1\nevent 0 0 1 0\ndrawable\nrect bbox {top} {left} {bottom} {right}\ntype 0\neffect 1\n\
             mm_time 0\nself_bitmap 0\nrect self_bitmap_area 0 0 0 0\nsurface_id 0\n{nowhere}type 3\nimage 1\n\
             descriptor.id 0\ndescriptor.type 0\ndescriptor.flags 0\ndescriptor.width {width}\n\
             descriptor.height {height}\nbitmap.format 8\nbitmap.flags 4\nbitmap.x {width}\nbitmap.y {height}\n\
             bitmap.stride {stride}\nhas_palette 0\ndata_chunks 0 {size}\nbinary 0 bitmap.data {size}:",
            size = pixels.len()
        )?;
        text.extend(pixels);
        write!(
            text,
            "\nrect src_area 0 0 {height} {width}\nrop_descriptor 8\nscale_mode 0\nflags 0\npoint 0 0\nimage 0\n"
        )?;
        Ok(text)
    }
}

impl CommandSource for FilmSource {
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
        let text = if self.frame == 0 {
            self.frame = 1;
            self.copy(0, 0, WIDTH, HEIGHT)?
        } else {
            self.advance();
            let top = if self.frame.is_multiple_of(CARET) { CARET_TOP } else { TOP };
            let bottom =
                if self.frame.is_multiple_of(LINE) { LINES_TOP + LINES_HEIGHT } else { TOP + VIDEO_HEIGHT };
            self.copy(0, top, WIDTH, bottom - top)?
        };
        let event = Recording::open(text.as_slice(), SURFACES)?.next_event()?;
        Ok(event.and_then(|event| match event.kind {
            EventKind::Command(command) => {
                Some(Step::Command { kind: CommandKind::Draw, layout: command.layout, destroys: None })
            }
            EventKind::Message(_) => None,
        }))
    }
}

/// SplitMix64.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// A picture with detail of every size, as photographs have it: sums of smooth noise, each finer and fainter than the one before.
fn world() -> Vec<u32> {
    let mut noise = Noise(42);
    let mut sums = vec![[0.0_f32; 3]; WORLD * WORLD];
    let mut strength = 70.0;
    for cell in [256, 128, 64, 32, 16, 8, 4] {
        let side = WORLD / cell;
        let knots: Vec<[f32; 3]> = (0..side * side)
            .map(|_| [0, 16, 32].map(|shift| (noise.next() >> shift & 0xffff) as f32 / 65_536.0 - 0.5))
            .collect();
        let knot = |x: usize, y: usize| knots.get(y % side * side + x % side).copied().unwrap_or_default();
        for (index, sum) in sums.iter_mut().enumerate() {
            let (x, y) = (index % WORLD, index / WORLD);
            let (fx, fy) = ((x % cell) as f32 / cell as f32, (y % cell) as f32 / cell as f32);
            let (left, top) = (x / cell, y / cell);
            let corners =
                [knot(left, top), knot(left + 1, top), knot(left, top + 1), knot(left + 1, top + 1)];
            let [a, b, c, d] = corners;
            for (channel, sum) in sum.iter_mut().enumerate() {
                let of = |knot: [f32; 3]| knot.get(channel).copied().unwrap_or(0.0);
                let upper = of(a) + (of(b) - of(a)) * fx;
                let lower = of(c) + (of(d) - of(c)) * fx;
                *sum += (upper + (lower - upper) * fy) * strength * 2.0;
            }
        }
        strength *= 0.62;
    }
    let byte = |value: f32| (128.0 + value).clamp(0.0, 255.0) as u32;
    sums.into_iter().map(|[r, g, b]| byte(r) << 16 | byte(g) << 8 | byte(b)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_desktop_comes_first_and_then_rows_of_the_video_and_what_else_changes() {
        let mut source = FilmSource::new(4);
        assert!(matches!(source.next_step().unwrap(), Some(Step::Call(Call::CreatePrimary { .. }))));
        let mut rows = Vec::new();
        while let Some(step) = source.next_step().unwrap() {
            let Step::Command { layout, .. } = step else { panic!("a call among the frames") };
            let mut memory = vec![0; layout.size()];
            assert!(layout.place(&mut memory, 0, 0));
            let edge = |at: usize| u32::from_le_bytes(memory[at..at + 4].try_into().unwrap());
            assert_eq!((edge(35), edge(43)), (0, WIDTH as u32));
            rows.push((edge(31), edge(39)));
        }
        assert_eq!(rows, [(0, 768), (150, 510), (150, 720), (150, 510)]);
    }
}
