//! A small Debian system in a folder of its own, of packages of one suite. Nothing of it is installed on this machine.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::cache::content_key;
use crate::debian::{MIRROR, Suite};
use crate::root::as_root;

/// What nobody reads in a test.
const LEFT_OUT: &[&str] = &["/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*"];

/// What a system is made of.
#[derive(Clone, Debug)]
pub struct System {
    suite: Suite,
    packages: Vec<String>,
    /// Second processor for which packages may be installed.
    foreign: Option<String>,
    hooks: Vec<String>,
    slim: bool,
}

impl System {
    /// The suite's essential packages and apt, and these.
    pub fn of(suite: Suite, packages: &[&str]) -> Self {
        let packages = packages.iter().map(|package| (*package).to_owned()).collect();
        System { suite, packages, foreign: None, hooks: Vec::new(), slim: false }
    }

    /// Takes packages for this processor, by Debian's name, beside those for this machine's.
    pub fn foreign(mut self, architecture: &str) -> Self {
        self.foreign = Some(architecture.to_owned());
        self
    }

    /// Runs a line of shell at the end, with the system's folder as `$1`.
    pub fn hook(mut self, line: &str) -> Self {
        self.hooks.push(line.to_owned());
        self
    }

    /// Leaves out documentation and translations.
    pub fn slim(mut self) -> Self {
        self.slim = true;
        self
    }

    /// A short name for all that the system depends on but its packages' versions.
    pub fn key(&self) -> String {
        let packages = self.packages.join(",");
        let mut parts: Vec<&[u8]> = vec![packages.as_bytes(), self.suite.name().as_bytes()];
        parts.extend(self.hooks.iter().map(String::as_bytes));
        content_key(&parts)
    }

    /// Makes it in the empty `folder`, as root.
    pub fn make(&self, folder: &Path) -> Result<()> {
        let mut bootstrap = as_root("mmdebstrap")?;
        bootstrap.args(["--quiet", "--variant=apt", "--components=main"]);
        // A mirror of sid that stands still for a week is still good enough.
        bootstrap.arg("--aptopt=Acquire::Check-Valid-Until \"false\"");
        if self.slim {
            bootstrap.args(LEFT_OUT.iter().map(|path| format!("--dpkgopt=path-exclude={path}")));
        }
        if let Some(foreign) = &self.foreign {
            bootstrap.arg(format!("--architectures=amd64,{foreign}"));
        }
        bootstrap.args(self.hooks.iter().map(|hook| format!("--customize-hook={hook}")));
        bootstrap.arg(format!("--include={}", self.packages.join(",")));
        let status = bootstrap.arg(self.suite.name()).arg(folder).arg(MIRROR).status();
        let status = status.context("cannot start mmdebstrap: install mmdebstrap")?;
        if !status.success() {
            bail!("mmdebstrap ended with {status} for {}", self.packages.join(","));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_depends_on_packages_suite_and_hooks() {
        let system = System::of(Suite::Trixie, &["make", "gcc"]);
        assert_eq!(system.key(), system.clone().key());
        assert_ne!(system.key(), System::of(Suite::Sid, &["make", "gcc"]).key());
        assert_ne!(system.key(), System::of(Suite::Trixie, &["make"]).key());
        assert_ne!(system.key(), system.clone().hook("true").key());
    }
}
