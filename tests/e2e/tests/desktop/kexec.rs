//! A kernel that is started by the one before it, without the firmware: it finds the device as the driver's shutdown left it.

use anyhow::{Result, ensure};
use e2e::{Deadline, GuestImage, VmBuilder};

use crate::{Session, console};

/// The guest finds its own kernel and initial system on these disks.
const KERNEL: &str = "/dev/vdb";
const INITIAL_SYSTEM: &str = "/dev/vdc";

/// Differs between two boots.
const BOOT: &str = "cat /proc/sys/kernel/random/boot_id";

/// Adds the disks.
pub(crate) fn with_the_kernel_at_hand(builder: VmBuilder, image: &GuestImage) -> VmBuilder {
    [&image.kernel, &image.initramfs].into_iter().fold(builder, |builder, file| {
        let drive = format!("file={},if=virtio,format=raw,readonly=on", file.display());
        builder.arguments(&["-drive", &drive])
    })
}

/// The client stays connected, and shows the new kernel's console.
pub(crate) fn another_kernel(session: &mut Session) -> Result<()> {
    session.vm.guest.no_splat()?;
    let guest = &mut session.vm.guest;
    let before = guest.run(BOOT, Deadline::seconds(20))?;
    // QEMU's emulator is so slow where the code of the kernel before was that a watchdog of 20 seconds barks: 60.
    let load = format!(
        "kexec --load {KERNEL} --initrd={INITIAL_SYSTEM} --reuse-cmdline --append=watchdog_thresh=30"
    );
    guest.run(&load, Deadline::seconds(60))?;
    guest.forget_console();
    guest.begin("kexec --exec")?;
    guest.booted(Deadline::seconds(180))?;
    let after = guest.run(BOOT, Deadline::seconds(20))?;
    ensure!(before != after, "the guest is still in the boot {before}");
    let patience = guest.run("cat /proc/sys/kernel/watchdog_thresh", Deadline::seconds(20))?;
    ensure!(patience.trim() == "30", "the new kernel's watchdog has {patience}");
    console::colours(session)
}
