//! A desktop on which a video plays, as a compositor paints it that knows rows only: all of the rows from the first to the last
//! change. Beside the video a clock goes, a caret blinks above it, and below it a program prints lines.

use anyhow::Result;
use recording::PrimarySurface;

use crate::scenery::{Noise, WORLD, copy, text, world};
use crate::source::{Call, CommandSource, Step};

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
        let screen = (0..WIDTH * HEIGHT).map(|index| text(index % WIDTH, index / WIDTH)).collect();
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
                let ink = (x / 8 * 7 + x % 8 * 3 + y * 5 + number * 11).is_multiple_of(4);
                if let Some(to) = self.screen.get_mut(y * WIDTH + x) {
                    *to = if ink { 0x20_2020 } else { 0xf4_f4f0 };
                }
            }
        }
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
        if self.frame == 0 {
            self.frame = 1;
            copy(&self.screen, WIDTH, 0, HEIGHT)
        } else {
            self.advance();
            let top = if self.frame.is_multiple_of(CARET) { CARET_TOP } else { TOP };
            let bottom =
                if self.frame.is_multiple_of(LINE) { LINES_TOP + LINES_HEIGHT } else { TOP + VIDEO_HEIGHT };
            copy(&self.screen, WIDTH, top, bottom - top)
        }
    }
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
