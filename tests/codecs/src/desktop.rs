//! A desktop: what a client sees of a recording after a number of commands, made larger by its mirror images, which look
//! like more of it and give no codec anything to find again.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use image::bitmap::Bitmap;
use image::geometry::Size;
use probe::{Address, Client, Picture};
use replayer::libraries;
use replayer::steer::{Program, Replayer};

use crate::pictures;

const RECORDING: &str = "ms-desk";
/// Wallpaper and two terminals are there by then.
const COMMANDS: u64 = 400;
const QUIET: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(60);

/// The desktop of `size`; `program` starts a replayer, and `library` draws.
pub(crate) fn draw(program: &Program, library: &Path, size: Size) -> Result<Bitmap> {
    let frame = frame(program, library)?;
    let (width, height) = (frame.width, frame.height);
    ensure!(width > 0 && height > 0, "the recording shows nothing");
    let inside = |at: u32, side: u32| {
        let at = at % (2 * side);
        if at < side { at } else { 2 * side - 1 - at }
    };
    pictures::bitmap(size, |x, y| frame.pixel(inside(x, width), inside(y, height)).unwrap_or(0))
}

fn frame(program: &Program, library: &Path) -> Result<Picture> {
    let recording: OsString = libraries::recording(RECORDING).into();
    let mut replayer = Replayer::start(program, library, [recording])?;
    replayer.go(COMMANDS)?;
    let client = Client::connect(&Address::Tcp(replayer.address().to_string()), &probe::Options::default())?;
    client.wait("a picture", PATIENCE, |view| {
        view.display(0).is_some_and(|screen| screen.picture().is_some())
    })?;
    client.settle(QUIET, PATIENCE)?;
    let picture = client.screenshot(0)?;
    drop(client);
    replayer.quit()?;
    Ok(picture)
}
