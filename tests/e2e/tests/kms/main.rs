//! The drivers of the QXL device in a guest without a desktop, on every kernel that is supported. Run by `cargo xtask test
//! kms`: with the kernel's own driver and the original library first, then with ours; `KMS_MODULES` names our modules and
//! SPICE_SERVER_LIBRARY the library. `KMS_ONLY` is parts of the names of the checks to run, with commas, `KMS_ROUNDS` how often what is
//! repeated is.

mod answers;
mod conformance;
mod end;
mod heads;
mod lifecycle;
mod limits;
mod machines;
mod migration;
mod pixels;
mod pointer;
mod power;
mod session;

use anyhow::{Context, Result, bail};
use e2e::{KmsDriver, Suite};

use crate::machines::MACHINES;
use crate::session::Session;

fn on(suite: Suite) -> Result<()> {
    let driver = KmsDriver::of_the_environment();
    for machine in MACHINES {
        on_machine(suite, &driver, machine).with_context(|| machine.name)?;
    }
    Ok(())
}

fn on_machine(suite: Suite, driver: &KmsDriver, machine: &'static machines::Machine) -> Result<()> {
    let only = std::env::var("KMS_ONLY").unwrap_or_default();
    let wanted = |name: &str| only.split(',').any(|part| name.contains(part));
    let checks = || machine.checks.iter().filter(|(name, _)| wanted(name));
    let last = machine.last.filter(|(name, _)| wanted(name));
    if checks().next().is_none() && last.is_none() {
        return Ok(());
    }
    let mut session = Session::boot(suite, driver, machine)?;
    // All of them, so that one run tells all that is wrong.
    let failures: Vec<String> = checks()
        .filter_map(|(name, check)| session.check(name, *check).err())
        .map(|error| format!("{error:#}"))
        .collect();
    if !failures.is_empty() {
        bail!("{}\n--- the guest's console ---\n{}", failures.join("\n"), session.vm.guest.console().text());
    }
    match last {
        Some((name, last)) => session.finish(name, last),
        None => session.quit(),
    }
}

/// Fails with the whole chain of reasons.
fn succeed(outcome: Result<()>) {
    if let Err(error) = outcome {
        panic!("{error:#}");
    }
}

#[test]
fn linux_6_1() {
    succeed(on(Suite::Bookworm));
}

#[test]
fn linux_6_12() {
    succeed(on(Suite::Trixie));
}

#[test]
fn linux_7_2() {
    succeed(on(Suite::Sid));
}
