//! The driver and its modes come and go while the guest runs, and leave nothing behind.

use anyhow::{Context, Result};
use e2e::Deadline;

use crate::end;
use crate::pixels::{client_shows, console};
use crate::session::Session;

/// How often what is repeated is, where KMS_ROUNDS does not say otherwise.
const ROUNDS: u32 = 200;

/// Rounds after which everything that is made once has been made.
const WARM_UP: u32 = 5;

/// The most of the guest's memory that may be gone after all rounds, in KiB: the kernel estimates how much is free, give or take
/// a MiB. Three pages for each of 200 rounds would be more.
const LOST: i64 = 2048;

/// The same of the device's memory, without the tiles that stay for later and make room when memory is short. QEMU gives back
/// what it has read in batches of 32 commands, each of which may keep an image. One frame for each round would be sixty times
/// as much.
const LOST_OF_DEVICE: i64 = 4096;

/// The device's driver is unbound and bound again; the console lights the display each time.
///
/// Not asked of upstream's driver: it unmaps the device's memory before it gives its interrupt back, and the next interrupt
/// panics the kernel (seen with 6.12: a page fault in `qxl_irq_handler`, on the first round or the second).
pub(crate) fn bound_again(session: &mut Session) -> Result<()> {
    if !session.is_ours() {
        return Ok(());
    }
    let driver = driver(session)?;
    let round = |session: &mut Session, _| {
        for verb in ["unbind", "bind"] {
            let line = format!("echo {} > {}/{verb}", driver.device, driver.folder);
            session.vm.guest.run(&line, Deadline::seconds(120))?;
        }
        Ok(())
    };
    leaves_nothing(session, round)
}

/// A program sets a mode of another size each time and goes; then the console sets its own.
pub(crate) fn modes_leave_nothing(session: &mut Session) -> Result<()> {
    let round = |session: &mut Session, number| {
        let line = format!("guest-program mode-changes 1 {number}");
        session.vm.guest.run(&line, Deadline::seconds(120)).map(drop)
    };
    leaves_nothing(session, round)
}

fn leaves_nothing(session: &mut Session, round: impl Fn(&mut Session, u32) -> Result<()>) -> Result<()> {
    let rounds = match std::env::var("KMS_ROUNDS") {
        Ok(rounds) => rounds.parse().context("KMS_ROUNDS is no number")?,
        Err(_) => ROUNDS,
    };
    let mut before = None;
    for number in 0..WARM_UP + rounds {
        if number == WARM_UP {
            before = Some(Left::at_the_console(session)?);
        }
        round(session, number).with_context(|| format!("round {number}"))?;
    }
    let before = before.context("no rounds")?;
    let mut after = Left::at_the_console(session)?;
    // The kernel gives some memory back later, and not before it is asked again.
    let back = Deadline::seconds(60).until("all memory", || {
        let is_back = !session.is_ours()
            || before.memory - after.memory <= LOST && after.device - before.device <= LOST_OF_DEVICE;
        if !is_back {
            after = Left::at_the_console(session)?;
        }
        Ok(is_back.then_some(()))
    });
    println!("      {rounds} rounds: {before}, then {after}");
    back.with_context(|| format!("{before}, then {after}"))?;
    session.vm.guest.no_splat()
}

/// In KiB.
struct Left {
    /// What the guest has free.
    memory: i64,
    /// What the driver has taken of the device's and cannot do without.
    device: i64,
    /// What it keeps there for later.
    kept: i64,
}

impl Left {
    fn at_the_console(session: &mut Session) -> Result<Self> {
        const MEMORY: &str =
            "sync; echo 3 >/proc/sys/vm/drop_caches; awk '/MemAvailable/ {print $2}' /proc/meminfo";
        const STATISTICS: &str = "cat /sys/kernel/debug/dri/*/qxl_statistics";
        console(session)?;
        let memory = session.vm.guest.run(MEMORY, Deadline::seconds(30))?;
        let memory = memory.trim().parse().context("MemAvailable")?;
        if !session.is_ours() {
            return Ok(Left { memory, device: 0, kept: 0 });
        }
        let statistics = session.vm.guest.run(STATISTICS, Deadline::seconds(30))?;
        let kib = |name: &str| -> Result<i64> {
            let mut lines = statistics.lines().filter_map(|line| line.split_once(' '));
            let (_, value) = lines.find(|(found, _)| *found == name).context("no such statistic")?;
            Ok(value.trim().parse::<i64>()? / 1024)
        };
        let kept = kib("heap_kept")?;
        Ok(Left { memory, device: kib("heap_taken")? - kept, kept })
    }
}

impl std::fmt::Display for Left {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Left { memory, device, kept } = self;
        write!(formatter, "{memory} KiB free, {device} KiB of the device's taken, {kept} KiB of tiles")
    }
}

/// The module goes and comes back.
pub(crate) fn loaded_again(session: &mut Session) -> Result<()> {
    if !session.is_ours() {
        return Ok(());
    }
    let deadline = Deadline::seconds(60);
    let driver = driver(session)?;
    session.vm.guest.run(&format!("echo {} > {}/unbind", driver.device, driver.folder), deadline)?;
    session.vm.guest.run(&format!("rmmod {}", driver.module), deadline)?;
    session.vm.guest.run(&format!("insmod /modules/*-{}.ko", driver.module), deadline)?;
    session.vm.guest.run("test -e /dev/dri/card*", deadline).context("the display is not back")?;
    session.vm.guest.no_splat()
}

/// The device is taken away under a program that draws, and found again. Not asked of upstream's driver: see above.
pub(crate) fn removed(session: &mut Session) -> Result<()> {
    if !session.is_ours() {
        return Ok(());
    }
    let deadline = Deadline::seconds(60);
    let driver = driver(session)?;
    session.vm.guest.draw_moving(1024, 768, None, deadline)?;
    session.vm.guest.run(&format!("echo 1 >/sys/bus/pci/devices/{}/remove", driver.device), deadline)?;
    session.client.sized(720, 400, deadline).context("VGA's text")?;
    let client = &mut session.client;
    deadline.until("VGA's text at the client", || Ok(end::is_text(&client.picture()?).then_some(())))?;
    // The program is refused its next frame.
    session.vm.guest.marker("GUEST-PROGRAM-FAILED", deadline)?;
    session.vm.guest.run("echo 1 >/sys/bus/pci/rescan", deadline)?;
    session.vm.guest.run("test -e /dev/dri/card*", deadline).context("the display is not back")?;
    let drawn = session.vm.guest.draw_still(800, 600, deadline)?;
    session.client.sized(800, 600, deadline)?;
    client_shows(session, drawn)?;
    session.vm.guest.stop_drawing(deadline)?;
    session.vm.guest.no_splat()
}

/// The driver is unbound while the device has less room than a program draws, and bound again. Not asked of upstream's driver:
/// see above.
pub(crate) fn unbound_under_pressure(session: &mut Session) -> Result<()> {
    if !session.is_ours() {
        return Ok(());
    }
    let deadline = Deadline::seconds(120);
    let driver = driver(session)?;
    session.vm.guest.draw_noise(1024, 768, deadline)?;
    session.vm.guest.run(&format!("echo {} > {}/unbind", driver.device, driver.folder), deadline)?;
    session.vm.guest.marker("DEVICE-GONE", deadline)?;
    session.vm.guest.stop_drawing(deadline)?;
    session.vm.guest.run(&format!("echo {} > {}/bind", driver.device, driver.folder), deadline)?;
    console(session)?;
    session.vm.guest.no_splat()
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
