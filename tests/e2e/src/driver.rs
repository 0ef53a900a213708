//! Which kernel module drives the QXL device.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Names what `cargo xtask build kms` made, to be tested in place of the kernel's own driver.
const VARIABLE: &str = "KMS_MODULES";

/// A driver of the QXL device.
#[derive(Clone, Debug, PartialEq)]
pub enum KmsDriver {
    /// The kernel's own `qxl`.
    Upstream,
    /// Ours: one module for each kernel release, `<release>/NAME.ko` below this folder.
    Ours(PathBuf),
}

impl KmsDriver {
    /// The driver that the environment variable `KMS_MODULES` names; without it the kernel's own.
    pub fn of_the_environment() -> Self {
        std::env::var_os(VARIABLE).map_or(KmsDriver::Upstream, |folder| KmsDriver::Ours(folder.into()))
    }

    /// The driver in a word, for tables.
    pub fn name(&self) -> &'static str {
        match self {
            KmsDriver::Upstream => "upstream",
            KmsDriver::Ours(_) => "ours",
        }
    }

    /// Our module's file for this kernel; none when the kernel's own driver is meant.
    pub(crate) fn module(&self, release: &str) -> Result<Option<PathBuf>> {
        match self {
            KmsDriver::Upstream => Ok(None),
            KmsDriver::Ours(folder) => only_module(&folder.join(release)).map(Some),
        }
    }
}

fn only_module(folder: &Path) -> Result<PathBuf> {
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("there is no module in {}: cargo xtask build kms?", folder.display()))?;
    let mut modules = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "ko"));
    match (modules.next(), modules.next()) {
        (Some(module), None) => Ok(module),
        (None, _) => bail!("{} holds no kernel module", folder.display()),
        (Some(_), Some(_)) => bail!("{} holds more than one kernel module", folder.display()),
    }
}
