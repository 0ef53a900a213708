//! The package under test.

use std::path::PathBuf;

use anyhow::{Context, Result};
use e2e::Chroot;

/// Names what `cargo xtask build kms` made.
const VARIABLE: &str = "KMS_PACKAGE";

/// Where it lies in a system.
pub(crate) const FILE: &str = "/root/qxl-kms-dkms.deb";
/// The same with a later version.
pub(crate) const LATER_FILE: &str = "/root/qxl-kms-dkms-later.deb";

/// The package in a system, and its version.
pub(crate) struct Package {
    pub(crate) version: String,
    pub(crate) later_version: String,
}

/// The package's file on this machine.
pub(crate) fn of_the_environment() -> Result<PathBuf> {
    let file = std::env::var_os(VARIABLE).map(PathBuf::from);
    file.with_context(|| format!("{VARIABLE} names no package: cargo xtask test packaging?"))
}

impl Package {
    /// Puts it into the system, once as it is and once under a later version.
    pub(crate) fn put_into(chroot: &Chroot) -> Result<Self> {
        chroot.put(&of_the_environment()?, FILE)?;
        let version = chroot.run(&format!("dpkg-deb --field {FILE} Version"))?.trim().to_owned();
        let later_version = format!("{version}.1");
        chroot.run(&format!(
            "set -e; cd /root; dpkg-deb --raw-extract {FILE} later; \
             mv later/usr/src/qxl-kms-{version} later/usr/src/qxl-kms-{later_version}; \
             sed -i 's/{version}/{later_version}/' later/DEBIAN/control; \
             sed -i 's/-v {version}/-v {later_version}/' later/DEBIAN/p*; \
             sed -i 's/{version}/{later_version}/' later/usr/src/*/dkms.conf; \
             rm -f later/DEBIAN/md5sums; dpkg-deb --build --root-owner-group later {LATER_FILE}; rm -r later"
        ))?;
        Ok(Package { version, later_version })
    }
}
