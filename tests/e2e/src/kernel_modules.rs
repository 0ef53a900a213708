//! Which kernel modules a module needs, in the order in which they have to be loaded.
//!
//! An unpacked kernel package has no modules.dep yet, so each module's own list of dependencies is read: the string
//! "depends=" in its .modinfo section.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// A module's content under its name.
pub(crate) struct KernelModule {
    pub(crate) name: String,
    pub(crate) content: Vec<u8>,
}

/// The modules that there are for a kernel.
pub(crate) struct KernelModules {
    paths: HashMap<String, PathBuf>,
    /// Those that are part of the kernel itself.
    builtin: HashSet<String>,
}

impl KernelModules {
    /// All below `folder`, a kernel's `lib/modules/<release>`.
    pub(crate) fn below(folder: &Path) -> Result<Self> {
        let builtin = std::fs::read_to_string(folder.join("modules.builtin")).unwrap_or_default();
        let builtin = builtin.lines().filter_map(|line| module_name(Path::new(line))).collect();
        let mut modules = KernelModules { paths: HashMap::new(), builtin };
        modules
            .collect(folder)
            .with_context(|| format!("cannot list the modules in {}", folder.display()))?;
        Ok(modules)
    }

    /// Adds the module in this file, in place of another of its name; gives the name.
    pub(crate) fn add(&mut self, path: &Path) -> Result<String> {
        let name = module_name(path).with_context(|| format!("{} is no kernel module", path.display()))?;
        self.paths.insert(name.clone(), path.to_owned());
        Ok(name)
    }

    /// Whether there is a module of this name that is no part of the kernel itself.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.paths.contains_key(name)
    }

    /// Reads `wanted` and all that they need, dependencies first, each once.
    pub(crate) fn with_dependencies(&self, wanted: &[&str]) -> Result<Vec<KernelModule>> {
        let mut loaded = Vec::new();
        for name in wanted {
            self.load(name, &mut loaded)?;
        }
        Ok(loaded)
    }

    fn load(&self, name: &str, loaded: &mut Vec<KernelModule>) -> Result<()> {
        if self.builtin.contains(name) || loaded.iter().any(|module| module.name == name) {
            return Ok(());
        }
        let path = self.paths.get(name).with_context(|| format!("this kernel has no module {name}"))?;
        let content = read(path)?;
        for dependency in dependencies(&content) {
            self.load(&dependency, loaded)?;
        }
        loaded.push(KernelModule { name: name.to_owned(), content });
        Ok(())
    }

    fn collect(&mut self, folder: &Path) -> std::io::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                self.collect(&path)?;
            } else if let Some(name) = module_name(&path) {
                self.paths.insert(name, path);
            }
        }
        Ok(())
    }
}

/// The module's name by its file, `NAME.ko` or `NAME.ko.xz`. The kernel takes - and _ in names for the same.
fn module_name(path: &Path) -> Option<String> {
    let file = path.file_name()?.to_string_lossy();
    let name = file.strip_suffix(".xz").unwrap_or(&file).strip_suffix(".ko")?;
    Some(name.replace('-', "_"))
}

/// Its content, unpacked: busybox's insmod takes nothing else.
fn read(path: &Path) -> Result<Vec<u8>> {
    if path.extension().is_none_or(|extension| extension != "xz") {
        return std::fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    }
    let mut xz = Command::new("xz");
    let output = xz.args(["--decompress", "--stdout"]).arg(path).stdin(Stdio::null()).output();
    let output = output.context("cannot start xz: install xz-utils")?;
    if !output.status.success() {
        bail!("xz cannot unpack {}: {}", path.display(), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(output.stdout)
}

fn dependencies(module: &[u8]) -> Vec<String> {
    const FIELD: &[u8] = b"\0depends=";
    let Some(start) = module.windows(FIELD.len()).position(|window| window == FIELD) else {
        return Vec::new();
    };
    let list = module.get(start + FIELD.len()..).unwrap_or_default();
    let list = list.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(list)
        .split(',')
        .filter(|name| !name.is_empty())
        .map(|name| name.replace('-', "_"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_is_found_and_split() {
        assert_eq!(dependencies(b"license=GPL\0depends=ttm,drm-x\0name=qxl\0"), ["ttm", "drm_x"]);
        assert!(dependencies(b"license=GPL\0depends=\0").is_empty());
        assert!(dependencies(b"nothing").is_empty());
    }

    #[test]
    fn modules_are_known_by_their_files() {
        assert_eq!(module_name(Path::new("/m/virtio-gpu.ko.xz")).unwrap(), "virtio_gpu");
        assert_eq!(module_name(Path::new("/m/qxl.ko")).unwrap(), "qxl");
        assert_eq!(module_name(Path::new("/m/modules.dep")), None);
    }
}
