//! A kernel's headers, with the compiler that its suite has for modules. Suites other than the machine's own are small
//! systems in the user's cache: nothing of theirs is installed on this machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use e2e::{Cache, Suite, System, as_root};

use super::Arch;
use crate::setup;

/// What a suite's system has besides the headers.
const TOOLS: &[&str] = &["make", "gcc", "libc6-dev", "kmod", "xz-utils"];

/// Headers of one kernel, and where they are.
pub(super) struct Headers {
    release: String,
    arch: Arch,
    /// None is this machine itself.
    root: Option<PathBuf>,
}

/// The headers of the suite's current kernel, from the cache or else from the archive.
pub(super) fn of(suite: Suite, arch: Arch, cache: &Cache) -> Result<Headers> {
    let release = suite.kernel_release(cache)?.replace(Arch::X86.debian(), arch.debian());
    if suite == Suite::Bookworm && arch == Arch::X86 {
        if !Path::new("/usr/src").join(format!("linux-headers-{release}")).is_dir() {
            setup::install(&[&format!("linux-headers-{release}")])?;
        }
        return Ok(Headers { release, arch, root: None });
    }
    let system = system(suite, &release, arch);
    let root = cache.entry(&format!("kms-headers-{release}-{}", system.key()), |folder| {
        println!("    making a system of {} with the headers of {release}", suite.name());
        system.make(folder)
    })?;
    Ok(Headers { release, arch, root: Some(root) })
}

fn system(suite: Suite, release: &str, arch: Arch) -> System {
    let own = format!("linux-headers-{}", release.replace(arch.debian(), Arch::X86.debian()));
    let mut packages = TOOLS.to_vec();
    if arch == Arch::Arm64 {
        packages.push("gcc-aarch64-linux-gnu");
    }
    packages.push(&own);
    let system = System::of(suite, &packages);
    match arch {
        Arch::X86 => system,
        Arch::Arm64 => system.foreign(arch.debian()).hook(&foreign(release, arch)),
    }
}

/// Unpacks headers for another processor, whose package wants a compiler that runs there. The kernel's own tools come with
/// the headers for this one.
fn foreign(release: &str, arch: Arch) -> String {
    let package = format!("linux-headers-{release}:{}", arch.debian());
    format!(
        "cd \"$1/tmp\" && chroot \"$1\" sh -c 'cd /tmp && apt-get download {package} && \
         dpkg --extract linux-headers-*.deb / && rm linux-headers-*.deb'"
    )
}

impl Headers {
    /// What `uname -r` says on that kernel.
    pub(super) fn release(&self) -> &str {
        &self.release
    }

    /// A make in the kernel's build folder, for the module in `folder`.
    pub(super) fn make(&self, folder: &Path) -> Result<Command> {
        let build = format!("/usr/src/linux-headers-{}", self.release);
        let cross = match self.arch {
            Arch::X86 => "",
            Arch::Arm64 => " ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-",
        };
        let Some(root) = &self.root else {
            let mut make = Command::new("make");
            make.args(["-C", &build]).arg(format!("M={}", folder.display())).arg("modules");
            return Ok(make);
        };
        // In a mount namespace of its own, so that nothing stays mounted, however it ends.
        let script = format!(
            "mount -t proc proc \"$1/proc\" && mount --bind \"$2\" \"$1/mnt\" && \
             exec chroot \"$1\" make -C {build} M=/mnt{cross} modules"
        );
        let mut shell = as_root("unshare")?;
        shell.args(["--mount", "sh", "-c", &script, "sh"]).arg(root).arg(folder);
        Ok(shell)
    }

    /// That `folder` is a usable name in make's own language.
    pub(super) fn check_name(folder: &Path) -> Result<()> {
        let name = folder.to_str().context("the checkout's path is no UTF-8")?;
        anyhow::ensure!(!name.contains([' ', ':', '#', '$']), "kernels cannot be built for below {name}");
        Ok(())
    }
}
