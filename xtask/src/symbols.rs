//! The symbols of libspice-server.so.1 with their version nodes: read from a library, compared with the golden list.
//!
//! A linker flag that silently drops the versions yields a library that old programs load and new ones refuse, so the
//! finished artefact is looked at, never the flags.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{command, workspace};

/// Symbols as "name node", for example "spice_server_new SPICE_SERVER_0.6.0".
pub(crate) type Symbols = BTreeSet<String>;

/// The nodes of which Debian 12's library, 0.15.1, has nothing yet.
const AFTER_DEBIAN: &[&str] = &["SPICE_SERVER_0.16"];

/// The list that a build has to match: tests/data/abi/symbols.txt.
pub(crate) fn golden() -> Result<Symbols> {
    let path = workspace::root().join("tests/data/abi/symbols.txt");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(str::to_owned).collect())
}

/// What `library` defines, each with its default version.
pub(crate) fn defined(library: &Path) -> Result<Symbols> {
    let mut nm = Command::new("nm");
    nm.args(["--dynamic", "--defined-only", "--with-symbol-versions"]).arg(library);
    Ok(parse(&command::output(&mut nm)?))
}

/// The installed library of the distribution, the original.
pub(crate) fn installed() -> Result<PathBuf> {
    let listed = command::output(Command::new("dpkg").args(["--listfiles", "libspice-server1"]))?;
    let path = listed.lines().find(|line| line.ends_with("/libspice-server.so.1"));
    path.map(PathBuf::from).context("package libspice-server1 has no libspice-server.so.1")
}

/// Checks `library` against the golden list, and the golden list against the installed original.
/// Gives the number of symbols and of nodes.
pub(crate) fn verify(library: &Path) -> Result<(usize, usize)> {
    let golden = golden()?;
    let original: Symbols = golden.iter().filter(|symbol| !after_debian(symbol)).cloned().collect();
    same("the installed libspice-server1", &original, &defined(&installed()?)?)?;
    same(&workspace::shown(library), &golden, &defined(library)?)?;
    let nodes: BTreeSet<&str> = golden.iter().filter_map(|symbol| symbol.split(' ').nth(1)).collect();
    Ok((golden.len(), nodes.len()))
}

/// Checks that the version script that we link with lists what the golden list does. Gives the number of symbols.
pub(crate) fn verify_version_script() -> Result<usize> {
    let path = workspace::root().join("host-server/abi/spice-server.syms");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let (golden, listed) = (golden()?, listed(&text));
    same("the version script", &golden, &listed)?;
    Ok(listed.len())
}

/// The symbols of a version script: "NODE {" opens a node, "name;" is a symbol in it, "*;" stands for the hidden rest.
fn listed(script: &str) -> Symbols {
    let mut symbols = Symbols::new();
    let mut node = "";
    for line in script.lines().map(str::trim) {
        if let Some(name) = line.strip_suffix('{') {
            node = name.trim();
        } else if let Some(name) = line.strip_suffix(';').filter(|name| name.starts_with("spice_")) {
            symbols.insert(format!("{name} {node}"));
        }
    }
    symbols
}

fn after_debian(symbol: &str) -> bool {
    AFTER_DEBIAN.iter().any(|node| symbol.split(' ').nth(1) == Some(node))
}

fn same(library: &str, golden: &Symbols, found: &Symbols) -> Result<()> {
    let missing: Vec<&str> = golden.difference(found).map(String::as_str).collect();
    let surplus: Vec<&str> = found.difference(golden).map(String::as_str).collect();
    if missing.is_empty() && surplus.is_empty() {
        return Ok(());
    }
    bail!("{library} differs from the golden symbol list: missing {missing:?}, surplus {surplus:?}")
}

/// Reads nm's lines "address kind name@@node". Absolute symbols are the nodes themselves.
fn parse(lines: &str) -> Symbols {
    let mut symbols = Symbols::new();
    for line in lines.lines() {
        let mut words = line.split_whitespace().skip(1);
        let (Some(kind), Some(name)) = (words.next(), words.next()) else { continue };
        if kind != "A" {
            symbols.insert(name.replacen("@@", " ", 1));
        }
    }
    symbols
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTING: &str =
        "0000 A SPICE_SERVER_0.6.0\n0010 T spice_server_new@@SPICE_SERVER_0.6.0\n0020 T stray\n";

    #[test]
    fn nodes_are_no_symbols_and_versions_are_kept() {
        let symbols = parse(LISTING);
        assert_eq!(symbols.iter().collect::<Vec<_>>(), ["spice_server_new SPICE_SERVER_0.6.0", "stray"]);
    }

    #[test]
    fn a_symbol_without_its_version_is_a_difference() {
        let golden = Symbols::from(["spice_server_new SPICE_SERVER_0.6.0".to_owned()]);
        let unversioned = Symbols::from(["spice_server_new".to_owned()]);
        assert!(same("library", &golden, &unversioned).is_err());
        assert!(same("library", &golden, &golden).is_ok());
    }

    #[test]
    fn a_version_script_is_read() {
        let script = "SPICE_SERVER_0.6.1 {\nglobal:\n    spice_a;\nlocal:\n    *;\n} SPICE_SERVER_0.6.0;\n";
        assert_eq!(listed(script).iter().collect::<Vec<_>>(), ["spice_a SPICE_SERVER_0.6.1"]);
    }

    #[test]
    fn the_golden_list_has_98_symbols_in_23_nodes() {
        let golden = golden().unwrap();
        let nodes: BTreeSet<&str> = golden.iter().filter_map(|symbol| symbol.split(' ').nth(1)).collect();
        assert_eq!((golden.len(), nodes.len()), (98, 23));
    }
}
