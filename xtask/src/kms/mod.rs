//! `cargo xtask build kms`: the Linux display driver, into target/dist/kms/.
//!
//! What comes out: the DKMS tree with the Rust core as an object, its package, and a module for the kernel of each Debian
//! suite that is supported, below `modules/<release>/`. Whatever a kernel's tools complain of fails the build.

mod headers;
mod inspect;
mod module;
mod object;
mod package;
mod sources;
mod tree;

use std::fmt;
use std::path::PathBuf;

use anyhow::Result;
use e2e::{Cache, Suite};

use crate::workspace;

/// A processor that the driver is for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Arch {
    X86,
    Arm64,
}

impl Arch {
    const ALL: [Arch; 2] = [Arch::X86, Arch::Arm64];

    /// What the kernel's build calls it.
    fn name(self) -> &'static str {
        match self {
            Arch::X86 => "x86",
            Arch::Arm64 => "arm64",
        }
    }

    /// What Debian calls it.
    fn debian(self) -> &'static str {
        match self {
            Arch::X86 => "amd64",
            Arch::Arm64 => "arm64",
        }
    }
}

/// What came out.
pub(crate) struct Built {
    /// The Debian package.
    pub(crate) package: PathBuf,
    /// The kernels that have a module.
    releases: Vec<String>,
}

impl fmt::Display for Built {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}, modules for {}", workspace::shown(&self.package), self.releases.join(", "))
    }
}

/// Builds it all.
pub(crate) fn build() -> Result<Built> {
    let cache = Cache::of_the_user()?;
    let folder = workspace::dist().join("kms");
    println!("build: the display driver's core, for {} processors", Arch::ALL.len());
    let sources = sources::gather(&folder.join("source"))?;
    let mut objects = Vec::new();
    for arch in Arch::ALL {
        objects.push((arch, object::build(&sources, arch, &cache)?));
    }
    let tree = tree::assemble(&folder, &sources, &objects)?;
    let mut releases = Vec::new();
    for (suite, arch) in
        Suite::ALL.map(|suite| (suite, Arch::X86)).into_iter().chain([(Suite::Trixie, Arch::Arm64)])
    {
        let headers = headers::of(suite, arch, &cache)?;
        println!("build: the module for {}", headers.release());
        module::build(&tree, &headers, &folder.join("modules"))?;
        releases.push(headers.release().to_owned());
    }
    let package = package::build(&tree, &folder)?;
    Ok(Built { package, releases })
}

/// Builds the module for one suite's kernel and this processor only, beside what ships. Gives the folder that has it below
/// its kernel's release.
pub(crate) fn build_for(suite: Suite) -> Result<PathBuf> {
    let cache = Cache::of_the_user()?;
    let folder = workspace::root().join("target/kms").join(suite.name());
    let sources = sources::gather(&folder.join("source"))?;
    let object = object::build(&sources, Arch::X86, &cache)?;
    let tree = tree::assemble(&folder, &sources, &[(Arch::X86, object)])?;
    let modules = folder.join("modules");
    module::build(&tree, &headers::of(suite, Arch::X86, &cache)?, &modules)?;
    Ok(modules)
}
