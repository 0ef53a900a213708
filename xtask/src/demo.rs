//! `cargo xtask demo`.

use anyhow::{Result, bail};
use clap::Args;

/// How to show it.
#[derive(Args)]
pub(crate) struct Options {}

pub(crate) fn run(_options: &Options) -> Result<String> {
    bail!("the demo is not written yet")
}
