//! `cargo xtask bench`: ours against the original in one run. Each bench is an example program of its crate, which
//! prints its table and writes target/bench/NAME.json.

use anyhow::{Result, bail};
use clap::Args;

use crate::{build, command, kms, setup, symbols, workspace};

/// A bench: its name, and the package whose example of that name measures.
const BENCHES: &[(&str, &str)] = &[("replay", "replayer"), ("kms", "e2e"), ("codecs", "codecs")];

/// What to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// The bench; without a name, all of them.
    name: Option<String>,
    /// Passed on to the bench.
    #[arg(last = true)]
    rest: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<String> {
    let chosen: Vec<_> = BENCHES
        .iter()
        .filter(|(name, _)| options.name.as_deref().is_none_or(|wanted| wanted == *name))
        .collect();
    if chosen.is_empty() {
        let known: Vec<&str> = BENCHES.iter().map(|(name, _)| *name).collect();
        bail!("there is no such bench; there are: {}", known.join(", "));
    }
    setup::ensure()?;
    build::host_server()?;
    let results = workspace::root().join("target/bench");
    std::fs::create_dir_all(&results)?;
    for (name, package) in chosen {
        if *name == "kms" {
            println!("bench: {}", kms::build()?);
        }
        println!("bench: {name}");
        let mut cargo = command::cargo();
        cargo.args(["run", "--quiet", "--release", "--package", package, "--example", name, "--"]);
        cargo.arg("--original").arg(symbols::installed()?).arg("--ours").arg(workspace::server_library());
        cargo.arg("--json").arg(results.join(format!("{name}.json"))).args(&options.rest);
        command::run(&mut cargo)?;
    }
    Ok(format!("results are in {}", workspace::shown(&results)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_bench_is_refused_with_the_known_names() {
        let options = Options { name: Some("nothing".into()), rest: Vec::new() };
        assert!(run(&options).unwrap_err().to_string().contains("replay"));
    }
}
