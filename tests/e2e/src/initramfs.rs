//! The guest's system: busybox, the kernel's display and input modules, our program, and the script that starts them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::cache::{Cache, content_key};
use crate::cpio::Archive;
use crate::debian::Suite;
use crate::driver::KmsDriver;
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

const BUSYBOX: &str = "/bin/busybox";
const INIT: &str = include_str!("init.sh");

/// A kernel and an initramfs for QEMU.
pub struct GuestImage {
    /// The kernel's file.
    pub kernel: PathBuf,
    /// The initramfs's file.
    pub initramfs: PathBuf,
}

impl GuestImage {
    /// Debian 12's kernel with its own drivers.
    pub fn prepare() -> Result<Self> {
        Self::of(Suite::Bookworm, &KmsDriver::Upstream)
    }

    /// Makes the image, or finds it in the cache. Builds the guest's program with cargo, fetches the kernel with apt.
    pub fn of(suite: Suite, driver: &KmsDriver) -> Result<Self> {
        let cache = Cache::of_the_user()?;
        let kernel = Kernel::of(suite, &cache)?;
        let driver = driver.module(&kernel.release()?)?;
        let driver_content =
            driver.as_ref().map(std::fs::read).transpose().context("cannot read the driver")?;
        let busybox = std::fs::read(BUSYBOX).context("cannot read busybox: install busybox-static")?;
        let program = program::build()?;
        let program =
            std::fs::read(&program).with_context(|| format!("cannot read {}", program.display()))?;
        let names = MODULES.join(" ");
        let parts: [&[u8]; 6] = [
            kernel.key.as_bytes(),
            names.as_bytes(),
            driver_content.as_deref().unwrap_or_default(),
            &busybox,
            &program,
            INIT.as_bytes(),
        ];
        let key = content_key(&parts);
        let folder = cache.entry(&format!("initramfs-{key}"), |folder| {
            let modules = modules(&kernel, driver.as_deref())?;
            let archive = archive(&modules, &busybox, &program)?;
            Ok(std::fs::write(folder.join("initramfs.cpio"), archive)?)
        })?;
        Ok(GuestImage { kernel: kernel.image()?, initramfs: folder.join("initramfs.cpio") })
    }
}

/// The QXL device's driver comes last: it takes the screen over.
fn modules(kernel: &Kernel, driver: Option<&Path>) -> Result<Vec<KernelModule>> {
    let mut there = KernelModules::below(&kernel.modules()?)?;
    let driver = driver.map_or_else(|| Ok("qxl".to_owned()), |path| there.add(path))?;
    let wanted: Vec<&str> = MODULES.iter().copied().chain([driver.as_str()]).collect();
    there.with_dependencies(&wanted)
}

fn archive(modules: &[KernelModule], busybox: &[u8], program: &[u8]) -> Result<Vec<u8>> {
    let mut archive = Archive::new();
    for folder in ["bin", "dev", "modules", "proc", "sys", "tmp"] {
        archive.directory(folder)?;
    }
    archive.program("init", INIT.as_bytes())?;
    archive.program("bin/busybox", busybox)?;
    archive.link("bin/sh", "busybox")?;
    archive.program("bin/guest-program", program)?;
    for (position, module) in modules.iter().enumerate() {
        archive.program(&format!("modules/{position:02}-{}.ko", module.name), &module.content)?;
    }
    archive.finish()
}
