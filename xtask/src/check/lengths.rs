//! How long files are, tests left out. Long files are where structure got lost; short ones can be read in one go.

use anyhow::{Result, bail};

use super::sources;

/// In lines.
const MEDIAN: usize = 200;
const NINETIETH_PERCENTILE: usize = 600;
const LONGEST: usize = 800;

pub(crate) fn check() -> Result<String> {
    let sources = sources::all()?;
    let own = sources.iter().filter(|source| !source.is_test());
    let mut lengths: Vec<(usize, String)> =
        own.map(|source| (source.lines_without_tests(), source.path.display().to_string())).collect();
    judge(&mut lengths)
}

fn judge(lengths: &mut [(usize, String)]) -> Result<String> {
    lengths.sort();
    let at = |percent: usize| lengths.get(lengths.len() * percent / 100).map_or(0, |(length, _)| *length);
    let (median, ninetieth) = (at(50), at(90));
    let (longest, path) = lengths.last().cloned().unwrap_or_default();
    let report = format!("median {median}, 90th percentile {ninetieth}, longest {longest} lines ({path})");
    if median > MEDIAN || ninetieth > NINETIETH_PERCENTILE || longest > LONGEST {
        bail!("{report}; at most {MEDIAN}, {NINETIETH_PERCENTILE} and {LONGEST} are good");
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_too_long_is_too_many() {
        let mut lengths: Vec<(usize, String)> = (0..20).map(|number| (100, format!("{number}.rs"))).collect();
        assert!(judge(&mut lengths).is_ok());
        lengths.push((801, "big.rs".into()));
        let error = judge(&mut lengths).unwrap_err().to_string();
        assert!(error.contains("big.rs"), "{error}");
    }
}
