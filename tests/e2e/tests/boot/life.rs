//! The machine's life goes on, or back, under a connected client.

use anyhow::{Result, ensure};
use e2e::{Deadline, Display};

use crate::Session;

/// `stop` in the middle of a moving picture freezes it; `cont` lets it go on.
pub(crate) fn stop_and_continue(session: &mut Session) -> Result<()> {
    let Session { vm, client, .. } = session;
    vm.guest.draw_moving(1024, 768, None, Deadline::seconds(60))?;
    vm.qmp.stop()?;
    ensure!(vm.qmp.run_state()? == "paused", "stop left the guest running");
    let frozen = client.settled_picture(Deadline::seconds(30))?;
    if session.display != Display::Qxl {
        // QEMU asks a QXL device for its picture only while the guest runs: its own is older than the client's.
        vm.same_picture(client, Deadline::seconds(30))?;
    }
    vm.qmp.cont()?;
    Deadline::seconds(30)
        .until("a moving picture after cont", || Ok((client.picture()? != frozen).then_some(())))?;
    vm.guest.stop_drawing(Deadline::seconds(60))?;
    vm.same_picture(client, Deadline::seconds(30)).map(drop)
}

/// `loadvm` brings the saved picture back, of another size than the current one, and the guest goes on from there.
pub(crate) fn save_and_load(session: &mut Session) -> Result<()> {
    let Session { vm, client, .. } = session;
    let file = vm.file("snapshots.qcow2");
    vm.qmp.add_snapshot_storage(&file)?;
    vm.guest.draw_still(1024, 768, Deadline::seconds(60))?;
    let saved = vm.same_picture(client, Deadline::seconds(30))?;
    vm.guest.run("echo before >/tmp/when", Deadline::seconds(20))?;
    vm.qmp.save_snapshot("here")?;
    vm.guest.run("echo after >/tmp/when", Deadline::seconds(20))?;
    vm.guest.stop_drawing(Deadline::seconds(60))?;
    vm.guest.draw_still(800, 600, Deadline::seconds(60))?;
    client.sized(800, 600, Deadline::seconds(30))?;
    vm.qmp.load_snapshot("here")?;
    let when = vm.guest.run("cat /tmp/when", Deadline::seconds(20))?;
    ensure!(when.trim() == "before", "the guest remembers what came after its snapshot: {when:?}");
    client.sized(1024, 768, Deadline::seconds(30))?;
    let loaded = vm.same_picture(client, Deadline::seconds(30))?;
    ensure!(loaded == saved, "{} pixels differ from the saved picture", loaded.differing_pixels(&saved));
    vm.guest.stop_drawing(Deadline::seconds(60))?;
    vm.same_picture(client, Deadline::seconds(30))?;
    Ok(())
}

/// `system_reset` in the middle of a moving picture: the guest boots again and the client sees it.
pub(crate) fn reset(session: &mut Session) -> Result<()> {
    let Session { vm, client, .. } = session;
    vm.guest.draw_moving(1024, 768, None, Deadline::seconds(60))?;
    vm.qmp.system_reset()?;
    vm.guest.booted(Deadline::seconds(120))?;
    vm.guest.run("seq 1 5 >/dev/tty1", Deadline::seconds(20))?;
    vm.same_picture(client, Deadline::seconds(30))?;
    Ok(())
}
