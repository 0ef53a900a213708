//! The DKMS tree as a Debian package: it compiles itself for the guest's kernels when it is installed, and for each new
//! one; when it is removed, the kernel's own driver is back.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::sources;
use super::tree::{self, NAME, Tree};
use crate::{command, workspace};

/// The package's name, as Debian names such packages.
const PACKAGE: &str = "qxl-kms-dkms";

/// Files beside the tree, from `qxl-kms-driver/package/`: where they go, and whether they are programs.
const FILES: &[(&str, &str, bool)] = &[
    ("copyright", "usr/share/doc/qxl-kms-dkms/copyright", false),
    ("README.md", "usr/share/doc/qxl-kms-dkms/README.md", false),
    ("dracut.conf", "usr/lib/dracut/dracut.conf.d/50-qxl-kms.conf", false),
    ("initramfs-hook", "usr/share/initramfs-tools/hooks/qxl-kms", true),
    ("xorg.conf", "usr/share/X11/xorg.conf.d/10-qxl-kms.conf", false),
];

/// Files of control/, from `qxl-kms-driver/package/`, and whether they are programs.
const CONTROL: &[(&str, bool)] = &[("control", false), ("postinst", true), ("prerm", true), ("postrm", true)];

/// Builds the package of `tree` into `dist`.
pub(super) fn build(tree: &Tree, dist: &Path) -> Result<PathBuf> {
    let root = dist.join(".package");
    tree::empty(&root)?;
    sources::copy(&tree.folder, &root.join(format!("usr/src/{NAME}-{}", tree.version)))?;
    let templates = workspace::root().join("qxl-kms-driver/package");
    for (name, place, is_program) in FILES {
        tree::write_file(&templates.join(name), &root.join(place), &tree.version, *is_program)?;
    }
    for (name, is_program) in CONTROL {
        let template = templates.join(format!("{name}.in"));
        tree::write_file(&template, &root.join("DEBIAN").join(name), &tree.version, *is_program)?;
    }
    let package = dist.join(format!("{PACKAGE}_{}_all.deb", tree.version));
    let mut build = Command::new("dpkg-deb");
    build.args(["--build", "--root-owner-group", "-Zxz"]).arg(&root).arg(&package);
    command::output(&mut build)?;
    std::fs::remove_dir_all(&root)?;
    Ok(package)
}
