//! A Debian guest in stock QEMU, seen and used through a stock client: one boot for each display device, many checks
//! in each. Run by `cargo xtask test e2e`, with the original library first and then ours; SPICE_SERVER_LIBRARY names
//! the library.
//!
//! The checks depend on each other's order: each leaves the guest at its text console with the client connected.

mod access;
mod agent;
mod input;
mod life;
mod screen;

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use e2e::{
    Deadline, Display, GuestImage, Machine, Pointer, ServerLibrary, SpiceAddress, StockClient, Vm, VmBuilder,
};

/// One thing to look at, by its name.
type Check = (&'static str, fn(&mut Session) -> Result<()>);

/// A guest at its text console, and a client that shows it.
struct Session {
    display: Display,
    vm: Vm,
    client: StockClient,
}

impl Session {
    /// Boots; the client joins once the guest is up.
    fn boot(display: Display, builder: VmBuilder) -> Result<Self> {
        let mut vm = builder.display(display).start(&GuestImage::prepare()?)?;
        vm.guest.booted(Deadline::seconds(120))?;
        let mut client = vm.connect()?;
        client.ready(Deadline::seconds(30))?;
        Ok(Session { display, vm, client })
    }

    /// Runs one check, says how long it took, and looks whether QEMU is still there and content.
    fn check(&mut self, (name, check): Check) -> Result<()> {
        let started = Instant::now();
        let outcome = check(self).and_then(|()| self.vm.check_alive());
        println!(
            "    {name}: {} ({:.1} s)",
            if outcome.is_ok() { "ok" } else { "FAILED" },
            started.elapsed().as_secs_f32()
        );
        let complaints = self.vm.complaints()?;
        ensure!(outcome.is_err() || complaints.is_empty(), "{name}: QEMU complained: {complaints:#?}");
        outcome.context(name)
    }
}

fn builder() -> Result<VmBuilder> {
    Ok(VmBuilder::new(ServerLibrary::of_the_environment()?))
}

/// Fails with the whole chain of reasons, while the machine is still there to be described.
fn succeed(outcome: Result<()>) {
    if let Err(error) = outcome {
        panic!("{error:#}");
    }
}

fn run(display: Display, builder: VmBuilder, checks: &[Check]) -> Result<()> {
    let mut session = Session::boot(display, builder)?;
    for check in checks {
        succeed(session.check(*check));
    }
    drop(session.client);
    session.vm.quit(Deadline::seconds(60))
}

#[test]
fn qxl() {
    let builder = builder().unwrap().pointer(Pointer::Tablet);
    succeed(run(
        Display::Qxl,
        builder,
        &[
            ("text console", screen::console),
            ("spicy-screenshot", screen::stock_screenshot),
            ("typed keys", input::typed_text),
            ("tablet", input::tablet),
            ("mode-set", screen::mode_sets),
            ("moving picture", screen::moving_picture),
            ("late client", screen::late_client),
            ("stop and cont", life::stop_and_continue),
            ("savevm and loadvm", life::save_and_load),
            ("add_client", access::added_client),
            ("system_reset", life::reset),
            ("typed keys after the reset", input::typed_text),
        ],
    ));
}

#[test]
fn std_vga() {
    let address = SpiceAddress::free_loopback_port().unwrap();
    let builder = builder().unwrap().machine(Machine::Q35).pointer(Pointer::Mouse);
    succeed(run(
        Display::Std,
        builder.spice(address).ticket("first light"),
        &[
            ("text console", screen::console),
            ("typed keys", input::typed_text),
            ("mouse", input::mouse),
            ("mode-set", screen::mode_sets),
            ("moving picture", screen::moving_picture),
            ("stop and cont", life::stop_and_continue),
            ("savevm and loadvm", life::save_and_load),
            ("tickets", access::tickets),
            ("system_reset", life::reset),
        ],
    ));
}

#[test]
fn virtio_vga() {
    let builder = builder().unwrap().pointer(Pointer::Tablet);
    succeed(run(
        Display::Virtio,
        builder,
        &[
            ("text console", screen::console),
            ("typed keys", input::typed_text),
            ("tablet", input::tablet),
            ("mode-set", screen::mode_sets),
            ("moving picture", screen::moving_picture),
            ("stop and cont", life::stop_and_continue),
            ("savevm and loadvm", life::save_and_load),
            ("system_reset", life::reset),
        ],
    ));
}

#[test]
fn agent() {
    let builder = builder().unwrap().pointer(Pointer::Mouse).agent_port();
    succeed(run(
        Display::Std,
        builder,
        &[
            ("agent: introduced", agent::introduced),
            ("agent: asked for monitors", agent::asked_for_monitors),
            ("agent: sent much", agent::sent_much),
            ("agent: moved the pointer", agent::moved_the_pointer),
            ("agent: replaced", agent::replaced),
            ("agent: talked nonsense", agent::talked_nonsense),
            ("text console", screen::console),
        ],
    ));
}
