//! Suspend to RAM and to disk with a picture on the screen.

use std::fs::File;

use anyhow::{Context, Result, ensure};
use e2e::{Deadline, GuestImage, KmsDriver, ServerLibrary, Suite, VmBuilder};

use crate::pixels::shows;
use crate::{Session, lifecycle};

const SLEEP: &str = "echo mem >/sys/power/state";
const HIBERNATE: &str = "echo shutdown >/sys/power/disk; echo disk >/sys/power/state";

/// S3 and back, three times.
pub(crate) fn suspended(session: &mut Session) -> Result<()> {
    let drawn = session.vm.guest.draw_still(1024, 768, Deadline::seconds(60))?;
    shows(session, drawn)?;
    for round in 0..3 {
        session.vm.qmp.forget_events();
        session.vm.guest.begin(SLEEP)?;
        session.vm.qmp.event("SUSPEND", Deadline::seconds(60))?;
        session.vm.qmp.execute("system_wakeup", &serde_json::json!({}))?;
        session.vm.qmp.event("WAKEUP", Deadline::seconds(60))?;
        let awake = session.vm.guest.finish(SLEEP, Deadline::seconds(60));
        awake.with_context(|| format!("awake, round {round}"))?;
        if session.driver == KmsDriver::Upstream {
            // The picture comes back only with the next change of it.
            continue;
        }
        shows(session, drawn).with_context(|| format!("round {round}"))?;
    }
    session.vm.guest.stop_drawing(Deadline::seconds(60))?;
    lifecycle::no_splat(session)
}

/// S4: the memory goes to a disk, the machine off, and another one takes it up.
pub(crate) fn hibernated(suite: Suite, driver: &KmsDriver) -> Result<()> {
    const SIZE: u64 = 768 << 20;
    let image = GuestImage::of(suite, driver)?;
    let disk = std::env::temp_dir().join(format!("spice-guest-suite-swap-{}", std::process::id()));
    File::create(&disk)?.set_len(SIZE)?;
    let drive = format!("file={},if=virtio,format=raw,cache=unsafe", disk.display());
    let builder = || -> Result<VmBuilder> {
        Ok(VmBuilder::new(ServerLibrary::of_the_environment()?).arguments(&["-drive", &drive]))
    };
    let outcome = (|| {
        let mut vm = builder()?.start(&image)?;
        vm.guest.booted(Deadline::seconds(180))?;
        vm.guest.run("mkswap /dev/vda && swapon /dev/vda", Deadline::seconds(30))?;
        let drawn = vm.guest.draw_still(1024, 768, Deadline::seconds(60))?;
        vm.guest.begin(HIBERNATE)?;
        vm.ended(Deadline::seconds(120)).context("the machine does not switch itself off")?;
        drop(vm);
        let mut vm = builder()?.kernel_argument("resume-from-disk").start(&image)?;
        vm.guest.finish(HIBERNATE, Deadline::seconds(180)).context("the guest does not come back")?;
        if *driver == KmsDriver::Upstream {
            // The screen stays dark: a surface of 64x64 pixels is all that a client sees of it.
            return Ok(());
        }
        let mut client = vm.connect()?;
        client.ready(Deadline::seconds(30))?;
        let mut session = Session { suite, driver: driver.clone(), vm, client };
        shows(&mut session, drawn)?;
        session.vm.guest.stop_drawing(Deadline::seconds(60))?;
        lifecycle::no_splat(&mut session)?;
        let complaints = session.vm.complaints()?;
        ensure!(complaints.is_empty(), "QEMU complained: {complaints:#?}");
        Ok(())
    })();
    std::fs::remove_file(&disk).ok();
    outcome
}
