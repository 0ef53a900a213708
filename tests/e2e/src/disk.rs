//! A virtual machine's disk: a folder as an ext4 file system, without a partition table.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::root::as_root;

/// How kernels know it, whatever other disks there are.
pub(crate) const LABEL: &str = "system";

/// Bytes that the file system can hold at most; the file is sparse.
const SIZE: u64 = 6 << 30;

/// Writes `folder`, which may belong to root, into the new file `disk`.
pub fn make_disk(folder: &Path, disk: &Path) -> Result<()> {
    // Made here, so that it is ours whoever fills it.
    File::create(disk)?.set_len(SIZE).with_context(|| format!("cannot make {}", disk.display()))?;
    let mut mke2fs = as_root("mke2fs")?;
    mke2fs
        .args(["-q", "-F", "-t", "ext4", "-O", "^has_journal", "-m", "0", "-L", LABEL, "-d"])
        .arg(folder)
        .arg(disk);
    let output = mke2fs.stdin(Stdio::null()).output().context("cannot start mke2fs: install e2fsprogs")?;
    if !output.status.success() {
        bail!("mke2fs ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
