//! Which package may depend on which. Dependencies point down: edge, engine, foundation; nothing of the product depends
//! on tests, and `qxl` depends on nothing of ours.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::command;

/// From the bottom up.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Tier {
    /// No I/O, no clock, no unsafe.
    Foundation,
    /// The logic: sans-IO as far as it goes.
    Engine,
    /// C faces, platforms, drivers.
    Edge,
    /// Tests and this program: may use everything.
    Tests,
}

const TIERS: &[(&str, Tier)] = &[
    ("qxl", Tier::Foundation),
    ("wire", Tier::Foundation),
    ("vdagent", Tier::Foundation),
    ("image", Tier::Foundation),
    ("canvas", Tier::Foundation),
    ("recording", Tier::Foundation),
    ("guest-display", Tier::Engine),
    ("host-server", Tier::Engine),
    ("spice-server-abi", Tier::Edge),
    ("qxl-kms-driver", Tier::Edge),
    ("codecs", Tier::Tests),
    ("oracles", Tier::Tests),
    ("probe", Tier::Tests),
    ("replayer", Tier::Tests),
    ("suite", Tier::Tests),
    ("e2e", Tier::Tests),
    ("guest-program", Tier::Tests),
    ("xtask", Tier::Tests),
];

/// Depends on none of our packages, not even its own tier's: others take it alone.
const ALONE: &str = "qxl";

/// Our packages, each with those of ours that it depends on outside its tests.
type Edges = BTreeMap<String, Vec<String>>;

pub(crate) fn check() -> Result<String> {
    let metadata =
        command::output(command::cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let edges = edges(&serde_json::from_str(&metadata).context("cargo metadata is no JSON")?)?;
    let faults = faults(&edges);
    if !faults.is_empty() {
        bail!("{}", faults.join("; "));
    }
    Ok(format!("{} packages, all pointing down", edges.len()))
}

fn edges(metadata: &Value) -> Result<Edges> {
    let packages = metadata["packages"].as_array().context("cargo metadata names no packages")?;
    let name = |value: &Value| value["name"].as_str().map(str::to_owned);
    let ours = |dependency: &&Value| dependency["path"].is_string() && dependency["kind"] != "dev";
    let of = |package: &Value| {
        let dependencies = package["dependencies"].as_array()?;
        Some((name(package)?, dependencies.iter().filter(ours).filter_map(name).collect()))
    };
    Ok(packages.iter().filter_map(of).collect())
}

fn faults(edges: &Edges) -> Vec<String> {
    let mut faults = Vec::new();
    for (package, dependencies) in edges {
        let Some(tier) = tier(package) else {
            faults.push(format!("{package} has no tier: give it one in xtask"));
            continue;
        };
        for dependency in dependencies {
            if package == ALONE || !tier.may_use(package, dependency) {
                faults.push(format!("{package} must not depend on {dependency}"));
            }
        }
    }
    faults
}

fn tier(package: &str) -> Option<Tier> {
    TIERS.iter().find(|(name, _)| *name == package).map(|(_, tier)| *tier)
}

impl Tier {
    fn may_use(self, package: &str, dependency: &str) -> bool {
        let below = tier(dependency);
        match self {
            Tier::Foundation => below == Some(Tier::Foundation),
            Tier::Engine => below == Some(Tier::Foundation) || below == Some(Tier::Engine),
            Tier::Edge => matches!(below, Some(Tier::Foundation | Tier::Engine)),
            Tier::Tests => package != dependency,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults_of(package: &str, dependency: &str) -> usize {
        faults(&Edges::from([(package.to_owned(), vec![dependency.to_owned()])])).len()
    }

    #[test]
    fn dependencies_point_down() {
        assert_eq!(faults_of("host-server", "qxl"), 0);
        assert_eq!(faults_of("suite", "spice-server-abi"), 0);
        assert_eq!(faults_of("image", "host-server"), 1);
        assert_eq!(faults_of("host-server", "spice-server-abi"), 1);
        assert_eq!(faults_of("spice-server-abi", "probe"), 1);
        assert_eq!(faults_of("qxl", "wire"), 1);
        assert_eq!(faults_of("newcomer", "wire"), 1);
    }

    #[test]
    fn dependencies_of_tests_do_not_count() {
        let metadata = serde_json::json!({ "packages": [{ "name": "qxl", "dependencies": [
            { "name": "oracles", "path": "/o", "kind": "dev" },
            { "name": "zerocopy", "kind": null },
        ] }] });
        assert!(edges(&metadata).unwrap()["qxl"].is_empty());
    }
}
