//! `cargo xtask`: the verbs that set up, build, show, test, measure and check the project.
//!
//! Called by people, by `.ci/run` and by tools outside the project, so the verbs' names and what they leave in
//! `target/dist/` are stable. Each verb prints what it does and ends in one line that says how it went. Nothing here
//! may need a package that [`setup`] does not install, and nothing here links a C library: this program has to start
//! on a machine that has only cargo and a linker.

mod bench;
mod build;
mod check;
mod ci;
mod command;
mod demo;
mod kms;
mod needed;
mod setup;
mod symbols;
mod test;
mod workspace;

use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, Subcommand};

/// The SPICE guest suite's own commands.
#[derive(Parser)]
#[command(name = "xtask", bin_name = "cargo xtask", version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Install what a fresh Debian 12 machine lacks: packages, rustup components.
    Setup,
    /// Build, boot a guest in stock QEMU with our library, and show it.
    ///
    /// Opens a window (remote-viewer, package virt-viewer) where there is a display, and otherwise prints how to connect.
    /// Runs until the window is closed or Ctrl-C, and then ends all that it has started. With --png it takes a picture and
    /// ends by itself. Needs no KVM.
    Demo(demo::Options),
    /// Run the tests; without a word, all of them.
    Test(test::Options),
    /// Build into target/dist/.
    Build(build::Options),
    /// Measure ours against the reference and print a table.
    Bench(bench::Options),
    /// Formatting, lints, forbidden edges, unsafe budget, symbol versions, docs.
    Check,
    /// Setup, check, test: what .ci/run does.
    Ci,
}

impl Verb {
    fn name(&self) -> &'static str {
        match self {
            Verb::Setup => "setup",
            Verb::Demo(_) => "demo",
            Verb::Test(_) => "test",
            Verb::Build(_) => "build",
            Verb::Bench(_) => "bench",
            Verb::Check => "check",
            Verb::Ci => "ci",
        }
    }

    fn run(&self) -> anyhow::Result<String> {
        match self {
            Verb::Setup => setup::run(),
            Verb::Demo(options) => demo::run(options),
            Verb::Test(options) => test::run(options),
            Verb::Build(options) => build::run(options),
            Verb::Bench(options) => bench::run(options),
            Verb::Check => check::run(),
            Verb::Ci => ci::run(),
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let started = Instant::now();
    let name = arguments.verb.name();
    match arguments.verb.run() {
        Ok(outcome) => {
            println!("{name}: {outcome} ({:.1} s)", started.elapsed().as_secs_f32());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{name} failed: {error:#}");
            ExitCode::FAILURE
        }
    }
}
