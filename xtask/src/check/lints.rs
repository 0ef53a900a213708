//! rustfmt and clippy, over the whole workspace.

use anyhow::{Context, Result};

use crate::command;

pub(crate) fn format() -> Result<String> {
    let list_files = ["fmt", "--all", "--check", "--", "--files-with-diff"];
    command::run(command::cargo().args(list_files)).context("run cargo fmt --all")?;
    Ok("clean".into())
}

pub(crate) fn clippy() -> Result<String> {
    let arguments = ["clippy", "--quiet", "--workspace", "--all-targets", "--", "--deny", "warnings"];
    command::run(command::cargo().args(arguments))?;
    Ok("clean".into())
}
