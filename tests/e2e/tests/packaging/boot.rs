//! The system started in a virtual machine, by its own kernel and its own initial system.

use anyhow::{Context, Result, ensure};
use e2e::{Chroot, Deadline, GuestImage, INSTALLED, ServerLibrary, StockClient, Vm, VmBuilder};

/// MiB: an installed system's initial system has all of the kernel's modules for disks.
const MEMORY: u32 = 1024;

/// Ours drives the display before the disk is there. Leaves the client at the text console.
pub(crate) fn with_ours(chroot: &Chroot, kernels: &[String]) -> Result<(Vm, StockClient)> {
    let (mut vm, mut client) = start(chroot, newest(kernels)?)?;
    ensure!(driver(&mut vm)? == "qxl-kms", "the display's driver is {}", driver(&mut vm)?);
    let log = vm.guest.run("dmesg", Deadline::seconds(20))?;
    let line = |text: &str| log.lines().position(|line| line.contains(text));
    let driven = line("Initialized qxl-kms").context("the driver did not come up")?;
    let disk = line("EXT4-fs (vda): mounted").context("the disk was not mounted")?;
    ensure!(driven < disk, "the initial system left the display to what came after it");
    shows_the_console(&mut vm, &mut client)?;
    Ok((vm, client))
}

/// Text at the client, as the guest holds it and as QEMU has it.
fn shows_the_console(vm: &mut Vm, client: &mut StockClient) -> Result<()> {
    Deadline::seconds(30).until("the guest's console at the client", || {
        let held = vm.guest.seen("console", Deadline::seconds(30))?;
        let picture = client.picture()?;
        Ok((picture.fingerprint() == held && picture.colours() > 1).then_some(()))
    })?;
    vm.same_picture(client, Deadline::seconds(30)).map(drop)
}

/// Xorg takes modesetting although it has a driver for QXL devices, and the client shows a window.
pub(crate) fn shows_a_desktop(vm: &mut Vm, client: &mut StockClient) -> Result<()> {
    vm.guest.run("start-xorg", Deadline::seconds(120))?;
    let chosen = "grep -c 'Matched modesetting as autoconfigured driver 0' /run/desktop.log";
    vm.guest.run(chosen, Deadline::seconds(20)).context("Xorg does not take modesetting")?;
    vm.guest.show_window(Deadline::seconds(60))?;
    let drawn = vm.guest.window_drawn(1024, 768, Deadline::seconds(60))?;
    Deadline::seconds(30)
        .until("the window at the client", || Ok((client.picture()?.fingerprint() == drawn).then_some(())))?;
    vm.same_picture(client, Deadline::seconds(30))?;
    vm.guest.run("stop-desktop", Deadline::seconds(60)).map(drop)
}

/// The kernel's own drives the display.
pub(crate) fn with_upstreams(chroot: &Chroot, kernels: &[String]) -> Result<()> {
    let (mut vm, mut client) = start(chroot, newest(kernels)?)?;
    ensure!(driver(&mut vm)? == "qxl", "the display's driver is {}", driver(&mut vm)?);
    shows_the_console(&mut vm, &mut client)?;
    drop(client);
    vm.quit(Deadline::seconds(60))
}

fn start(chroot: &Chroot, kernel: &str) -> Result<(Vm, StockClient)> {
    let image = GuestImage::installed(chroot, kernel)?;
    let builder = VmBuilder::new(ServerLibrary::of_the_environment()?).memory(MEMORY);
    let mut vm = builder.kernel_argument(INSTALLED).start(&image)?;
    vm.guest.booted(Deadline::seconds(300))?;
    let mut client = vm.connect()?;
    client.ready(Deadline::seconds(30))?;
    Ok((vm, client))
}

/// Debian's ordinary kernel: what else there is was only installed.
fn newest(kernels: &[String]) -> Result<&str> {
    let ordinary = kernels.iter().find(|kernel| !kernel.contains("-rt-"));
    ordinary.map(String::as_str).context("there is no kernel")
}

/// What drives the display, by the kernel's name for it; empty when nothing does.
pub(crate) fn driver(vm: &mut Vm) -> Result<String> {
    let line = "sed -n 's/^DRIVER=//p' /sys/class/drm/card0/device/uevent 2>/dev/null || true";
    Ok(vm.guest.run(line, Deadline::seconds(20))?.trim().to_owned())
}
