//! Property blobs, and the properties that every display has.

use anyhow::{Context, Result, ensure};
use drm::control::Device;
use rustix::io::Errno;

use crate::conformance::Check;
use crate::conformance::outcome::{Outcome, refused};
use crate::kms::{Card, Output};

pub(super) const CHECKS: &[Check] = &[
    ("blob-lives-until-destroyed", blob),
    ("blob-of-another-file", foreign_blob),
    ("properties-readable", readable),
    ("primary-has-damage-clips", damage_clips),
    ("connector-has-edid", edid),
    ("connector-suggests-offsets", suggested_offsets),
    ("legacy-gamma-or-none", gamma),
];

fn blob() -> Result<Outcome> {
    let card = Card::open_atomic()?;
    let content = [7_u8; 300];
    let blob = u64::from(card.create_property_blob(&content)?);
    ensure!(card.get_property_blob(blob)? == content, "a blob has other content");
    card.destroy_property_blob(blob)?;
    refused("a destroyed blob", card.get_property_blob(blob), &[Errno::NOENT])?;
    Ok(Outcome::Passed)
}

fn foreign_blob() -> Result<Outcome> {
    let (card, other) = (Card::open_atomic()?, Card::open_atomic()?);
    let blob = u64::from(card.create_property_blob(&[1_u8; 4])?);
    refused("destroying another's blob", other.destroy_property_blob(blob), &[Errno::PERM])?;
    card.destroy_property_blob(blob)?;
    Ok(Outcome::Passed)
}

fn readable() -> Result<Outcome> {
    let card = Card::open_atomic()?;
    for output in Output::all(&card)? {
        for plane in [Some(output.primary), output.cursor].into_iter().flatten() {
            for name in ["type", "FB_ID", "CRTC_ID", "IN_FENCE_FD", "SRC_W", "CRTC_W", "IN_FORMATS"] {
                output.value(plane, name)?;
            }
        }
        for name in ["ACTIVE", "MODE_ID", "OUT_FENCE_PTR", "VRR_ENABLED"] {
            output.value(output.crtc, name)?;
        }
        for name in ["CRTC_ID", "DPMS", "link-status", "non-desktop"] {
            output.value(output.connector, name)?;
        }
        ensure!(!output.modes()?.is_empty(), "a connected display has no modes");
    }
    Ok(Outcome::Passed)
}

fn damage_clips() -> Result<Outcome> {
    let card = Card::open_atomic()?;
    let output = Output::first(&card)?;
    output.property(output.primary.into(), "FB_DAMAGE_CLIPS").context("no FB_DAMAGE_CLIPS")?;
    Ok(Outcome::Passed)
}

fn edid() -> Result<Outcome> {
    let card = Card::open_atomic()?;
    let output = Output::first(&card)?;
    let blob = output.value(output.connector, "EDID")?;
    ensure!(blob != 0, "the display has no EDID");
    let edid = card.get_property_blob(blob)?;
    ensure!(edid.len() >= 128 && edid.len().is_multiple_of(128), "an EDID of {} bytes", edid.len());
    ensure!(edid.starts_with(&[0, 255, 255, 255, 255, 255, 255, 0]), "the EDID has no header");
    for block in edid.as_chunks::<128>().0 {
        let sum = block.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        ensure!(sum == 0, "a block of the EDID has the checksum {sum}");
    }
    Ok(Outcome::Passed)
}

fn suggested_offsets() -> Result<Outcome> {
    let card = Card::open_atomic()?;
    let output = Output::first(&card)?;
    for name in ["suggested X", "suggested Y", "hotplug_mode_update"] {
        output.property(output.connector.into(), name).with_context(|| format!("no property {name}"))?;
    }
    Ok(Outcome::Passed)
}

fn gamma() -> Result<Outcome> {
    let card = Card::open()?;
    let crtc = *card.resource_handles()?.crtcs().first().context("no CRTC")?;
    let length = usize::try_from(card.get_crtc(crtc)?.gamma_length())?;
    if length == 0 {
        return Ok(Outcome::Skipped("no gamma table".into()));
    }
    let (mut red, mut green, mut blue) = (vec![0; length], vec![0; length], vec![0; length]);
    card.get_gamma(crtc, &mut red, &mut green, &mut blue)?;
    card.set_gamma(crtc, &red, &green, &blue)?;
    Ok(Outcome::Passed)
}
