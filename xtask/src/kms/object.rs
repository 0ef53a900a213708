//! The core as one object, by the same script that anybody can run. It is made again only when its sources, the script or
//! the compiler have changed.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use e2e::{Cache, content_key};

use super::{Arch, inspect};
use crate::{command, workspace};

/// The compiler of package `rustc-web`. Not rustup's, whose sources of the library are not in any package.
const RUSTC: &str = "/usr/bin/rustc";

/// Builds the object of `sources` and checks it.
pub(super) fn build(sources: &Path, arch: Arch, cache: &Cache) -> Result<PathBuf> {
    let script = workspace::root().join("qxl-kms-driver/build-object.sh");
    let version = command::output(Command::new(RUSTC).args(["--version", "--verbose"]))?;
    let mut parts = vec![arch.name().as_bytes().to_vec(), version.into_bytes(), std::fs::read(&script)?];
    contents(sources, &mut parts)?;
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    let key = format!("kms-core-{}-{}", arch.name(), content_key(&parts));
    let made = cache.entry(&key, |folder| {
        let mut shell = Command::new("sh");
        shell.arg(&script).arg(sources).arg(folder.join("core.o")).arg(arch.name());
        command::run(shell.env("RUSTC", RUSTC).env("STACK_SIZES", folder.join("sizes.o")))
    })?;
    let object = made.join("core.o");
    inspect::check(&object, &made.join("sizes.o"), arch)
        .with_context(|| format!("the core's object for {} is not fit for a kernel", arch.name()))?;
    Ok(object)
}

/// Every file's path and content, in the order of their paths.
fn contents(folder: &Path, parts: &mut Vec<Vec<u8>>) -> Result<()> {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)?.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            contents(&path, parts)?;
        } else {
            parts.push(path.as_os_str().as_encoded_bytes().to_vec());
            parts.push(std::fs::read(&path)?);
        }
    }
    Ok(())
}
