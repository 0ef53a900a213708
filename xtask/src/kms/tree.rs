//! The DKMS tree: what lies in /usr/src of a guest, and is compiled there for its kernel.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{Arch, sources};
use crate::workspace;

/// What the DKMS package is called, as in `dkms status`.
pub(super) const NAME: &str = "qxl-kms";

/// What the tree has from the root of the checkout.
const LICENCES: &[&str] = &["LICENSE-APACHE", "LICENSE-MIT"];

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
    let configuration = driver.join("package/dkms.conf.in");
    let text = std::fs::read_to_string(&configuration)
        .with_context(|| format!("cannot read {}", configuration.display()))?;
    std::fs::write(folder.join("dkms.conf"), text.replace("@VERSION@", &version))?;
    Ok(Tree { folder, version })
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
