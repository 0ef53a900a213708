//! `cargo xtask demo`: the main job in one command. Stock QEMU with our server library boots a Debian guest, the guest
//! draws, and a stock client shows it: in a window where there is a display, else in a picture file.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use e2e::{Deadline, GuestImage, Pointer, ServerLibrary, SpiceAddress, Vm, VmBuilder};
use indicatif::{ProgressBar, ProgressStyle};

use crate::{build, command, setup, workspace};

const VIEWER: &str = "remote-viewer";
const WIDTH: usize = 1024;
const HEIGHT: usize = 768;

/// After this many frames the moving picture stands still for its portrait.
const PORTRAIT_FRAMES: u32 = 171;

/// How to show it.
#[derive(Args)]
pub(crate) struct Options {
    /// Write what the client shows to this PNG file, and end.
    #[arg(long, value_name = "FILE")]
    png: Option<PathBuf>,
    /// Load this libspice-server.so.1 instead of building ours.
    #[arg(long, value_name = "PATH")]
    library: Option<PathBuf>,
}

pub(crate) fn run(options: &Options) -> Result<String> {
    setup::ensure()?;
    let library = library(options)?;
    println!("demo: the guest's system");
    let image = GuestImage::prepare()?;
    let builder = VmBuilder::new(library).pointer(Pointer::Tablet).spice(SpiceAddress::free_loopback_port()?);
    let mut vm = builder.talkative_kernel().start(&image)?;
    boot(&mut vm)?;
    match &options.png {
        Some(file) => portrait(vm, file),
        None => live(vm),
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

fn boot(vm: &mut Vm) -> Result<()> {
    println!(
        "demo: booting a Debian kernel under software emulation; the console is at {}",
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
fn portrait(mut vm: Vm, file: &Path) -> Result<String> {
    println!("demo: a stock client connects, and the guest draws {PORTRAIT_FRAMES} frames");
    let mut client = vm.connect()?;
    client.ready(Deadline::seconds(60))?;
    vm.guest.draw_moving(WIDTH, HEIGHT, Some(PORTRAIT_FRAMES), Deadline::seconds(120))?;
    vm.guest.drawn_last(Deadline::seconds(120))?;
    vm.same_picture(&mut client, Deadline::seconds(60))?.write_png(file)?;
    drop(client);
    vm.quit(Deadline::seconds(60))?;
    Ok(format!(
        "what the client showed, equal to QEMU's own picture in every pixel, is in {}",
        file.display()
    ))
}

/// Keeps the guest drawing until somebody has seen enough.
fn live(mut vm: Vm) -> Result<String> {
    vm.guest.draw_moving(WIDTH, HEIGHT, None, Deadline::seconds(120))?;
    let interrupted = Arc::new(AtomicBool::new(false));
    let seen = interrupted.clone();
    ctrlc::set_handler(move || seen.store(true, Ordering::Relaxed)).context("cannot listen for Ctrl-C")?;
    let uri = vm.spice().uri();
    let mut window = Window::open(&uri)?;
    match &window {
        Some(_) => println!("demo: the guest is in the window; closing it, or Ctrl-C, ends everything"),
        None => println!("demo: the guest draws. To see it: {VIEWER} {uri}\n    Ctrl-C ends everything"),
    }
    while !interrupted.load(Ordering::Relaxed) {
        vm.check_alive()?;
        if let Some(window) = &mut window
            && window.closed()?
        {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok("ended, and with it all that it had started".into())
}

/// A viewer's window; closed when dropped.
struct Window {
    viewer: Child,
}

impl Window {
    /// Opens one where there is a display and a viewer.
    fn open(uri: &str) -> Result<Option<Self>> {
        let display = ["WAYLAND_DISPLAY", "DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
        if !display || !command::on_path(VIEWER) {
            return Ok(None);
        }
        let mut viewer = Command::new(VIEWER);
        viewer.arg(uri).stdin(Stdio::null());
        let viewer = viewer.spawn().with_context(|| format!("cannot start {VIEWER}"))?;
        Ok(Some(Window { viewer }))
    }

    fn closed(&mut self) -> Result<bool> {
        Ok(self.viewer.try_wait()?.is_some())
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        self.viewer.kill().ok();
        self.viewer.wait().ok();
    }
}
