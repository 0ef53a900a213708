//! Large desktops, each of which is new all over: half of it a photograph, half of it text.

use anyhow::Result;
use recording::PrimarySurface;

use crate::scenery::{WORLD, copy, text, world};
use crate::source::{Call, CommandSource, Step};

const WIDTH: usize = 3840;
const HEIGHT: usize = 2160;

/// A number of desktops.
pub struct StillSource {
    left: u64,
    shown: usize,
    begun: bool,
    world: Vec<u32>,
}

impl StillSource {
    /// As many desktops.
    pub fn new(count: u64) -> Self {
        Self { left: count, shown: 0, begun: false, world: world() }
    }

    fn pixel(&self, index: usize) -> u32 {
        let (x, y) = (index % WIDTH, index / WIDTH);
        // Windows with text stand on the photograph like squares of a chessboard.
        let is_window = (x / 960 + y / 720).is_multiple_of(2);
        if is_window {
            return text(x + self.shown * 8, y + self.shown * 16);
        }
        let (x, y) = ((x + self.shown * 97) % WORLD, (y + self.shown * 61) % WORLD);
        self.world.get(y * WORLD + x).copied().unwrap_or(0)
    }
}

impl CommandSource for StillSource {
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
        self.shown += 1;
        let screen: Vec<u32> = (0..WIDTH * HEIGHT).map(|index| self.pixel(index)).collect();
        copy(&screen, WIDTH, 0, HEIGHT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_desktop_is_one_command() {
        let mut source = StillSource::new(2);
        assert!(matches!(source.next_step().unwrap(), Some(Step::Call(Call::CreatePrimary { .. }))));
        for _ in 0..2 {
            let Some(Step::Command { layout, .. }) = source.next_step().unwrap() else {
                panic!("no command")
            };
            assert!(layout.size() > WIDTH * HEIGHT * 4);
        }
        assert!(source.next_step().unwrap().is_none());
    }
}
