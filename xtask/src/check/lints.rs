//! rustfmt and clippy, over the whole workspace.

use anyhow::{Context, Result};

use crate::command;

pub(crate) fn format() -> Result<String> {
    let list_files = ["fmt", "--all", "--check", "--", "--files-with-diff"];
    command::run(command::cargo().args(list_files)).context("run cargo fmt --all")?;
    Ok("clean".into())
}

pub(crate) fn clippy() -> Result<String> {
    // The library without what may be left out of it.
    let bare =
        ["--package", "host-server", "--package", "spice-server-abi", "--lib", "--no-default-features"];
    // Some tests are none for plain `cargo test`, and count as targets only when they are asked for.
    for targets in [["--workspace", "--all-targets"].as_slice(), &["--workspace", "--test", "*"], &bare] {
        let mut cargo = command::cargo();
        command::run(cargo.args(["clippy", "--quiet"]).args(targets).args(["--", "--deny", "warnings"]))?;
    }
    Ok("clean".into())
}
