//! Which sequences of random commands are compared.

use std::env;
use std::ops::Range;

use anyhow::{Context, Result};

/// The seeds of an ordinary run.
const SEEDS: Range<u64> = 1..31;

/// The commands of each.
pub(crate) const COMMANDS: u64 = 200;

/// The seeds and the number of commands of each: those of an ordinary run, unless the environment names others.
pub(crate) fn chosen() -> Result<(Range<u64>, u64)> {
    let seeds = match env::var("COMPAT_SEEDS") {
        Err(_) => SEEDS,
        Ok(text) => {
            let (first, end) = text.split_once("..").context("COMPAT_SEEDS is not FIRST..END")?;
            first.parse()?..end.parse()?
        }
    };
    let commands = match env::var("COMPAT_COMMANDS") {
        Err(_) => COMMANDS,
        Ok(text) => text.parse().context("COMPAT_COMMANDS is no number")?,
    };
    Ok((seeds, commands))
}
