//! The bench `codecs`: `codecs --original LIBRARY --ours LIBRARY --json FILE`. With `host` in front of its arguments it is
//! the replayer instead, whose desktop is one of the pictures.

use std::ffi::OsStr;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use replayer::steer::Program;
use replayer::{options, session};

/// The first argument of a run.
const HOST: &str = "host";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("codecs: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let mut arguments = std::env::args_os();
    if arguments.nth(1).as_deref() == Some(OsStr::new(HOST)) {
        let name = std::iter::once("codecs host".into());
        return session::run(&options::Options::parse_from(name.chain(arguments)));
    }
    let program =
        Program { path: std::env::current_exe()?, arguments: vec![HOST.into()], environment: Vec::new() };
    codecs::run(&codecs::Options::parse(), &program)
}
