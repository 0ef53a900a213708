//! Framebuffers over buffers: what has to be refused, and what removal does.

use std::os::fd::AsFd;

use anyhow::{Result, ensure};
use drm::buffer::{Buffer, DrmFourcc};
use drm::control::Device;
use drm_ffi::mode::{add_fb, add_fb2};
use rustix::io::Errno;

use crate::conformance::Check;
use crate::conformance::outcome::{Outcome, refused};
use crate::kms::{Card, Framebuffer, Output};

pub(super) const CHECKS: &[Check] = &[
    ("addfb-described-as-made", described),
    ("addfb-no-such-buffer", no_buffer),
    ("addfb-pitch-too-small", small_pitch),
    ("addfb-larger-than-buffer", larger),
    ("addfb-offset-outside", offset),
    ("addfb-unknown-format", unknown_format),
    ("addfb-odd-depths", odd_depths),
    ("addfb-size-limits", size_limits),
    ("rmfb-unknown", remove_unknown),
    ("rmfb-while-shown", remove_shown),
    ("rmfb-at-close", remove_at_close),
];

const XRGB: u32 = DrmFourcc::Xrgb8888 as u32;

/// A buffer of 64 by 64 pixels, by its number.
fn buffer(card: &Card) -> Result<(u32, u32)> {
    let buffer = card.create_dumb_buffer((64, 64), DrmFourcc::Xrgb8888, 32)?;
    Ok((buffer.handle().into(), buffer.pitch()))
}

fn add(card: &Card, size: (u32, u32), handle: u32, pitch: u32, offset: u32) -> std::io::Result<()> {
    let one = |value| [value, 0, 0, 0];
    add_fb2(card.as_fd(), size.0, size.1, XRGB, &one(handle), &one(pitch), &one(offset), &[0; 4], 0).map(drop)
}

fn described() -> Result<Outcome> {
    let card = Card::open()?;
    let framebuffer = Framebuffer::new(&card, 100, 50)?;
    let described = card.get_framebuffer(framebuffer.handle)?;
    ensure!(described.size() == (100, 50) && described.bpp() == 32, "described as {described:?}");
    ensure!(described.pitch() == framebuffer.buffer.pitch(), "another pitch");
    Ok(Outcome::Passed)
}

fn no_buffer() -> Result<Outcome> {
    let card = Card::open()?;
    refused("a framebuffer over nothing", add(&card, (64, 64), 9999, 256, 0), &[Errno::NOENT])?;
    refused("a framebuffer over zero", add(&card, (64, 64), 0, 256, 0), &[Errno::NOENT, Errno::INVAL])?;
    Ok(Outcome::Passed)
}

fn small_pitch() -> Result<Outcome> {
    let card = Card::open()?;
    let (handle, _) = buffer(&card)?;
    for pitch in [0, 32, 255] {
        refused("a short pitch", add(&card, (64, 64), handle, pitch, 0), &[Errno::INVAL])?;
    }
    Ok(Outcome::Passed)
}

fn larger() -> Result<Outcome> {
    let card = Card::open()?;
    let (handle, pitch) = buffer(&card)?;
    refused("rows beyond the buffer", add(&card, (64, 4096), handle, pitch, 0), &[Errno::INVAL])?;
    refused("a pitch beyond the buffer", add(&card, (64, 64), handle, 65_536, 0), &[Errno::INVAL])?;
    Ok(Outcome::Passed)
}

fn offset() -> Result<Outcome> {
    let card = Card::open()?;
    let (handle, pitch) = buffer(&card)?;
    for offset in [1 << 20, u32::MAX, u32::MAX - 255] {
        refused(
            "an offset outside",
            add(&card, (64, 64), handle, pitch, offset),
            &[Errno::INVAL, Errno::RANGE],
        )?;
    }
    Ok(Outcome::Passed)
}

fn unknown_format() -> Result<Outcome> {
    let card = Card::open()?;
    let (handle, pitch) = buffer(&card)?;
    for format in [0, u32::MAX, DrmFourcc::Nv12 as u32] {
        let one = |value| [value, 0, 0, 0];
        let added = add_fb2(card.as_fd(), 64, 64, format, &one(handle), &one(pitch), &[0; 4], &[0; 4], 0);
        refused("an unknown format", added, &[Errno::INVAL])?;
    }
    Ok(Outcome::Passed)
}

fn odd_depths() -> Result<Outcome> {
    let card = Card::open()?;
    let (handle, pitch) = buffer(&card)?;
    for (bits, depth) in [(0, 0), (32, 7), (33, 24), (128, 128)] {
        let added = add_fb(card.as_fd(), 64, 64, pitch, bits, depth, handle);
        refused("an odd depth", added, &[Errno::INVAL])?;
    }
    Ok(Outcome::Passed)
}

/// Zero is refused; the least and the most that the device names are taken.
fn size_limits() -> Result<Outcome> {
    let card = Card::open()?;
    let (handle, pitch) = buffer(&card)?;
    refused("no width", add(&card, (0, 64), handle, pitch, 0), &[Errno::INVAL])?;
    refused("no height", add(&card, (64, 0), handle, pitch, 0), &[Errno::INVAL])?;
    refused("a size beyond all", add(&card, (u32::MAX, 1), handle, pitch, 0), &[Errno::INVAL])?;
    let limits = drm_ffi::mode::get_resources(card.as_fd(), None, None, None, None)?;
    drop(Framebuffer::new(&card, limits.max_width, 1)?);
    drop(Framebuffer::new(&card, 1, limits.max_height)?);
    refused("too wide", add(&card, (limits.max_width + 1, 1), handle, u32::MAX, 0), &[Errno::INVAL])?;
    Ok(Outcome::Passed)
}

fn remove_unknown() -> Result<Outcome> {
    let card = Card::open()?;
    let framebuffer = Framebuffer::new(&card, 64, 64)?;
    card.destroy_framebuffer(framebuffer.handle)?;
    refused("removing it twice", card.destroy_framebuffer(framebuffer.handle), &[Errno::NOENT])?;
    let (mine, other) = (Framebuffer::new(&card, 64, 64)?, Card::open()?);
    refused("removing another's", other.destroy_framebuffer(mine.handle), &[Errno::NOENT])?;
    Ok(Outcome::Passed)
}

fn remove_shown() -> Result<Outcome> {
    let card = Card::open_atomic()?;
    let output = Output::first(&card)?;
    let framebuffer = Framebuffer::new(&card, 800, 600)?;
    output.enabling(output.mode(800, 600)?, &framebuffer)?.commit()?;
    card.destroy_framebuffer(framebuffer.handle)?;
    ensure!(output.value(output.primary, "FB_ID")? == 0, "the plane still shows it");
    Ok(Outcome::Passed)
}

/// The console, or the next program, must not see it any more.
fn remove_at_close() -> Result<Outcome> {
    let card = Card::open_atomic()?;
    let crtc = {
        let output = Output::first(&card)?;
        let framebuffer = std::mem::ManuallyDrop::new(Framebuffer::new(&card, 800, 600)?);
        output.enabling(output.mode(800, 600)?, &framebuffer)?.commit()?;
        (output.crtc, framebuffer.handle)
    };
    drop(card);
    let card = Card::open()?;
    ensure!(card.get_crtc(crtc.0)?.framebuffer() != Some(crtc.1), "it is shown after its owner has gone");
    Ok(Outcome::Passed)
}
