//! The program `replayer`; see the crate's documentation.

use std::process::ExitCode;

use clap::Parser;
use replayer::options::Options;
use replayer::session;

fn main() -> ExitCode {
    match session::run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("replayer: {error:#}");
            ExitCode::FAILURE
        }
    }
}
