//! The user's cache: things that are slow to fetch or make, each under a key made of all that it depends on.
//!
//! An entry is a folder that appears complete or not at all, and never changes afterwards.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// `$XDG_CACHE_HOME/spice-guest-suite`, or the same below `~/.cache`.
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// The user's cache. An error when neither XDG_CACHE_HOME nor HOME says where it is.
    pub fn of_the_user() -> Result<Self> {
        let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let base = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
        let base = base.context("neither XDG_CACHE_HOME nor HOME names a folder for the cache")?;
        Ok(Cache { folder: base.join("spice-guest-suite") })
    }

    /// Where the cache lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of `key`; when it is not there yet, `make` fills a new one first.
    pub fn entry(&self, key: &str, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
        let finished = self.folder.join(key);
        if finished.is_dir() {
            return Ok(finished);
        }
        let unfinished = self.folder.join(format!(".{key}.{}", std::process::id()));
        std::fs::create_dir_all(&unfinished)
            .with_context(|| format!("cannot create {}", unfinished.display()))?;
        let made = make(&unfinished).with_context(|| format!("cannot make {key} for the cache"));
        if let Err(error) = made {
            std::fs::remove_dir_all(&unfinished).ok();
            return Err(error);
        }
        match std::fs::rename(&unfinished, &finished) {
            Ok(()) => Ok(finished),
            // Another process was faster; its entry has the same content.
            Err(_) if finished.is_dir() => {
                std::fs::remove_dir_all(&unfinished).ok();
                Ok(finished)
            }
            Err(error) => Err(error).with_context(|| format!("cannot put {} in place", finished.display())),
        }
    }
}

/// A short name for some content: equal content, equal name. Only ever compared with names from the same program.
pub fn content_key(parts: &[&[u8]]) -> String {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_made_once_and_a_failed_one_leaves_nothing() {
        let folder = std::env::temp_dir().join(format!("e2e-cache-{}", std::process::id()));
        let cache = Cache { folder: folder.clone() };
        assert!(cache.entry("one", |_| anyhow::bail!("no luck")).is_err());
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
        let made = cache.entry("one", |path| Ok(std::fs::write(path.join("it"), "x")?)).unwrap();
        assert_eq!(std::fs::read_to_string(made.join("it")).unwrap(), "x");
        cache.entry("one", |_| panic!("made twice")).unwrap();
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_key_depends_on_where_one_part_ends() {
        assert_ne!(content_key(&[b"ab", b"c"]), content_key(&[b"a", b"bc"]));
        assert_eq!(content_key(&[b"ab", b"c"]), content_key(&[b"ab", b"c"]));
    }
}
