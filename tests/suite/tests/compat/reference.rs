//! The original's pictures. They are taken once for each recording and library, and kept in the user's
//! cache by what they depend on: both files' content and the point.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use e2e::Cache;
use openssl::hash::{MessageDigest, hash};
use replayer::libraries;

use crate::picture::Picture;
use crate::replay::{self, Source};

/// Changes when pictures are taken in another way.
const VERSION: &str = "1";

/// The pictures that the original shows at these points of a recording.
pub(crate) fn pictures(source: Source, points: &[u64]) -> Result<Vec<Picture>> {
    let library = libraries::original()?;
    let key = key(&library, source, points)?;
    let folder = Cache::of_the_user()?.entry(&key, |folder| {
        let pictures = replay::pictures(&library, source, points, &[]).context("the original library")?;
        points.iter().zip(pictures).try_for_each(|(point, picture)| {
            fs::write(folder.join(format!("{point}.md5")), md5(&picture.rgb)?)?;
            picture.write_png(&folder.join(format!("{point}.png")))
        })
    })?;
    points.iter().map(|point| read(&folder, *point)).collect()
}

fn read(folder: &Path, point: u64) -> Result<Picture> {
    let picture = Picture::from_png(&folder.join(format!("{point}.png")))?;
    let expected = fs::read_to_string(folder.join(format!("{point}.md5")))?;
    let damaged = || format!("the cache is damaged: remove {}", folder.display());
    anyhow::ensure!(md5(&picture.rgb)? == expected, damaged());
    Ok(picture)
}

fn key(library: &Path, source: Source, points: &[u64]) -> Result<String> {
    let library = fs::read(library).with_context(|| format!("cannot read {}", library.display()))?;
    let parts = format!("{VERSION} {} {} {points:?}", md5(&library)?, source.identity()?);
    Ok(format!("compat-{}-{}", source.name(), md5(parts.as_bytes())?))
}

pub(crate) fn md5(bytes: &[u8]) -> Result<String> {
    let digest = hash(MessageDigest::md5(), bytes)?;
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}
