//! The guest's system: busybox, the kernel's display and input modules, our program, and the scripts that start them; for
//! desktops also a disk.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::cache::{Cache, content_key};
use crate::cpio::Archive;
use crate::debian::Suite;
use crate::desktop;
use crate::driver::KmsDriver;
use crate::guest_files::{self, BUSYBOX, Script};
use crate::kernel::Kernel;
use crate::kernel_modules::{KernelModule, KernelModules};
use crate::program;

/// What the guest's input devices, disks, and displays without a QXL device need.
const MODULES: &[&str] = &[
    "evdev",
    "psmouse",
    "virtio_pci",
    "virtio_input",
    "virtio_console",
    "virtio_blk",
    "bochs",
    "virtio_gpu",
];

/// What a disk needs besides.
const DISK_MODULES: &[&str] = &["ext4", BUILT_IN_LATER];

/// A part of ext4 that kernels before 6.14 have as a module which nothing names as a dependency.
const BUILT_IN_LATER: &str = "crc32c_generic";

/// A kernel, an initramfs and perhaps a disk for QEMU.
pub struct GuestImage {
    /// The kernel's file.
    pub kernel: PathBuf,
    /// The initramfs's file.
    pub initramfs: PathBuf,
    /// The first disk's file. What a guest writes to it is forgotten when its machine ends.
    pub disk: Option<PathBuf>,
}

impl GuestImage {
    /// Debian 12's kernel with its own drivers.
    pub fn prepare() -> Result<Self> {
        Self::of(Suite::Bookworm, &KmsDriver::Upstream)
    }

    /// Makes the image, or finds it in the cache. Builds the guest's program with cargo, fetches the kernel with apt.
    pub fn of(suite: Suite, driver: &KmsDriver) -> Result<Self> {
        Self::made(suite, driver, Addition { modules: &[], files: Vec::new(), disk: None })
    }

    /// A guest with the desktops of Debian 13 on the kernel of any suite: `start-xorg`, `start-weston` or `start-sway` starts
    /// one, `in-desktop` runs a program in it, `stop-desktop` ends it. Needs 1 GiB of memory.
    pub fn with_desktops(suite: Suite, driver: &KmsDriver) -> Result<Self> {
        let disk = Some(desktop::disk(&Cache::of_the_user()?)?);
        let files = [guest_files::TO_DISK, guest_files::ON_DISK].concat();
        Self::made(suite, driver, Addition { modules: DISK_MODULES, files, disk })
    }

    fn made(suite: Suite, driver: &KmsDriver, addition: Addition) -> Result<Self> {
        let cache = Cache::of_the_user()?;
        let kernel = Kernel::of(suite, &cache)?;
        let driver = driver.module(&kernel.release()?)?;
        let names: Vec<&str> = MODULES.iter().chain(addition.modules).copied().collect();
        let program = program::build()?;
        let contents = Contents {
            busybox: std::fs::read(BUSYBOX).context("cannot read busybox: install busybox-static")?,
            program: read(&program)?,
            files: [guest_files::INITIAL, guest_files::SERVING, &addition.files].concat(),
        };
        let driver_content = driver.as_deref().map(read).transpose()?.unwrap_or_default();
        let key = content_key(&[
            kernel.key.as_bytes(),
            names.join(" ").as_bytes(),
            &driver_content,
            contents.key().as_bytes(),
        ]);
        let folder = cache.entry(&format!("initramfs-{key}"), |folder| {
            let modules = modules(&kernel, &names, driver.as_deref())?;
            Ok(std::fs::write(folder.join("initramfs.cpio"), contents.archive(&modules)?)?)
        })?;
        let initramfs = folder.join("initramfs.cpio");
        Ok(GuestImage { kernel: kernel.image()?, initramfs, disk: addition.disk })
    }
}

/// What a guest has beyond every guest.
struct Addition {
    modules: &'static [&'static str],
    files: Vec<Script>,
    disk: Option<PathBuf>,
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// The QXL device's driver comes last: it takes the screen over.
fn modules(kernel: &Kernel, names: &[&str], driver: Option<&Path>) -> Result<Vec<KernelModule>> {
    let mut there = KernelModules::below(&kernel.modules()?)?;
    let driver = driver.map_or_else(|| Ok("qxl".to_owned()), |path| there.add(path))?;
    let names = names.iter().copied().filter(|name| *name != BUILT_IN_LATER || there.has(name));
    let wanted: Vec<&str> = names.chain([driver.as_str()]).collect();
    there.with_dependencies(&wanted)
}

/// What an initramfs holds besides modules.
struct Contents {
    busybox: Vec<u8>,
    program: Vec<u8>,
    files: Vec<Script>,
}

impl Contents {
    fn key(&self) -> String {
        let files = self.files.iter().flat_map(|(name, content)| [name.as_bytes(), content.as_bytes()]);
        let parts: Vec<&[u8]> = [self.busybox.as_slice(), &self.program].into_iter().chain(files).collect();
        content_key(&parts)
    }

    fn archive(&self, modules: &[KernelModule]) -> Result<Vec<u8>> {
        let mut archive = Archive::new();
        for folder in ["bin", "dev", "modules", "proc", "sys", "tmp"] {
            archive.directory(folder)?;
        }
        archive.program("bin/busybox", &self.busybox)?;
        archive.link("bin/sh", "busybox")?;
        archive.program("bin/guest-program", &self.program)?;
        let mut folders = BTreeSet::new();
        for (name, content) in &self.files {
            if let Some((folder, _)) = name.rsplit_once('/')
                && folders.insert(folder)
            {
                archive.directory(folder)?;
            }
            archive.program(name, content.as_bytes())?;
        }
        for (position, module) in modules.iter().enumerate() {
            archive.program(&format!("modules/{position:02}-{}.ko", module.name), &module.content)?;
        }
        archive.finish()
    }
}
