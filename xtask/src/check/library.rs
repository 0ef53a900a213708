//! The built server library's symbols. Nothing is built here: a library that is not there, or that is older than what it
//! is made of, says nothing about the checkout, and the check is skipped.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

use super::{Skipped, sources};
use crate::{symbols, workspace};

/// The folders whose Rust files the library is made of.
const FOLDERS: &[&str] = &["host-server", "protocol"];

/// What else it is made of.
const FILES: &[&str] = &["Cargo.toml", "Cargo.lock", "host-server/abi/spice-server.syms"];

pub(crate) fn symbols() -> Result<String> {
    let library = workspace::server_library();
    if !library.is_file() {
        bail!(Skipped("no library is built; cargo xtask build checks its own".into()));
    }
    if let Some(newer) = newer_than(modified(&library)?)? {
        bail!(Skipped(format!(
            "the built library is older than {}; cargo xtask build checks its own",
            newer.display()
        )));
    }
    let (count, nodes) = symbols::verify(&library)?;
    Ok(format!("{count} in {nodes} version nodes"))
}

/// A file of which the library is made that has changed since, relative to the root.
fn newer_than(built: SystemTime) -> Result<Option<PathBuf>> {
    let sources = sources::all()?.into_iter().filter(|source| !source.is_test()).map(|source| source.path);
    let sources = sources.filter(|path| FOLDERS.iter().any(|folder| path.starts_with(folder)));
    for path in sources.chain(FILES.iter().map(PathBuf::from)) {
        if modified(&workspace::root().join(&path))? > built {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

fn modified(path: &Path) -> Result<SystemTime> {
    let metadata = path.metadata().and_then(|metadata| metadata.modified());
    metadata.with_context(|| format!("cannot look at {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_of_another_age_is_not_this_checkouts() {
        assert!(newer_than(SystemTime::UNIX_EPOCH).unwrap().is_some());
        let far = SystemTime::now() + std::time::Duration::from_secs(3600);
        assert_eq!(newer_than(far).unwrap(), None);
    }
}
