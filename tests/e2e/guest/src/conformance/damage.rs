//! What a program may say about where its picture has changed.

use std::os::fd::AsFd;

use anyhow::Result;
use drm::control::{AtomicCommitFlags, ClipRect, Device};
use drm_ffi::{drm_clip_rect, drm_mode_rect};
use rustix::io::Errno;

use crate::conformance::Check;
use crate::conformance::outcome::{Outcome, refused};
use crate::kms::{Card, Framebuffer, Output, Request};

pub(super) const CHECKS: &[Check] = &[
    ("dirtyfb-clips", dirty_clips),
    ("dirtyfb-whole", dirty_whole),
    ("dirtyfb-odd-clips", dirty_odd),
    ("dirtyfb-unknown", dirty_unknown),
    ("dirtyfb-not-shown", dirty_hidden),
    ("damage-clips", clips),
    ("damage-odd-clips", odd_clips),
    ("damage-clips-of-wrong-size", wrong_size),
];

/// Shows a framebuffer and lets `then` tell what has changed.
fn shown(then: fn(&Output<'_>, &Framebuffer<'_>) -> Result<()>) -> Result<Outcome> {
    let card = Card::open_atomic()?;
    let output = Output::first(&card)?;
    let framebuffer = Framebuffer::new(&card, 800, 600)?;
    output.enabling(output.mode(800, 600)?, &framebuffer)?.commit()?;
    then(&output, &framebuffer)?;
    Ok(Outcome::Passed)
}

fn dirty_clips() -> Result<Outcome> {
    shown(|output, framebuffer| {
        let clips: Vec<_> = (0..64).map(|n| ClipRect::new(n * 8, n * 4, n * 8 + 9, n * 4 + 5)).collect();
        Ok(output.card.dirty_framebuffer(framebuffer.handle, &clips)?)
    })
}

fn dirty_whole() -> Result<Outcome> {
    shown(|output, framebuffer| {
        Ok(output.card.dirty_framebuffer(framebuffer.handle, &[ClipRect::new(0, 0, 800, 600)])?)
    })
}

/// Empty, turned round, and beyond the picture: harmless, whether refused or not.
fn dirty_odd() -> Result<Outcome> {
    shown(|output, framebuffer| {
        for (x1, y1, x2, y2) in
            [(5, 5, 5, 5), (9, 9, 2, 2), (700, 500, u16::MAX, u16::MAX), (u16::MAX, 0, 0, u16::MAX)]
        {
            let clip = drm_clip_rect { x1, y1, x2, y2 };
            drm_ffi::mode::dirty_fb(output.card.as_fd(), framebuffer.handle.into(), &[clip]).ok();
        }
        Ok(output.card.dirty_framebuffer(framebuffer.handle, &[ClipRect::new(0, 0, 800, 600)])?)
    })
}

fn dirty_unknown() -> Result<Outcome> {
    shown(|output, _| {
        let dirtied = drm_ffi::mode::dirty_fb(output.card.as_fd(), 0xffff, &[]);
        refused("changes to no framebuffer", dirtied, &[Errno::NOENT])
    })
}

fn dirty_hidden() -> Result<Outcome> {
    shown(|output, _| {
        let hidden = Framebuffer::new(output.card, 320, 200)?;
        Ok(output.card.dirty_framebuffer(hidden.handle, &[ClipRect::new(0, 0, 320, 200)])?)
    })
}

fn clips() -> Result<Outcome> {
    shown(|output, framebuffer| {
        commit(output, framebuffer, &[(10, 10, 20, 20), (100, 0, 800, 1), (0, 0, 800, 600)])
    })
}

fn odd_clips() -> Result<Outcome> {
    shown(|output, framebuffer| {
        for clip in
            [(-5, -5, 3, 3), (790, 590, 9000, 9000), (i32::MIN, i32::MIN, i32::MAX, i32::MAX), (9, 9, 9, 9)]
        {
            // Refused or clipped: either is fine, as long as the next one works.
            commit(output, framebuffer, &[clip]).ok();
        }
        commit(output, framebuffer, &[(0, 0, 800, 600)])
    })
}

fn wrong_size() -> Result<Outcome> {
    let card = Card::open_atomic()?;
    let output = Output::first(&card)?;
    if output.property(output.primary.into(), "FB_DAMAGE_CLIPS").is_none() {
        return Ok(Outcome::Skipped("no FB_DAMAGE_CLIPS".into()));
    }
    let framebuffer = Framebuffer::new(&card, 800, 600)?;
    output.enabling(output.mode(800, 600)?, &framebuffer)?.commit()?;
    let blob = u64::from(card.create_property_blob(&[1_u8; 15])?);
    let request = Request::new(&output).set(output.primary, "FB_DAMAGE_CLIPS", blob);
    refused("clips of 15 bytes", request.try_commit(AtomicCommitFlags::empty())?, &[Errno::INVAL])?;
    Ok(Outcome::Passed)
}

fn commit(output: &Output<'_>, framebuffer: &Framebuffer<'_>, clips: &[(i32, i32, i32, i32)]) -> Result<()> {
    let clips: Vec<_> = clips.iter().map(|&(x1, y1, x2, y2)| drm_mode_rect { x1, y1, x2, y2 }).collect();
    let blob = u64::from(output.card.create_property_blob(clips.as_slice())?);
    let committed = Request::new(output)
        .set(output.primary, "FB_ID", framebuffer.id())
        .set(output.primary, "FB_DAMAGE_CLIPS", blob)
        .try_commit(AtomicCommitFlags::empty())?;
    output.card.destroy_property_blob(blob)?;
    Ok(committed?)
}
