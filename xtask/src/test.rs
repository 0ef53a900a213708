//! `cargo xtask test`: README's test command.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use e2e::Suite;

use crate::{build, command, kms, setup, symbols, workspace};

/// Names the libspice-server.so.1 that a test is to load; the tests read it.
const LIBRARY: &str = "SPICE_SERVER_LIBRARY";

/// Names the folder of our kernel modules; the tests of drivers read it.
const MODULES: &str = "KMS_MODULES";

/// Names our display driver's package; its tests read it.
const PACKAGE: &str = "KMS_PACKAGE";

/// How often the tests of drivers repeat what they repeat.
const ROUNDS: &str = "KMS_ROUNDS";

const KMS: &[&str] = &["--package", "e2e", "--test", "kms"];
const KMS_ON_DEBIAN_13: &[&str] = &["--package", "e2e", "--test", "kms", "linux_6_12"];
const DESKTOP: &[&str] = &["--package", "e2e", "--test", "desktop"];
const PACKAGING: &[&str] = &["--package", "e2e", "--test", "packaging"];

const ARM64: &str = "aarch64-unknown-linux-gnu";

/// Crates of which the display driver's core is made.
const CORE: &[&str] = &["qxl", "guest-display", "qxl-kms-driver"];

/// Which tests to run.
#[derive(Args)]
pub(crate) struct Options {
    #[arg(value_enum, default_value = "all")]
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Kind {
    /// Each crate's own tests: no program, no network, seconds.
    Unit,
    /// Both ends of the protocol in one process.
    Suite,
    /// The same test against the original library first, then ours.
    Compat,
    /// Virtual machines, with the original library first, then ours.
    E2e,
    /// The display driver's core as an arm64 program, in user-mode emulation.
    Arm64,
    /// Our display driver on Debian 13's kernel, with our library: one column of what `kms` does.
    Driver,
    /// The drivers of the QXL device on every kernel, the kernel's own first, then ours: an hour, not part of `all`.
    Kms,
    /// Xorg, weston, sway and the text console on every kernel, the kernel's own driver first, then ours: half an hour, not
    /// part of `all`.
    Desktop,
    /// The driver's package in Debian 12, 13 and sid, installed, upgraded, removed and booted with, also with Secure Boot:
    /// a quarter of an hour, not part of `all`.
    Packaging,
    /// All of them but `kms`, `desktop` and `packaging`.
    All,
}

impl Options {
    /// What the command line means without a word.
    pub(crate) fn all() -> Self {
        Options { kind: Kind::All }
    }
}

pub(crate) fn run(options: &Options) -> Result<String> {
    setup::ensure()?;
    let wanted = |kind| options.kind == kind || options.kind == Kind::All;
    let mut passed = Vec::new();
    if wanted(Kind::Unit) {
        unit()?;
        passed.push("unit");
    }
    if wanted(Kind::Arm64) {
        arm64()?;
        passed.push("arm64");
    }
    if wanted(Kind::Suite) {
        suite()?;
        passed.push("suite");
    }
    if !matches!(options.kind, Kind::Unit | Kind::Arm64 | Kind::Suite | Kind::Packaging) {
        build::host_server()?;
    }
    if wanted(Kind::Compat) {
        with_each_library("compat", &mut compat)?;
        passed.push("compat");
    }
    if wanted(Kind::E2e) {
        with_each_library("e2e", &mut e2e)?;
        passed.push("e2e");
    }
    if wanted(Kind::Driver) {
        driver()?;
        passed.push("driver");
    }
    if options.kind == Kind::Kms {
        with_each_driver("kms", KMS)?;
        passed.push("kms");
    }
    if options.kind == Kind::Desktop {
        with_each_driver("desktop", DESKTOP)?;
        passed.push("desktop");
    }
    if options.kind == Kind::Packaging {
        packaging()?;
        passed.push("packaging");
    }
    Ok(format!("{} passed", passed.join(", ")))
}

fn unit() -> Result<()> {
    println!("test: unit");
    command::run(command::cargo().args(["test", "--quiet", "--workspace", "--exclude", "suite"]))
}

/// As a program, because the tests need a system around them; the kernel's object is checked where it is built.
fn arm64() -> Result<()> {
    println!("test: the display driver's core for {ARM64}");
    let mut cargo = command::cargo();
    cargo
        .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", "aarch64-linux-gnu-gcc")
        .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER", "qemu-aarch64 -L /usr/aarch64-linux-gnu")
        .args(["test", "--quiet", "--target", ARM64])
        .args(CORE.iter().flat_map(|package| ["--package", package]));
    command::run(&mut cargo)
}

fn suite() -> Result<()> {
    println!("test: suite");
    command::run(command::cargo().args(["test", "--quiet", "--package", "suite"]))
}

/// Decodes hundreds of megabytes of pictures: optimised.
fn compat(library: &Path) -> Result<()> {
    run_target(&["--package", "suite", "--test", "compat", "--release"], library)
}

fn e2e(library: &Path) -> Result<()> {
    run_target(&["--package", "e2e", "--test", "boot"], library)
}

/// What changes most often, against each other. For this kernel only: a newer one in sid may not stop what has nothing to do
/// with it.
fn driver() -> Result<()> {
    println!("test: our driver on Debian 13's kernel with our library");
    let modules = kms::build_for(Suite::Trixie)?;
    let mut cargo = target(KMS_ON_DEBIAN_13);
    command::run(cargo.env(LIBRARY, ours()?).env(MODULES, modules).env(ROUNDS, "20"))
}

/// The kernel's own driver goes first, with the original library: what fails there says something about the test.
fn with_each_driver(kind: &str, arguments: &[&str]) -> Result<()> {
    println!("test: {kind} with the kernel's own driver and the original library");
    run_target(arguments, &symbols::installed()?)?;
    println!("test: {}", kms::build()?);
    let modules = workspace::dist().join("kms/modules");
    for (name, library) in [("original", symbols::installed()?), ("our", ours()?)] {
        println!("test: {kind} with our driver and the {name} library");
        let mut cargo = target(arguments);
        command::run(cargo.env(LIBRARY, library).env(MODULES, &modules))?;
    }
    Ok(())
}

/// With the original library: what is installed is the driver.
fn packaging() -> Result<()> {
    let built = kms::build()?;
    println!("test: packaging of {built}");
    let mut cargo = target(PACKAGING);
    command::run(cargo.env(LIBRARY, symbols::installed()?).env(PACKAGE, &built.package))
}

/// Runs one test binary that ordinary `cargo test` leaves out, one test at a time, against `library`.
fn run_target(arguments: &[&str], library: &Path) -> Result<()> {
    command::run(target(arguments).env(LIBRARY, library))
}

fn target(arguments: &[&str]) -> Command {
    let mut cargo = command::cargo();
    cargo.args(["test", "--quiet"]).args(arguments).args(["--", "--test-threads", "1", "--nocapture"]);
    cargo
}

/// The original goes first: a test that fails there says something about the test, not about our library.
fn with_each_library(kind: &str, test: &mut dyn FnMut(&Path) -> Result<()>) -> Result<()> {
    for (name, library) in [("original", symbols::installed()?), ("our", ours()?)] {
        println!("test: {kind} with the {name} library, {}", workspace::shown(&library));
        test(&library)?;
    }
    Ok(())
}

fn ours() -> Result<PathBuf> {
    let library = workspace::server_library();
    if !library.is_file() {
        bail!("{} is missing", workspace::shown(&library));
    }
    Ok(library)
}
