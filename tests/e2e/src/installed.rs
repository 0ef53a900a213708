//! A guest that boots as an installed system does: its own kernel, its own initial system, its own modules. Only what starts
//! after that is ours.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::chroot::Chroot;
use crate::disk::make_disk;
use crate::guest_files;
use crate::initramfs::GuestImage;
use crate::root::as_root;

/// What the kernel has to be told: where its system is, and what comes after the initial one.
pub const INSTALLED: &str = "root=LABEL=system rw init=/guest/userland.sh";

impl GuestImage {
    /// The system in `chroot` as it is now, with its kernel `release`. Start it with the arguments [`INSTALLED`].
    pub fn installed(chroot: &Chroot, release: &str) -> Result<Self> {
        let workshop = chroot.beside("workshop");
        std::fs::create_dir_all(&workshop)?;
        guest_files::install(&chroot.root(), &workshop)?;
        let disk = chroot.beside("disk");
        make_disk(&chroot.root(), &disk)?;
        // Whoever looks at the system finds it as it was.
        as_root("rm")?.arg("-rf").arg(chroot.root().join(guest_files::FOLDER)).status()?;
        let boot_file = |name: &str| -> Result<PathBuf> {
            let copy = chroot.beside(name);
            let from = chroot.root().join("boot").join(format!("{name}-{release}"));
            let status = as_root("cp")?.arg(&from).arg(&copy).status()?;
            ensure!(status.success(), "there is no {}", from.display());
            Ok(copy)
        };
        let (kernel, initramfs) = (boot_file("vmlinuz")?, boot_file("initrd.img")?);
        ensure!(initramfs.metadata().context("no initial system")?.len() > 0, "the initial system is empty");
        Ok(GuestImage { kernel, initramfs, disk: Some(disk) })
    }
}
