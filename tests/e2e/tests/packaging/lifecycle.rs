//! From the first installation to the last file gone.

use std::collections::BTreeSet;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use e2e::{Chroot, Deadline, Suite};

use crate::machine::{self, InitialBy, is_the_large_one};
use crate::package::{FILE, LATER_FILE, Package};
use crate::{boot, found};

/// What may be left, and why.
const MAY_STAY: &[(&str, &str)] = &[
    ("/var/lib/dkms/mok.", "DKMS's key, which is the machine's"),
    ("/var/log/", "logs"),
    ("/var/cache/", "caches"),
    ("/var/lib/dpkg/", "what dpkg keeps of its own"),
    ("/boot/initrd.img-", "made by programs, for the other kernel"),
    ("/lib/modules/", "made by depmod, for the other kernel"),
    ("/root/", "the packages under test"),
    ("/etc/ld.so.cache", "libraries that the headers' tools need"),
    ("/initrd.img", "the newest kernel's"),
    ("/vmlinuz", "the newest kernel's"),
];

const INSTALL: &str = "apt-get install --yes --quiet --no-install-recommends";

/// A system on its way.
struct Guest {
    suite: Suite,
    chroot: Chroot,
    package: Package,
    /// Every file, before our package was there.
    before: BTreeSet<String>,
    /// The kernel's own driver was in the initial system.
    in_initial: bool,
}

/// Systems in which a step is taken.
#[derive(PartialEq)]
enum In {
    All,
    /// Those with Debian's own initial systems. Dracut takes for granted that it is made on the machine that starts it.
    Startable,
    TheLarge,
}

type Step = (&'static str, In, fn(&Guest) -> Result<()>);

const STEPS: &[Step] = &[
    ("installed without headers", In::All, without_headers),
    ("headers come", In::All, headers_come),
    ("installed again", In::All, again),
    ("a later version", In::All, later_version),
    ("another kernel comes", In::TheLarge, another_kernel),
    ("a start with the driver", In::Startable, started),
    ("removed", In::All, removed),
    ("purged", In::All, purged),
    ("a start without the driver", In::Startable, started_without),
];

pub(crate) fn on(suite: Suite, initial: InitialBy) -> Result<()> {
    let chroot = machine::copy(suite, initial)?;
    let package = Package::put_into(&chroot)?;
    let before = files(&chroot)?;
    let kernel = found::kernels(&chroot)?.remove(0);
    let in_initial = found::upstreams_in_initial(&chroot, &kernel)?;
    let guest = Guest { suite, chroot, package, before, in_initial };
    let taken = |place: &In| match place {
        In::All => true,
        In::Startable => initial == InitialBy::InitramfsTools,
        In::TheLarge => is_the_large_one(suite),
    };
    for (name, _, step) in STEPS.iter().filter(|(_, place, _)| taken(place)) {
        let began = Instant::now();
        let outcome = step(&guest);
        let word = if outcome.is_ok() { "ok" } else { "FAILED" };
        println!("    {} {name}: {word} ({:.1} s)", suite.name(), began.elapsed().as_secs_f32());
        outcome.with_context(|| format!("{name} on {}", suite.name()))?;
    }
    Ok(())
}

/// It goes well, says what is missing, and leaves the kernel's own driver.
fn without_headers(guest: &Guest) -> Result<()> {
    let kernel = guest.kernels()?.remove(0);
    let said = guest.chroot.run(&format!("{INSTALL} {FILE}"))?;
    let expected = [format!("no module for kernel {kernel} yet"), format!("linux-headers-{kernel}")];
    ensure!(expected.iter().all(|text| said.contains(text)), "it does not say what is missing: {said}");
    found::upstreams(&guest.chroot, &kernel, guest.in_initial)
}

fn headers_come(guest: &Guest) -> Result<()> {
    guest.chroot.run(&machine::install("headers"))?;
    guest.has_ours()
}

fn again(guest: &Guest) -> Result<()> {
    guest.chroot.run(&format!("{INSTALL} --reinstall {FILE}"))?;
    guest.has_ours()
}

/// Nothing is left of the version before.
fn later_version(guest: &Guest) -> Result<()> {
    let Package { version, later_version } = &guest.package;
    guest.chroot.run(&format!("{INSTALL} {LATER_FILE}"))?;
    let status = guest.chroot.run("dkms status")?;
    let only_later = status.lines().all(|line| line.starts_with(&format!("qxl-kms/{later_version}, ")));
    ensure!(only_later && !status.is_empty(), "DKMS has {status}");
    let source = guest.chroot.run("ls /usr/src")?;
    ensure!(!source.lines().any(|name| name == format!("qxl-kms-{version}")), "/usr/src has {source}");
    guest.has_ours()
}

/// Debian's hooks let DKMS build for it before its initial system is made.
fn another_kernel(guest: &Guest) -> Result<()> {
    guest.chroot.run(&machine::install("kernel"))?;
    let kernels = guest.kernels()?;
    ensure!(kernels.len() == 2, "there are the kernels {kernels:?}");
    guest.has_ours()
}

fn started(guest: &Guest) -> Result<()> {
    let (mut vm, mut client) = boot::with_ours(&guest.chroot, &guest.kernels()?)?;
    if is_the_large_one(guest.suite) {
        boot::shows_a_desktop(&mut vm, &mut client)?;
    }
    drop(client);
    vm.quit(Deadline::seconds(60))
}

/// The kernel's own driver is found again, also in initial systems.
fn removed(guest: &Guest) -> Result<()> {
    guest.chroot.run("apt-get remove --yes --quiet qxl-kms-dkms")?;
    let status = guest.chroot.run("dkms status")?;
    ensure!(status.trim().is_empty(), "DKMS still has {status}");
    let is_upstreams = |kernel: &String| found::upstreams(&guest.chroot, kernel, guest.in_initial);
    guest.kernels()?.iter().try_for_each(is_upstreams)
}

/// All files are as they were, but for those of packages that came in between.
fn purged(guest: &Guest) -> Result<()> {
    guest.chroot.run("apt-get purge --yes --quiet qxl-kms-dkms")?;
    let known = guest.chroot.run("dpkg --list qxl-kms-dkms || true")?;
    ensure!(
        !known.lines().any(|line| line.starts_with("rc") || line.starts_with("ii")),
        "dpkg still has {known}"
    );
    let after = files(&guest.chroot)?;
    let of_packages = guest.chroot.run("cat /var/lib/dpkg/info/*.list")?;
    // A folder is named as what it is below /usr since these were merged.
    let of_packages: BTreeSet<String> = of_packages.lines().map(plain).collect();
    let may_stay = |path: &str| MAY_STAY.iter().any(|(known, _)| path.starts_with(known));
    let left: Vec<&String> = after
        .difference(&guest.before)
        .filter(|path| !of_packages.contains(*path) && !may_stay(path))
        .collect();
    ensure!(left.is_empty(), "these files are left: {left:#?}");
    let gone: Vec<&String> = guest.before.difference(&after).filter(|path| !may_stay(path)).collect();
    ensure!(gone.is_empty(), "these files are gone: {gone:#?}");
    let modules: Vec<&String> = guest.before.iter().filter(|path| path.contains("/qxl.ko")).collect();
    ensure!(modules.iter().all(|module| after.contains(*module)), "one of {modules:?} is gone");
    Ok(())
}

fn started_without(guest: &Guest) -> Result<()> {
    boot::with_upstreams(&guest.chroot, &guest.kernels()?)
}

impl Guest {
    fn kernels(&self) -> Result<Vec<String>> {
        found::kernels(&self.chroot)
    }

    /// Every kernel finds ours.
    fn has_ours(&self) -> Result<()> {
        self.kernels()?.iter().try_for_each(|kernel| found::ours(&self.chroot, kernel))
    }
}

/// Every file's path.
fn files(chroot: &Chroot) -> Result<BTreeSet<String>> {
    let listed = chroot.run("find / -xdev -path /proc -prune -o -path /tmp -prune -o ! -type d -print")?;
    Ok(listed.lines().map(plain).collect())
}

/// A path without the /usr in front: packages name some files with it that were there without, and the other way round.
fn plain(path: &str) -> String {
    path.strip_prefix("/usr").unwrap_or(path).to_owned()
}
