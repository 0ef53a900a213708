//! The program inside the test guest. The guest's init script and the host's tests start it:
//! `guest-program draw` shows a picture through KMS as a compositor would (dumb buffer, dirty rectangles), `heads` several,
//! `pointer` a pointer, `window` shows one
//! on a desktop, `seen` tells what the guest holds for its picture, `conformance` questions the display's driver, and
//! `events` reports what the kernel's input devices say. It is all of the guest's system besides busybox, but where a disk
//! has desktops.

mod animation;
mod canvas;
mod conformance;
mod events;
mod heads;
mod kms;
mod mode_changes;
mod noise;
mod pointer;
mod scenes;
mod screen;
mod seen;
mod shape;
mod test_card;
mod window;

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand, ValueEnum};
use drm::control::ModeTypeFlags;

use crate::canvas::Size;
use crate::heads::{Arrangement, Then};
use crate::screen::{Depth, Screen};
use crate::seen::Source;

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Show a picture, and keep it until killed.
    Draw {
        picture: Picture,
        /// The mode to set, for example 1024x768; without it the display's preferred one.
        #[arg(long, value_parser = parse_size)]
        size: Option<Size>,
        /// Stop moving after this many frames.
        #[arg(long)]
        frames: Option<u32>,
        /// Give the display 16 bits for each pixel; only for still pictures.
        #[arg(long)]
        rgb565: bool,
    },
    /// Show a picture on each of several displays, and keep them until killed.
    Heads {
        arrangement: Arrangement,
        #[arg(required = true, value_parser = parse_size)]
        sizes: Vec<Size>,
        /// Then ask for a screen of this size on the next display, or on the first, which is to be refused.
        #[arg(long, value_parser = parse_size)]
        refused: Option<Size>,
        /// Then give the first display this size, and leave the others alone.
        #[arg(long, value_parser = parse_size, conflicts_with = "refused")]
        first: Option<Size>,
    },
    /// Show a pointer that points to a place, in pixels, and keep it until killed.
    Pointer { x: i32, y: i32 },
    /// Set this many modes, one after the other.
    ModeChanges {
        rounds: u16,
        /// The number of the first one: each has a size of its own.
        #[arg(default_value_t = 0)]
        from: u16,
    },
    /// Question the display's driver; print an answer a line.
    Conformance {
        /// Only checks whose names contain this.
        #[arg(default_value = "")]
        filter: String,
    },
    /// Draw what a desktop does most, and print what it cost.
    Scene {
        name: String,
        /// Keep the last picture, and tell its fingerprint, until killed.
        #[arg(long)]
        keep: bool,
    },
    /// Show the test card on a desktop, over its whole screen, with a pointer of our own, until killed.
    Window,
    /// Print the fingerprint of what the guest holds for its picture: `console`, `x11`, or a file.
    Seen { source: Source },
    /// Move the pointer of an X server to a place, in pixels.
    Warp { x: i16, y: i16 },
    /// Print the size of the display's preferred mode, for example 1024x768.
    Preferred,
    /// Print input events, one a line.
    Events,
}

#[derive(Clone, Copy, ValueEnum)]
enum Picture {
    /// A test card.
    Still,
    /// Moving shapes over a gradient.
    Moving,
    /// Noise all over, as fast as it goes.
    Noise,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().verb {
        Verb::Events => events::print(),
        Verb::Preferred => preferred(),
        Verb::Window => window::show(report),
        Verb::Seen { source } => seen::line(&source).map(|line| report(&line)),
        Verb::Warp { x, y } => window::warp(x, y),
        Verb::Scene { name, keep } => scenes::run(&name, keep, report),
        Verb::Conformance { filter } => conformance::run(&filter, report),
        Verb::Heads { arrangement, sizes, refused, first } => {
            let then = refused.map(Then::Refused).or(first.map(Then::First));
            heads::show(arrangement, &sizes, then, report)
        }
        Verb::Pointer { x, y } => pointer::show((x, y), report),
        Verb::ModeChanges { rounds, from } => mode_changes::run(rounds, from),
        Verb::Draw { picture, size, frames, rgb565 } => draw(picture, size, frames, rgb565),
    };
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    report(&format!("GUEST-PROGRAM-FAILED {error:#}"));
    ExitCode::FAILURE
}

fn draw(picture: Picture, size: Option<Size>, frames: Option<u32>, rgb565: bool) -> Result<()> {
    let mut screen = Screen::open(size, if rgb565 { Depth::Rgb565 } else { Depth::Xrgb8888 })?;
    let Size { width, height } = screen.size();
    match picture {
        Picture::Still => {
            let card = test_card::paint(screen.size(), screen.driver())?;
            let card = if rgb565 { card.of_16_bits() } else { card };
            screen.show(&card, &[])?;
            report(&format!("DRAWN still {width}x{height} {:016x}", card.fingerprint()));
        }
        Picture::Moving => animation::run(&mut screen, frames, report)?,
        Picture::Noise => noise::run(&mut screen, report)?,
    }
    // Closing the device would give the screen back to the console.
    loop {
        std::thread::park();
    }
}

/// Asks the display anew.
fn preferred() -> Result<()> {
    let card = kms::Card::open_atomic()?;
    let modes = kms::Output::first(&card)?.modes()?;
    let chosen = modes.iter().find(|mode| mode.mode_type().contains(ModeTypeFlags::PREFERRED));
    let (width, height) = chosen.context("no mode is preferred")?.size();
    report(&format!("{width}x{height}"));
    Ok(())
}

/// Tells the host, at once.
fn report(line: &str) {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}").and_then(|()| output.flush()).ok();
}

fn parse_size(text: &str) -> Result<Size> {
    let (width, height) = text.split_once('x').context("a size is WIDTHxHEIGHT")?;
    Ok(Size { width: width.parse()?, height: height.parse()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        assert_eq!(parse_size("800x600").unwrap(), Size { width: 800, height: 600 });
        assert!(parse_size("800").is_err());
        assert!(parse_size("axb").is_err());
    }
}
