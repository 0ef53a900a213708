//! One guest with one driver, all scenes after each other.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::{Result, bail};
use e2e::{Deadline, GuestImage, KmsDriver, ServerLibrary, SpiceAddress, Suite, Vm, VmBuilder};
use replayer::null_client::NullClient;
use serde::Serialize;

use crate::scene::{SCENES, Told};
use crate::{command_log, ports};

/// A scene under QEMU's log of commands.
#[derive(Clone, Serialize)]
pub(crate) struct Counted {
    pub(crate) scene: &'static str,
    pub(crate) told: Told,
    pub(crate) given: command_log::Given,
}

/// A scene left alone.
#[derive(Clone, Serialize)]
pub(crate) struct Timed {
    pub(crate) scene: &'static str,
    pub(crate) told: Told,
    pub(crate) ports: BTreeMap<String, u64>,
    pub(crate) wire_bytes: u64,
    pub(crate) qemu_seconds: f64,
}

/// Counts what goes into the ring.
pub(crate) fn counted(suite: Suite, driver: &KmsDriver, library: &ServerLibrary) -> Result<Vec<Counted>> {
    let logging = ["-global", "qxl-vga.cmdlog=1"];
    let (mut vm, _client) = boot(suite, driver, library, |builder| builder.arguments(&logging))?;
    let mut counted = Vec::new();
    for scene in SCENES {
        let before = settled(|| Ok(vm.standard_error()?.len()))?;
        let told = show(&mut vm, scene)?;
        let after = settled(|| Ok(vm.standard_error()?.len()))?;
        let log = vm.standard_error()?;
        let given = command_log::count(log.get(before..after).unwrap_or_default());
        println!("    {}, {scene}: {given:?}", driver.name());
        counted.push(Counted { scene, told, given });
    }
    vm.forget_complaints()?;
    vm.quit(Deadline::seconds(60))?;
    Ok(counted)
}

/// Measures times, ports and the wire.
pub(crate) fn timed(suite: Suite, driver: &KmsDriver, library: &ServerLibrary) -> Result<Vec<Timed>> {
    let (mut vm, client) = boot(suite, driver, library, |builder| builder.traced("qxl_io_write"))?;
    let mut timed = Vec::new();
    for scene in SCENES {
        let bytes = settled(|| Ok(client.display().bytes))?;
        let traced = vm.trace()?.len();
        let used = vm.processor_seconds()?;
        let told = show(&mut vm, scene)?;
        let wire_bytes = settled(|| Ok(client.display().bytes))? - bytes;
        let qemu_seconds = vm.processor_seconds()? - used;
        let ports = ports::count(vm.trace()?.get(traced..).unwrap_or_default());
        println!("    {}, {scene}: {:.0} ms, {ports:?}", driver.name(), told.wall_ms);
        timed.push(Timed { scene, told, ports, wire_bytes, qemu_seconds });
    }
    vm.forget_complaints()?;
    vm.quit(Deadline::seconds(60))?;
    Ok(timed)
}

fn boot(
    suite: Suite,
    driver: &KmsDriver,
    library: &ServerLibrary,
    options: impl Fn(VmBuilder) -> VmBuilder,
) -> Result<(Vm, NullClient)> {
    let image = GuestImage::of(suite, driver)?;
    let address = SpiceAddress::free_loopback_port()?;
    let SpiceAddress::Loopback(port) = address else { bail!("the client needs a port") };
    let mut vm = options(VmBuilder::new(library.clone()).spice(address)).start(&image)?;
    vm.guest.booted(Deadline::seconds(180))?;
    let client = NullClient::connect(SocketAddr::from(([127, 0, 0, 1], port)))?;
    Ok((vm, client))
}

fn show(vm: &mut Vm, scene: &str) -> Result<Told> {
    let line = format!("guest-program scene {scene} >/dev/ttyS0 2>&1 &");
    vm.guest.run(&line, Deadline::seconds(30))?;
    Told::read(&vm.guest.marker(&format!("SCENE {scene}"), Deadline::seconds(180))?)
}

/// A growing number once it has stood still for half a second.
fn settled<T: PartialEq + Copy>(number: impl Fn() -> Result<T>) -> Result<T> {
    const LOOKS: usize = 10;
    let (mut last, mut equal) = (number()?, 0);
    Deadline::seconds(60).until("everything on its way to arrive", || {
        let now = number()?;
        equal = if now == last { equal + 1 } else { 0 };
        last = now;
        Ok((equal >= LOOKS).then_some(now))
    })
}
