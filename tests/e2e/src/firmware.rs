//! UEFI with Secure Boot, as machines are delivered: Microsoft's keys in the firmware, and Debian's signed chain from shim over
//! GRUB to the kernel. All of it comes from packages that are fetched and not installed.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::cache::{Cache, content_key};
use crate::debian::{Archive, Suite};
use crate::initramfs::GuestImage;

/// The firmware; shim, and the program that enrols keys; GRUB.
const PACKAGES: &[&str] = &["ovmf", "shim-signed", "shim-helpers-amd64-signed", "grub-efi-amd64-signed"];

const CODE: &str = "usr/share/OVMF/OVMF_CODE_4M.secboot.fd";
const VARIABLES: &str = "usr/share/OVMF/OVMF_VARS_4M.ms.fd";

/// Files of the EFI system partition, and where they come from.
const PARTITION: &[(&str, &str)] = &[
    ("EFI/BOOT/BOOTX64.EFI", "usr/lib/shim/shimx64.efi.signed"),
    ("EFI/BOOT/mmx64.efi", "usr/lib/shim/mmx64.efi.signed"),
    ("EFI/BOOT/grubx64.efi", "usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed"),
];

/// Debian's signed GRUB looks here for what to do.
const GRUB_CONFIGURATION: &str = "EFI/debian/grub.cfg";

/// Firmware that starts only what is signed.
pub struct Firmware {
    files: PathBuf,
}

impl Firmware {
    /// Debian 13's, from the cache or else from the archive.
    pub fn with_secure_boot() -> Result<Self> {
        let cache = Cache::of_the_user()?;
        let archive = Archive::of(Suite::Trixie, &cache)?;
        let packages = PACKAGES.iter().map(|name| archive.package((*name).to_owned()));
        let packages = packages.collect::<Result<Vec<_>>>()?;
        let digests: Vec<&[u8]> = packages.iter().map(|package| package.digest.as_bytes()).collect();
        let files = cache.entry(&format!("secure-boot-{}", content_key(&digests)), |folder| {
            packages.iter().try_for_each(|package| package.unpack_into(folder))
        })?;
        Ok(Firmware { files })
    }

    /// QEMU's arguments for a machine that starts `image` with this command line. Keeps its variables in `folder`.
    pub(crate) fn arguments(&self, folder: &Path, image: &GuestImage, line: &str) -> Result<Vec<String>> {
        let variables = folder.join("variables");
        std::fs::copy(self.files.join(VARIABLES), &variables)
            .context("the firmware's variables are missing")?;
        let partition = folder.join("partition");
        self.fill(&partition, image, line)?;
        let flash = |unit, file: &Path, writable| {
            format!("if=pflash,format=raw,unit={unit},file={},readonly={writable}", file.display())
        };
        Ok([
            // The variables are the firmware's alone, also when the kernel is hostile.
            "-global".into(),
            "driver=cfi.pflash01,property=secure,value=on".into(),
            "-drive".into(),
            flash(0, &self.files.join(CODE), "on"),
            "-drive".into(),
            flash(1, &variables, "off"),
            "-drive".into(),
            format!("file=fat:{},format=raw,readonly=on,if=none,id=efi", partition.display()),
            "-device".into(),
            "virtio-blk-pci,drive=efi,bootindex=0".into(),
        ]
        .to_vec())
    }

    fn fill(&self, partition: &Path, image: &GuestImage, line: &str) -> Result<()> {
        let configuration = partition.join(GRUB_CONFIGURATION);
        for file in PARTITION.iter().map(|(name, _)| partition.join(name)).chain([configuration.clone()]) {
            std::fs::create_dir_all(file.parent().unwrap_or(partition))?;
        }
        for (name, from) in PARTITION {
            let from = self.files.join(from);
            std::fs::copy(&from, partition.join(name))
                .with_context(|| format!("there is no {}", from.display()))?;
        }
        std::fs::copy(&image.kernel, partition.join("vmlinuz"))?;
        std::fs::copy(&image.initramfs, partition.join("initrd.img"))?;
        let text = format!("linux /vmlinuz {line}\ninitrd /initrd.img\nboot\n");
        Ok(std::fs::write(configuration, text)?)
    }
}
