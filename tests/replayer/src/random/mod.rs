//! Valid drawing commands at random, the same for the same seed: every operation with every kind of
//! image, brush, mask and clip that a driver may combine, on surfaces of every format that come and go.
//!
//! They are written in the words of a recording and read as one, so that the reader lays them out. A
//! command never asks for what the original server takes as a reason to end the process.

mod author;
mod blends;
mod dice;
mod paint;
mod picture;
mod script;
mod strokes;
mod surfaces;

use std::io::{BufReader, Cursor, Read};

use anyhow::Result;
use recording::{EventKind, PrimarySurface, Recording};

use self::author::{Author, HEIGHT, WIDTH};
use crate::source::{Call, CommandSource, SURFACES, Step};

/// A number of commands that depend on a seed only.
pub struct RandomSource {
    recording: Recording<BufReader<Text>>,
    left: u64,
    begun: bool,
}

/// The text of a recording, which is made up when it is read.
struct Text {
    author: Author,
    ready: Cursor<Vec<u8>>,
}

impl Read for Text {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        let count = self.ready.read(bytes)?;
        if count > 0 || bytes.is_empty() {
            return Ok(count);
        }
        self.ready = Cursor::new(self.author.command().0);
        self.ready.read(bytes)
    }
}

impl RandomSource {
    /// `count` commands.
    ///
    /// # Errors
    /// None that is known.
    pub fn new(seed: u64, count: u64) -> Result<Self> {
        let text = Text { author: Author::new(seed), ready: Cursor::new(b"SPICE_REPLAY 1\n".to_vec()) };
        let recording = Recording::open(BufReader::new(text), SURFACES)?;
        Ok(Self { recording, left: count, begun: false })
    }

    /// What the first `count` commands of a seed are, in words.
    pub fn names(seed: u64, count: u64) -> Vec<String> {
        let mut author = Author::new(seed);
        (0..count).map(|_| author.command().1).collect()
    }

    /// The first `count` commands of a seed, as a recording.
    pub fn text(seed: u64, count: u64) -> Vec<u8> {
        let mut author = Author::new(seed);
        (0..count).flat_map(|_| author.command().0).collect()
    }
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
        let event = self.recording.next_event()?;
        Ok(event.and_then(|event| match event.kind {
            EventKind::Command(command) => {
                let recording::Command { kind, layout, destroys } = command;
                Some(Step::Command { kind, layout, destroys })
            }
            EventKind::Message(_) => None,
        }))
    }

    fn surface_released(&mut self, surface: u32) {
        self.recording.release(surface);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_comes_and_can_be_read() {
        let mut source = RandomSource::new(1, 1000).unwrap();
        let mut count = 0;
        while let Some(step) = source.next_step().unwrap() {
            count += u64::from(matches!(step, Step::Command { .. }));
        }
        assert_eq!(count, 1000);
        let names = RandomSource::names(1, 1000);
        let all = author::OPERATIONS.iter().map(|(_, name)| *name).chain(["create", "destroy"]);
        for operation in all {
            assert!(names.iter().any(|name| name.starts_with(operation)), "{operation}");
        }
    }

    #[test]
    fn a_seed_gives_the_same_commands_again() {
        let text = |seed| RandomSource::text(seed, 3);
        assert_eq!(text(7), text(7));
        assert_ne!(text(7), text(8));
    }
}
