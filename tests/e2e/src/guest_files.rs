//! What of ours is in a guest: scripts, busybox, and our program.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::program;
use crate::root::as_root;

pub(crate) const BUSYBOX: &str = "/bin/busybox";

/// A text file by its name.
pub(crate) type Script = (&'static str, &'static str);

/// What starts a guest without a disk.
pub(crate) const INITIAL: &[Script] = &[("init", include_str!("guest_scripts/init.sh"))];

/// What follows the host's commands.
pub(crate) const SERVING: &[Script] = &[("serve.sh", include_str!("guest_scripts/serve.sh"))];

/// What goes from an initramfs to a disk with desktops. The file for Xorg is what our driver's package installs.
pub(crate) const TO_DISK: &[Script] = &[
    ("desktop.sh", include_str!("guest_scripts/desktop.sh")),
    ("xorg.conf.d/10-qxl-kms.conf", include_str!("../../../qxl-kms-driver/package/xorg.conf")),
];

/// What starts on a disk, and starts desktops there.
pub(crate) const ON_DISK: &[Script] = &[
    ("userland.sh", include_str!("guest_scripts/userland.sh")),
    ("desktops/compositor-ready", include_str!("guest_scripts/desktops/compositor-ready")),
    ("desktops/follow-client", include_str!("guest_scripts/desktops/follow-client")),
    ("desktops/in-desktop", include_str!("guest_scripts/desktops/in-desktop")),
    ("desktops/show-window", include_str!("guest_scripts/desktops/show-window")),
    ("desktops/start-seatd", include_str!("guest_scripts/desktops/start-seatd")),
    ("desktops/start-sway", include_str!("guest_scripts/desktops/start-sway")),
    ("desktops/start-weston", include_str!("guest_scripts/desktops/start-weston")),
    ("desktops/start-xorg", include_str!("guest_scripts/desktops/start-xorg")),
    ("desktops/stop-desktop", include_str!("guest_scripts/desktops/stop-desktop")),
    ("desktops/wait-for-compositor", include_str!("guest_scripts/desktops/wait-for-compositor")),
];

/// Where all of it is in a system on a disk.
pub(crate) const FOLDER: &str = "guest";

/// Puts what serves the host into the system below `root`, which may belong to root. `workshop` is an empty folder of ours.
pub(crate) fn install(root: &Path, workshop: &Path) -> Result<()> {
    let guest = workshop.join(FOLDER);
    for folder in ["bin", "desktops"] {
        std::fs::create_dir_all(guest.join(folder))?;
    }
    std::fs::copy(BUSYBOX, guest.join("bin/busybox"))
        .context("cannot copy busybox: install busybox-static")?;
    std::fs::copy(program::build()?, guest.join("bin/guest-program"))?;
    for (name, content) in SERVING.iter().chain(ON_DISK) {
        std::fs::write(guest.join(name), content)?;
    }
    done(Command::new("chmod").arg("-R").arg("+x").arg(&guest))?;
    done(as_root("cp")?.args(["-a", "--no-preserve=ownership"]).arg(&guest).arg(root))?;
    let busybox = Path::new("/").join(FOLDER).join("bin/busybox");
    done(as_root("chroot")?.arg(root).arg(busybox).args(["--install", "-s", "/guest/bin"]))
}

fn done(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(())
}
