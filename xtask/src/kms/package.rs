//! The DKMS tree as a Debian package: it compiles itself for the guest's kernels when it is installed, and for each new
//! one; when it is removed, the kernel's own driver is back.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::sources;
use super::tree::{self, NAME, Tree};
use crate::{command, workspace};

/// The package's name, as Debian names such packages.
const PACKAGE: &str = "qxl-kms-dkms";

/// Files of control/, from `qxl-kms-driver/package/`, and whether they are programs.
const CONTROL: &[(&str, bool)] = &[("control", false), ("postinst", true), ("prerm", true), ("postrm", true)];

/// Builds the package of `tree` into `dist`.
pub(super) fn build(tree: &Tree, dist: &Path) -> Result<PathBuf> {
    let root = dist.join(".package");
    tree::empty(&root)?;
    sources::copy(&tree.folder, &root.join(format!("usr/src/{NAME}-{}", tree.version)))?;
    let templates = workspace::root().join("qxl-kms-driver/package");
    install(
        &templates.join("xorg.conf"),
        &root.join("usr/share/X11/xorg.conf.d/10-qxl-kms.conf"),
        None,
        false,
    )?;
    install(
        &templates.join("copyright"),
        &root.join(format!("usr/share/doc/{PACKAGE}/copyright")),
        None,
        false,
    )?;
    for (name, is_program) in CONTROL {
        let template = templates.join(format!("{name}.in"));
        install(&template, &root.join("DEBIAN").join(name), Some(&tree.version), *is_program)?;
    }
    let package = dist.join(format!("{PACKAGE}_{}_all.deb", tree.version));
    let mut build = Command::new("dpkg-deb");
    build.args(["--build", "--root-owner-group", "-Zxz"]).arg(&root).arg(&package);
    command::output(&mut build)?;
    std::fs::remove_dir_all(&root)?;
    Ok(package)
}

fn install(from: &Path, to: &Path, version: Option<&str>, is_program: bool) -> Result<()> {
    let text = std::fs::read_to_string(from).with_context(|| format!("cannot read {}", from.display()))?;
    let text = version.map_or(text.clone(), |version| text.replace("@VERSION@", version));
    std::fs::create_dir_all(to.parent().context("a file has no folder")?)?;
    std::fs::write(to, text).with_context(|| format!("cannot write {}", to.display()))?;
    let mode = if is_program { 0o755 } else { 0o644 };
    Ok(std::fs::set_permissions(to, std::fs::Permissions::from_mode(mode))?)
}
