//! Pictures on several displays at once.

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use drm::Device as _;
use drm::control::{AtomicCommitFlags, Mode};

use crate::canvas::{Canvas, Size};
use crate::kms::{Card, Framebuffer, Output, timing};
use crate::test_card;

/// What displays have to do with each other.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum Arrangement {
    /// Each shows a picture of its own, as under Wayland.
    Own,
    /// Each shows its part of one picture, as under X11.
    Parts,
    /// All show the upper left corner of one picture.
    Mirrored,
}

/// Shows test cards of these sizes on the first displays, and tells the fingerprint of what a client should show of all of
/// them. Then asks for `refused` on the next display, or on the first when there is no other, which must not change a
/// pixel; the error is told. Until killed.
pub(crate) fn show(
    arrangement: Arrangement,
    sizes: &[Size],
    refused: Option<Size>,
    report: fn(&str),
) -> Result<()> {
    let card = Card::open_atomic()?;
    let outputs = Output::all(&card)?;
    ensure!(outputs.len() >= sizes.len(), "{} displays are connected", outputs.len());
    let driver = card.get_driver()?.name().to_string_lossy().into_owned();
    for output in &outputs {
        output.disabling().commit()?;
    }
    let whole = match arrangement {
        Arrangement::Own => own(&card, &outputs, sizes, &driver)?,
        Arrangement::Parts => one(&card, &outputs, sizes, beside(sizes), &driver)?,
        Arrangement::Mirrored => one(&card, &outputs, sizes, largest(sizes), &driver)?,
    };
    let Size { width, height } = whole.size();
    report(&format!("DRAWN still {width}x{height} {:016x}", whole.fingerprint()));
    if let Some(size) = refused {
        let output = outputs.get(sizes.len()).or(outputs.first()).context("no display")?;
        report(&format!("REFUSED {}", refusal(output, size)?));
    }
    loop {
        std::thread::park();
    }
}

/// A picture of its own for each; they stand side by side.
fn own(card: &Card, outputs: &[Output<'_>], sizes: &[Size], driver: &str) -> Result<Canvas> {
    let mut whole = Canvas::black(beside(sizes));
    let mut left = 0;
    for (output, size) in outputs.iter().zip(sizes) {
        let picture = test_card::paint(*size, driver)?;
        let (first, mut second) = (buffer(card, *size)?, buffer(card, *size)?);
        second.show(&picture)?;
        output.enabling(mode(*size)?, &first)?.commit()?;
        output.flip(&second)?;
        whole.place(&picture, size.whole(), left, 0);
        left += size.width;
        // Shown until the program ends.
        Box::leak(Box::new(second));
    }
    Ok(whole)
}

/// One picture for all; each shows a part.
fn one(card: &Card, outputs: &[Output<'_>], sizes: &[Size], of_all: Size, driver: &str) -> Result<Canvas> {
    let picture = test_card::paint(of_all, driver)?;
    let framebuffer = Box::leak(Box::new(buffer(card, of_all)?));
    framebuffer.show(&picture)?;
    let mut left = 0;
    for (output, size) in outputs.iter().zip(sizes) {
        output.enabling_part(mode(*size)?, framebuffer, (left, 0))?.commit()?;
        if of_all == beside(sizes) {
            left += u64::try_from(size.width)?;
        }
    }
    Ok(picture)
}

/// The kernel's answer to a screen that is too much.
fn refusal(output: &Output<'_>, size: Size) -> Result<String> {
    let framebuffer = buffer(output.card, size)?;
    match output.enabling(mode(size)?, &framebuffer)?.try_commit(AtomicCommitFlags::ALLOW_MODESET)? {
        Ok(()) => bail!("{}x{} was accepted", size.width, size.height),
        Err(error) => Ok(error.to_string()),
    }
}

fn buffer(card: &Card, size: Size) -> Result<Framebuffer<'_>> {
    Framebuffer::new(card, size.width.try_into()?, size.height.try_into()?)
}

fn mode(size: Size) -> Result<Mode> {
    Ok(timing(size.width.try_into()?, size.height.try_into()?)?.into())
}

fn beside(sizes: &[Size]) -> Size {
    Size { width: sizes.iter().map(|size| size.width).sum(), height: largest(sizes).height }
}

fn largest(sizes: &[Size]) -> Size {
    let most = |length: fn(&Size) -> usize| sizes.iter().map(length).max().unwrap_or(0);
    Size { width: most(|size| size.width), height: most(|size| size.height) }
}
