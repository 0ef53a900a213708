//! Replays the corpus of every fuzz target, and holds targets, oracles and corpora together.
#![allow(clippy::unwrap_used, reason = "a test that cannot read the corpus has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

fn fuzz_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

/// What a folder holds, in the order of names.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let read = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = read.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

#[test]
fn every_oracle_holds_for_its_corpus() {
    let mut broken = Vec::new();
    for oracle in oracles::all() {
        let inputs = entries(&fuzz_folder().join("corpus").join(oracle.name));
        assert!(!inputs.is_empty(), "{} has no corpus", oracle.name);
        for input in inputs {
            let bytes = fs::read(&input).unwrap();
            if catch_unwind(AssertUnwindSafe(|| (oracle.check)(&bytes))).is_err() {
                broken.push(input);
            }
        }
    }
    assert!(broken.is_empty(), "oracles broken by {broken:#?}");
}

#[test]
fn every_oracle_holds_for_no_bytes_and_for_plain_ones() {
    for oracle in oracles::all() {
        for bytes in [vec![], vec![0; 4096], vec![0xff; 4096], (0..=255).cycle().take(4096).collect()] {
            (oracle.check)(&bytes);
        }
    }
}

#[test]
fn every_oracle_has_a_fuzz_target_and_the_other_way_round() {
    let names: BTreeSet<String> = oracles::all().map(|oracle| oracle.name.to_owned()).collect();
    let targets: BTreeSet<String> =
        entries(&fuzz_folder().join("fuzz_targets")).iter().map(|path| stem(path)).collect();
    assert_eq!(names, targets);
    let manifest = fs::read_to_string(fuzz_folder().join("Cargo.toml")).unwrap();
    for name in names {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} is not in fuzz/Cargo.toml");
    }
}
