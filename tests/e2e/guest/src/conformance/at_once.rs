//! Programs that do not wait for vertical blanks: flips at once, and drawing into what is shown. The display has few blanks a
//! second here, so that waiting for them would show; what is seen in the end is the last picture.

use anyhow::{Result, ensure};
use drm::control::{AtomicCommitFlags, ClipRect, Device as _, Mode, PageFlipFlags};
use drm::{Device, DriverCapability, VblankWaitFlags, VblankWaitTarget};
use rustix::io::Errno;

use crate::conformance::Check;
use crate::conformance::checksums::Checksums;
use crate::conformance::outcome::{Outcome, refused};
use crate::kms::{Card, Framebuffer, Output, PATIENCE, Request, timing};

pub(super) const CHECKS: &[Check] = &[
    ("flip-at-once", flips),
    ("flip-at-once-then-in-time", then_in_time),
    ("flip-at-once-is-offered-or-refused", offered_or_refused),
    ("flip-at-once-by-atomic-request", atomic),
    ("dirtyfb-at-once", dirtied),
    ("dirtyfb-at-once-then-off", then_off),
];

const REFRESH: u32 = 10;
const CHANGES: u8 = 60;
/// Waiting for a blank each time would take as many frames as there are changes.
const FRAMES: u32 = 30;

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
        for _ in 0..CHANGES / 2 {
            lit.flip_at_once(&lit.front)?;
            lit.flip_at_once(&lit.back)?;
        }
        let frames = lit.frame()?.wrapping_sub(started);
        ensure!(frames < FRAMES, "{CHANGES} flips took {frames} frames");
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

fn atomic() -> Result<Outcome> {
    lit(|lit| {
        let offered = lit.output.card.get_driver_capability(DriverCapability::AtomicASyncPageFlip);
        // Kernels before 6.8 do not know it.
        let offered = offered.is_ok_and(|offered| offered != 0);
        let request = Request::new(lit.output).set(lit.output.primary, "FB_ID", lit.back.id());
        let flags = AtomicCommitFlags::PAGE_FLIP_EVENT | AtomicCommitFlags::NONBLOCK;
        let flipped = request.try_commit(flags | AtomicCommitFlags::PAGE_FLIP_ASYNC)?;
        if !offered {
            return refused("an atomic flip at once where none is offered", flipped, &[Errno::INVAL]);
        }
        flipped?;
        lit.output.card.flipped(PATIENCE)?;
        let last = lit.checksums.next()?;
        ensure!(last != lit.sum_of(&lit.front)?, "the flip was not shown");
        ensure!(last == lit.sum_of(&lit.back)?, "something else is shown");
        Ok(())
    })
}

/// What waits for a blank when the display goes off, gets another picture or loses its framebuffer is nothing any more.
fn then_off() -> Result<Outcome> {
    lit(|mut lit| {
        let whole = [ClipRect::new(0, 0, 640, 480)];
        let mode = lit.output.mode(640, 480)?;
        for round in 0..3 {
            for shade in [0x40, 0x50 + round] {
                lit.front.fill(shade)?;
                lit.output.card.dirty_framebuffer(lit.front.handle, &whole)?;
            }
            match round {
                0 => lit.output.disabling().commit()?,
                1 => lit
                    .output
                    .enabling(lit.output.mode(800, 600)?, &Framebuffer::new(lit.output.card, 800, 600)?)?
                    .commit()?,
                // Taking the framebuffer away switches the display off.
                _ => lit.front = Framebuffer::new(lit.output.card, 640, 480)?,
            }
            lit.output.enabling(mode, &lit.front)?.commit()?;
        }
        lit.front.fill(0x77)?;
        lit.output.card.dirty_framebuffer(lit.front.handle, &whole)?;
        let last = lit.checksums.next()?;
        lit.back.fill(0x77)?;
        ensure!(last == lit.sum_of(&lit.back)?, "another picture than the last is shown");
        Ok(())
    })
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
