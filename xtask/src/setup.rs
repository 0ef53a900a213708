//! What a fresh Debian 12 machine needs beyond cargo and rustup, and how it is installed.
//!
//! Idempotent, and quick when nothing is missing: one `dpkg-query` and one look at rustup. The other verbs call
//! [`ensure`] first. Needs root, or sudo. Packages not in [`PACKAGES`] may not be needed anywhere in the project;
//! `cargo xtask check` compares the list with docs/packages.md.

use std::collections::HashMap;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::command;

/// Every Debian package the project's verbs need, by name.
pub(crate) const PACKAGES: &[&str] = &[
    "binutils",
    "binutils-aarch64-linux-gnu",
    "busybox-static",
    "cmake",
    "e2fsprogs",
    "gcc",
    "gcc-aarch64-linux-gnu",
    "gir1.2-spiceclientglib-2.0",
    "gstreamer1.0-libav",
    "gstreamer1.0-plugins-bad",
    "gstreamer1.0-plugins-base",
    "gstreamer1.0-plugins-good",
    "gstreamer1.0-plugins-ugly",
    "libc6-dev",
    "libc6-dev-arm64-cross",
    "libgstreamer-plugins-base1.0-dev",
    "libgstreamer1.0-dev",
    "libspice-server1",
    "libssl-dev",
    "linux-headers-amd64",
    "make",
    "mmdebstrap",
    "nasm",
    "pkg-config",
    "python3-gi",
    "qemu-system-x86",
    "qemu-user",
    "rust-web-src",
    "rustc-web",
    "spice-client-gtk",
    "xz-utils",
];

/// Packages of which a machine may have one that is too old, and the version from which they do.
const AT_LEAST: &[(&str, &str)] = &[("rust-web-src", "1.95"), ("rustc-web", "1.95")];

const COMPONENTS: &[&str] = &["clippy", "rustfmt"];

/// Standard libraries of machines other than this one.
const TARGETS: &[&str] = &["aarch64-unknown-linux-gnu"];

pub(crate) fn run() -> Result<String> {
    let installed = install_missing()?;
    Ok(match installed {
        0 => "nothing was missing".into(),
        1 => "one thing installed, everything is here now".into(),
        n => format!("{n} things installed, everything is here now"),
    })
}

/// Installs what is missing; silent when nothing is.
pub(crate) fn ensure() -> Result<()> {
    install_missing().map(drop)
}

fn install_missing() -> Result<usize> {
    let packages = missing_packages()?;
    if !packages.is_empty() {
        println!("setup: installing {}", packages.join(" "));
        install_packages(&packages)?;
    }
    let components = missing_components()?;
    if !components.is_empty() {
        command::run(rustup().args(["component", "add"]).args(&components))?;
    }
    let targets = missing_targets()?;
    if !targets.is_empty() {
        command::run(rustup().args(["target", "add"]).args(&targets))?;
    }
    Ok(packages.len() + components.len() + targets.len())
}

fn missing_packages() -> Result<Vec<&'static str>> {
    let listed = Command::new("dpkg-query")
        .args(["--show", "--showformat", "${binary:Package} ${db:Status-Status} ${Version}\n"])
        .args(PACKAGES)
        .stdin(Stdio::null())
        .output()
        .context("cannot start dpkg-query: setup knows Debian and its descendants only")?;
    let listed = String::from_utf8_lossy(&listed.stdout);
    let installed = installed(&listed);
    let mut missing = Vec::new();
    for package in PACKAGES {
        let there = installed.get(package);
        let least = AT_LEAST.iter().find(|(name, _)| name == package);
        let usable = match (there, least) {
            (Some(version), Some((_, least))) => is_at_least(version, least)?,
            (there, _) => there.is_some(),
        };
        if !usable {
            missing.push(*package);
        }
    }
    Ok(missing)
}

/// Name and version of the packages that dpkg-query's lines, "name[:architecture] status version", show as installed.
fn installed(listed: &str) -> HashMap<&str, &str> {
    let lines = listed.lines().filter_map(|line| {
        let mut words = line.split(' ');
        Some((words.next()?.split(':').next()?, words.next()?, words.next()?))
    });
    lines.filter(|(_, status, _)| *status == "installed").map(|(name, _, version)| (name, version)).collect()
}

/// Whether Debian counts `version` as no earlier than `least`.
fn is_at_least(version: &str, least: &str) -> Result<bool> {
    let mut compare = Command::new("dpkg");
    let status = compare.args(["--compare-versions", version, "ge", least]).status();
    Ok(status.context("cannot start dpkg")?.success())
}

/// Installs packages that only one verb finds out that it needs.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    println!("setup: installing {}", packages.join(" "));
    install_packages(packages)
}

/// With fresh lists: old ones may name versions that are no longer there, or that are too old for us.
fn install_packages(packages: &[&str]) -> Result<()> {
    let apt = apt()?;
    let updated = command::run(apt.command().args(["update", "--quiet"]));
    if let Err(error) = updated {
        println!("setup: the package lists stay as they are: {error:#}");
    }
    apt.install(packages)
        .with_context(|| format!("install these packages by hand and run again: {}", packages.join(" ")))
}

/// How apt-get is run here: directly as root, else through sudo.
struct Apt {
    sudo: bool,
}

fn apt() -> Result<Apt> {
    let user = command::output(Command::new("id").arg("-u"))?;
    let sudo = user.trim() != "0";
    if sudo && !e2e::on_path("sudo") {
        bail!("packages are missing, and installing them needs root or sudo");
    }
    Ok(Apt { sudo })
}

impl Apt {
    fn command(&self) -> Command {
        let mut command = if self.sudo { Command::new("sudo") } else { Command::new("env") };
        command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        // Another apt may be at work for a while, as after the start of a machine.
        command.args(["--option", "DPkg::Lock::Timeout=600"]);
        command
    }

    fn install(&self, packages: &[&str]) -> Result<()> {
        let mut command = self.command();
        command.args([
            "install",
            "--yes",
            "--no-install-recommends",
            "--option",
            "Dpkg::Use-Pty=0",
            "--quiet",
        ]);
        command::run(command.args(packages).stdin(Stdio::null()))
    }
}

fn missing_components() -> Result<Vec<&'static str>> {
    if !e2e::on_path("rustup") {
        let cargo = command::output(command::cargo().args(["clippy", "--version"]));
        return cargo.map(|_| Vec::new()).context("clippy is missing and there is no rustup to install it");
    }
    let listed = command::output(rustup().args(["component", "list", "--installed"]))?;
    let has = |component: &&str| listed.lines().any(|line| line.starts_with(*component));
    Ok(COMPONENTS.iter().copied().filter(|component| !has(component)).collect())
}

/// Without rustup the compiler itself says what is missing.
fn missing_targets() -> Result<Vec<&'static str>> {
    if !e2e::on_path("rustup") {
        return Ok(Vec::new());
    }
    let listed = command::output(rustup().args(["target", "list", "--installed"]))?;
    Ok(TARGETS.iter().copied().filter(|target| !listed.lines().any(|line| line == *target)).collect())
}

/// For the toolchain that the project pins.
fn rustup() -> Command {
    let mut rustup = Command::new("rustup");
    rustup.current_dir(crate::workspace::root());
    rustup
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_with_an_architecture_or_left_over_configuration_are_told_apart() {
        let listed = "gcc installed 4:12.2\nlibssl-dev:amd64 installed 3.0\nbusybox-static config-files 1.35\ncpio not-installed \n";
        let installed = installed(listed);
        assert_eq!((installed.len(), installed["gcc"], installed["libssl-dev"]), (2, "4:12.2", "3.0"));
    }

    #[test]
    fn versions_are_compared_as_debian_does() {
        assert!(is_at_least("1.96.0+dfsg1-1~deb12u2", "1.95").unwrap());
        assert!(!is_at_least("1.85.0+dfsg3-1~deb12u3", "1.95").unwrap());
    }
}
