//! The guest's system: busybox, the kernel's display and input modules, our program, and the script that starts them.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::cache::{Cache, content_key};
use crate::cpio::Archive;
use crate::kernel::Kernel;
use crate::kernel_modules;
use crate::program;

/// What the guest's displays and input devices need.
const MODULES: &[&str] =
    &["evdev", "psmouse", "virtio_pci", "virtio_input", "virtio_console", "qxl", "bochs", "virtio_gpu"];

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
    /// Makes the image, or finds it in the cache. Builds the guest's program with cargo, fetches the kernel with apt.
    pub fn prepare() -> Result<Self> {
        let cache = Cache::of_the_user()?;
        let kernel = Kernel::of_debian(&cache)?;
        let busybox = std::fs::read(BUSYBOX).context("cannot read busybox: install busybox-static")?;
        let program = program::build()?;
        let program =
            std::fs::read(&program).with_context(|| format!("cannot read {}", program.display()))?;
        let key = content_key(&[kernel.key.as_bytes(), &busybox, &program, INIT.as_bytes()]);
        let folder = cache.entry(&format!("initramfs-{key}"), |folder| {
            let archive = archive(&kernel, &busybox, &program)?;
            Ok(std::fs::write(folder.join("initramfs.cpio"), archive)?)
        })?;
        Ok(GuestImage { kernel: kernel.image()?, initramfs: folder.join("initramfs.cpio") })
    }
}

fn archive(kernel: &Kernel, busybox: &[u8], program: &[u8]) -> Result<Vec<u8>> {
    let mut archive = Archive::new();
    for folder in ["bin", "dev", "modules", "proc", "sys", "tmp"] {
        archive.directory(folder)?;
    }
    archive.program("init", INIT.as_bytes())?;
    archive.program("bin/busybox", busybox)?;
    archive.link("bin/sh", "busybox")?;
    archive.program("bin/guest-program", program)?;
    let modules = kernel_modules::with_dependencies(&kernel.modules()?, MODULES)?;
    for (position, module) in modules.iter().enumerate() {
        archive.program(&format!("modules/{position:02}-{}.ko", module.name), &module.content)?;
    }
    archive.finish()
}
