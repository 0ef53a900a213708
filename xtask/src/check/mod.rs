//! `cargo xtask check`: everything that can be judged without running the product.
//!
//! Every check runs, whatever the ones before it said, so that one run shows all there is to repair.

mod documents;
mod edges;
mod lengths;
mod lints;
mod sources;
mod unsafe_budget;

use anyhow::{Result, bail};

use crate::{setup, symbols, workspace};

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
    ("symbols", library_symbols),
    ("lints", lints::clippy),
];

pub(crate) fn run() -> Result<String> {
    setup::ensure()?;
    let mut failed = Vec::new();
    for (name, check) in CHECKS {
        match check() {
            Ok(finding) => println!("check: {name}: {finding}"),
            Err(error) => {
                println!("check: {name}: FAILED: {error:#}");
                failed.push(*name);
            }
        }
    }
    if !failed.is_empty() {
        bail!("{} of {} checks: {}", failed.len(), CHECKS.len(), failed.join(", "));
    }
    Ok(format!("{} checks passed", CHECKS.len()))
}

fn version_script() -> Result<String> {
    let count = symbols::verify_version_script()?;
    Ok(format!("{count} symbols, as in the golden list"))
}

fn library_symbols() -> Result<String> {
    let library = workspace::server_library();
    if !library.is_file() {
        return Ok("no library is built; cargo xtask build checks it then".into());
    }
    let (count, nodes) = symbols::verify(&library)?;
    Ok(format!("{count} in {nodes} version nodes"))
}
