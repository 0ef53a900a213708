//! Everything that the core's object is made of, in one folder, so that it can be made again without the network: our
//! crates, and those of others that cargo has chosen for them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{command, workspace};

/// Our crates, by their folders in the checkout.
const OURS: &[&str] = &["protocol/qxl", "guest-display", "qxl-kms-driver"];

/// What `build-object.sh` compiles of others; another dependency has to be added there.
const VENDORED: &[&str] = &["proc-macro2", "quote", "syn", "unicode-ident", "zerocopy", "zerocopy-derive"];

/// Fills `folder` anew and gives it back.
pub(super) fn gather(folder: &Path) -> Result<PathBuf> {
    super::tree::empty(folder)?;
    for ours in OURS {
        let from = workspace::root().join(ours);
        let name = from.file_name().with_context(|| format!("{ours} has no name"))?;
        copy(&from.join("src"), &folder.join(name).join("src"))?;
    }
    for (name, from) in vendored()? {
        let to = folder.join("vendor").join(&name);
        copy(&from.join("src"), &to.join("src"))?;
        for entry in std::fs::read_dir(&from)?.flatten() {
            let file = entry.file_name();
            if file.to_string_lossy().starts_with("LICENSE") {
                std::fs::copy(entry.path(), to.join(file))?;
            }
        }
    }
    Ok(folder.to_owned())
}

/// The crates of others below ours, with the folders that cargo has unpacked them into.
fn vendored() -> Result<Vec<(String, PathBuf)>> {
    let output = command::output(command::cargo().args(["metadata", "--locked", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&output).context("cargo metadata is no JSON")?;
    let packages = below(&metadata, "qxl-kms-driver")?;
    let found: BTreeSet<&str> = packages.iter().map(|(name, _)| name.as_str()).collect();
    let expected: BTreeSet<&str> = VENDORED.iter().copied().collect();
    if found != expected {
        bail!("the driver's core depends on {found:?}, and build-object.sh compiles {expected:?}");
    }
    Ok(packages)
}

/// What the package named `root` needs of registries, outside its tests.
fn below(metadata: &Value, root: &str) -> Result<Vec<(String, PathBuf)>> {
    let packages = metadata["packages"].as_array().context("cargo metadata names no packages")?;
    let nodes = metadata["resolve"]["nodes"].as_array().context("cargo metadata resolves nothing")?;
    let start = packages.iter().find(|package| package["name"] == root);
    let mut due = vec![start.with_context(|| format!("there is no package {root}"))?["id"].clone()];
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    while let Some(id) = due.pop() {
        if !seen.insert(id.to_string()) {
            continue;
        }
        let package = packages.iter().find(|package| package["id"] == id).context("a package is missing")?;
        if package["source"].is_string() {
            found.push(named(package)?);
        }
        let node = nodes.iter().find(|node| node["id"] == id).context("a package is not resolved")?;
        let dependencies = node["deps"].as_array().into_iter().flatten();
        due.extend(dependencies.filter(|dependency| is_ordinary(dependency)).map(|one| one["pkg"].clone()));
    }
    Ok(found)
}

fn is_ordinary(dependency: &Value) -> bool {
    let mut kinds = dependency["dep_kinds"].as_array().into_iter().flatten();
    // zerocopy names its derive twice, once for a target that never is: to have both of one version.
    kinds.any(|kind| kind["kind"].is_null() && kind["target"] != "cfg(any())")
}

fn named(package: &Value) -> Result<(String, PathBuf)> {
    let name = package["name"].as_str().context("a package has no name")?;
    let manifest = package["manifest_path"].as_str().context("a package has no manifest")?;
    let folder = Path::new(manifest).parent().context("a manifest has no folder")?;
    Ok((name.to_owned(), folder.to_owned()))
}

/// Copies a folder with all below it.
pub(super) fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to).with_context(|| format!("cannot create {}", to.display()))?;
    let entries = std::fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))?;
    for entry in entries {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target)
                .with_context(|| format!("cannot copy {}", entry.path().display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_and_our_own_are_left_out() {
        let metadata = serde_json::json!({
            "packages": [
                { "id": "a", "name": "a", "source": null, "manifest_path": "/a/Cargo.toml" },
                { "id": "b", "name": "b", "source": "registry", "manifest_path": "/b/Cargo.toml" },
                { "id": "c", "name": "c", "source": "registry", "manifest_path": "/c/Cargo.toml" },
            ],
            "resolve": { "nodes": [
                { "id": "a", "deps": [
                    { "pkg": "b", "dep_kinds": [{ "kind": null, "target": null }] },
                    { "pkg": "c", "dep_kinds": [{ "kind": "dev", "target": null }] },
                ] },
                { "id": "b", "deps": [{ "pkg": "a", "dep_kinds": [{ "kind": null, "target": null }] }] },
            ] },
        });
        assert_eq!(below(&metadata, "a").unwrap(), [("b".to_owned(), PathBuf::from("/b"))]);
        assert!(below(&metadata, "nobody").is_err());
    }
}
