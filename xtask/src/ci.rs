//! `cargo xtask ci`: the whole of it, in the order in which failures are cheapest to see.

use anyhow::Result;

use crate::{check, setup, test};

pub(crate) fn run() -> Result<String> {
    println!("ci: {}", setup::run()?);
    println!("ci: {}", check::run()?);
    println!("ci: {}", test::run(&test::Options::all())?);
    Ok("setup, check and test passed".into())
}
