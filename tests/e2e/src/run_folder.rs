//! A folder for one virtual machine's sockets, logs and pictures. Short, because a unix socket's path is at most 107
//! bytes long.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};

use crate::root::as_root;

const PREFIX: &str = "spice-guest-suite-";

/// Removed with all in it when dropped.
pub(crate) struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// A new empty folder among temporary files. Removes those of processes that died without doing so.
    pub(crate) fn create() -> Result<Self> {
        Self::below(&std::env::temp_dir())
    }

    /// The same in another place: for what is large.
    pub(crate) fn below(place: &Path) -> Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        sweep(place);
        let name = format!("{PREFIX}{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = place.join(name);
        std::fs::create_dir(&path).with_context(|| format!("cannot create {}", path.display()))?;
        Ok(RunFolder { path })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

fn sweep(place: &Path) {
    let Ok(entries) = std::fs::read_dir(place) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if name.to_str().and_then(owner).is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            remove(&entry.path());
        }
    }
}

/// What is in it may belong to root.
fn remove(folder: &Path) {
    if std::fs::remove_dir_all(folder).is_err()
        && let Ok(mut rm) = as_root("rm")
    {
        rm.arg("-rf").arg(folder).status().ok();
    }
}

/// The process id in a run folder's name.
fn owner(name: &str) -> Option<&str> {
    let (process, _) = name.strip_prefix(PREFIX)?.split_once('-')?;
    process.bytes().all(|byte| byte.is_ascii_digit()).then_some(process)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_names_have_an_owner() {
        assert_eq!(owner("spice-guest-suite-12-0"), Some("12"));
        assert_eq!(owner("spice-guest-suite-x-0"), None);
        assert_eq!(owner("something-12-0"), None);
    }

    #[test]
    fn a_folder_is_gone_after_its_use() {
        let folder = RunFolder::create().unwrap();
        let path = folder.path().to_owned();
        assert!(path.is_dir());
        drop(folder);
        assert!(!path.exists());
    }
}
