//! A system to do things to: a copy of one from the cache. Programs run in it without the network.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail, ensure};

use crate::cache::Cache;
use crate::root::as_root;
use crate::run_folder::RunFolder;

/// Everything that was printed, in its order, and whether it went well.
#[derive(Debug)]
pub struct Ran {
    /// Whether the exit status was 0.
    pub well: bool,
    /// Standard output and standard error.
    pub output: String,
}

/// Removed when dropped.
pub struct Chroot {
    folder: RunFolder,
}

impl Chroot {
    /// Copies the system in `tree`, as root. Takes gigabytes beside the cache.
    pub fn copy_of(tree: &Path) -> Result<Self> {
        let chroot = Chroot { folder: RunFolder::below(Cache::of_the_user()?.folder())? };
        let mut copy = as_root("cp")?;
        let status = copy.args(["-a", "--reflink=auto"]).arg(tree).arg(chroot.root()).status()?;
        ensure!(status.success(), "cannot copy {}: {status}", tree.display());
        Ok(chroot)
    }

    /// Its root folder.
    pub fn root(&self) -> PathBuf {
        self.folder.file("root")
    }

    /// A path beside it that is removed with it.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.file(name)
    }

    /// Copies a file of ours into it.
    pub fn put(&self, file: &Path, place: &str) -> Result<()> {
        let to = self.root().join(place.trim_start_matches('/'));
        let status = as_root("cp")?.arg(file).arg(&to).status()?;
        ensure!(status.success(), "cannot copy {} to {}", file.display(), to.display());
        Ok(())
    }

    /// Runs lines of shell as root in it. An error when they end with a failure.
    pub fn run(&self, lines: &str) -> Result<String> {
        let ran = self.attempt(lines)?;
        if !ran.well {
            bail!("`{lines}` failed in the system: {}", ran.output);
        }
        Ok(ran.output)
    }

    /// Runs lines of shell as root in it, which may fail.
    pub fn attempt(&self, lines: &str) -> Result<Ran> {
        // Namespaces of its own, so that nothing stays mounted or running, however it ends.
        const ENTER: &str = "mount -t proc proc \"$1/proc\" && exec chroot \"$1\" sh -c \"exec 2>&1; $2\"";
        let mut unshare = as_root("unshare")?;
        unshare.args(["--mount", "--net", "--pid", "--fork", "--kill-child", "--"]);
        unshare.args(["env", "--ignore-environment", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"]);
        unshare.args(["LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive"]);
        let output = unshare.args(["sh", "-c", ENTER, "sh"]).arg(self.root()).arg(lines);
        let output = output.stdin(Stdio::null()).output().context("cannot start unshare")?;
        let text = [output.stdout, output.stderr].concat();
        Ok(Ran { well: output.status.success(), output: String::from_utf8_lossy(&text).into_owned() })
    }
}
