//! What the built library asks of the host that loads it: no library that the original does not bring along, and no
//! executable stack, which one object of an assembler without its mark would be enough for.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::{command, symbols, workspace};

/// What each process with the original has although the original does not name it: libstdc++ brings the first.
const ALWAYS_THERE: &[&str] = &["libgcc_s.so.1", "ld-linux-x86-64.so.2"];

/// Checks `library` against the installed original. Gives the number of libraries that it needs.
pub(crate) fn verify(library: &Path) -> Result<usize> {
    let original = needed(&dynamic_section(&symbols::installed()?)?);
    let needed = needed(&dynamic_section(library)?);
    let known = |name: &&String| original.contains(*name) || ALWAYS_THERE.contains(&name.as_str());
    let strange: Vec<_> = needed.iter().filter(|name| !known(name)).collect();
    if !strange.is_empty() {
        bail!("{} needs {strange:?}, which the original does not", workspace::shown(library));
    }
    if has_executable_stack(&readelf("--program-headers", library)?) {
        bail!("{} has an executable stack", workspace::shown(library));
    }
    Ok(needed.len())
}

fn dynamic_section(library: &Path) -> Result<String> {
    readelf("--dynamic", library)
}

fn readelf(what: &str, library: &Path) -> Result<String> {
    command::output(Command::new("readelf").env("LC_ALL", "C").args(["--wide", what]).arg(library))
}

/// The names in lines like "0x1 (NEEDED) Shared library: [libc.so.6]".
fn needed(lines: &str) -> BTreeSet<String> {
    let name = |line: &str| {
        let (_, name) = line.split_once("(NEEDED)")?.1.split_once('[')?;
        Some(name.split_once(']')?.0.to_owned())
    };
    lines.lines().filter_map(name).collect()
}

/// Whether the line of the stack has an E among its flags.
fn has_executable_stack(lines: &str) -> bool {
    let stack = lines.lines().map(str::trim).find(|line| line.starts_with("GNU_STACK"));
    stack.is_none_or(|line| line.split_whitespace().any(|word| word == "RWE" || word == "E"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read() {
        let lines = " 0x01 (NEEDED)  Shared library: [libc.so.6]\n 0x0e (SONAME)  Library soname: [x.so.1]\n";
        assert_eq!(needed(lines).into_iter().collect::<Vec<_>>(), ["libc.so.6"]);
    }

    #[test]
    fn an_executable_stack_is_seen() {
        let line = |flags| {
            format!("  GNU_STACK  0x000000 0x0000000000000000 0x0000000000000000 0x0 0x0 {flags} 0x10\n")
        };
        assert!(!has_executable_stack(&line("RW ")));
        assert!(has_executable_stack(&line("RWE")));
        assert!(has_executable_stack(""));
    }
}
