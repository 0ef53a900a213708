//! The bench `replay`: `replay --original LIBRARY --ours LIBRARY --json FILE`. With `host` in front of its
//! arguments it is the replayer instead, so that it can start its own runs.

use std::ffi::OsStr;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use replayer::steer::Program;
use replayer::{bench, options, session};

/// The first argument of a run.
const HOST: &str = "host";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("replay: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let mut arguments = std::env::args_os();
    if arguments.nth(1).as_deref() == Some(OsStr::new(HOST)) {
        let name = std::iter::once("replay host".into());
        return session::run(&options::Options::parse_from(name.chain(arguments)));
    }
    let program = Program {
        path: std::env::current_exe()?,
        arguments: vec![HOST.into()],
        // Several clients, where a scenario has them.
        environment: vec![("SPICE_DEBUG_ALLOW_MC", "1".into())],
    };
    bench::run(&bench::Options::parse(), &program)
}
