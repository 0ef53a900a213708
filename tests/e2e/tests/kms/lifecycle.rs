//! The driver comes and goes while the guest runs.

use anyhow::{Context, Result, ensure};
use e2e::{Deadline, KmsDriver};

use crate::Session;

const ROUNDS: u32 = 20;

/// The device's driver is unbound and bound again, with a mode set in between.
///
/// Not asked of upstream's driver: it unmaps the device's memory before it gives its interrupt back, and the next interrupt
/// panics the kernel (seen with 6.12: a page fault in `qxl_irq_handler`, on the first round or the second).
pub(crate) fn bound_again(session: &mut Session) -> Result<()> {
    if session.driver == KmsDriver::Upstream {
        return Ok(());
    }
    let deadline = Deadline::seconds(120);
    let driver = driver(session)?;
    for round in 0..ROUNDS {
        let unbind = format!("echo {} > {}/unbind", driver.device, driver.folder);
        session.vm.guest.run(&unbind, deadline).with_context(|| format!("round {round}"))?;
        let bind = format!("echo {} > {}/bind", driver.device, driver.folder);
        session.vm.guest.run(&bind, deadline).with_context(|| format!("round {round}"))?;
    }
    no_splat(session)
}

/// The module goes and comes back.
pub(crate) fn loaded_again(session: &mut Session) -> Result<()> {
    if session.driver == KmsDriver::Upstream {
        return Ok(());
    }
    let deadline = Deadline::seconds(60);
    let driver = driver(session)?;
    session.vm.guest.run(&format!("echo {} > {}/unbind", driver.device, driver.folder), deadline)?;
    session.vm.guest.run(&format!("rmmod {}", driver.module), deadline)?;
    session.vm.guest.run(&format!("insmod /modules/*-{}.ko", driver.module), deadline)?;
    session.vm.guest.run("test -e /dev/dri/card*", deadline).context("the display is not back")?;
    no_splat(session)
}

/// Where the kernel keeps the QXL device's driver.
struct Driver {
    module: String,
    folder: String,
    device: String,
}

fn driver(session: &mut Session) -> Result<Driver> {
    const DEVICE: &str = "d=$(dirname $(grep -l 0x1b36 /sys/bus/pci/devices/*/vendor | head -n1)); \
                          basename $d; readlink -f $d/driver; basename $(readlink -f $d/driver/module)";
    let answer = session.vm.guest.run(DEVICE, Deadline::seconds(10))?;
    let mut lines = answer.lines().map(str::to_owned);
    let mut next = || lines.next().context("the QXL device has no driver");
    Ok(Driver { device: next()?, folder: next()?, module: next()? })
}

/// The kernel has not warned since it booted.
pub(crate) fn no_splat(session: &mut Session) -> Result<()> {
    const LINE: &str = "dmesg | grep -E 'WARNING:|BUG:|Oops|general protection|INFO: task' || true";
    let splats = session.vm.guest.run(LINE, Deadline::seconds(10))?;
    ensure!(splats.is_empty(), "the kernel complained: {splats}");
    Ok(())
}
