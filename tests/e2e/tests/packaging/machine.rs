//! A Debian system into which somebody is about to install the driver: a kernel, DKMS and a compiler, no headers yet, and no
//! Rust. Packages that come later lie in `/debs`.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use e2e::{Cache, Chroot, Suite, System};

/// What makes the initial systems.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum InitialBy {
    /// Debian's own choice up to Debian 13.
    InitramfsTools,
    /// The other one, with the same `update-initramfs`.
    Dracut,
}

impl InitialBy {
    fn package(self) -> &'static str {
        match self {
            InitialBy::InitramfsTools => "initramfs-tools",
            InitialBy::Dracut => "dracut",
        }
    }
}

const KERNEL: &str = "linux-image-amd64";

const PACKAGES: &[&str] = &["zstd", "udev", "kmod", "dkms", "gcc", "make", "openssl", "mokutil"];

/// What starts Xorg, with the driver that must not get in the way.
const XORG: &[&str] = &[
    "xserver-xorg-core",
    "xserver-xorg-video-fbdev",
    "xserver-xorg-video-qxl",
    "xserver-xorg-video-vesa",
    "xserver-xorg-input-libinput",
    "x11-xserver-utils",
];

/// Another kernel of Debian 13, and its headers.
const OTHER_KERNEL: &str = "linux-image-rt-amd64 linux-headers-rt-amd64";

/// A copy of the system of `suite`, to be changed.
pub(crate) fn copy(suite: Suite, initial: InitialBy) -> Result<Chroot> {
    let chroot = Chroot::copy_of(&tree(suite, initial)?)?;
    let rust = chroot.attempt("command -v rustc cargo")?;
    ensure!(!rust.well, "the system has Rust, and nobody would notice that it is needed: {}", rust.output);
    Ok(chroot)
}

/// Has a kernel beside the current one, and Xorg.
pub(crate) fn is_the_large_one(suite: Suite) -> bool {
    suite == Suite::Trixie
}

/// The system in the cache.
fn tree(suite: Suite, initial: InitialBy) -> Result<PathBuf> {
    let mut packages = [&[KERNEL, initial.package()], PACKAGES].concat();
    let mut system_hooks = vec![later("headers", "linux-headers-amd64")];
    if is_the_large_one(suite) {
        packages.extend(XORG);
        system_hooks.push(later("kernel", OTHER_KERNEL));
        // So that the kernel's own driver is in the initial system, as with a boot splash; ours is in any case.
        system_hooks.push(
            "echo qxl >>\"$1/etc/initramfs-tools/modules\" && chroot \"$1\" update-initramfs -u -k all"
                .to_owned(),
        );
    }
    let mut system = System::of(suite, &packages).slim();
    for hook in &system_hooks {
        system = system.hook(hook);
    }
    let folder =
        Cache::of_the_user()?.entry(&format!("packaging-{}-{}", suite.name(), system.key()), |folder| {
            println!("    making a system of {} with DKMS", suite.name());
            system.make(&folder.join("tree"))
        })?;
    Ok(folder.join("tree"))
}

/// A hook that fetches packages, with what they need, into a folder below `/debs`.
fn later(folder: &str, packages: &str) -> String {
    format!(
        "chroot \"$1\" sh -c 'mkdir -p /debs/{folder}/partial && apt-get install --yes -qq --no-install-recommends \
         --download-only --option Dir::Cache::Archives=/debs/{folder} {packages}'"
    )
}

/// Shell that installs what lies in a folder below `/debs`.
pub(crate) fn install(folder: &str) -> String {
    format!("apt-get install --yes --quiet --no-install-recommends /debs/{folder}/*.deb")
}
