//! Suspend to RAM and to disk with a picture on the screen.

use std::fs::File;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use e2e::Deadline;

use crate::pixels::shows;
use crate::session::Session;

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
        if !session.is_ours() {
            // The picture comes back only with the next change of it.
            continue;
        }
        shows(session, drawn).with_context(|| format!("round {round}"))?;
    }
    session.vm.guest.stop_drawing(Deadline::seconds(60))?;
    session.vm.guest.no_splat()
}

/// S4: the memory goes to a disk, the machine off, and another one takes it up.
pub(crate) fn hibernated(mut session: Session) -> Result<()> {
    session.vm.guest.run("mkswap /dev/vda && swapon /dev/vda", Deadline::seconds(30))?;
    let drawn = session.vm.guest.draw_still(1024, 768, Deadline::seconds(60))?;
    session.vm.guest.begin(HIBERNATE)?;
    session.vm.ended(Deadline::seconds(120)).context("the machine does not switch itself off")?;
    let mut session = session.succeeded(
        |builder| builder.kernel_argument("resume-from-disk"),
        |vm| vm.guest.finish(HIBERNATE, Deadline::seconds(180)).map(drop),
    )?;
    if session.is_ours() {
        shows(&mut session, drawn)?;
        session.vm.guest.stop_drawing(Deadline::seconds(60))?;
        session.vm.guest.no_splat()?;
    }
    // Upstream's screen stays dark: a surface of 64x64 pixels is all that a client sees of it.
    let complaints = session.vm.complaints()?;
    ensure!(complaints.is_empty(), "QEMU complained: {complaints:#?}");
    session.quit()
}

/// An empty disk. Removed when dropped.
pub(crate) struct Disk(PathBuf);

impl Disk {
    pub(crate) fn create() -> Result<Self> {
        const SIZE: u64 = 768 << 20;
        let path = std::env::temp_dir().join(format!("spice-guest-suite-swap-{}", std::process::id()));
        File::create(&path)?.set_len(SIZE)?;
        Ok(Disk(path))
    }

    /// For QEMU's command line.
    pub(crate) fn drive(&self) -> String {
        format!("file={},if=virtio,format=raw,cache=unsafe", self.0.display())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).ok();
    }
}
