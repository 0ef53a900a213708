//! The bench `kms`: `kms --original LIBRARY --ours LIBRARY --json FILE`. Upstream's qxl driver against ours, in the same
//! guest: its program draws the scenes of a desktop, and what counts is what that costs on the way to a client.
//!
//! Both drivers are measured with the original library, runs of both take turns, and medians are compared. What goes into the
//! ring is counted in a run of its own, because QEMU's log of the commands slows it down.

mod command_log;
mod ports;
mod run;
mod scene;
mod summary;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::{Parser, ValueEnum};
use e2e::{KmsDriver, ServerLibrary, Suite};

use crate::run::{Counted, Timed};

/// What to measure.
#[derive(Parser)]
struct Options {
    /// The original libspice-server.
    #[arg(long)]
    original: PathBuf,
    /// Our libspice-server; not used here.
    #[arg(long)]
    ours: PathBuf,
    /// Where the results go as JSON.
    #[arg(long)]
    json: PathBuf,
    /// Where our kernel modules are, `<release>/NAME.ko`.
    #[arg(long, default_value = "target/dist/kms/modules")]
    modules: PathBuf,
    /// How often each driver runs.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// The kernel, by Debian's suite.
    #[arg(long, value_enum, default_value = "trixie")]
    kernel: Kernel,
    /// Measure upstream's driver alone.
    #[arg(long)]
    upstream_only: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kernel {
    Bookworm,
    Trixie,
    Sid,
}

/// All runs of one driver.
pub(crate) struct Side {
    pub(crate) driver: KmsDriver,
    pub(crate) counted: Vec<Counted>,
    /// For each round, each scene.
    pub(crate) timed: Vec<Vec<Timed>>,
}

fn main() -> ExitCode {
    match bench(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kms: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn bench(options: &Options) -> Result<()> {
    ensure!(options.rounds > 0, "at least one round is needed");
    let suite = match options.kernel {
        Kernel::Bookworm => Suite::Bookworm,
        Kernel::Trixie => Suite::Trixie,
        Kernel::Sid => Suite::Sid,
    };
    let library = ServerLibrary::at(&options.original).unwrap_or(ServerLibrary::Distribution);
    let mut drivers = vec![KmsDriver::Upstream];
    if !options.upstream_only {
        drivers.push(KmsDriver::Ours(options.modules.clone()));
    }
    let side = |driver| Side { driver, counted: Vec::new(), timed: Vec::new() };
    let mut sides: Vec<Side> = drivers.into_iter().map(side).collect();
    for side in &mut sides {
        side.counted = run::counted(suite, &side.driver, &library)
            .with_context(|| format!("counting what {} does", side.driver.name()))?;
    }
    for round in 0..options.rounds {
        for side in &mut sides {
            let timed = run::timed(suite, &side.driver, &library);
            side.timed.push(timed.with_context(|| format!("{}, round {round}", side.driver.name()))?);
        }
    }
    summary::print(&sides);
    let json = serde_json::to_vec_pretty(&summary::to_json(suite, &sides))?;
    std::fs::write(&options.json, json).with_context(|| format!("cannot write {}", options.json.display()))
}
