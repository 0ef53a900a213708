//! Modes: the listed ones, others of any size, and invalid ones.

use std::io;

use anyhow::{Context, Result, ensure};
use drm::control::{AtomicCommitFlags, Device, Mode, ModeTypeFlags};
use drm_ffi::drm_mode_modeinfo;
use rustix::io::Errno;

use crate::conformance::Check;
use crate::conformance::outcome::{Outcome, refused};
use crate::kms::{Card, Framebuffer, Output, Request, number, timing};

pub(super) const CHECKS: &[Check] = &[
    ("mode-preferred", preferred),
    ("mode-every-listed-one", every_listed),
    ("mode-odd-size", odd_size),
    ("mode-legacy-set", legacy_set),
    ("mode-200-changes", two_hundred),
    ("mode-without-width", || invalid(|mode| mode.hdisplay = 0)),
    ("mode-sync-outside-total", || invalid(|mode| mode.hsync_end = mode.htotal + 1)),
    ("mode-total-below-display", || invalid(|mode| mode.vtotal = mode.vdisplay - 1)),
    ("mode-without-clock", || invalid(|mode| mode.clock = 0)),
    ("mode-highest-clock", || invalid(|mode| mode.clock = i32::MAX.unsigned_abs())),
    ("mode-overflowing-refresh", overflowing_refresh),
    ("mode-beyond-the-device", beyond),
    ("mode-blob-of-wrong-size", wrong_size),
];

fn preferred() -> Result<Outcome> {
    let card = Card::open_atomic()?;
    let modes = Output::first(&card)?.modes()?;
    let preferred = modes.iter().filter(|mode| mode.mode_type().contains(ModeTypeFlags::PREFERRED)).count();
    ensure!(preferred == 1, "{preferred} of {} modes are preferred", modes.len());
    Ok(Outcome::Passed)
}

/// A listed mode is a promise; the larger ones are only asked about, as their pictures take long to make.
fn every_listed() -> Result<Outcome> {
    let card = Card::open_atomic()?;
    // What one display offers it offers alone: two large ones may not fit into the device together.
    for output in Output::all(&card)? {
        output.disabling().commit()?;
    }
    let output = Output::first(&card)?;
    for mode in output.modes()? {
        let (width, height) = mode.size();
        let framebuffer = Framebuffer::new(&card, width.into(), height.into());
        let framebuffer = framebuffer.with_context(|| format!("for the listed mode {width}x{height}"))?;
        let asked = output.enabling(mode, &framebuffer)?.try_commit(ASK)?;
        asked.with_context(|| format!("the listed mode {width}x{height}"))?;
    }
    Ok(Outcome::Passed)
}

fn odd_size() -> Result<Outcome> {
    let card = Card::open_atomic()?;
    let output = Output::first(&card)?;
    for (width, height) in [(1366, 911), (801, 603), (1023, 767)] {
        let framebuffer = Framebuffer::new(&card, width.into(), height.into())?;
        let mode = Mode::from(timing(width, height)?);
        output.enabling(mode, &framebuffer)?.commit().with_context(|| format!("{width}x{height}"))?;
        let blob = output.value(output.crtc, "MODE_ID")?;
        ensure!(card.get_property_blob(blob)?.len() == size_of::<drm_mode_modeinfo>(), "no mode is set");
    }
    Ok(Outcome::Passed)
}

fn legacy_set() -> Result<Outcome> {
    let card = Card::open()?;
    let probe = Card::open_atomic()?;
    let output = Output::first(&probe)?;
    let framebuffer = Framebuffer::new(&card, 800, 600)?;
    let mode = output.mode(800, 600)?;
    card.set_crtc(output.crtc, Some(framebuffer.handle), (0, 0), &[output.connector], Some(mode))?;
    let shown = card.get_crtc(output.crtc)?;
    ensure!(shown.framebuffer() == Some(framebuffer.handle), "the CRTC shows something else");
    ensure!(shown.mode().is_some_and(|mode| mode.size() == (800, 600)), "the CRTC has another mode");
    card.set_crtc(output.crtc, None, (0, 0), &[], None)?;
    ensure!(card.get_crtc(output.crtc)?.mode().is_none(), "the CRTC is still on");
    Ok(Outcome::Passed)
}

fn two_hundred() -> Result<Outcome> {
    let card = Card::open_atomic()?;
    let output = Output::first(&card)?;
    let sizes = [(640, 480), (800, 600), (720, 400), (1024, 768), (641, 399)];
    for round in 0..200 {
        let (width, height) = sizes[round % sizes.len()];
        let framebuffer = Framebuffer::new(&card, width.into(), height.into())?;
        let set = output.enabling(Mode::from(timing(width, height)?), &framebuffer)?.commit();
        set.with_context(|| format!("round {round}, {width}x{height}"))?;
        if round % 7 == 0 {
            output.disabling().commit()?;
        }
    }
    Ok(Outcome::Passed)
}

fn invalid(spoil: fn(&mut drm_mode_modeinfo)) -> Result<Outcome> {
    let mut mode = timing(800, 600)?;
    spoil(&mut mode);
    refused("an invalid mode", ask(mode)?, &[Errno::INVAL, Errno::RANGE, Errno::NOSPC])?;
    Ok(Outcome::Passed)
}

/// Its refresh rate in Hz does not fit: totals of 1 by 1 with a high clock.
fn overflowing_refresh() -> Result<Outcome> {
    let mut mode = timing(800, 600)?;
    mode.vrefresh = 0;
    mode.clock = i32::MAX.unsigned_abs();
    (mode.hdisplay, mode.hsync_start, mode.hsync_end, mode.htotal) = (1, 1, 1, 1);
    (mode.vdisplay, mode.vsync_start, mode.vsync_end, mode.vtotal) = (1, 1, 1, 1);
    refused("an overflowing refresh rate", ask(mode)?, &[Errno::INVAL, Errno::RANGE])?;
    Ok(Outcome::Passed)
}

/// More pixels than any device of 16 MiB has.
fn beyond() -> Result<Outcome> {
    let card = Card::open_atomic()?;
    let output = Output::first(&card)?;
    let framebuffer = Framebuffer::new(&card, 640, 480)?;
    let asked = output.enabling(Mode::from(timing(8192, 8192)?), &framebuffer)?.try_commit(ASK)?;
    refused("a mode of 256 MiB", asked, &[Errno::INVAL, Errno::NOSPC, Errno::NOMEM, Errno::RANGE])?;
    Ok(Outcome::Passed)
}

fn wrong_size() -> Result<Outcome> {
    let card = Card::open_atomic()?;
    let output = Output::first(&card)?;
    for length in [1, size_of::<drm_mode_modeinfo>() - 1, size_of::<drm_mode_modeinfo>() + 1] {
        let blob = u64::from(card.create_property_blob(vec![1_u8; length].as_slice())?);
        let request = Request::new(&output)
            .set(output.connector, "CRTC_ID", number(output.crtc))
            .set(output.crtc, "MODE_ID", blob)
            .set(output.crtc, "ACTIVE", 1);
        refused("a mode that is none", request.try_commit(ASK)?, &[Errno::INVAL])?;
    }
    Ok(Outcome::Passed)
}

const ASK: AtomicCommitFlags = AtomicCommitFlags::TEST_ONLY.union(AtomicCommitFlags::ALLOW_MODESET);

/// Whether the driver would take this mode.
fn ask(mode: drm_mode_modeinfo) -> Result<io::Result<()>> {
    let card = Card::open_atomic()?;
    let output = Output::first(&card)?;
    let framebuffer = Framebuffer::new(&card, 800, 600)?;
    let blob = match card.create_property_blob(&mode) {
        Ok(blob) => u64::from(blob),
        Err(refusal) => return Ok(Err(refusal)),
    };
    let request = Request::new(&output)
        .set(output.connector, "CRTC_ID", number(output.crtc))
        .set(output.crtc, "MODE_ID", blob)
        .set(output.crtc, "ACTIVE", 1);
    let size = (mode.hdisplay.into(), mode.vdisplay.into());
    output.placing(request, &framebuffer, size).try_commit(ASK)
}
