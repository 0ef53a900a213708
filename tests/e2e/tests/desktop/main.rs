//! Desktops in a guest with the driver under test: Xorg, weston, sway and the text console, each seen through a stock client.
//! Run by `cargo xtask test desktop`: with the kernel's own driver and the original library first, then with ours;
//! `KMS_MODULES` names our modules and SPICE_SERVER_LIBRARY the library. `DESKTOP_ONLY` is a part of the names of the checks
//! to run.
//!
//! One boot for each kernel. Each check leaves the guest at its text console.

mod console;
mod follow;
mod kexec;
mod pointer;
mod shown;
mod sway;
mod weston;
mod xorg;

use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use e2e::{Deadline, GuestImage, KmsDriver, ServerLibrary, StockClient, Suite, Vm, VmBuilder};

/// What a guest with a desktop needs, in MiB.
const MEMORY: u32 = 1024;

/// A guest at its text console, and a client that shows it.
struct Session {
    suite: Suite,
    driver: KmsDriver,
    vm: Vm,
    client: StockClient,
}

/// One thing to look at, by its name.
type Check = (&'static str, fn(&mut Session) -> Result<()>);

const CHECKS: &[Check] = &[
    ("console", console::colours),
    ("xorg: modesetting without a complaint", xorg::started),
    ("xorg: modes", xorg::modes),
    ("xorg: rotated", xorg::rotated),
    ("xorg: terminal", xorg::terminal),
    ("xorg: pointer", xorg::pointer),
    ("xorg: follows the client", xorg::follows),
    ("xorg: ended", xorg::ended),
    ("weston: window", weston::window),
    ("weston: pointer", weston::pointer),
    ("weston: second display", weston::second_display),
    ("weston: a mode of its own", weston::own_mode),
    ("sway: window", sway::window),
    ("sway: modes", sway::modes),
    ("sway: pointer", sway::pointer),
    ("sway: terminal", sway::terminal),
    ("sway: second display", sway::second_display),
    ("sway: follows the client", sway::follows),
    ("sway: ended", sway::ended),
    ("kexec: another kernel", kexec::another_kernel),
];

impl Session {
    fn boot(suite: Suite, driver: KmsDriver) -> Result<Self> {
        let image = GuestImage::with_desktops(suite, &driver)?;
        let builder = VmBuilder::new(ServerLibrary::of_the_environment()?).memory(MEMORY).agent_port();
        let mut vm = kexec::with_the_kernel_at_hand(builder, &image).start(&image)?;
        vm.guest.booted(Deadline::seconds(180))?;
        let mut client = vm.connect()?;
        client.ready(Deadline::seconds(30))?;
        Ok(Session { suite, driver, vm, client })
    }

    /// Whether the module under test is ours.
    fn is_ours(&self) -> bool {
        self.driver != KmsDriver::Upstream
    }

    fn check(&mut self, (name, check): Check) -> Result<()> {
        let started = Instant::now();
        let outcome = check(self).and_then(|()| self.vm.check_alive());
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
    let only = std::env::var("DESKTOP_ONLY").unwrap_or_default();
    let mut session = Session::boot(suite, driver)?;
    let mut failures = Vec::new();
    for desktop in ["console", "xorg", "weston", "sway", "kexec"] {
        // A desktop's checks go on from each other; the next desktop is tried whatever became of this one.
        let of_it = CHECKS.iter().filter(|(name, _)| name.starts_with(desktop) && name.contains(&only));
        for check in of_it {
            if let Err(error) = session.check(*check) {
                failures.push(format!("{error:#}"));
                session.vm.guest.run("stop-desktop", Deadline::seconds(60)).ok();
                session.vm.guest.forget_console();
                break;
            }
        }
    }
    if !failures.is_empty() {
        bail!("{}\n--- the guest's console ---\n{}", failures.join("\n"), session.vm.guest.console().text());
    }
    session.vm.guest.no_splat()?;
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
