//! The pointer's shape on its way from a program in the guest to the client.

use anyhow::{Context, Result};
use e2e::{Deadline, MouseMode, PointerShape};

use crate::Session;

/// Where the pointer is put, in pixels; inside our window on every screen.
pub(crate) const PLACE: (usize, usize) = (300, 200);

/// The colour of the upper left pixel of our window's pointer, which is opaque.
pub(crate) const CORNER: [u8; 3] = [200, 0, 0];

/// Moves the client's pointer into our window.
pub(crate) fn enters(session: &mut Session) -> Result<()> {
    session.client.mouse_mode(MouseMode::Client, Deadline::seconds(30))?;
    // The kernel does not tell of a place that is the last one again.
    session.client.position(PLACE.0 / 2, PLACE.1 / 2)?;
    session.client.position(PLACE.0, PLACE.1)
}

/// Moves the client's pointer into our window, which gives it `shape`, and waits until the client is told so.
pub(crate) fn arrives(session: &mut Session, shape: PointerShape) -> Result<()> {
    enters(session)?;
    let mut told = None;
    let arrived = Deadline::seconds(30).until("the window's pointer at the client", || {
        told = Some(session.client.pointer()?);
        Ok((told.and_then(|pointer| pointer.shape) == Some(shape)).then_some(()))
    });
    arrived.with_context(|| format!("the program has {shape:?}, the client {told:?}"))
}
