//! `cargo xtask demo`: the main job in one command. Stock QEMU with our server library boots a Debian guest with our display
//! driver, the guest draws, and a stock client shows it: in a window where there is a display, else in a picture file.

mod interrupt;
mod statistics;
mod window;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Args;
use e2e::{Deadline, GuestImage, KmsDriver, Pointer, ServerLibrary, SpiceAddress, Suite, Vm, VmBuilder};
use indicatif::{ProgressBar, ProgressStyle};

use self::interrupt::Interrupt;
use self::statistics::Statistics;
use self::window::{End, VIEWER, Window};
use crate::{build, kms, setup, workspace};

/// The guest's kernel.
const GUEST: Suite = Suite::Bookworm;

const WIDTH: usize = 1024;
const HEIGHT: usize = 768;

/// How long to leave the window and QEMU alone before looking again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// How long a line of statistics stands.
const COUNT_AGAIN: Duration = Duration::from_secs(2);

/// After this many frames the moving picture stands still for its portrait.
const PORTRAIT_FRAMES: u32 = 171;

/// How to show it.
#[derive(Args)]
pub(crate) struct Options {
    /// Write what a stock client shows to this PNG file, and end: needs no display.
    #[arg(long, value_name = "FILE")]
    png: Option<PathBuf>,
    /// Load this libspice-server.so.1 instead of building ours.
    #[arg(long, value_name = "PATH")]
    library: Option<PathBuf>,
    /// Let the kernel's own qxl driver draw instead of ours.
    #[arg(long)]
    upstream_driver: bool,
}

pub(crate) fn run(options: &Options) -> Result<String> {
    if let Some(file) = &options.png {
        check_writable(file)?;
    }
    let interrupt = Interrupt::listen()?;
    show(options, &interrupt).or_else(|error| {
        // Whatever it was, the interrupt had made it fail.
        if interrupt.came() { bail!("interrupted; what it had started has ended") } else { Err(error) }
    })
}

/// Minutes may pass before the picture is written, which is too late to learn that it cannot be.
fn check_writable(file: &Path) -> Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        bail!("--png {}: there is no folder {}", file.display(), folder.display());
    }
    if file.is_dir() {
        bail!("--png {}: that is a folder, and a file is needed", file.display());
    }
    Ok(())
}

fn show(options: &Options, interrupt: &Interrupt) -> Result<String> {
    setup::ensure()?;
    let library = library(options)?;
    let driver = driver(options)?;
    println!("demo: the guest's system");
    let image = GuestImage::of(GUEST, &driver)?;
    if interrupt.came() {
        bail!("interrupted");
    }
    let builder = VmBuilder::new(library).pointer(Pointer::Tablet).spice(SpiceAddress::free_loopback_port()?);
    let mut vm = builder.talkative_kernel().start(&image)?;
    interrupt.ends(vm.ender()?);
    boot(&mut vm)?;
    let counts = driver != KmsDriver::Upstream;
    match &options.png {
        Some(file) => portrait(vm, file, counts),
        None => live(vm, interrupt, counts),
    }
}

fn library(options: &Options) -> Result<ServerLibrary> {
    match &options.library {
        Some(path) => ServerLibrary::at(path),
        None => {
            println!("demo: {}", build::host_server()?);
            ServerLibrary::at(&workspace::server_library())
        }
    }
}

fn driver(options: &Options) -> Result<KmsDriver> {
    if options.upstream_driver {
        return Ok(KmsDriver::Upstream);
    }
    println!("demo: the guest's display driver");
    Ok(KmsDriver::Ours(kms::build_for(GUEST)?))
}

fn boot(vm: &mut Vm) -> Result<()> {
    println!(
        "demo: booting a Debian kernel under software emulation; its console can be seen with {VIEWER} {}",
        vm.spice().uri()
    );
    let spinner = ProgressBar::new_spinner().with_message("booting");
    spinner.set_style(ProgressStyle::with_template("    {spinner} {msg} {elapsed}")?);
    spinner.enable_steady_tick(Duration::from_millis(100));
    let booted = vm.guest.booted(Deadline::seconds(180));
    spinner.finish_and_clear();
    booted
}

/// Shows the moving picture up to a certain frame, and writes what a stock client then has on its screen.
fn portrait(mut vm: Vm, file: &Path, counts: bool) -> Result<String> {
    println!("demo: a stock client connects, and the guest draws {PORTRAIT_FRAMES} frames");
    let mut client = vm.connect()?;
    client.ready(Deadline::seconds(60))?;
    vm.guest.draw_moving(WIDTH, HEIGHT, Some(PORTRAIT_FRAMES), Deadline::seconds(120))?;
    vm.guest.drawn_last(Deadline::seconds(120))?;
    vm.same_picture(&mut client, Deadline::seconds(60))?.write_png(file)?;
    drop(client);
    if counts {
        println!("demo: the driver has written {}", Statistics::of(&mut vm)?);
    }
    vm.quit(Deadline::seconds(60))?;
    Ok(format!(
        "what the client showed, equal to QEMU's own picture in every pixel, is in {}",
        file.display()
    ))
}

/// Keeps the guest drawing until somebody has seen enough.
fn live(mut vm: Vm, interrupt: &Interrupt, counts: bool) -> Result<String> {
    vm.guest.draw_moving(WIDTH, HEIGHT, None, Deadline::seconds(120))?;
    let mut window = match window::possible() {
        Ok(()) => Some(Window::open(&vm.spice().uri(), vm.file("viewer"))?),
        Err(why) => {
            say_how_to_connect(&why.to_string(), vm.spice());
            None
        }
    };
    if window.is_some() {
        println!("demo: the guest is in the window; closing it, or Ctrl-C, ends everything");
    }
    let line = ProgressBar::new_spinner();
    line.set_style(ProgressStyle::with_template("    {wide_msg}")?);
    let mut counted = Instant::now();
    while !interrupt.came() {
        if counts && counted.elapsed() >= COUNT_AGAIN {
            counted = Instant::now();
            // A guest that is just being ended does not answer, and that it ends is told below.
            if let Ok(statistics) = Statistics::of(&mut vm) {
                line.set_message(format!("the driver has written {statistics}"));
            }
        }
        let alive = vm.check_alive();
        // Ctrl-C ends QEMU too, perhaps before we hear of it ourselves.
        if alive.is_err() && interrupt.came() {
            break;
        }
        alive?;
        match window.as_mut().map(Window::end).transpose()?.flatten() {
            Some(End::Closed) => break,
            Some(End::Failed(_)) if interrupt.came() => break,
            Some(End::Failed(why)) => {
                window = None;
                say_how_to_connect(&why, vm.spice());
            }
            None => {}
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    line.abandon();
    Ok("ended, and with it all that it had started".into())
}

/// For those who get no window: the guest draws on, and this is how to see it.
fn say_how_to_connect(why: &str, address: &SpiceAddress) {
    println!("demo: {why}\n    The guest draws on. To see it on this machine: {VIEWER} {}", address.uri());
    if let SpiceAddress::Loopback(port) = address {
        println!("    From another machine, first: ssh -L {port}:127.0.0.1:{port} THIS-MACHINE");
    }
    println!("    For a picture in a file: cargo xtask demo --png FILE\n    Ctrl-C ends everything");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_that_could_not_be_written_is_refused_at_once() {
        assert!(check_writable(Path::new("picture.png")).is_ok());
        assert!(check_writable(Path::new("/no/such/folder/picture.png")).is_err());
        assert!(check_writable(Path::new("/")).is_err());
    }
}
