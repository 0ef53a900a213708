//! The Rust core compiled from the package's sources, by Debian's own compilers and without the network.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use e2e::{Cache, Chroot, Suite, System, as_root};

use crate::found;
use crate::package::{self, FILE, Package};

/// What compiles the module.
const TOOLS: &[&str] = &[
    "linux-image-amd64",
    "linux-headers-amd64",
    "initramfs-tools",
    "kmod",
    "dkms",
    "gcc",
    "make",
    "openssl",
];

/// Lines of the kernel's build that begin like this are its own, about what it does not have to say.
const HARMLESS: &[&str] = &["Skipping BTF generation", "warning: the compiler differs from the one"];

/// The compiler that a suite has for this, and its sources of the library.
fn rust(suite: Suite) -> [&'static str; 2] {
    match suite {
        Suite::Bookworm | Suite::Trixie => ["rustc-web", "rust-web-src"],
        Suite::Sid => ["rustc", "rust-src"],
    }
}

/// As the package's README.md says it: DKMS compiles the object each time. What ships is spoilt first, so that nothing else
/// can be in the module.
pub(crate) fn by_dkms(suite: Suite) -> Result<()> {
    let chroot = Chroot::copy_of(&tree(suite)?)?;
    let version = Package::put_into(&chroot)?.version;
    chroot.run(&format!("apt-get install --yes --quiet {FILE}"))?;
    chroot.run(&format!("echo spoilt >/usr/src/qxl-kms-{version}/qxl_core_x86.rust_obj"))?;
    let kernel = found::kernels(&chroot)?.remove(0);
    let build = format!("dkms build --force qxl-kms/{version} -k {kernel}");
    let spoilt = chroot.attempt(&build)?;
    ensure!(!spoilt.well, "DKMS builds a module of nothing: {}", spoilt.output);
    chroot.run("echo 'PRE_BUILD=\"build-object.sh\"' >/etc/dkms/qxl-kms.conf")?;
    chroot.run(&build)?;
    chroot.run(&format!("dkms install --force qxl-kms/{version} -k {kernel}"))?;
    found::ours(&chroot, &kernel)?;
    let log = chroot.run(&format!("cat /var/lib/dkms/qxl-kms/{version}/{kernel}/x86_64/log/make.log"))?;
    let complaints: Vec<&str> = log.lines().filter(|line| is_complaint(line)).collect();
    ensure!(complaints.is_empty(), "the module is complained of: {complaints:#?}");
    Ok(())
}

/// The object in the package is what this machine's compiler makes of the sources beside it.
pub(crate) fn reproduced() -> Result<()> {
    let folder = std::env::temp_dir().join(format!("spice-guest-suite-source-{}", std::process::id()));
    let outcome = reproduced_in(&folder);
    std::fs::remove_dir_all(&folder).ok();
    outcome
}

fn reproduced_in(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut unpack = std::process::Command::new("dpkg-deb");
    let status = unpack.arg("--extract").arg(package::of_the_environment()?).arg(folder).status()?;
    ensure!(status.success(), "the package cannot be unpacked: {status}");
    let mut trees = std::fs::read_dir(folder.join("usr/src"))?.flatten();
    let tree = trees.next().context("the package has no sources")?.path();
    let own = folder.join("own.rust_obj");
    let mut compile = as_root("unshare")?;
    compile.args(["--net", "sh"]).arg(tree.join("build-object.sh")).arg(tree.join("source")).arg(&own);
    let output = compile.arg("x86").env("RUSTC", "/usr/bin/rustc").stdin(Stdio::null()).output()?;
    ensure!(output.status.success(), "it does not compile: {}", String::from_utf8_lossy(&output.stderr));
    let shipped = std::fs::read(tree.join("qxl_core_x86.rust_obj"))?;
    ensure!(std::fs::read(&own)? == shipped, "the object in the package is not what its sources give");
    Ok(())
}

fn tree(suite: Suite) -> Result<std::path::PathBuf> {
    let packages: Vec<&str> = TOOLS.iter().copied().chain(rust(suite)).collect();
    let system = System::of(suite, &packages).slim();
    let name = format!("packaging-rust-{}-{}", suite.name(), system.key());
    let folder = Cache::of_the_user()?.entry(&name, |folder| {
        println!("    making a system of {} with DKMS and Rust", suite.name());
        system.make(&folder.join("tree"))
    })?;
    Ok(folder.join("tree"))
}

/// Compilers, objtool and modpost all say "warning" somewhere.
fn is_complaint(line: &str) -> bool {
    let harmless = HARMLESS.iter().any(|start| line.trim_start().starts_with(start));
    !harmless && ["warning", "error", "objtool"].iter().any(|word| line.to_lowercase().contains(word))
}
