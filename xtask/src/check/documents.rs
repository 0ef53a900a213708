//! What the documents promise: every package that setup installs is named with its reason, and every number links the
//! bench that shows it.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};

use crate::{setup, workspace};

/// docs/packages.md has a table whose first column names exactly the packages that setup installs.
pub(crate) fn packages() -> Result<String> {
    let documented = first_column(&read("docs/packages.md")?);
    let installed: BTreeSet<String> = setup::PACKAGES.iter().map(|package| (*package).to_owned()).collect();
    let missing: Vec<&String> = installed.difference(&documented).collect();
    let surplus: Vec<&String> = documented.difference(&installed).collect();
    if !missing.is_empty() || !surplus.is_empty() {
        bail!("docs/packages.md lacks {missing:?} and has {surplus:?} that setup does not install");
    }
    Ok(format!("{} named", documented.len()))
}

/// Each row of a table and each item of a list in docs/specification.md that has a number has a link too.
pub(crate) fn specification() -> Result<String> {
    let text = read("docs/specification.md")?;
    let promises: Vec<&str> = text.lines().filter(|line| is_promise(line)).collect();
    let bare: Vec<&&str> = promises.iter().filter(|line| !line.contains("](")).collect();
    if !bare.is_empty() {
        bail!("docs/specification.md has numbers without a link to their bench: {bare:#?}");
    }
    Ok(format!("{} promises, each with its bench", promises.len()))
}

/// A table's row or a list's item with a digit that is not only part of a name such as `spice-server1`.
fn is_promise(line: &str) -> bool {
    let item = ["|", "- ", "* "].iter().any(|start| line.trim_start().starts_with(start));
    let mut words = line.split(|letter: char| letter.is_whitespace() || "|(),;".contains(letter));
    item && words.any(|word| word.starts_with(|letter: char| letter.is_ascii_digit()))
}

/// The names in backquotes that open a row: "| `name` | ...".
fn first_column(text: &str) -> BTreeSet<String> {
    let cells = text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    cells.map(|(name, _)| name.to_owned()).collect()
}

fn read(path: &str) -> Result<String> {
    std::fs::read_to_string(workspace::root().join(path)).with_context(|| format!("cannot read {path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_column_is_read() {
        let text = "| package | why |\n|---|---|\n| `gcc` | links |\n";
        assert_eq!(first_column(text), BTreeSet::from(["gcc".to_owned()]));
    }

    #[test]
    fn only_items_with_numbers_are_promises() {
        assert!(is_promise("| CPU | 1.0 times |"));
        assert!(is_promise("- 12 µs per command"));
        assert!(!is_promise("| what | how much |"));
        assert!(!is_promise("- libspice-server1 is the reference"));
        assert!(!is_promise("In 2026 there was a sentence."));
    }
}
