//! Displays and planes that come and go.

use anyhow::{Context, Result, ensure};
use drm::control::{AtomicCommitFlags, Device, Mode};

use crate::conformance::Check;
use crate::conformance::outcome::Outcome;
use crate::kms::{Card, Framebuffer, Output, PATIENCE, Request, number, timing};

pub(super) const CHECKS: &[Check] = &[
    ("transition-off-and-on", off_and_on),
    ("transition-dpms", dpms),
    ("transition-without-primary", without_primary),
    ("transition-planes-nonblocking", planes_nonblocking),
    ("transition-two-heads", two_heads),
    ("transition-all-heads-at-random", random_heads),
    ("transition-master-changes", masters),
    ("transition-closed-while-shown", closed),
];

fn off_and_on() -> Result<Outcome> {
    let card = Card::open_atomic()?;
    let output = Output::first(&card)?;
    let framebuffer = Framebuffer::new(&card, 800, 600)?;
    for _ in 0..10 {
        output.enabling(output.mode(800, 600)?, &framebuffer)?.commit()?;
        output.disabling().commit()?;
        ensure!(output.value(output.crtc, "ACTIVE")? == 0, "the CRTC is still on");
    }
    Ok(Outcome::Passed)
}

/// A screen saver: off and on with mode and planes kept.
fn dpms() -> Result<Outcome> {
    let card = Card::open_atomic()?;
    let output = Output::first(&card)?;
    let framebuffer = Framebuffer::new(&card, 800, 600)?;
    output.enabling(output.mode(800, 600)?, &framebuffer)?.commit()?;
    for active in [0, 1, 0, 1] {
        Request::new(&output).set(output.crtc, "ACTIVE", active).commit()?;
        ensure!(output.value(output.crtc, "ACTIVE")? == active, "ACTIVE is not {active}");
    }
    output.flip(&framebuffer)?;
    Ok(Outcome::Passed)
}

/// A lit display that shows nothing yet.
fn without_primary() -> Result<Outcome> {
    let card = Card::open_atomic()?;
    let output = Output::first(&card)?;
    let framebuffer = Framebuffer::new(&card, 800, 600)?;
    output.enabling(output.mode(800, 600)?, &framebuffer)?.commit()?;
    for _ in 0..3 {
        let bare = Request::new(&output).set(output.primary, "FB_ID", 0).set(output.primary, "CRTC_ID", 0);
        bare.commit().context("without the primary plane")?;
        output.placing(Request::new(&output), &framebuffer, (800, 600)).commit().context("and back")?;
    }
    output.disabling().commit()?;
    let blob = u64::from(card.create_property_blob(&output.mode(800, 600)?)?);
    Request::new(&output)
        .set(output.connector, "CRTC_ID", number(output.crtc))
        .set(output.crtc, "MODE_ID", blob)
        .set(output.crtc, "ACTIVE", 1)
        .commit()
        .context("lit without a plane")?;
    Ok(Outcome::Passed)
}

fn planes_nonblocking() -> Result<Outcome> {
    let card = Card::open_atomic()?;
    let output = Output::first(&card)?;
    let framebuffer = Framebuffer::new(&card, 800, 600)?;
    let pointer = Framebuffer::for_cursor(&card, 64, 64)?;
    let Some(cursor) = output.cursor else { return Ok(Outcome::Skipped("no cursor plane".into())) };
    output.enabling(output.mode(800, 600)?, &framebuffer)?.commit()?;
    for round in 0..20_u64 {
        let visible = round % 2 == 0;
        let mut request = Request::new(&output)
            .set(cursor, "FB_ID", if visible { pointer.id() } else { 0 })
            .set(cursor, "CRTC_ID", if visible { number(output.crtc) } else { 0 })
            .set(output.primary, "FB_ID", framebuffer.id());
        for (name, value) in [("SRC_W", 64 << 16), ("SRC_H", 64 << 16), ("CRTC_W", 64), ("CRTC_H", 64)] {
            request = request.set(cursor, name, value);
        }
        request = request.set(cursor, "CRTC_X", round * 7).set(cursor, "CRTC_Y", round * 5);
        request.try_commit(AtomicCommitFlags::NONBLOCK | AtomicCommitFlags::PAGE_FLIP_EVENT)??;
        card.flipped(PATIENCE).with_context(|| format!("round {round}"))?;
    }
    Ok(Outcome::Passed)
}

fn two_heads() -> Result<Outcome> {
    let card = Card::open_atomic()?;
    let outputs = Output::all(&card)?;
    let [first, second, ..] = outputs.as_slice() else {
        return Ok(Outcome::Skipped("one display is connected".into()));
    };
    let (left, right) = (Framebuffer::new(&card, 800, 600)?, Framebuffer::new(&card, 1024, 768)?);
    first.enabling(first.mode(800, 600)?, &left)?.commit()?;
    second.enabling(second.mode(1024, 768)?, &right)?.commit()?;
    first.flip(&left).context("the first display's flip")?;
    second.flip(&right).context("the second display's flip")?;
    first.disabling().commit()?;
    second.flip(&right).context("the second display's flip alone")?;
    Ok(Outcome::Passed)
}

fn random_heads() -> Result<Outcome> {
    let card = Card::open_atomic()?;
    let outputs = Output::all(&card)?;
    let mut dice = 0x2545_f491_u32;
    for round in 0..60 {
        dice ^= dice << 13;
        dice ^= dice >> 17;
        dice ^= dice << 5;
        let chosen = usize::try_from(dice >> 8)? % outputs.len();
        let output = outputs.get(chosen).context("no display")?;
        if dice & 3 == 0 {
            output.disabling().commit().with_context(|| format!("off in round {round}"))?;
            continue;
        }
        let width = 640 + u16::try_from(dice & 0xff)?;
        let height = 400 + u16::try_from(dice >> 16 & 0x7f)?;
        let framebuffer = Framebuffer::new(&card, width.into(), height.into())?;
        let set = output.enabling(Mode::from(timing(width, height)?), &framebuffer)?.commit();
        set.with_context(|| format!("{width}x{height} on display {chosen} in round {round}"))?;
    }
    Ok(Outcome::Passed)
}

/// As between a compositor and the one of the next user.
fn masters() -> Result<Outcome> {
    use drm::Device as _;
    let (one, two) = (Card::open_atomic()?, Card::open_atomic()?);
    let (first, second) = (Output::first(&one)?, Output::first(&two)?);
    let (here, there) = (Framebuffer::new(&one, 800, 600)?, Framebuffer::new(&two, 1024, 768)?);
    for _ in 0..3 {
        first.enabling(first.mode(800, 600)?, &here)?.commit()?;
        let intruding = second.enabling(second.mode(1024, 768)?, &there)?;
        ensure!(intruding.try_commit(AtomicCommitFlags::ALLOW_MODESET)?.is_err(), "two masters");
        one.release_master_lock()?;
        two.acquire_master_lock()?;
        second.enabling(second.mode(1024, 768)?, &there)?.commit()?;
        two.release_master_lock()?;
        one.acquire_master_lock()?;
    }
    Ok(Outcome::Passed)
}

fn closed() -> Result<Outcome> {
    for _ in 0..5 {
        let card = Card::open_atomic()?;
        let output = Output::first(&card)?;
        let framebuffer = Framebuffer::new(&card, 1024, 768)?;
        output.enabling(output.mode(1024, 768)?, &framebuffer)?.commit()?;
        let other = Framebuffer::new(&card, 1024, 768)?;
        let request = Request::new(&output).set(output.primary, "FB_ID", other.id());
        request.try_commit(AtomicCommitFlags::NONBLOCK | AtomicCommitFlags::PAGE_FLIP_EVENT)??;
        // Both are removed, and the device is closed, with an event under way.
    }
    Ok(Outcome::Passed)
}
