//! The guest's kernel: the one that Debian 12 ships, taken from its package without installing it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::cache::Cache;

/// The package that always depends on the current kernel.
const CURRENT: &str = "linux-image-amd64";

/// An unpacked kernel package.
pub(crate) struct Kernel {
    folder: PathBuf,
    /// Names the exact package by its content.
    pub(crate) key: String,
}

impl Kernel {
    /// Debian's current kernel, from the cache or else from the archive.
    pub(crate) fn of_debian(cache: &Cache) -> Result<Self> {
        let package = Package::current()?;
        let key = format!("{}-{}", package.name, package.digest.get(..16).unwrap_or(&package.digest));
        let folder = cache.entry(&key, |folder| {
            println!("    fetching the guest's kernel, {}", package.name);
            package.unpack_into(folder)
        })?;
        Ok(Kernel { folder, key })
    }

    /// The compressed kernel, as QEMU takes it.
    pub(crate) fn image(&self) -> Result<PathBuf> {
        named(&self.folder.join("boot"), "vmlinuz-")
    }

    /// The folder of its modules, `lib/modules/<release>`.
    pub(crate) fn modules(&self) -> Result<PathBuf> {
        named(&self.folder.join("lib/modules"), "")
    }
}

/// The first entry of `folder` with this prefix.
fn named(folder: &Path, prefix: &str) -> Result<PathBuf> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut matching =
        entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix));
    let entry = matching.next().with_context(|| format!("there is no {prefix}* in {}", folder.display()))?;
    Ok(entry.path())
}

/// What apt knows of a package: its name and the digest of its file.
struct Package {
    name: String,
    digest: String,
}

impl Package {
    fn current() -> Result<Self> {
        let depends = said(Command::new("apt-cache").args(["depends", CURRENT]))?;
        let name = dependency(&depends)
            .with_context(|| format!("apt knows no package {CURRENT}: apt-get update?"))?;
        let uris = said(Command::new("apt-get").args(["download", "--print-uris", &name]))?;
        let digest = digest(&uris).with_context(|| format!("apt knows no digest of {name}"))?;
        Ok(Package { name, digest })
    }

    fn unpack_into(&self, folder: &Path) -> Result<()> {
        said(Command::new("apt-get").args(["download", "--quiet", &self.name]).current_dir(folder))?;
        let archive = named(folder, &self.name)?;
        said(Command::new("dpkg-deb").arg("--extract").arg(&archive).arg(folder))?;
        std::fs::remove_file(&archive)?;
        std::fs::remove_dir_all(folder.join("usr")).ok();
        Ok(())
    }
}

/// The first "Depends:" of apt-cache's listing.
fn dependency(listing: &str) -> Option<String> {
    listing.lines().find_map(|line| line.trim().strip_prefix("Depends: ")).map(str::to_owned)
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
        let listing = "linux-image-amd64\n  Depends: linux-image-6.1.0-56-amd64\n";
        assert_eq!(dependency(listing).unwrap(), "linux-image-6.1.0-56-amd64");
        assert_eq!(digest("'http://host/a.deb' a_1.deb 70550672 SHA256:a86e\n").unwrap(), "a86e");
        assert_eq!(digest(""), None);
    }
}
