//! Vertical blanks: a virtual display has none, but programs pace themselves by them.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use drm::control::{Device as _, Event};
use drm::{Device, VblankWaitFlags, VblankWaitReply, VblankWaitTarget};
use rustix::io::Errno;

use crate::conformance::Check;
use crate::conformance::outcome::{Outcome, refused};
use crate::kms::{Card, Framebuffer, Output, PATIENCE};

pub(super) const CHECKS: &[Check] = &[
    ("vblank-query", query),
    ("vblank-wait", wait),
    ("vblank-event", event),
    ("vblank-rate", rate),
    ("vblank-of-idle-crtc", idle),
    ("vblank-of-no-crtc", no_crtc),
    ("vblank-counts-on-after-dpms", continues),
    ("vblank-forked", forked),
];

fn lit(then: fn(&Output<'_>) -> Result<()>) -> Result<Outcome> {
    let card = Card::open_atomic()?;
    let output = Output::first(&card)?;
    let framebuffer = Framebuffer::new(&card, 640, 480)?;
    output.enabling(output.mode(640, 480)?, &framebuffer)?.commit()?;
    then(&output)?;
    Ok(Outcome::Passed)
}

fn after(output: &Output<'_>, frames: u32) -> std::io::Result<VblankWaitReply> {
    let target = VblankWaitTarget::Relative(frames);
    output.card.wait_vblank(target, VblankWaitFlags::empty(), output.pipe, 0)
}

fn query() -> Result<Outcome> {
    lit(|output| {
        after(output, 0)?;
        Ok(())
    })
}

fn wait() -> Result<Outcome> {
    lit(|output| {
        let mut last = after(output, 0)?.frame();
        for _ in 0..10 {
            let now = after(output, 1)?.frame();
            ensure!(now.wrapping_sub(last).wrapping_sub(1) < 1000, "frame {now} after {last}");
            last = now;
        }
        Ok(())
    })
}

fn event() -> Result<Outcome> {
    lit(|output| {
        let target = VblankWaitTarget::Relative(1);
        output.card.wait_vblank(target, VblankWaitFlags::EVENT, output.pipe, 4711)?;
        let events = output.card.events(PATIENCE)?;
        let vblank = events.into_iter().find_map(|event| match event {
            Event::Vblank(vblank) => Some(vblank),
            _ => None,
        });
        ensure!(vblank.context("another event")?.user_data == 4711, "another program's event");
        Ok(())
    })
}

/// Over 30 frames, by the events' own times: within a tenth, as the mode says.
fn rate() -> Result<Outcome> {
    lit(|output| {
        let first = after(output, 1)?;
        let last = after(output, 30)?;
        let frames = f64::from(last.frame().wrapping_sub(first.frame()));
        let start = first.time().context("a vblank without a time")?;
        let took = last.time().context("a vblank without a time")?.saturating_sub(start);
        let (rate, refresh) = (frames / took.as_secs_f64(), f64::from(output.mode(640, 480)?.vrefresh()));
        ensure!((rate / refresh - 1.0).abs() < 0.1, "{rate:.1} frames a second at {refresh} Hz");
        Ok(())
    })
}

fn idle() -> Result<Outcome> {
    lit(|output| {
        output.disabling().commit()?;
        refused("waiting for a CRTC that is off", after(output, 1), &[Errno::INVAL])
    })
}

fn no_crtc() -> Result<Outcome> {
    lit(|output| {
        let waited = output.card.wait_vblank(VblankWaitTarget::Relative(1), VblankWaitFlags::empty(), 31, 0);
        refused("waiting for no CRTC", waited, &[Errno::INVAL])
    })
}

fn continues() -> Result<Outcome> {
    lit(|output| {
        let before = after(output, 1)?.frame();
        let framebuffer = Framebuffer::new(output.card, 640, 480)?;
        output.disabling().commit()?;
        output.enabling(output.mode(640, 480)?, &framebuffer)?.commit()?;
        let now = after(output, 1)?.frame();
        ensure!(now.wrapping_sub(before) < 100_000, "frame {now} after {before}");
        Ok(())
    })
}

/// Several programs wait for the same frames.
fn forked() -> Result<Outcome> {
    lit(|output| {
        let pipe = output.pipe;
        let waiting = move || -> Result<()> {
            let card = Card::open()?;
            let due = Instant::now() + Duration::from_secs(20);
            for _ in 0..20 {
                card.wait_vblank(VblankWaitTarget::Relative(1), VblankWaitFlags::empty(), pipe, 0)?;
                ensure!(Instant::now() < due, "20 frames took 20 seconds");
            }
            card.resource_handles()?;
            Ok(())
        };
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(waiting)).collect();
        for thread in threads {
            thread.join().map_err(|_| anyhow::anyhow!("a waiting thread panicked"))??;
        }
        Ok(())
    })
}
