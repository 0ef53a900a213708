//! The drivers of the QXL device in a guest without a desktop, on every kernel that is supported. Run by `cargo xtask test
//! kms`: with the kernel's own driver and the original library first, then with ours; `KMS_MODULES` names our modules and
//! SPICE_SERVER_LIBRARY the library.

mod answers;
mod conformance;
mod lifecycle;
mod pixels;
mod power;

use anyhow::{Context, Result, bail, ensure};
use e2e::{Deadline, GuestImage, KmsDriver, ServerLibrary, StockClient, Suite, Vm, VmBuilder};

/// A guest at its text console with the driver under test, and a client that shows it.
struct Session {
    suite: Suite,
    driver: KmsDriver,
    vm: Vm,
    client: StockClient,
}

/// One thing to look at, by its name.
type Check = (&'static str, fn(&mut Session) -> Result<()>);

const CHECKS: &[Check] = &[
    ("text console", pixels::console),
    ("modes", pixels::modes),
    ("16 bits a pixel", pixels::sixteen_bits),
    ("moving picture", pixels::moving),
    ("scenes", pixels::scenes),
    ("resized by the client", pixels::resized_by_client),
    ("suspend to RAM", power::suspended),
    ("savevm and loadvm", pixels::saved_and_loaded),
    // It leaves a second display to the console: nothing that looks at whole pictures may come after it without a boot.
    ("conformance", conformance::answers_all),
    ("unbind and bind", lifecycle::bound_again),
    ("module unloaded and loaded", lifecycle::loaded_again),
    ("system_reset", pixels::reset),
];

impl Session {
    fn boot(suite: Suite, driver: KmsDriver) -> Result<Self> {
        let image = GuestImage::of(suite, &driver)?;
        let mut vm = VmBuilder::new(ServerLibrary::of_the_environment()?).agent_port().start(&image)?;
        vm.guest.booted(Deadline::seconds(180))?;
        let mut client = vm.connect()?;
        client.ready(Deadline::seconds(30))?;
        Ok(Session { suite, driver, vm, client })
    }

    fn check(&mut self, (name, check): Check) -> Result<()> {
        let started = std::time::Instant::now();
        let outcome = check(self).and_then(|()| self.vm.check_alive());
        if outcome.is_err() {
            self.vm.guest.stop_drawing(Deadline::seconds(10)).ok();
            self.vm.guest.forget_console();
        }
        let seconds = started.elapsed().as_secs_f32();
        let word = if outcome.is_ok() { "ok" } else { "FAILED" };
        println!("    {} {name}: {word} ({seconds:.1} s)", self.suite.name());
        let complaints = self.vm.complaints()?;
        ensure!(outcome.is_err() || complaints.is_empty(), "{name}: QEMU complained: {complaints:#?}");
        outcome.with_context(|| format!("{name} on {}", self.suite.name()))
    }
}

fn on(suite: Suite) -> Result<()> {
    let driver = KmsDriver::of_the_environment();
    let only = std::env::var("KMS_ONLY").ok();
    let chosen = |name: &str| only.as_ref().is_none_or(|only| name.contains(only.as_str()));
    if chosen("suspend to disk") {
        power::hibernated(suite, &driver).context("suspend to disk")?;
    }
    let mut session = Session::boot(suite, driver)?;
    // All of them, so that one run tells all that is wrong.
    let failures: Vec<String> = CHECKS
        .iter()
        .filter(|(name, _)| chosen(name))
        .filter_map(|check| session.check(*check).err())
        .map(|error| format!("{error:#}"))
        .collect();
    if !failures.is_empty() {
        bail!("{}\n--- the guest's console ---\n{}", failures.join("\n"), session.vm.guest.console().text());
    }
    drop(session.client);
    session.vm.quit(Deadline::seconds(60))
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
