//! Dumb buffers.

use anyhow::{Context, Result, ensure};
use drm::Device as _;
use drm::DriverCapability;
use drm::buffer::{Buffer, DrmFourcc};
use drm::control::Device as _;
use rustix::io::Errno;

use crate::conformance::Check;
use crate::conformance::outcome::{Outcome, refused};
use crate::kms::{Card, Framebuffer};

pub(super) const CHECKS: &[Check] = &[
    ("dumb-capability", capability),
    ("dumb-keeps-content", content),
    ("dumb-is-cleared", cleared),
    ("dumb-pitch-and-size", pitch),
    ("dumb-empty", empty),
    ("dumb-too-large", too_large),
    ("dumb-500-in-turn", in_turn),
    ("dumb-64-at-once", at_once),
];

fn capability() -> Result<Outcome> {
    let card = Card::open()?;
    ensure!(card.get_driver_capability(DriverCapability::DumbBuffer)? == 1, "no dumb buffers");
    Ok(Outcome::Passed)
}

fn content() -> Result<Outcome> {
    let card = Card::open()?;
    let mut framebuffer = Framebuffer::new(&card, 333, 77)?;
    for (place, byte) in framebuffer.map()?.iter_mut().zip((0..=u8::MAX).cycle()) {
        *place = byte;
    }
    let kept = framebuffer.map()?.iter().zip((0..=u8::MAX).cycle()).all(|(there, byte)| *there == byte);
    ensure!(kept, "a second mapping shows other bytes");
    Ok(Outcome::Passed)
}

/// Otherwise a program reads what another has drawn.
fn cleared() -> Result<Outcome> {
    for _ in 0..8 {
        let card = Card::open()?;
        let mut framebuffer = Framebuffer::new(&card, 512, 512)?;
        ensure!(framebuffer.map()?.iter().all(|byte| *byte == 0), "a new buffer shows what was there before");
        framebuffer.fill(0x5a)?;
    }
    Ok(Outcome::Passed)
}

fn pitch() -> Result<Outcome> {
    let card = Card::open()?;
    for (width, bits) in [(1, 32), (333, 32), (1366, 32), (333, 16), (7, 8)] {
        let buffer = match card.create_dumb_buffer((width, 9), DrmFourcc::Xrgb8888, bits) {
            Ok(buffer) => buffer,
            Err(_) if bits != 32 => continue,
            Err(error) => return Err(error).with_context(|| format!("a buffer {width} pixels wide")),
        };
        let enough = u64::from(buffer.pitch()) * 8 >= u64::from(width) * u64::from(bits);
        let length = card.map_dumb_buffer(&mut { buffer })?.len();
        card.destroy_dumb_buffer(buffer)?;
        ensure!(enough, "{width} pixels of {bits} bits do not fit into a row");
        ensure!(length >= usize::try_from(buffer.pitch())? * 9, "9 rows do not fit into {length} bytes");
    }
    Ok(Outcome::Passed)
}

fn empty() -> Result<Outcome> {
    let card = Card::open()?;
    for (width, height, bits) in [(0, 8, 32), (8, 0, 32), (8, 8, 0)] {
        let made = card.create_dumb_buffer((width, height), DrmFourcc::Xrgb8888, bits);
        refused("an empty buffer", made, &[Errno::INVAL])?;
    }
    Ok(Outcome::Passed)
}

fn too_large() -> Result<Outcome> {
    let card = Card::open()?;
    for (width, height) in [(u32::MAX, u32::MAX), (u32::MAX, 1), (1, u32::MAX), (65_536, 65_536)] {
        let made = card.create_dumb_buffer((width, height), DrmFourcc::Xrgb8888, 32);
        refused("a buffer beyond memory", made, &[Errno::INVAL, Errno::NOMEM, Errno::OVERFLOW])?;
    }
    Ok(Outcome::Passed)
}

fn in_turn() -> Result<Outcome> {
    let card = Card::open()?;
    for _ in 0..500 {
        drop(Framebuffer::new(&card, 1024, 768)?);
    }
    Ok(Outcome::Passed)
}

/// Compositors and programs hold many: 48 MiB in all, which is three times the display's visible memory.
fn at_once() -> Result<Outcome> {
    let card = Card::open()?;
    let held = (0..64).map(|_| Framebuffer::new(&card, 512, 384)).collect::<Result<Vec<_>>>()?;
    ensure!(held.len() == 64, "not all are there");
    Ok(Outcome::Passed)
}
