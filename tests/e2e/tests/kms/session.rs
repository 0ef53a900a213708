//! A guest at its text console with the driver under test, and a client that shows it.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use e2e::{Deadline, GuestImage, KmsDriver, ServerLibrary, StockClient, Suite, Vm, VmBuilder};

use crate::machines::Machine;
use crate::power::Disk;

/// One thing to look at, by its name.
pub(crate) type Check = (&'static str, fn(&mut Session) -> Result<()>);

/// The last thing to look at.
pub(crate) type Last = (&'static str, fn(Session) -> Result<()>);

pub(crate) struct Session {
    pub(crate) suite: Suite,
    pub(crate) driver: KmsDriver,
    pub(crate) vm: Vm,
    pub(crate) client: StockClient,
    machine: &'static Machine,
    image: GuestImage,
    disk: Option<Disk>,
}

impl Session {
    pub(crate) fn boot(suite: Suite, driver: &KmsDriver, machine: &'static Machine) -> Result<Self> {
        let image = GuestImage::of(suite, driver)?;
        let disk = if machine.has_disk { Some(Disk::create()?) } else { None };
        let mut vm = builder(machine, disk.as_ref())?.start(&image)?;
        vm.guest.booted(Deadline::seconds(180))?;
        let client = client_of(&vm)?;
        Ok(Session { suite, driver: driver.clone(), vm, client, machine, image, disk })
    }

    /// Whether the module under test is ours.
    pub(crate) fn is_ours(&self) -> bool {
        self.driver != KmsDriver::Upstream
    }

    /// Another machine, in a process of its own, takes this one's place. `with` says what it begins with.
    pub(crate) fn succeeded(
        self,
        with: impl FnOnce(VmBuilder) -> VmBuilder,
        goes_on: impl FnOnce(&mut Vm) -> Result<()>,
    ) -> Result<Self> {
        let Session { suite, driver, vm, client, machine, image, disk } = self;
        drop((vm, client));
        let mut vm = with(builder(machine, disk.as_ref())?).start(&image)?;
        goes_on(&mut vm).with_context(|| format!("its console: {}", vm.guest.console().text()))?;
        let client = client_of(&vm)?;
        Ok(Session { suite, driver, vm, client, machine, image, disk })
    }

    pub(crate) fn check(&mut self, name: &str, check: fn(&mut Session) -> Result<()>) -> Result<()> {
        let started = Instant::now();
        let outcome = check(self).and_then(|()| self.vm.check_alive());
        if outcome.is_err() {
            self.vm.guest.stop_drawing(Deadline::seconds(10)).ok();
            self.vm.guest.forget_console();
        }
        tell(self.suite, name, &outcome, started);
        let complaints = self.vm.complaints()?;
        ensure!(outcome.is_err() || complaints.is_empty(), "{name}: QEMU complained: {complaints:#?}");
        outcome.with_context(|| format!("{name} on {}", self.suite.name()))
    }

    pub(crate) fn finish(self, name: &str, last: fn(Session) -> Result<()>) -> Result<()> {
        let (started, suite) = (Instant::now(), self.suite);
        let outcome = last(self);
        tell(suite, name, &outcome, started);
        outcome.with_context(|| format!("{name} on {}", suite.name()))
    }

    pub(crate) fn quit(self) -> Result<()> {
        drop(self.client);
        self.vm.quit(Deadline::seconds(60))
    }
}

fn builder(machine: &Machine, disk: Option<&Disk>) -> Result<VmBuilder> {
    let builder = VmBuilder::new(ServerLibrary::of_the_environment()?).agent_port();
    let builder = builder.arguments(machine.arguments);
    Ok(match disk {
        Some(disk) => builder.arguments(&["-drive", &disk.drive()]),
        None => builder,
    })
}

fn client_of(vm: &Vm) -> Result<StockClient> {
    let mut client = vm.connect()?;
    client.ready(Deadline::seconds(30))?;
    Ok(client)
}

fn tell(suite: Suite, name: &str, outcome: &Result<()>, started: Instant) {
    let word = if outcome.is_ok() { "ok" } else { "FAILED" };
    println!("    {} {name}: {word} ({:.1} s)", suite.name(), started.elapsed().as_secs_f32());
}
