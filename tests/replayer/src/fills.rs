//! Trivial commands: solid fills and copies of small rectangles, for the cost of a command in itself.

use anyhow::Result;
use recording::PrimarySurface;

use crate::scenery::command;
use crate::source::{Call, CommandSource, Step};

const WIDTH: u32 = 1024;
const HEIGHT: u32 = 768;
/// The edge of a filled square, in pixels.
const EDGE: u32 = 16;

/// A number of fills at places that do not repeat soon, in changing colours.
pub struct FillSource {
    left: u64,
    made: u64,
    begun: bool,
    /// Of how many commands the last one is a copy.
    copy_of: Option<u64>,
}

impl FillSource {
    /// As many fills.
    pub const fn new(count: u64) -> Self {
        Self { left: count, made: 0, begun: false, copy_of: None }
    }

    /// As many commands, every fourth of which copies a small image.
    pub const fn with_copies(count: u64) -> Self {
        Self { left: count, made: 0, begun: false, copy_of: Some(4) }
    }

    fn primary() -> Step {
        let surface = PrimarySurface::black(WIDTH, HEIGHT);
        Step::Call(Call::CreatePrimary { surface, asynchronous: false })
    }

    /// One fill, or one copy, in the words of a recording.
    fn words(number: u64, copies: bool) -> Vec<u8> {
        let columns = u64::from(WIDTH / EDGE);
        let cell = number * 7 % (columns * u64::from(HEIGHT / EDGE));
        let (left, top) = (cell % columns * u64::from(EDGE), cell / columns * u64::from(EDGE));
        let (right, bottom) = (left + u64::from(EDGE), top + u64::from(EDGE));
        let color = number.wrapping_mul(0x9e37_79b9) & 0x00ff_ffff;
        let nowhere = "surfaces_dest -1\nrect surfaces_rects 0 0 0 0\n".repeat(3);
        let head = format!(
            "SPICE_REPLAY 1\nevent 0 0 1 0\ndrawable\nrect bbox {top} {left} {bottom} {right}\ntype 0\n\
             effect 1\nmm_time 0\nself_bitmap 0\nrect self_bitmap_area 0 0 0 0\nsurface_id 0\n{nowhere}"
        );
        let rest = "rop_descriptor 8";
        if !copies {
            let fill = format!("type 1\ntype 1\nu.color {color}\n{rest}\nflags 0\npoint 0 0\nimage 0\n");
            return [head, fill].concat().into_bytes();
        }
        let size = EDGE * EDGE * 4;
        let image = format!(
            "type 3\nimage 1\ndescriptor.id 0\ndescriptor.type 0\ndescriptor.flags 0\ndescriptor.width {EDGE}\n\
             descriptor.height {EDGE}\nbitmap.format 8\nbitmap.flags 4\nbitmap.x {EDGE}\nbitmap.y {EDGE}\n\
             bitmap.stride {}\nhas_palette 0\ndata_chunks 0 {size}\nbinary 0 bitmap.data {size}:",
            EDGE * 4
        );
        // Half of the square in another colour.
        let [blue, green, red, ..] = color.to_le_bytes();
        let pixel = |at| if at % EDGE < at / EDGE { [blue, green, red, 0] } else { [red, blue, green, 0] };
        let pixels = (0..EDGE * EDGE).flat_map(pixel);
        let area =
            format!("\nrect src_area 0 0 {EDGE} {EDGE}\n{rest}\nscale_mode 0\nflags 0\npoint 0 0\nimage 0\n");
        [head.into_bytes(), image.into_bytes(), pixels.collect(), area.into_bytes()].concat()
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
        let copies = self.copy_of.is_some_and(|period| self.made.is_multiple_of(period));
        command(&Self::words(self.made, copies))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fourth_of_a_mixture_is_a_copy() {
        let mut source = FillSource::with_copies(8);
        source.next_step().unwrap();
        let mut sizes = Vec::new();
        while let Some(Step::Command { layout, .. }) = source.next_step().unwrap() {
            sizes.push(layout.size() > 1024);
        }
        assert_eq!(sizes, [false, false, false, true, false, false, false, true]);
    }

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
