//! Sources of the original, with the headers that they are compiled against: fetched, and neither installed nor changed.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::cache::{Cache, content_key};
use crate::debian::{Archive, Suite};

/// An unpacked source package of Debian 12, and development packages beside it.
pub struct Sources {
    folder: PathBuf,
    /// Names the exact packages by their content.
    pub key: String,
}

/// Where the sources are within the folder.
const UNPACKED: &str = "source";

impl Sources {
    /// Those of the source package `name`, with the `development` packages, from the cache or else from the archive.
    pub fn of(name: &str, development: &[&str]) -> Result<Self> {
        let cache = Cache::of_the_user()?;
        let sources = Archive::sources_of(Suite::Bookworm, &cache)?;
        let archive = Archive::of(Suite::Bookworm, &cache)?;
        let packages = development.iter().map(|name| archive.package((*name).to_owned()));
        let packages = packages.collect::<Result<Vec<_>>>()?;
        let mut digests = vec![sources.source_digest(name)?];
        digests.extend(packages.iter().map(|package| package.digest.clone()));
        let parts: Vec<&[u8]> = digests.iter().map(String::as_bytes).collect();
        let key = format!("sources-{name}-{}", content_key(&parts));
        let folder = cache.entry(&key, |folder| {
            println!("    fetching the sources of {name}");
            packages.iter().try_for_each(|package| package.unpack_into(folder))?;
            let unpacked = sources.unpack_source_into(name, folder)?;
            Ok(std::fs::rename(unpacked, folder.join(UNPACKED))?)
        })?;
        Ok(Sources { folder, key })
    }

    /// A file or folder of the sources.
    pub fn source(&self, path: impl AsRef<Path>) -> PathBuf {
        self.folder.join(UNPACKED).join(path)
    }

    /// A file or folder of the development packages, below the root of a system that had them.
    pub fn installed(&self, path: impl AsRef<Path>) -> PathBuf {
        self.folder.join(path)
    }
}
