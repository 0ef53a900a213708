//! Where unsafe code may be, how much of it, and that each block says why it is sound.

use std::path::Path;

use anyhow::{Result, bail};

use super::sources::{self, Source};

/// A folder that may have unsafe code, and the most unsafe blocks and impls it may have. Raising a number is a
/// decision for a review, not a repair.
const BUDGET: &[(&str, usize)] = &[("host-server/abi", 100), ("qxl-kms-driver", 80), ("tests/replayer", 59)];

/// How many lines above a block its reason may begin: a statement or an attribute may stand between.
const REASON_WITHIN: usize = 8;

pub(crate) fn check() -> Result<String> {
    let sources = sources::all()?;
    let mut faults = Vec::new();
    let mut counts = vec![0; BUDGET.len()];
    for source in &sources {
        let lines: Vec<&str> = source.text.lines().collect();
        let blocks = unsafe_lines(&lines);
        match BUDGET.iter().position(|(folder, _)| source.path.starts_with(folder)) {
            Some(place) => counts[place] += blocks.len(),
            None if !blocks.is_empty() => faults.push(format!("{} has unsafe code", source.path.display())),
            None => {}
        }
        faults.extend(without_reason(source, &lines, &blocks));
    }
    for ((folder, budget), count) in BUDGET.iter().zip(&counts) {
        if count > budget {
            faults.push(format!("{folder} has {count} unsafe blocks, {budget} are agreed"));
        }
        if !Path::new(crate::workspace::root()).join(folder).is_dir() {
            faults.push(format!("{folder} has a budget and does not exist"));
        }
    }
    if !faults.is_empty() {
        bail!("{}", faults.join("; "));
    }
    let places =
        BUDGET.iter().zip(&counts).map(|((folder, budget), count)| format!("{folder} {count} of {budget}"));
    Ok(places.collect::<Vec<_>>().join(", "))
}

/// The positions of lines that open an unsafe block or impl. A declaration, `unsafe fn` or `unsafe extern`, does
/// nothing by itself.
fn unsafe_lines(lines: &[&str]) -> Vec<usize> {
    let opens =
        |line: &str| line.contains(concat!("unsafe", " {")) || line.contains(concat!("unsafe", " impl"));
    let code = |line: &str| !line.trim_start().starts_with("//") && !line.contains('"');
    (0..).zip(lines).filter(|(_, line)| opens(line) && code(line)).map(|(position, _)| position).collect()
}

fn without_reason(source: &Source, lines: &[&str], blocks: &[usize]) -> Vec<String> {
    let has_reason = |position: usize| {
        let above = lines.get(position.saturating_sub(REASON_WITHIN)..=position).unwrap_or_default();
        above.iter().any(|line| line.contains("SAFETY:"))
    };
    let fault =
        |position: &usize| format!("{}:{} has no SAFETY: reason", source.path.display(), position + 1);
    blocks.iter().filter(|position| !has_reason(**position)).map(fault).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: &str = concat!("    unsafe", " { *pointer }");

    #[test]
    fn comments_and_declarations_do_not_count() {
        let lines = [OPEN, "// unsafe { no }", concat!("unsafe", " extern \"C\" fn f() {"), "let safe = 1;"];
        assert_eq!(unsafe_lines(&lines), [0]);
    }

    #[test]
    fn a_block_without_a_reason_is_a_fault() {
        let source = Source { path: "a.rs".into(), text: String::new() };
        assert_eq!(without_reason(&source, &["fn f() {", OPEN], &[1]).len(), 1);
        assert!(without_reason(&source, &["// SAFETY: it is valid.", OPEN], &[1]).is_empty());
    }
}
