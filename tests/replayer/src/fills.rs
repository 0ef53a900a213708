//! Trivial commands: solid fills of small rectangles, for the cost of a command in itself.

use anyhow::Result;
use recording::{CommandKind, EventKind, PrimarySurface, Recording};

use crate::source::{Call, CommandSource, SURFACES, Step};

const WIDTH: u32 = 1024;
const HEIGHT: u32 = 768;
/// The edge of a filled square, in pixels.
const EDGE: u32 = 16;

/// A number of fills at places that do not repeat soon, in changing colours.
pub struct FillSource {
    left: u64,
    made: u64,
    begun: bool,
}

impl FillSource {
    /// As many fills.
    pub fn new(count: u64) -> Self {
        Self { left: count, made: 0, begun: false }
    }

    fn primary() -> Step {
        let surface = PrimarySurface::black(WIDTH, HEIGHT);
        Step::Call(Call::CreatePrimary { surface, asynchronous: false })
    }

    /// One fill, in the words of a recording.
    fn text(number: u64) -> String {
        let columns = u64::from(WIDTH / EDGE);
        let cell = number * 7 % (columns * u64::from(HEIGHT / EDGE));
        let (left, top) = (cell % columns * u64::from(EDGE), cell / columns * u64::from(EDGE));
        let (right, bottom) = (left + u64::from(EDGE), top + u64::from(EDGE));
        let color = number.wrapping_mul(0x9e37_79b9) & 0x00ff_ffff;
        let nowhere = "surfaces_dest -1\nrect surfaces_rects 0 0 0 0\n".repeat(3);
        format!(
            "SPICE_REPLAY 1\nevent 0 0 1 0\ndrawable\nrect bbox {top} {left} {bottom} {right}\ntype 0\n\
             effect 1\nmm_time 0\nself_bitmap 0\nrect self_bitmap_area 0 0 0 0\nsurface_id 0\n{nowhere}\
             type 1\ntype 1\nu.color {color}\nrop_descriptor 8\nflags 0\npoint 0 0\nimage 0\n"
        )
    }
}

impl CommandSource for FillSource {
    fn next_step(&mut self) -> Result<Option<Step>> {
        if !self.begun {
            self.begun = true;
            return Ok(Some(Self::primary()));
        }
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        self.made += 1;
        let text = Self::text(self.made);
        let event = Recording::open(text.as_bytes(), SURFACES)?.next_event()?;
        Ok(event.and_then(|event| match event.kind {
            EventKind::Command(command) => {
                Some(Step::Command { kind: CommandKind::Draw, layout: command.layout, destroys: None })
            }
            EventKind::Message(_) => None,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_follow_the_surface_and_lie_inside_it() {
        let mut source = FillSource::new(5_000);
        assert!(matches!(source.next_step().unwrap(), Some(Step::Call(Call::CreatePrimary { .. }))));
        let mut count = 0;
        while let Some(step) = source.next_step().unwrap() {
            let Step::Command { layout, .. } = step else { panic!("a call among the fills") };
            let mut memory = vec![0; layout.size()];
            assert!(layout.place(&mut memory, 0, 0));
            let edge = |at: usize| u32::from_le_bytes(memory[at..at + 4].try_into().unwrap());
            let (top, left, bottom, right) = (edge(31), edge(35), edge(39), edge(43));
            assert!(bottom <= HEIGHT && right <= WIDTH);
            assert_eq!((bottom - top, right - left), (EDGE, EDGE));
            count += 1;
        }
        assert_eq!(count, 5_000);
    }
}
