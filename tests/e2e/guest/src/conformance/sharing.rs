//! Buffers between programs and devices (PRIME).

use std::os::fd::AsFd;

use anyhow::{Context, Result, ensure};
use drm::buffer::{Buffer, DrmFourcc};
use drm::control::Device as _;
use drm::{Device as _, DriverCapability};

use crate::conformance::Check;
use crate::conformance::outcome::Outcome;
use crate::kms::{Card, Framebuffer};

pub(super) const CHECKS: &[Check] = &[
    ("prime-capability", capability),
    ("prime-export-import", export_import),
    ("prime-outlives-its-owner", outlives),
];

/// `DRM_CLOEXEC | DRM_RDWR`.
const FLAGS: u32 = 0o2_000_002;

fn capability() -> Result<Outcome> {
    let supported = Card::open()?.get_driver_capability(DriverCapability::Prime)?;
    ensure!(supported & 3 == 3, "import and export are {supported:#b}");
    Ok(Outcome::Passed)
}

fn export_import() -> Result<Outcome> {
    let (card, other) = (Card::open()?, Card::open()?);
    let mut framebuffer = Framebuffer::new(&card, 64, 64)?;
    framebuffer.fill(0xa7)?;
    let shared = card.buffer_to_prime_fd(framebuffer.buffer.handle(), FLAGS).context("export")?;
    let again = card.prime_fd_to_buffer(shared.as_fd()).context("import into the owner")?;
    ensure!(again == framebuffer.buffer.handle(), "the owner gets another handle for its own buffer");
    let handle = other.prime_fd_to_buffer(shared.as_fd()).context("import")?;
    let pitch = framebuffer.buffer.pitch();
    let one = |value| [value, 0, 0, 0];
    let format = DrmFourcc::Xrgb8888 as u32;
    drm_ffi::mode::add_fb2(
        other.as_fd(),
        64,
        64,
        format,
        &one(handle.into()),
        &one(pitch),
        &[0; 4],
        &[0; 4],
        0,
    )
    .context("a framebuffer over an imported buffer")?;
    Ok(Outcome::Passed)
}

fn outlives() -> Result<Outcome> {
    let card = Card::open()?;
    let shared = {
        let framebuffer = Framebuffer::new(&card, 64, 64)?;
        card.buffer_to_prime_fd(framebuffer.buffer.handle(), FLAGS).context("export")?
    };
    drop(card);
    let card = Card::open()?;
    let handle = card.prime_fd_to_buffer(shared.as_fd()).context("import after the owner has gone")?;
    card.close_buffer(handle)?;
    Ok(Outcome::Passed)
}
