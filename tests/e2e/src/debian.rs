//! Packages of a Debian suite, fetched with apt but never installed: a suite other than the machine's own has lists of its
//! own in the cache, so that the machine's apt is not touched.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::cache::Cache;

/// Where packages come from.
pub(crate) const MIRROR: &str = "http://deb.debian.org/debian";
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Lists younger than this are not asked for again.
const FRESH: Duration = Duration::from_secs(24 * 60 * 60);

/// A release of Debian.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Suite {
    /// Debian 12, the machine's own.
    Bookworm,
    /// Debian 13.
    Trixie,
    /// What will become Debian 14.
    Sid,
}

/// A suite's packages, as apt knows them.
pub(crate) struct Archive {
    /// What to tell apt before anything else.
    options: Vec<String>,
}

/// What apt knows of a package: its name and the digest of its file.
pub(crate) struct Package<'a> {
    archive: &'a Archive,
    pub(crate) name: String,
    pub(crate) digest: String,
}

impl Suite {
    /// Every suite whose kernel the drivers support, oldest first.
    pub const ALL: [Suite; 3] = [Suite::Bookworm, Suite::Trixie, Suite::Sid];

    /// The suite's name in the archive.
    pub fn name(self) -> &'static str {
        match self {
            Suite::Bookworm => "bookworm",
            Suite::Trixie => "trixie",
            Suite::Sid => "sid",
        }
    }
}

impl Archive {
    /// The packages of `suite`. Asks the mirror for its lists when they are missing or old.
    pub(crate) fn of(suite: Suite, cache: &Cache) -> Result<Self> {
        if suite == Suite::Bookworm {
            return Ok(Archive { options: Vec::new() });
        }
        let folder = cache.folder().join(format!("apt-{}", suite.name()));
        Self::with_lists(&folder, "deb", suite)
    }

    /// The sources of `suite`'s packages, which the machine's own apt is seldom told of.
    pub(crate) fn sources_of(suite: Suite, cache: &Cache) -> Result<Self> {
        let folder = cache.folder().join(format!("apt-{}-sources", suite.name()));
        Self::with_lists(&folder, "deb-src", suite)
    }

    fn with_lists(folder: &Path, kind: &str, suite: Suite) -> Result<Self> {
        let archive = Archive { options: options(folder) };
        let updated = folder.join("updated");
        if !is_fresh(&updated) {
            for needed in ["lists/partial", "archives/partial"] {
                std::fs::create_dir_all(folder.join(needed))?;
            }
            let line = format!("{kind} [signed-by={KEYRING}] {MIRROR} {} main\n", suite.name());
            std::fs::write(folder.join("sources.list"), line)?;
            println!("    asking {MIRROR} for the packages of {} ({kind})", suite.name());
            match said(archive.command("apt-get").args(["--quiet", "update"])) {
                Ok(_) => std::fs::write(&updated, "")?,
                Err(error) if updated.exists() => println!("    the old lists have to do: {error:#}"),
                Err(error) => return Err(error),
            }
        }
        Ok(archive)
    }

    /// What `name` depends on first among packages whose names begin with `prefix`, if there is one.
    pub(crate) fn dependency(&self, name: &str, prefix: &str) -> Result<Option<Package<'_>>> {
        let listing = said(self.command("apt-cache").args(["depends", name]))?;
        dependency(&listing, prefix).map(|found| self.package(found)).transpose()
    }

    /// A package by its name.
    pub(crate) fn package(&self, name: String) -> Result<Package<'_>> {
        let uris = said(self.command("apt-get").args(["download", "--print-uris", &name]))?;
        let digest = digest(&uris).with_context(|| format!("apt knows no digest of {name}"))?;
        Ok(Package { archive: self, name, digest })
    }

    /// The digests of the files that a source package consists of, together.
    pub(crate) fn source_digest(&self, name: &str) -> Result<String> {
        let uris = said(self.command("apt-get").args(["source", "--download-only", "--print-uris", name]))?;
        let digests: Vec<String> =
            uris.lines().filter(|line| line.starts_with('\'')).filter_map(digest).collect();
        anyhow::ensure!(!digests.is_empty(), "apt knows no sources of {name}");
        Ok(digests.join(" "))
    }

    /// Fetches a source package into `folder` and unpacks what the package's authors released, without Debian's changes;
    /// gives the folder of that.
    pub(crate) fn unpack_source_into(&self, name: &str, folder: &Path) -> Result<PathBuf> {
        let mut apt = self.command("apt-get");
        said(apt.args(["source", "--quiet", "--download-only", name]).current_dir(folder))?;
        let original = entry(folder, |name| name.contains(".orig.tar.") && !name.ends_with(".asc"))?;
        // Python, because tar leaves most compressions to programs that may not be there.
        said(Command::new("python3").args(["-m", "tarfile", "-e"]).arg(&original).current_dir(folder))?;
        entry(folder, |found| found.strip_prefix(name).is_some_and(|rest| rest.starts_with('-')))
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.args(self.options.iter().flat_map(|option| ["--option", option]));
        command
    }
}

impl Package<'_> {
    /// Fetches it and unpacks it into `folder`.
    pub(crate) fn unpack_into(&self, folder: &Path) -> Result<()> {
        let mut apt = self.archive.command("apt-get");
        said(apt.args(["download", "--quiet", &self.name]).current_dir(folder))?;
        let archive = entry(folder, |name| name.ends_with(".deb"))?;
        said(Command::new("dpkg-deb").arg("--extract").arg(&archive).arg(folder))?;
        Ok(std::fs::remove_file(&archive)?)
    }
}

/// Everything that apt keeps, below `folder`.
fn options(folder: &Path) -> Vec<String> {
    let below = |name: &str| folder.join(name).display().to_string();
    vec![
        format!("Dir::Etc::SourceList={}", below("sources.list")),
        "Dir::Etc::SourceParts=-".into(),
        format!("Dir::State::Lists={}", below("lists")),
        "Dir::State::Status=/dev/null".into(),
        format!("Dir::Cache={}", folder.display()),
        "APT::Architecture=amd64".into(),
        "APT::Sandbox::User=root".into(),
        "Acquire::Languages=none".into(),
        "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false".into(),
        // A mirror of sid that stands still for a week is still good enough to test with.
        "Acquire::Check-Valid-Until=false".into(),
    ]
}

fn is_fresh(stamp: &Path) -> bool {
    let age = stamp.metadata().and_then(|metadata| metadata.modified()).ok().map(|time| time.elapsed());
    matches!(age, Some(Ok(age)) if age < FRESH)
}

/// The first entry of `folder` whose name `is_it` holds for.
fn entry(folder: &Path, is_it: impl Fn(&str) -> bool) -> Result<PathBuf> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut found = entries.flatten().filter(|entry| entry.file_name().to_str().is_some_and(&is_it));
    let found = found.next().with_context(|| format!("apt left nothing of use in {}", folder.display()))?;
    Ok(found.path())
}

/// The first "Depends:" with this prefix in apt-cache's listing.
fn dependency(listing: &str, prefix: &str) -> Option<String> {
    let mut names = listing.lines().filter_map(|line| line.trim().strip_prefix("Depends: "));
    names.find(|name| name.starts_with(prefix)).map(str::to_owned)
}

/// The digest at the end of apt's line "'uri' file size SHA256:digest".
fn digest(line: &str) -> Option<String> {
    line.split_whitespace()
        .find_map(|word| word.split_once(':').filter(|(kind, _)| kind.starts_with("SHA")))
        .map(|(_, digest)| digest.to_owned())
}

fn said(command: &mut Command) -> Result<String> {
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("cannot start {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?} ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apts_answers_are_read() {
        let listing =
            "linux-image-amd64\n  Depends: linux-base-amd64\n  Depends: linux-image-7.2.13+deb14-amd64\n";
        assert_eq!(dependency(listing, "linux-image-").unwrap(), "linux-image-7.2.13+deb14-amd64");
        assert_eq!(dependency(listing, "linux-headers-"), None);
        assert_eq!(digest("'http://host/a.deb' a_1.deb 70550672 SHA256:a86e\n").unwrap(), "a86e");
        assert_eq!(digest(""), None);
    }
}
