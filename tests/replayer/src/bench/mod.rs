//! `cargo xtask bench replay`: the same commands through the original and through ours.
//!
//! Every run is a process of its own with a client that decodes nothing. Runs of both libraries take
//! turns, so that whatever else the machine does meets both alike; what counts are medians, and their
//! ratios. Burst runs offer all commands at once and show speed and processor time; their bytes depend on
//! how much is drawn over before it is sent. Paced runs give commands at a fixed rate, so that bytes can
//! be compared.

mod scenario;
mod summary;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use serde::Serialize;

use self::scenario::Scenario;
use self::summary::{Compared, Run};
use crate::null_client::NullClient;
use crate::steer::{Program, Replayer};

/// How long nothing comes after a picture that is complete.
const SILENCE: Duration = Duration::from_millis(700);

/// Compares what two libraries cost.
#[derive(Debug, Parser)]
pub struct Options {
    /// The original library.
    #[arg(long)]
    pub original: PathBuf,
    /// Our library.
    #[arg(long)]
    pub ours: PathBuf,
    /// Where the results go as JSON.
    #[arg(long)]
    pub json: PathBuf,
    /// How often each library runs in each scenario.
    #[arg(long, default_value_t = 5)]
    pub rounds: usize,
    /// Only the scenario of this name; if there is none, those whose names contain it.
    #[arg(long)]
    pub only: Option<String>,
}

/// What is written as JSON.
#[derive(Serialize)]
struct Results {
    bench: &'static str,
    original: PathBuf,
    ours: PathBuf,
    rounds: usize,
    scenarios: Vec<Compared>,
}

/// Runs the bench. `program` starts a replayer.
///
/// # Errors
/// A library fails, or the results cannot be written.
pub fn run(options: &Options, program: &Program) -> Result<()> {
    ensure!(options.rounds > 0, "at least one round is needed");
    let mut scenarios = scenario::all();
    if let Some(only) = &options.only {
        let is_name = scenarios.iter().any(|scenario| scenario.name() == *only);
        let chosen = |name: &str| if is_name { name == only } else { name.contains(only.as_str()) };
        scenarios.retain(|scenario| chosen(&scenario.name()));
    }
    if scenarios.is_empty() {
        bail!("no scenario has this name");
    }
    summary::print_head();
    let mut compared = Vec::new();
    for scenario in scenarios {
        let (mut original, mut ours) = (Vec::new(), Vec::new());
        for _ in 0..options.rounds {
            for (library, runs) in [(&options.original, &mut original), (&options.ours, &mut ours)] {
                let run = measure(program, library, &scenario);
                let shown = library.display();
                runs.push(run.with_context(|| format!("{} with {shown}", scenario.name()))?);
            }
        }
        let result = Compared::new(scenario.name(), original, ours);
        result.print();
        compared.push(result);
    }
    let results = Results {
        bench: "replay",
        original: options.original.clone(),
        ours: options.ours.clone(),
        rounds: options.rounds,
        scenarios: compared,
    };
    let json = serde_json::to_vec_pretty(&results)?;
    std::fs::write(&options.json, json).with_context(|| format!("cannot write {}", options.json.display()))
}

/// One run of one library.
fn measure(program: &Program, library: &Path, scenario: &Scenario) -> Result<Run> {
    let arguments = scenario.arguments().into_iter().chain(["--preload", "--ring", "0"].map(OsString::from));
    let mut replayer = Replayer::start(program, library, arguments)?;
    if let Some(list) = scenario.video_codecs() {
        replayer.set_video_codecs(&list)?;
    }
    replayer.go(0)?;
    let clients = (0..scenario.clients()).map(|_| NullClient::connect(replayer.address()));
    let clients: Vec<NullClient> = clients.collect::<Result<_>>()?;
    let client = clients.first().context("a scenario without clients")?;
    let before = client.display();
    replayer.measure()?;
    let begin = Instant::now();
    let reached = replayer.go_to_the_end()?;
    // A single picture would be dropped with the surface.
    let seen = scenario.is_single().then(|| client.wait_for_silence(SILENCE)).transpose()?;
    replayer.finish()?;
    clients.iter().try_for_each(NullClient::wait_for_end)?;
    let wall_seconds = seen.unwrap_or_else(Instant::now).duration_since(begin).as_secs_f64();
    let cost = replayer.cost()?;
    let display = client.display() - &before;
    let (counts, _) = replayer.quit()?;
    ensure!(counts.released == reached.commands, "not every command was released: {counts:?}");
    ensure!(counts.faults == 0, "released what it did not hold: {counts:?}");
    Ok(Run {
        commands: reached.commands,
        commands_per_second: reached.commands as f64 / wall_seconds,
        cpu_seconds: cost.usage.cpu_seconds,
        wall_seconds,
        peak_resident: cost.usage.peak_resident,
        peak_growth: cost.usage.peak_growth,
        display,
    })
}
