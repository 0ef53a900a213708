//! `cargo xtask check`: everything that can be judged without running the product.
//!
//! Every check runs, whatever the ones before it said, so that one run shows all there is to repair.

mod documents;
mod edges;
mod lengths;
mod library;
mod lints;
mod sources;
mod unsafe_budget;

use std::fmt;

use anyhow::{Result, bail};

use crate::{setup, symbols};

/// The error of a check that had nothing to look at: why. It has neither passed nor failed.
#[derive(Debug)]
struct Skipped(String);

impl fmt::Display for Skipped {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "skipped: {}", self.0)
    }
}

impl std::error::Error for Skipped {}

/// A check: its name, and what it found out or why it failed.
type Check = (&'static str, fn() -> Result<String>);

const CHECKS: &[Check] = &[
    ("format", lints::format),
    ("dependency edges", edges::check),
    ("unsafe budget", unsafe_budget::check),
    ("file lengths", lengths::check),
    ("packages in the docs", documents::packages),
    ("numbers in the specification", documents::specification),
    ("version script", version_script),
    ("symbols", library::symbols),
    ("lints", lints::clippy),
];

pub(crate) fn run() -> Result<String> {
    setup::ensure()?;
    let (mut failed, mut skipped) = (Vec::new(), Vec::new());
    for (name, check) in CHECKS {
        match check() {
            Ok(finding) => println!("check: {name}: {finding}"),
            Err(error) if error.is::<Skipped>() => {
                println!("check: {name}: {error}");
                skipped.push(*name);
            }
            Err(error) => {
                println!("check: {name}: FAILED: {error:#}");
                failed.push(*name);
            }
        }
    }
    if !failed.is_empty() {
        bail!("{} of {} checks: {}", failed.len(), CHECKS.len(), failed.join(", "));
    }
    let passed = format!("{} checks passed", CHECKS.len() - skipped.len());
    Ok(if skipped.is_empty() { passed } else { format!("{passed}, skipped: {}", skipped.join(", ")) })
}

fn version_script() -> Result<String> {
    let count = symbols::verify_version_script()?;
    Ok(format!("{count} symbols, as in the golden list"))
}
