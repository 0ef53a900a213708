//! Which kernel modules a module needs, in the order in which they have to be loaded.
//!
//! An unpacked kernel package has no modules.dep yet, so each module's own list of dependencies is read: the string
//! "depends=" in its .modinfo section.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A module's content under its name.
pub(crate) struct KernelModule {
    pub(crate) name: String,
    pub(crate) content: Vec<u8>,
}

/// Reads `wanted` and all that they need from the modules below `folder`, dependencies first, each once.
pub(crate) fn with_dependencies(folder: &Path, wanted: &[&str]) -> Result<Vec<KernelModule>> {
    let mut paths = HashMap::new();
    collect(folder, &mut paths)
        .with_context(|| format!("cannot list the modules in {}", folder.display()))?;
    let mut loaded = Vec::new();
    for name in wanted {
        add(name, &paths, &mut loaded)?;
    }
    Ok(loaded)
}

fn add(name: &str, paths: &HashMap<String, PathBuf>, loaded: &mut Vec<KernelModule>) -> Result<()> {
    if loaded.iter().any(|module| module.name == name) {
        return Ok(());
    }
    let path = paths.get(name).with_context(|| format!("this kernel has no module {name}"))?;
    let content = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    for dependency in dependencies(&content) {
        add(&dependency, paths, loaded)?;
    }
    loaded.push(KernelModule { name: name.to_owned(), content });
    Ok(())
}

/// Every .ko file below `folder`, by module name. The kernel takes - and _ in names for the same.
fn collect(folder: &Path, paths: &mut HashMap<String, PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            collect(&path, paths)?;
        } else if path.extension().is_some_and(|extension| extension == "ko") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().replace('-', "_");
            paths.insert(name, path);
        }
    }
    Ok(())
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
}
