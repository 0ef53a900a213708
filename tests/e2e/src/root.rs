//! Programs that only root may run: making systems and disks of them.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

/// A program that is run as root: directly as root, else through sudo.
pub fn as_root(program: &str) -> Result<Command> {
    if rustix::process::geteuid().is_root() {
        return Ok(Command::new(program));
    }
    if !on_path("sudo") {
        bail!("{program} needs root or sudo");
    }
    let mut command = Command::new("sudo");
    command.arg(program);
    Ok(command)
}

/// Whether a program of this name is on the search path.
pub fn on_path(program: impl AsRef<Path>) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(program.as_ref()).is_file())
}
