//! Leases: a part of the device for another program, as for head-mounted displays.

use anyhow::{Context, Result, ensure};
use drm::control::{Device, RawResourceHandle, get_lease};
use rustix::io::Errno;

use crate::conformance::Check;
use crate::conformance::outcome::{Outcome, refused};
use crate::kms::{Card, Framebuffer, Output};

pub(super) const CHECKS: &[Check] = &[
    ("lease-shows-only-its-objects", objects),
    ("lease-drives-its-display", drives),
    ("lease-revoked", revoked),
    ("lease-incomplete", incomplete),
    ("lease-taken-twice", twice),
];

fn of(output: &Output<'_>) -> [RawResourceHandle; 3] {
    [output.connector.into(), output.crtc.into(), output.primary.into()]
}

fn objects() -> Result<Outcome> {
    let card = Card::open_atomic()?;
    let output = Output::first(&card)?;
    let (number, lease) = card.create_lease(&of(&output), 0)?;
    ensure!(card.list_lessees()?.contains(&number), "the lease is not listed");
    let seen = get_lease(&Card::of_lease(lease)?)?;
    let own = seen.crtcs == [output.crtc]
        && seen.connectors == [output.connector]
        && seen.planes == [output.primary];
    ensure!(own, "the lessee sees other objects than its own");
    Ok(Outcome::Passed)
}

fn drives() -> Result<Outcome> {
    let card = Card::open_atomic()?;
    let output = Output::first(&card)?;
    let (_, lease) = card.create_lease(&of(&output), 0)?;
    let lessee = Card::of_lease(lease)?;
    let framebuffer = Framebuffer::new(&lessee, 800, 600)?;
    let mode = output.mode(800, 600)?;
    lessee
        .set_crtc(output.crtc, Some(framebuffer.handle), (0, 0), &[output.connector], Some(mode))
        .context("the lessee sets a mode")?;
    lessee.page_flip(output.crtc, framebuffer.handle, drm::control::PageFlipFlags::EVENT, None)?;
    lessee.flipped(crate::kms::PATIENCE)?;
    Ok(Outcome::Passed)
}

fn revoked() -> Result<Outcome> {
    let card = Card::open_atomic()?;
    let output = Output::first(&card)?;
    let (number, lease) = card.create_lease(&of(&output), 0)?;
    let lessee = Card::of_lease(lease)?;
    let framebuffer = Framebuffer::new(&lessee, 800, 600)?;
    card.revoke_lease(number)?;
    let mode = output.mode(800, 600)?;
    let set = lessee.set_crtc(output.crtc, Some(framebuffer.handle), (0, 0), &[output.connector], Some(mode));
    refused("a mode by a lease that was revoked", set, &[Errno::NOENT, Errno::ACCESS, Errno::INVAL])?;
    Ok(Outcome::Passed)
}

fn incomplete() -> Result<Outcome> {
    let card = Card::open_atomic()?;
    let output = Output::first(&card)?;
    let [connector, crtc, plane] = of(&output);
    for part in [vec![connector], vec![crtc, plane], vec![connector, crtc]] {
        refused("an incomplete lease", card.create_lease(&part, 0), &[Errno::INVAL])?;
    }
    Ok(Outcome::Passed)
}

fn twice() -> Result<Outcome> {
    let card = Card::open_atomic()?;
    let output = Output::first(&card)?;
    let _first = card.create_lease(&of(&output), 0)?;
    refused("a second lease of the same", card.create_lease(&of(&output), 0), &[Errno::BUSY])?;
    Ok(Outcome::Passed)
}
