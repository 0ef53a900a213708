//! The disk of a guest with desktops: Debian 13's X server, Wayland compositors and what they need to start, without
//! systemd. The same disk serves every kernel: it has no modules.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::cache::Cache;
use crate::debian::Suite;
use crate::disk::make_disk;
use crate::root::as_root;
use crate::system::System;

/// X's drivers besides its own are those that Debian installs by default; they must not get in the way.
const PACKAGES: &[&str] = &[
    "udev",
    "kmod",
    "xserver-xorg-core",
    "xserver-xorg-video-fbdev",
    "xserver-xorg-video-qxl",
    "xserver-xorg-video-vesa",
    "xserver-xorg-input-libinput",
    "x11-xserver-utils",
    "xterm",
    "weston",
    "sway",
    "seatd",
    "grim",
    "foot",
    "fonts-dejavu-core",
    "kexec-tools",
];

/// The disk's file, from the cache, or else made of Debian's packages in a minute or two.
pub(crate) fn disk(cache: &Cache) -> Result<PathBuf> {
    let system = System::of(Suite::Trixie, PACKAGES).slim();
    let folder = cache.entry(&format!("desktop-{}", system.key()), |folder| {
        println!("    making a system with desktops of {} packages and what they need", PACKAGES.len());
        let tree = folder.join("tree");
        std::fs::create_dir(&tree)?;
        let made = system.make(&tree).and_then(|()| make_disk(&tree, &folder.join("disk")));
        let removed = as_root("rm")?.arg("-rf").arg(&tree).status()?;
        made?;
        if !removed.success() {
            bail!("cannot remove {}", tree.display());
        }
        Ok(())
    })?;
    Ok(folder.join("disk"))
}
