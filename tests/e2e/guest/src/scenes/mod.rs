//! `guest-program scene NAME`: what a desktop does most, drawn as Wayland compositors do it (two buffers, atomic flips, the
//! changed rectangles told), and measured. The bench `kms` starts it under each driver. One line when done: `SCENE NAME
//! frames=… wall_ms=… busy_ms=… user_ms=…`, busy: the whole guest's processor, user: this program's drawing.

mod compositor;
mod console;
mod desk;
mod usage;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use drm::{Device, DriverCapability};

use crate::canvas::{Area, Canvas, Size};
use crate::kms::{Card, Output};
use crate::scenes::compositor::Compositor;
use crate::scenes::usage::Usage;

const SIZE: Size = Size { width: 1024, height: 768 };

/// Changes the picture for a frame and gives what has changed; nothing given: all.
type Step = Box<dyn FnMut(&mut Canvas, usize) -> Result<Vec<Area>>>;

/// How a scene goes on.
struct Scene {
    canvas: Canvas,
    frames: usize,
    /// The time between two frames; none: as soon as the one before is shown.
    period: Option<Duration>,
    step: Step,
}

/// Draws the scene of this name and tells `report` what it cost.
pub(crate) fn run(name: &str, keep: bool, report: fn(&str)) -> Result<()> {
    let scene = match name {
        "typing" => desk::typing()?,
        "terminal" => desk::terminal()?,
        "drag" => desk::drag()?,
        "video" => desk::video()?,
        "repaint" => return flips(name, Pace::Vblank, report),
        "flips" => return flips(name, Pace::AtOnce, report),
        "console" => return console::scroll(name, report),
        other => bail!("there is no scene {other}"),
    };
    let card = Card::open_atomic()?;
    let output = Output::first(&card)?;
    let mut compositor = Compositor::start(&output, &scene.canvas)?;
    let last = play(name, scene, &mut compositor, report)?;
    if keep {
        report(&format!("SHOWN {name} {:016x}", last.fingerprint()));
        loop {
            std::thread::park();
        }
    }
    Ok(())
}

fn play(name: &str, mut scene: Scene, compositor: &mut Compositor<'_>, report: fn(&str)) -> Result<Canvas> {
    let usage = Usage::now()?;
    let mut due = Instant::now();
    for frame in 0..scene.frames {
        let damage = (scene.step)(&mut scene.canvas, frame)?;
        compositor.show(&scene.canvas, damage).with_context(|| format!("frame {frame}"))?;
        if let Some(period) = scene.period {
            due += period;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
    }
    report(&usage.line(name, scene.frames)?);
    Ok(scene.canvas)
}

/// What a program waits for before its next flip.
#[derive(Clone, Copy, PartialEq)]
enum Pace {
    /// The vertical blank, as compositors do.
    Vblank,
    /// Nothing, where the driver offers that, as games do without vertical synchronisation.
    AtOnce,
}

/// Two still pictures in turn without a word about what differs.
fn flips(name: &str, pace: Pace, report: fn(&str)) -> Result<()> {
    const FRAMES: usize = 200;
    let card = Card::open_atomic()?;
    let output = Output::first(&card)?;
    let pictures = desk::pair()?;
    let mut compositor = Compositor::start(&output, &pictures[0])?;
    compositor.fill_back(&pictures[1])?;
    let offered = card.get_driver_capability(DriverCapability::ASyncPageFlip)? != 0;
    let at_once = pace == Pace::AtOnce && offered;
    let usage = Usage::now()?;
    for frame in 0..FRAMES {
        let swapped = if at_once { compositor.swap_at_once() } else { compositor.swap(&[]) };
        swapped.with_context(|| format!("frame {frame}"))?;
    }
    report(&usage.line(name, FRAMES)?);
    Ok(())
}
