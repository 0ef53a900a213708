//! Where things lie in the checkout.

use std::path::{Path, PathBuf};

/// The checkout's root: the parent of this package's folder.
pub(crate) fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

/// Where finished artefacts go, whatever `CARGO_TARGET_DIR` says: tools outside the project look here.
pub(crate) fn dist() -> PathBuf {
    root().join("target/dist")
}

/// The built server library, present or not.
pub(crate) fn server_library() -> PathBuf {
    dist().join("host-server").join("libspice-server.so.1")
}

/// A path as people read it: relative to the root where it is below it.
pub(crate) fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}
