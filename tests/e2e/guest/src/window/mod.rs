//! A program on a desktop: one window over the whole screen with the test card, which follows the screen's size, and a
//! pointer of known shape over it. The host compares what it tells here with what a client shows.

mod wayland;
mod x11;

use anyhow::Result;

use crate::canvas::{Canvas, Size};
use crate::test_card;

pub(crate) use x11::{root_picture, warp};

/// Tells the host a line, at once.
pub(crate) type Report = fn(&str);

/// Shows the window on the desktop that the environment names, until the desktop ends.
pub(crate) fn show(report: Report) -> Result<()> {
    if std::env::var_os("WAYLAND_DISPLAY").is_some() { wayland::show(report) } else { x11::show(report) }
}

/// The window's picture in this size.
fn picture(size: Size, desktop: &str) -> Result<Canvas> {
    test_card::paint(size, desktop)
}

/// Tells that the window has its picture.
fn drawn(report: Report, size: Size, picture: &Canvas) {
    report(&format!("DRAWN window {}x{} {:016x}", size.width, size.height, picture.fingerprint()));
}
