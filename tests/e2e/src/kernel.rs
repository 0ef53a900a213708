//! The guest's kernel: the one that a Debian suite ships, taken from its package without installing it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::cache::{Cache, content_key};
use crate::debian::{Archive, Suite};

/// The package that always depends on the current kernel.
const CURRENT: &str = "linux-image-amd64";

/// How packages of kernels are called, before the release.
const IMAGE: &str = "linux-image-";

/// Where the kernel and its modules are when the image's package only names them: since 7.x.
const PARTS: [&str; 3] = ["linux-base-", "linux-binary-", "linux-modules-"];

/// An unpacked kernel package.
pub(crate) struct Kernel {
    folder: PathBuf,
    /// Names the exact package by its content.
    pub(crate) key: String,
}

impl Kernel {
    /// The suite's current kernel, from the cache or else from the archive.
    pub(crate) fn of(suite: Suite, cache: &Cache) -> Result<Self> {
        let archive = Archive::of(suite, cache)?;
        let image = archive.dependency(CURRENT, IMAGE)?;
        let image = image.with_context(|| format!("apt knows no {CURRENT}: apt-get update?"))?;
        let name = image.name.clone();
        let parts = PARTS.map(|prefix| archive.dependency(&name, prefix));
        let mut packages = vec![image];
        for part in parts {
            packages.extend(part?);
        }
        let digests: Vec<&[u8]> = packages.iter().map(|package| package.digest.as_bytes()).collect();
        let key = format!("{name}-{}", content_key(&digests));
        let folder = cache.entry(&key, |folder| {
            println!("    fetching the guest's kernel, {name}");
            packages.iter().try_for_each(|package| package.unpack_into(folder))
        })?;
        Ok(Kernel { folder, key })
    }

    /// The compressed kernel, as QEMU takes it.
    pub(crate) fn image(&self) -> Result<PathBuf> {
        let beside_modules = self.modules()?.join("vmlinuz");
        if beside_modules.is_file() {
            Ok(beside_modules)
        } else {
            named(&self.folder.join("boot"), "vmlinuz-")
        }
    }

    /// The folder of its modules, `lib/modules/<release>`, below /usr since Debian 13.
    pub(crate) fn modules(&self) -> Result<PathBuf> {
        let folders = ["lib/modules", "usr/lib/modules"].map(|folder| self.folder.join(folder));
        let folder = folders.iter().find(|folder| folder.is_dir());
        named(folder.with_context(|| format!("{} has no modules", self.key))?, "")
    }

    /// What `uname -r` says in the guest.
    pub(crate) fn release(&self) -> Result<String> {
        let modules = self.modules()?;
        let name = modules.file_name().with_context(|| format!("{} has no release", self.key))?;
        Ok(name.to_string_lossy().into_owned())
    }
}

impl Suite {
    /// What `uname -r` says on the suite's current kernel, which is not fetched.
    pub fn kernel_release(self, cache: &Cache) -> Result<String> {
        let archive = Archive::of(self, cache)?;
        let image = archive.dependency(CURRENT, IMAGE)?;
        let image = image.with_context(|| format!("apt knows no {CURRENT}: apt-get update?"))?;
        Ok(image.name.trim_start_matches(IMAGE).to_owned())
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
