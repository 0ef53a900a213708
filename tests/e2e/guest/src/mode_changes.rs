//! Modes of all sizes one after the other, for what may be left behind.

use anyhow::{Context, Result};
use drm::control::Mode;

use crate::kms::{Card, Framebuffer, Output, timing};

/// Sets this many modes on the first display, each with a frame before and after a flip. The first one's number is `from`.
pub(crate) fn run(rounds: u16, from: u16) -> Result<()> {
    let card = Card::open_atomic()?;
    let output = Output::first(&card)?;
    for round in from..from.saturating_add(rounds) {
        let number = round % 1000;
        let (width, height) = (640 + number * 37 % 701, 480 + number * 53 % 399);
        let shade = u8::try_from(round % 251)?;
        change(&card, &output, (width, height), shade)
            .with_context(|| format!("{width}x{height} in round {round}"))?;
    }
    Ok(())
}

fn change(card: &Card, output: &Output<'_>, (width, height): (u16, u16), shade: u8) -> Result<()> {
    let mut first = Framebuffer::new(card, width.into(), height.into())?;
    first.fill(shade)?;
    let mut second = Framebuffer::new(card, width.into(), height.into())?;
    // No two bytes are as their neighbours: nothing of it is a fill.
    for (at, byte) in (0_u8..=250).cycle().zip(second.map()?.iter_mut()) {
        *byte = at ^ shade;
    }
    output.enabling(Mode::from(timing(width, height)?), &first)?.commit()?;
    output.flip(&second)?;
    Ok(())
}
