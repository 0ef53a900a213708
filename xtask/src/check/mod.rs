//! `cargo xtask check`: everything that can be judged without running the product.

use anyhow::Result;

use crate::{command, setup, symbols, workspace};

pub(crate) fn run() -> Result<String> {
    setup::ensure()?;
    println!("check: format");
    command::run(command::cargo().args(["fmt", "--all", "--check"]))?;
    println!("check: lints");
    let clippy = ["clippy", "--quiet", "--workspace", "--all-targets", "--", "--deny", "warnings"];
    command::run(command::cargo().args(clippy))?;
    let library = workspace::server_library();
    if library.is_file() {
        println!("check: symbols of {}", workspace::shown(&library));
        symbols::verify(&library)?;
    }
    Ok("all clean".into())
}
