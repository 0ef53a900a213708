//! Builds the program that runs inside the guest (tests/e2e/guest): statically linked, because the initramfs has no C
//! library.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

const PACKAGE: &str = "guest-program";
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Builds it and gives the path of the executable.
pub(crate) fn build() -> Result<PathBuf> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")));
    cargo.args(["build", "--quiet", "--release", "--package", PACKAGE, "--target", TARGET]);
    cargo.args(["--config", &format!("target.{TARGET}.rustflags=['-Ctarget-feature=+crt-static']")]);
    cargo.args(["--message-format", "json-render-diagnostics"]);
    let output =
        cargo.stdin(Stdio::null()).stderr(Stdio::inherit()).output().context("cannot start cargo")?;
    if !output.status.success() {
        bail!("the guest's program does not compile");
    }
    executable(&String::from_utf8_lossy(&output.stdout))
        .context("cargo named no executable for the guest's program")
}

fn executable(messages: &str) -> Option<PathBuf> {
    let artefacts = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let mut executables = artefacts.filter_map(|message| message["executable"].as_str().map(PathBuf::from));
    executables.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_is_found_among_libraries() {
        let messages = "{\"executable\":null}\n{\"executable\":\"/t/guest-program\"}\n";
        assert_eq!(executable(messages), Some(PathBuf::from("/t/guest-program")));
        assert_eq!(executable(""), None);
    }
}
