//! Which driver a system finds for a kernel: in its modules and in its initial system.

use anyhow::{Context, Result, ensure};
use e2e::Chroot;

const OURS: &str = "/updates/dkms/qxl.ko";
const UPSTREAMS: &str = "/kernel/drivers/gpu/drm/qxl/qxl.ko";

/// Ours is found and signed by DKMS's own key, and in the initial system.
pub(crate) fn ours(chroot: &Chroot, release: &str) -> Result<()> {
    let found = loaded(chroot, release)?;
    ensure!(found.contains(OURS), "{release} finds {found}");
    signed(chroot, release)?;
    let there = initial(chroot, release)?;
    ensure!(there.iter().any(|name| name.contains(OURS)), "the initial system of {release} has {there:?}");
    ensure!(
        !there.iter().any(|name| name.contains(UPSTREAMS)),
        "the initial system of {release} has {there:?}"
    );
    Ok(())
}

/// The kernel's own is found, and nothing of ours is there. In the initial system it is only where it was before.
pub(crate) fn upstreams(chroot: &Chroot, release: &str, in_initial: bool) -> Result<()> {
    let found = loaded(chroot, release)?;
    ensure!(found.contains(UPSTREAMS), "{release} finds {found}");
    let there = initial(chroot, release)?;
    ensure!(
        !there.iter().any(|name| name.contains(OURS) || name.ends_with("qxl_kms")),
        "the initial system of {release} still has {there:?}"
    );
    let has = upstreams_in_initial(chroot, release)?;
    ensure!(has == in_initial, "the initial system of {release} has {there:?}");
    Ok(())
}

/// The releases of the kernels that are installed.
pub(crate) fn kernels(chroot: &Chroot) -> Result<Vec<String>> {
    let listed = chroot.run("cd /lib/modules; ls -d */kernel")?;
    Ok(listed.lines().filter_map(|line| Some(line.split_once('/')?.0.to_owned())).collect())
}

/// What modprobe would load last.
fn loaded(chroot: &Chroot, release: &str) -> Result<String> {
    let listed = chroot.run(&format!("modprobe --set-version {release} --show-depends qxl"))?;
    listed.lines().last().map(str::to_owned).context("modprobe finds no qxl")
}

/// What of qxl the initial system has, as the programs of initramfs-tools or of dracut list it.
fn initial(chroot: &Chroot, release: &str) -> Result<Vec<String>> {
    let list = format!("$(command -v lsinitramfs || command -v lsinitrd) /boot/initrd.img-{release}");
    let listed = chroot.run(&list)?;
    Ok(listed.lines().filter(|line| line.contains("qxl")).map(str::to_owned).collect())
}

/// Whether the initial system has the kernel's own driver.
pub(crate) fn upstreams_in_initial(chroot: &Chroot, release: &str) -> Result<bool> {
    Ok(initial(chroot, release)?.iter().any(|name| name.contains(UPSTREAMS)))
}

/// The module's signature is by the key that DKMS made for this system.
fn signed(chroot: &Chroot, release: &str) -> Result<()> {
    let field = |name: &str| -> Result<String> {
        Ok(chroot.run(&format!("modinfo --set-version {release} --field {name} qxl"))?.trim().to_owned())
    };
    let certificate = "openssl x509 -inform der -in /var/lib/dkms/mok.pub -noout -serial -subject";
    let certificate = chroot.run(certificate)?;
    let (signer, key) = (field("signer")?, field("sig_key")?.replace(':', ""));
    ensure!(!signer.is_empty(), "the module for {release} is not signed");
    ensure!(
        certificate.contains(&key) && certificate.contains(&signer),
        "the module for {release} is signed by {signer}, {key}; DKMS's key is {certificate}"
    );
    Ok(())
}
