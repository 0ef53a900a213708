//! The pointer.

use anyhow::{Context, Result};
use drm::control::{AtomicCommitFlags, Device as _};
use drm::{Device as _, DriverCapability};
use rustix::io::Errno;

use crate::conformance::Check;
use crate::conformance::outcome::{Outcome, refused};
use crate::kms::{Card, Framebuffer, Output, Request, number};

pub(super) const CHECKS: &[Check] = &[
    ("cursor-legacy", legacy),
    ("cursor-legacy-200-shapes", shapes),
    ("cursor-plane", plane),
    ("cursor-walks-over-the-edges", edges),
    ("cursor-too-large", too_large),
    ("cursor-hotspot", hotspot),
    ("cursor-on-idle-crtc", idle),
    ("cursor-moves-do-not-wait", moves),
];

fn lit(then: fn(&Output<'_>) -> Result<Outcome>) -> Result<Outcome> {
    let card = Card::open_atomic()?;
    let output = Output::first(&card)?;
    let framebuffer = Framebuffer::new(&card, 640, 480)?;
    output.enabling(output.mode(640, 480)?, &framebuffer)?.commit()?;
    then(&output)
}

/// The pointer's plane at a place, with a picture.
fn show<'output>(
    output: &'output Output<'_>,
    pointer: &Framebuffer<'_>,
    x: i32,
    y: i32,
) -> Result<Request<'output>> {
    let cursor = output.cursor.context("no cursor plane")?;
    let place = |value: i32| i64::from(value).cast_unsigned();
    Ok(Request::new(output)
        .set(cursor, "FB_ID", pointer.id())
        .set(cursor, "CRTC_ID", number(output.crtc))
        .set(cursor, "SRC_X", 0)
        .set(cursor, "SRC_Y", 0)
        .set(cursor, "SRC_W", u64::from(pointer.width) << 16)
        .set(cursor, "SRC_H", u64::from(pointer.height) << 16)
        .set(cursor, "CRTC_X", place(x))
        .set(cursor, "CRTC_Y", place(y))
        .set(cursor, "CRTC_W", pointer.width.into())
        .set(cursor, "CRTC_H", pointer.height.into()))
}

#[expect(deprecated, reason = "Xorg still uses these calls")]
fn legacy() -> Result<Outcome> {
    lit(|output| {
        let mut pointer = Framebuffer::for_cursor(output.card, 64, 64)?;
        pointer.fill(0x80)?;
        output.card.set_cursor2(output.crtc, Some(&pointer.buffer), (3, 4))?;
        for step in 0..50 {
            output.card.move_cursor(output.crtc, (step * 20 - 100, step * 15 - 100))?;
        }
        output.card.set_cursor(output.crtc, None::<&drm::control::dumbbuffer::DumbBuffer>)?;
        output.card.move_cursor(output.crtc, (5, 5))?;
        Ok(Outcome::Passed)
    })
}

#[expect(deprecated, reason = "Xorg still uses these calls")]
fn shapes() -> Result<Outcome> {
    lit(|output| {
        let mut pair =
            [Framebuffer::for_cursor(output.card, 64, 64)?, Framebuffer::for_cursor(output.card, 64, 64)?];
        for shape in 0..200_u8 {
            let pointer = pair.get_mut(usize::from(shape % 2)).context("two pointers")?;
            pointer.fill(shape)?;
            let set = output.card.set_cursor2(output.crtc, Some(&pointer.buffer), (0, 0));
            set.with_context(|| format!("shape {shape}"))?;
        }
        Ok(Outcome::Passed)
    })
}

fn plane() -> Result<Outcome> {
    lit(|output| {
        let pointer = Framebuffer::for_cursor(output.card, 64, 64)?;
        show(output, &pointer, 10, 10)?.commit()?;
        let cursor = output.cursor.context("no cursor plane")?;
        Request::new(output).set(cursor, "FB_ID", 0).set(cursor, "CRTC_ID", 0).commit()?;
        Ok(Outcome::Passed)
    })
}

fn edges() -> Result<Outcome> {
    lit(|output| {
        let pointer = Framebuffer::for_cursor(output.card, 64, 64)?;
        for (x, y) in
            [(-63, -63), (-64, -64), (-200, 5), (639, 479), (640, 480), (9000, 5), (5, -9000), (0, 0)]
        {
            show(output, &pointer, x, y)?.commit().with_context(|| format!("at {x},{y}"))?;
        }
        Ok(Outcome::Passed)
    })
}

fn too_large() -> Result<Outcome> {
    lit(|output| {
        let widest = u32::try_from(output.card.get_driver_capability(DriverCapability::CursorWidth)?)?;
        let large = Framebuffer::for_cursor(output.card, widest * 4, widest * 4)?;
        let shown = show(output, &large, 0, 0)?.try_commit(AtomicCommitFlags::empty())?;
        refused(
            "a pointer larger than the device's largest",
            shown,
            &[Errno::INVAL, Errno::RANGE, Errno::NOSPC],
        )?;
        Ok(Outcome::Passed)
    })
}

fn hotspot() -> Result<Outcome> {
    lit(|output| {
        let cursor = output.cursor.context("no cursor plane")?;
        if output.property(cursor.into(), "HOTSPOT_X").is_none() {
            return Ok(Outcome::Skipped("this kernel has no HOTSPOT_X".into()));
        }
        let pointer = Framebuffer::for_cursor(output.card, 64, 64)?;
        show(output, &pointer, 30, 30)?.set(cursor, "HOTSPOT_X", 7).set(cursor, "HOTSPOT_Y", 9).commit()?;
        Ok(Outcome::Passed)
    })
}

/// Allowed or refused, but without harm for the next mode.
#[expect(deprecated, reason = "Xorg still uses these calls")]
fn idle() -> Result<Outcome> {
    lit(|output| {
        output.disabling().commit()?;
        let pointer = Framebuffer::for_cursor(output.card, 64, 64)?;
        output.card.set_cursor(output.crtc, Some(&pointer.buffer)).ok();
        output.card.move_cursor(output.crtc, (1, 1)).ok();
        let framebuffer = Framebuffer::new(output.card, 640, 480)?;
        output.enabling(output.mode(640, 480)?, &framebuffer)?.commit()?;
        Ok(Outcome::Passed)
    })
}

/// A pointer must follow the hand, whatever the picture's pace: 300 moves take less than two seconds.
#[expect(deprecated, reason = "Xorg still uses these calls")]
fn moves() -> Result<Outcome> {
    lit(|output| {
        let pointer = Framebuffer::for_cursor(output.card, 64, 64)?;
        output.card.set_cursor(output.crtc, Some(&pointer.buffer))?;
        let started = std::time::Instant::now();
        for step in 0..300 {
            output.card.move_cursor(output.crtc, (step, step))?;
        }
        let took = started.elapsed().as_millis();
        anyhow::ensure!(took < 2000, "300 moves took {took} ms");
        Ok(Outcome::Passed)
    })
}
