//! One virtual machine at a time on this machine.

use std::fs::File;

use anyhow::{Context, Result};

use crate::cache::Cache;

/// The right to run a virtual machine; given back when dropped, by the kernel if need be.
pub(crate) struct Exclusive {
    _locked: File,
}

impl Exclusive {
    /// Waits until no other virtual machine of this user runs, saying so when there is one.
    pub(crate) fn wait() -> Result<Self> {
        let cache = Cache::of_the_user()?;
        std::fs::create_dir_all(cache.folder())?;
        let path = cache.folder().join("vm.lock");
        let file = File::create(&path).with_context(|| format!("cannot open {}", path.display()))?;
        if file.try_lock().is_err() {
            println!("    waiting for another virtual machine to end");
            file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
        }
        Ok(Exclusive { _locked: file })
    }
}
