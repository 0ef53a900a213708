//! Programs that do not wait for vertical blanks: flips at once, and drawing into what is shown. The display has few blanks a
//! second here, so that waiting for them would show; what is seen in the end is the last picture.

use anyhow::{Result, ensure};
use drm::control::{ClipRect, Device as _, Mode, PageFlipFlags};
use drm::{Device, DriverCapability, VblankWaitFlags, VblankWaitTarget};
use rustix::io::Errno;

use crate::conformance::Check;
use crate::conformance::checksums::Checksums;
use crate::conformance::outcome::{Outcome, refused};
use crate::kms::{Card, Framebuffer, Output, PATIENCE, timing};

pub(super) const CHECKS: &[Check] = &[
    ("flip-at-once", flips),
    ("flip-at-once-then-in-time", then_in_time),
    ("flip-at-once-is-offered-or-refused", offered_or_refused),
    ("dirtyfb-at-once", dirtied),
];

const REFRESH: u32 = 10;
const CHANGES: u8 = 30;
/// Waiting for a blank each time would take as many frames as there are changes.
const FRAMES: u32 = 15;

/// A display with two framebuffers of which the first is shown, and its checksums.
struct Lit<'card> {
    output: &'card Output<'card>,
    front: Framebuffer<'card>,
    back: Framebuffer<'card>,
    checksums: Checksums,
}

fn lit(then: fn(Lit<'_>) -> Result<()>) -> Result<Outcome> {
    let card = Card::open_atomic()?;
    let output = Output::first(&card)?;
    let (mut front, mut back) = (Framebuffer::new(&card, 640, 480)?, Framebuffer::new(&card, 640, 480)?);
    front.fill(0x20)?;
    back.fill(0xd0)?;
    let mut slow = timing(640, 480)?;
    slow.clock = slow.clock * REFRESH / slow.vrefresh;
    slow.vrefresh = REFRESH;
    output.enabling(Mode::from(slow), &front)?.commit()?;
    let Some(checksums) = Checksums::of(&output)? else {
        return Ok(Outcome::Skipped("the driver has no checksums".into()));
    };
    then(Lit { output: &output, front, back, checksums })?;
    Ok(Outcome::Passed)
}

impl Lit<'_> {
    fn flip_at_once(&self, framebuffer: &Framebuffer<'_>) -> Result<()> {
        let flags = PageFlipFlags::EVENT | PageFlipFlags::ASYNC;
        self.output.card.page_flip(self.output.crtc, framebuffer.handle, flags, None)?;
        self.output.card.flipped(PATIENCE)?;
        Ok(())
    }

    /// The number of the latest frame.
    fn frame(&self) -> Result<u32> {
        let target = VblankWaitTarget::Relative(0);
        let reply = self.output.card.wait_vblank(target, VblankWaitFlags::empty(), self.output.pipe, 0)?;
        Ok(reply.frame())
    }

    /// The checksum of this framebuffer when it is shown as others are.
    fn sum_of(&self, framebuffer: &Framebuffer<'_>) -> Result<String> {
        self.output.flip(framebuffer)?;
        self.checksums.next()
    }
}

fn flips() -> Result<Outcome> {
    lit(|lit| {
        let started = lit.frame()?;
        for _ in 0..CHANGES {
            lit.flip_at_once(&lit.front)?;
            lit.flip_at_once(&lit.back)?;
        }
        let frames = lit.frame()?.wrapping_sub(started);
        ensure!(frames < FRAMES, "{} flips took {frames} frames", 2 * CHANGES);
        let last = lit.checksums.next()?;
        ensure!(last != lit.sum_of(&lit.front)?, "the picture before the last is shown");
        ensure!(last == lit.sum_of(&lit.back)?, "another picture than the last is shown");
        Ok(())
    })
}

fn then_in_time() -> Result<Outcome> {
    lit(|lit| {
        for _ in 0..4 {
            lit.flip_at_once(&lit.back)?;
            lit.output.flip(&lit.front)?;
        }
        let last = lit.checksums.next()?;
        ensure!(last != lit.sum_of(&lit.back)?, "the picture before the last is shown");
        ensure!(last == lit.sum_of(&lit.front)?, "another picture than the last is shown");
        Ok(())
    })
}

fn offered_or_refused() -> Result<Outcome> {
    let card = Card::open_atomic()?;
    let output = Output::first(&card)?;
    let framebuffer = Framebuffer::new(&card, 640, 480)?;
    output.enabling(output.mode(640, 480)?, &framebuffer)?.commit()?;
    let flipped = card.page_flip(output.crtc, framebuffer.handle, PageFlipFlags::ASYNC, None);
    if card.get_driver_capability(DriverCapability::ASyncPageFlip)? == 0 {
        refused("a flip at once where none is offered", flipped, &[Errno::INVAL])?;
    } else {
        flipped?;
    }
    Ok(Outcome::Passed)
}

fn dirtied() -> Result<Outcome> {
    lit(|mut lit| {
        let started = lit.frame()?;
        for shade in 0..CHANGES {
            lit.front.fill(shade)?;
            lit.output.card.dirty_framebuffer(lit.front.handle, &[ClipRect::new(0, 0, 640, 480)])?;
        }
        let frames = lit.frame()?.wrapping_sub(started);
        ensure!(frames < FRAMES, "telling {CHANGES} changes took {frames} frames");
        let last = lit.checksums.next()?;
        lit.back.fill(CHANGES - 1)?;
        ensure!(last == lit.sum_of(&lit.back)?, "another picture than the last is shown");
        lit.back.fill(CHANGES - 2)?;
        lit.output.card.dirty_framebuffer(lit.back.handle, &[ClipRect::new(0, 0, 640, 480)])?;
        ensure!(last != lit.checksums.next()?, "a change was not shown");
        Ok(())
    })
}
