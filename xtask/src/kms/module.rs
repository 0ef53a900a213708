//! The module for one kernel, compiled as DKMS would, but that nothing may be complained of.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use super::headers::Headers;
use super::tree::{self, Tree};

/// The module's file: the same name as the kernel's own driver, which it takes the place of.
const MODULE: &str = "qxl.ko";

/// Lines of the kernel's build that begin like this are its own, about what it does not have to say.
const HARMLESS: &[&str] = &["Skipping BTF generation", "warning: the compiler differs from the one"];

/// Builds `tree` for a kernel, into `modules/<release>/`.
pub(super) fn build(tree: &Tree, headers: &Headers, modules: &Path) -> Result<()> {
    let place = modules.join(headers.release());
    let work = modules.join(format!(".{}", headers.release()));
    tree::empty(&work)?;
    super::sources::copy(&tree.folder, &work)?;
    Headers::check_name(&work)?;
    let output = headers.make(&work)?.stdin(Stdio::null()).output().context("cannot start make")?;
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if !output.status.success() {
        bail!("the module for {} does not compile:\n{text}", headers.release());
    }
    let complaints: Vec<&str> = text.lines().filter(|line| is_complaint(line)).collect();
    if !complaints.is_empty() {
        bail!("the module for {} is complained of:\n{}", headers.release(), complaints.join("\n"));
    }
    tree::empty(&place)?;
    std::fs::copy(work.join(MODULE), place.join(MODULE))
        .with_context(|| format!("the kernel's build left no {MODULE}"))?;
    Ok(std::fs::remove_dir_all(&work)?)
}

/// Compiler, objtool and modpost all say "warning" somewhere.
fn is_complaint(line: &str) -> bool {
    let harmless = HARMLESS.iter().any(|start| line.trim_start().starts_with(start));
    !harmless && ["warning", "error", "objtool"].iter().any(|word| line.to_lowercase().contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_told_from_progress() {
        assert!(is_complaint("qxl.o: warning: objtool: .text+0x0: data relocation to !ENDBR"));
        assert!(is_complaint("WARNING: modpost: missing MODULE_LICENSE()"));
        assert!(is_complaint("module.c:1:1: error: no"));
        assert!(!is_complaint("  CC [M]  /mnt/module.o"));
        assert!(!is_complaint("Skipping BTF generation for qxl.ko due to unavailability of vmlinux"));
    }
}
