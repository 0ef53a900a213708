//! Where the two libraries are.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Names the library that a test is to load, in place of ours.
const VARIABLE: &str = "SPICE_SERVER_LIBRARY";

/// The original: what Debian's package libspice-server1 installed.
///
/// # Errors
/// The package is not installed.
pub fn original() -> Result<PathBuf> {
    let listed = Command::new("dpkg").args(["--listfiles", "libspice-server1"]).output();
    let listed = listed.context("cannot start dpkg, which finds the original library")?;
    let listed = String::from_utf8_lossy(&listed.stdout);
    let path = listed.lines().find(|line| line.ends_with("/libspice-server.so.1")).map(PathBuf::from);
    path.context("the original library is missing: install the package libspice-server1 (cargo xtask setup)")
}

/// The library that is tested: the one that `SPICE_SERVER_LIBRARY` names, else ours.
///
/// # Errors
/// It is not there.
pub fn under_test() -> Result<PathBuf> {
    let path = std::env::var_os(VARIABLE).map_or_else(ours, PathBuf::from);
    if !path.is_file() {
        bail!("the library {} is missing: `cargo xtask build host-server` makes it", path.display());
    }
    Ok(path)
}

fn ours() -> PathBuf {
    workspace().join("target/dist/host-server/libspice-server.so.1")
}

/// The root of the source tree.
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// A recording of the source tree, by its name without extensions.
pub fn recording(name: &str) -> PathBuf {
    workspace().join("tests/data/recordings").join(format!("{name}.rec.zst"))
}
