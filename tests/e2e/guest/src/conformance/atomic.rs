//! Atomic requests: what has to be refused, and that a refused or tested one changes nothing.

use anyhow::{Result, ensure};
use drm::buffer::DrmFourcc;
use drm::control::AtomicCommitFlags;
use rustix::io::Errno;

use crate::conformance::Check;
use crate::conformance::outcome::{Outcome, refused};
use crate::kms::{Card, Framebuffer, Output, Request};

pub(super) const CHECKS: &[Check] = &[
    ("atomic-test-changes-nothing", test_only),
    ("atomic-needs-allow-modeset", needs_allow),
    ("atomic-source-outside-framebuffer", source_outside),
    ("atomic-primary-scaled", scaled),
    ("atomic-primary-moved", moved),
    ("atomic-no-such-framebuffer", no_framebuffer),
    ("atomic-plane-without-framebuffer", half_plane),
    ("atomic-active-without-mode", without_mode),
    ("atomic-event-of-an-idle-crtc", idle_event),
    ("atomic-rgb565", rgb565),
    ("atomic-empty", empty),
];

const NOW: AtomicCommitFlags = AtomicCommitFlags::empty();

/// Lights the display in 800x600 and asks `then`.
fn lit(then: fn(&Output<'_>, &Framebuffer<'_>) -> Result<()>) -> Result<Outcome> {
    let card = Card::open_atomic()?;
    let output = Output::first(&card)?;
    let framebuffer = Framebuffer::new(&card, 800, 600)?;
    output.enabling(output.mode(800, 600)?, &framebuffer)?.commit()?;
    then(&output, &framebuffer)?;
    ensure!(output.value(output.primary, "FB_ID")? != 0, "the picture is gone");
    Ok(Outcome::Passed)
}

fn test_only() -> Result<Outcome> {
    lit(|output, framebuffer| {
        let other = Framebuffer::new(output.card, 1024, 768)?;
        let mode = output.value(output.crtc, "MODE_ID")?;
        let test = AtomicCommitFlags::TEST_ONLY | AtomicCommitFlags::ALLOW_MODESET;
        output.enabling(output.mode(1024, 768)?, &other)?.try_commit(test)??;
        ensure!(output.value(output.primary, "FB_ID")? == framebuffer.id(), "a test changed the picture");
        ensure!(output.value(output.crtc, "MODE_ID")? == mode, "a test changed the mode");
        Ok(())
    })
}

fn needs_allow() -> Result<Outcome> {
    lit(|output, _| {
        let other = Framebuffer::new(output.card, 1024, 768)?;
        let changed = output.enabling(output.mode(1024, 768)?, &other)?.try_commit(NOW)?;
        refused("a mode without ALLOW_MODESET", changed, &[Errno::INVAL])
    })
}

fn source_outside() -> Result<Outcome> {
    lit(|output, _| {
        for (name, value) in [("SRC_X", 1 << 16), ("SRC_W", 801 << 16), ("SRC_H", u64::from(u32::MAX))] {
            let request = Request::new(output).set(output.primary, name, value);
            refused(name, request.try_commit(NOW)?, &[Errno::NOSPC, Errno::INVAL, Errno::RANGE])?;
        }
        Ok(())
    })
}

fn scaled() -> Result<Outcome> {
    lit(|output, _| {
        let request = Request::new(output).set(output.primary, "SRC_W", 400 << 16);
        refused("a scaled primary plane", request.try_commit(NOW)?, &[Errno::RANGE, Errno::INVAL])
    })
}

fn moved() -> Result<Outcome> {
    lit(|output, _| {
        let request = Request::new(output).set(output.primary, "CRTC_X", 10);
        refused("a primary plane aside", request.try_commit(NOW)?, &[Errno::INVAL])
    })
}

fn no_framebuffer() -> Result<Outcome> {
    lit(|output, _| {
        for (name, value) in [("FB_ID", 0xffff), ("CRTC_ID", 0xffff)] {
            let request = Request::new(output).set(output.primary, name, value);
            refused(name, request.try_commit(NOW)?, &[Errno::INVAL, Errno::NOENT])?;
        }
        Ok(())
    })
}

fn half_plane() -> Result<Outcome> {
    lit(|output, _| {
        for name in ["FB_ID", "CRTC_ID"] {
            let request = Request::new(output).set(output.primary, name, 0);
            refused("half a plane", request.try_commit(NOW)?, &[Errno::INVAL])?;
        }
        Ok(())
    })
}

fn without_mode() -> Result<Outcome> {
    lit(|output, _| {
        let request = Request::new(output).set(output.crtc, "MODE_ID", 0);
        let flags = AtomicCommitFlags::ALLOW_MODESET;
        refused("an active CRTC without a mode", request.try_commit(flags)?, &[Errno::INVAL])
    })
}

fn idle_event() -> Result<Outcome> {
    let card = Card::open_atomic()?;
    let output = Output::first(&card)?;
    output.disabling().commit()?;
    let request = Request::new(&output).set(output.crtc, "ACTIVE", 0);
    let committed = request.try_commit(AtomicCommitFlags::PAGE_FLIP_EVENT)?;
    refused("an event of a CRTC that is off", committed, &[Errno::INVAL])?;
    Ok(Outcome::Passed)
}

/// Programs that ask for 16 bits get them, or are told at once.
fn rgb565() -> Result<Outcome> {
    let card = Card::open_atomic()?;
    let output = Output::first(&card)?;
    let Ok(framebuffer) = Framebuffer::of_format(&card, 800, 600, DrmFourcc::Rgb565, (16, 16)) else {
        return Ok(Outcome::Skipped("no framebuffers of 16 bits".into()));
    };
    output.enabling(output.mode(800, 600)?, &framebuffer)?.commit()?;
    Ok(Outcome::Passed)
}

fn empty() -> Result<Outcome> {
    lit(|output, _| Ok(Request::new(output).try_commit(NOW)??))
}
