//! A pointer over a picture, as programs that know nothing of planes show one.

use anyhow::{Context, Result, ensure};
use drm::control::Device as _;

use crate::kms::{Card, Framebuffer, Output};
use crate::shape::{self, HOT_X, HOT_Y, SIZE};

/// The device takes no other size under legacy calls.
const SIDE: u32 = 64;

/// Shows our pointer, pointing to a place in pixels, until killed.
#[expect(deprecated, reason = "Xorg still uses these calls")]
pub(crate) fn show((x, y): (i32, i32), report: fn(&str)) -> Result<()> {
    let card = Card::open_atomic()?;
    let output = Output::first(&card)?;
    let (width, height) = (1024, 768);
    let mut picture = Framebuffer::new(&card, width.into(), height.into())?;
    picture.fill(0x40)?;
    output.enabling(output.mode(width, height)?, &picture)?.commit()?;
    let mut pointer = Framebuffer::for_cursor(&card, SIDE, SIDE)?;
    fill(&mut pointer)?;
    card.set_cursor2(output.crtc, Some(&pointer.buffer), (HOT_X.into(), HOT_Y.into()))?;
    // A place is that of the upper left corner.
    card.move_cursor(output.crtc, (x - i32::from(HOT_X), y - i32::from(HOT_Y)))?;
    report(&shape::described());
    loop {
        std::thread::park();
    }
}

fn fill(pointer: &mut Framebuffer<'_>) -> Result<()> {
    let pitch = pointer.pitch()?;
    let shape = shape::pixels();
    let row_len = usize::from(SIZE) * 4;
    ensure!(row_len <= pitch, "the pointer's buffer is too small");
    let mut pixels = pointer.map()?;
    for (row, of_shape) in pixels.chunks_mut(pitch).zip(shape.chunks(row_len)) {
        row.get_mut(..row_len).context("a short row")?.copy_from_slice(of_shape);
    }
    Ok(())
}
