//! The DKMS tree: what lies in /usr/src of a guest, and is compiled there for its kernel.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{Arch, sources};
use crate::workspace;

/// What the DKMS package is called, as in `dkms status`.
pub(super) const NAME: &str = "qxl-kms";

/// What the tree has from the root of the checkout.
const LICENCES: &[&str] = &["LICENSE-APACHE", "LICENSE-MIT"];

/// Files of the tree, from `qxl-kms-driver/package/`: what they are called there, and whether they are programs.
const FILES: &[(&str, &str, bool)] = &[
    ("dkms.conf.in", "dkms.conf", false),
    ("initial-system.sh", "initial-system.sh", true),
    ("README.md", "README.md", false),
];

/// A finished tree.
pub(super) struct Tree {
    pub(super) folder: PathBuf,
    pub(super) version: String,
}

/// Makes the tree below `dist`: the shim, the objects, and the sources of those.
pub(super) fn assemble(dist: &Path, core: &Path, objects: &[(Arch, PathBuf)]) -> Result<Tree> {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let folder = dist.join(format!("{NAME}-{version}"));
    let driver = workspace::root().join("qxl-kms-driver");
    empty(&folder)?;
    sources::copy(&driver.join("shim"), &folder)?;
    sources::copy(core, &folder.join("source"))?;
    for (arch, object) in objects {
        copy_file(object, &folder.join(format!("qxl_core_{}.rust_obj", arch.name())))?;
    }
    copy_file(&driver.join("build-object.sh"), &folder.join("build-object.sh"))?;
    for licence in LICENCES {
        copy_file(&workspace::root().join(licence), &folder.join(licence))?;
    }
    for (name, place, is_program) in FILES {
        write_file(&driver.join("package").join(name), &folder.join(place), &version, *is_program)?;
    }
    Ok(Tree { folder, version })
}

/// Writes a file of `qxl-kms-driver/package/` with the version in it.
pub(super) fn write_file(from: &Path, to: &Path, version: &str, is_program: bool) -> Result<()> {
    let text = std::fs::read_to_string(from).with_context(|| format!("cannot read {}", from.display()))?;
    std::fs::create_dir_all(to.parent().context("a file has no folder")?)?;
    std::fs::write(to, text.replace("@VERSION@", version))
        .with_context(|| format!("cannot write {}", to.display()))?;
    let mode = if is_program { 0o755 } else { 0o644 };
    Ok(std::fs::set_permissions(to, std::fs::Permissions::from_mode(mode))?)
}

/// Makes `folder` anew, without what may be in it.
pub(super) fn empty(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot empty {}", folder.display()));
        }
        _ => {}
    }
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))
}

fn copy_file(from: &Path, to: &Path) -> Result<()> {
    std::fs::copy(from, to).map(drop).with_context(|| format!("cannot copy {}", from.display()))
}
