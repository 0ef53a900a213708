//! Which libspice-server QEMU loads.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

const SONAME: &str = "libspice-server.so.1";

/// Names a libspice-server.so.1 to test; without it the distribution's is tested.
const VARIABLE: &str = "SPICE_SERVER_LIBRARY";

/// A libspice-server.so.1, switched by library path.
#[derive(Clone, Debug, PartialEq)]
pub enum ServerLibrary {
    /// The one that the distribution's QEMU finds by itself.
    Distribution,
    /// The one in this folder.
    In(PathBuf),
}

impl ServerLibrary {
    /// The library at `path`, which has to be called libspice-server.so.1.
    pub fn at(path: &Path) -> Result<Self> {
        if !path.is_file() {
            bail!("there is no library {}", path.display());
        }
        match path.parent() {
            Some(folder) if path.file_name().is_some_and(|name| name == SONAME) => {
                Ok(ServerLibrary::In(std::path::absolute(folder)?))
            }
            _ => bail!("{} has to be called {SONAME}: the loader goes by the name", path.display()),
        }
    }

    /// The library that the environment variable SPICE_SERVER_LIBRARY names.
    pub fn of_the_environment() -> Result<Self> {
        std::env::var_os(VARIABLE).map_or(Ok(ServerLibrary::Distribution), |path| Self::at(Path::new(&path)))
    }

    /// Lets `command` load this library.
    pub(crate) fn apply(&self, command: &mut Command) {
        match self {
            ServerLibrary::Distribution => command.env_remove("LD_LIBRARY_PATH"),
            ServerLibrary::In(folder) => command.env("LD_LIBRARY_PATH", folder),
        };
    }

    /// Whether `maps`, the content of /proc/PID/maps, shows this library loaded.
    pub(crate) fn is_mapped(&self, maps: &str) -> bool {
        let mut mapped = maps.lines().filter_map(|line| line.split_whitespace().nth(5)).filter(|path| {
            Path::new(path)
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("libspice-server.so"))
        });
        match self {
            ServerLibrary::Distribution => mapped.any(|path| is_the_systems(Path::new(path))),
            ServerLibrary::In(folder) => {
                let folder = folder.canonicalize().unwrap_or_else(|_| folder.clone());
                mapped.any(|path| Path::new(path).parent() == Some(&folder))
            }
        }
    }
}

/// What somebody has put into /usr/local is not the distribution's.
fn is_the_systems(path: &Path) -> bool {
    ["/usr/lib", "/lib"].iter().any(|folder| path.starts_with(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapped_library_is_told_from_another() {
        let maps = "7f-80 r--p 0 fe:00 1 /usr/lib/x86_64-linux-gnu/libspice-server.so.1.14.1\n";
        assert!(ServerLibrary::Distribution.is_mapped(maps));
        assert!(!ServerLibrary::In("/elsewhere/dist".into()).is_mapped(maps));
        let local = "7f-80 r--p 0 fe:00 1 /usr/local/lib/libspice-server.so.1\n";
        assert!(!ServerLibrary::Distribution.is_mapped(local));
        let ours = "7f-80 r--p 0 fe:00 1 /no/such/dist/libspice-server.so.1\n";
        assert!(ServerLibrary::In("/no/such/dist".into()).is_mapped(ours));
        assert!(!ServerLibrary::Distribution.is_mapped(ours));
    }

    #[test]
    fn a_file_of_another_name_is_refused() {
        assert!(ServerLibrary::at(Path::new("/etc/passwd")).is_err());
    }
}
