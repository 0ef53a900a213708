//! The project's own Rust files.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::workspace;

/// Folders that hold other things than sources.
const LEFT_OUT: &[&str] = &["target", ".git"];

/// A Rust file of the project.
pub(crate) struct Source {
    /// Relative to the root.
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// Every one, in the order of their paths.
pub(crate) fn all() -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    collect(workspace::root(), &mut sources)?;
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(sources)
}

fn collect(folder: &Path, sources: &mut Vec<Source>) -> Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        if entry.file_type()?.is_dir() {
            if !LEFT_OUT.iter().any(|left_out| name == *left_out) {
                collect(&path, sources)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text =
                std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            sources.push(Source { path: path.strip_prefix(workspace::root())?.to_owned(), text });
        }
    }
    Ok(())
}

impl Source {
    /// The lines before the tests at the file's end; all of them in a file that has none.
    pub(crate) fn lines_without_tests(&self) -> usize {
        let tests = self.text.lines().position(|line| line.trim_end() == "#[cfg(test)]");
        tests.unwrap_or_else(|| self.text.lines().count())
    }

    /// Whether the whole file is tests or benches.
    pub(crate) fn is_test(&self) -> bool {
        self.path.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "benches")
            || self.path.file_name().is_some_and(|name| name == "tests.rs")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_at_the_end_do_not_count() {
        let source = |text: &str| Source { path: "a.rs".into(), text: text.to_owned() };
        assert_eq!(source("one\ntwo\n#[cfg(test)]\nmod tests {}\n").lines_without_tests(), 2);
        assert_eq!(source("one\ntwo\n").lines_without_tests(), 2);
    }

    #[test]
    fn this_file_is_found() {
        assert!(all().unwrap().iter().any(|source| source.path == Path::new("xtask/src/check/sources.rs")));
    }
}
