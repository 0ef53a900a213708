//! Page flips: their events, their order, their pace.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use drm::control::{AtomicCommitFlags, Device, PageFlipFlags};
use rustix::io::Errno;

use crate::conformance::Check;
use crate::conformance::outcome::{Outcome, refused};
use crate::kms::{Card, Framebuffer, Output, PATIENCE, Request};

pub(super) const CHECKS: &[Check] = &[
    ("flip-event", event),
    ("flip-legacy-event", legacy_event),
    ("flip-legacy-without-event", legacy_silent),
    ("flip-paced-by-refresh", paced),
    ("flip-timestamps", timestamps),
    ("flip-after-a-blocking-commit", after_blocking),
    ("flip-with-the-pointer-off", pointer_off),
    ("flip-while-one-is-pending", pending),
    ("flip-to-smaller-framebuffer", smaller),
    ("flip-on-idle-crtc", idle),
    ("flip-unknown-framebuffer", unknown),
    ("flip-both-heads", both_heads),
    ("flip-blocking", blocking),
];

const FRAMES: u32 = 30;

/// Lights the display and lets `then` flip between two framebuffers.
fn lit(then: fn(&Output<'_>, [&Framebuffer<'_>; 2]) -> Result<()>) -> Result<Outcome> {
    let card = Card::open_atomic()?;
    let output = Output::first(&card)?;
    let (mut front, mut back) = (Framebuffer::new(&card, 640, 480)?, Framebuffer::new(&card, 640, 480)?);
    front.fill(0x20)?;
    back.fill(0xd0)?;
    output.enabling(output.mode(640, 480)?, &front)?.commit()?;
    then(&output, [&back, &front])?;
    Ok(Outcome::Passed)
}

fn event() -> Result<Outcome> {
    lit(|output, pair| {
        for framebuffer in pair.into_iter().cycle().take(10) {
            output.flip(framebuffer)?;
            ensure!(output.value(output.primary, "FB_ID")? == framebuffer.id(), "something else is shown");
        }
        Ok(())
    })
}

fn legacy_event() -> Result<Outcome> {
    lit(|output, pair| {
        for framebuffer in pair.into_iter().cycle().take(6) {
            output.card.page_flip(output.crtc, framebuffer.handle, PageFlipFlags::EVENT, None)?;
            output.card.flipped(PATIENCE)?;
        }
        Ok(())
    })
}

fn legacy_silent() -> Result<Outcome> {
    lit(|output, pair| {
        for framebuffer in pair {
            let due = Instant::now() + PATIENCE;
            while let Err(error) =
                output.card.page_flip(output.crtc, framebuffer.handle, PageFlipFlags::empty(), None)
            {
                let busy = Errno::from_io_error(&error) == Some(Errno::BUSY) && Instant::now() < due;
                ensure!(busy, "a flip was refused: {error}");
                std::thread::yield_now();
            }
        }
        ensure!(!output.card.readable(Duration::from_millis(100))?, "an event that nobody asked for");
        Ok(())
    })
}

/// Compositors say with each flip that the pointer's plane is off, when the pointer is on another display. A flip's event
/// means that its commit is done, with all planes: the next one may follow at once.
fn pointer_off() -> Result<Outcome> {
    const FLIPS: usize = 200;
    lit(|output, pair| {
        let cursor = output.cursor.context("the CRTC has no plane for a pointer")?;
        for (flip, framebuffer) in pair.into_iter().cycle().take(FLIPS).enumerate() {
            let request = Request::new(output).set(output.primary, "FB_ID", framebuffer.id());
            let request = request.set(cursor, "FB_ID", 0).set(cursor, "CRTC_ID", 0);
            let flags = AtomicCommitFlags::NONBLOCK | AtomicCommitFlags::PAGE_FLIP_EVENT;
            request.try_commit(flags)?.with_context(|| format!("flip {flip}"))?;
            output.card.flipped(PATIENCE)?;
        }
        Ok(())
    })
}

/// A program that waits for its flips must not run faster than the display's refresh rate.
fn paced() -> Result<Outcome> {
    lit(|output, pair| {
        output.flip(pair[0])?;
        let started = Instant::now();
        for framebuffer in pair.into_iter().cycle().skip(1).take(usize::try_from(FRAMES)?) {
            output.flip(framebuffer)?;
        }
        let rate = f64::from(FRAMES) / started.elapsed().as_secs_f64();
        let refresh = f64::from(output.mode(640, 480)?.vrefresh());
        ensure!(rate < refresh * 1.1, "{rate:.0} flips a second at {refresh} Hz");
        Ok(())
    })
}

/// Times of the monotonic clock, and frames counted upwards, by one at the least for each flip.
fn timestamps() -> Result<Outcome> {
    lit(|output, pair| {
        let mut last: Option<drm::control::PageFlipEvent> = None;
        for framebuffer in pair.into_iter().cycle().take(10) {
            let before = monotonic()?;
            let event = output.flip(framebuffer)?;
            let after = monotonic()?;
            let early = Duration::from_millis(100);
            ensure!(
                event.duration + early > before,
                "a flip at {:?}, asked for at {before:?}",
                event.duration
            );
            ensure!(event.duration <= after + early, "a flip at {:?}, seen at {after:?}", event.duration);
            if let Some(last) = &last {
                ensure!(
                    event.frame.wrapping_sub(last.frame).wrapping_sub(1) < 10_000,
                    "frame {} after {}",
                    event.frame,
                    last.frame
                );
                ensure!(event.duration > last.duration, "time stands still");
            }
            last = Some(event);
        }
        Ok(())
    })
}

fn monotonic() -> Result<Duration> {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    Ok(Duration::new(now.tv_sec.try_into()?, now.tv_nsec.try_into()?))
}

/// A blocking commit is done when it returns: a flip right after it is not refused as busy.
fn after_blocking() -> Result<Outcome> {
    lit(|output, pair| {
        let flags = AtomicCommitFlags::NONBLOCK | AtomicCommitFlags::PAGE_FLIP_EVENT;
        for (round, framebuffer) in pair.into_iter().cycle().take(20).enumerate() {
            output.enabling(output.mode(640, 480)?, framebuffer)?.commit()?;
            let request = Request::new(output).set(output.primary, "FB_ID", framebuffer.id());
            request.try_commit(flags)?.with_context(|| format!("round {round}"))?;
            output.card.flipped(PATIENCE)?;
        }
        Ok(())
    })
}

/// A second one is refused as busy or taken after the first: each taken one has its event.
fn pending() -> Result<Outcome> {
    lit(|output, pair| {
        let flags = AtomicCommitFlags::NONBLOCK | AtomicCommitFlags::PAGE_FLIP_EVENT;
        let mut taken = 0;
        for framebuffer in pair.into_iter().cycle().take(20) {
            match Request::new(output).set(output.primary, "FB_ID", framebuffer.id()).try_commit(flags)? {
                Ok(()) => taken += 1,
                refusal => refused("a flip while one is pending", refusal, &[Errno::BUSY])?,
            }
        }
        ensure!(taken > 0, "none was taken");
        let mut completed = 0;
        while completed < taken {
            let events = output.card.events(PATIENCE);
            completed += events.with_context(|| format!("event {completed} of {taken}"))?.len();
        }
        ensure!(completed == taken, "{completed} events for {taken} flips");
        ensure!(!output.card.readable(Duration::from_millis(100))?, "more events than flips");
        Ok(())
    })
}

fn smaller() -> Result<Outcome> {
    lit(|output, _| {
        let small = Framebuffer::new(output.card, 320, 200)?;
        let flipped = output.card.page_flip(output.crtc, small.handle, PageFlipFlags::EVENT, None);
        refused("a framebuffer smaller than the mode", flipped, &[Errno::NOSPC, Errno::INVAL])
    })
}

fn idle() -> Result<Outcome> {
    lit(|output, pair| {
        output.disabling().commit()?;
        let flipped = output.card.page_flip(output.crtc, pair[0].handle, PageFlipFlags::EVENT, None);
        refused("a flip on a CRTC that is off", flipped, &[Errno::BUSY, Errno::INVAL])
    })
}

fn unknown() -> Result<Outcome> {
    lit(|output, pair| {
        let flipped = drm_ffi::mode::page_flip(
            std::os::fd::AsFd::as_fd(output.card),
            output.crtc.into(),
            0xffff,
            PageFlipFlags::EVENT.bits(),
            0,
        );
        refused("a flip to nothing", flipped, &[Errno::NOENT])?;
        output.flip(pair[0]).map(drop)
    })
}

fn both_heads() -> Result<Outcome> {
    let card = Card::open_atomic()?;
    let outputs = Output::all(&card)?;
    if outputs.len() < 2 {
        return Ok(Outcome::Skipped("one display is connected".into()));
    }
    let framebuffer = Framebuffer::new(&card, 640, 480)?;
    for output in &outputs {
        output.enabling(output.mode(640, 480)?, &framebuffer)?.commit()?;
    }
    for _ in 0..5 {
        for output in &outputs {
            output.flip(&framebuffer)?;
        }
    }
    Ok(Outcome::Passed)
}

fn blocking() -> Result<Outcome> {
    lit(|output, pair| {
        for framebuffer in pair.into_iter().cycle().take(10) {
            let request = Request::new(output).set(output.primary, "FB_ID", framebuffer.id());
            request.try_commit(AtomicCommitFlags::empty())??;
        }
        Ok(())
    })
}
