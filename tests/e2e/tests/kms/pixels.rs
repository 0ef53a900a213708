//! What the guest draws is what a stock client shows: the guest tells a fingerprint of its own picture, so that a driver that
//! leaves something out is caught although QEMU and the client agree.

use anyhow::{Context, Result, ensure};
use e2e::{Deadline, Fingerprint};

use crate::session::Session;

/// The kernel's text console, after it has scrolled.
pub(crate) fn console(session: &mut Session) -> Result<()> {
    session.vm.guest.run("(seq 1 200; dmesg | tail -n 50) >/dev/tty1", Deadline::seconds(20))?;
    let shown = session.vm.same_picture(&mut session.client, Deadline::seconds(30))?;
    ensure!(shown.colours() > 1, "the console is empty");
    Ok(())
}

/// Listed sizes and odd ones.
pub(crate) fn modes(session: &mut Session) -> Result<()> {
    for (width, height) in [(1024, 768), (1366, 911), (801, 603), (640, 480)] {
        let drawn = session.vm.guest.draw_still(width, height, Deadline::seconds(60))?;
        session.client.sized(width, height, Deadline::seconds(30))?;
        shows(session, drawn)?;
        session.vm.guest.stop_drawing(Deadline::seconds(60))?;
    }
    console(session)
}

/// Programs that ask for 16 bits a pixel.
pub(crate) fn sixteen_bits(session: &mut Session) -> Result<()> {
    if !session.is_ours() {
        return Ok(());
    }
    let drawn = session.vm.guest.draw_still_with("--size 1024x768 --rgb565", Deadline::seconds(60))?;
    session.client.sized(1024, 768, Deadline::seconds(30))?;
    shows(session, drawn)?;
    session.vm.guest.stop_drawing(Deadline::seconds(60))
}

/// Many small changes through dirty rectangles.
pub(crate) fn moving(session: &mut Session) -> Result<()> {
    session.vm.guest.draw_moving(1024, 768, Some(60), Deadline::seconds(60))?;
    let drawn = session.vm.guest.drawn_last(Deadline::seconds(60))?;
    shows(session, drawn)?;
    session.vm.guest.stop_drawing(Deadline::seconds(60))
}

/// A desktop's scenes through atomic flips.
pub(crate) fn scenes(session: &mut Session) -> Result<()> {
    for scene in ["typing", "terminal", "drag", "video"] {
        let drawn = session.vm.guest.draw_scene(scene, Deadline::seconds(120))?;
        shows(session, drawn)?;
        session.vm.guest.stop_drawing(Deadline::seconds(60))?;
    }
    Ok(())
}

/// A viewer's window is resized; the next program that asks for the preferred mode gets that size.
pub(crate) fn resized_by_client(session: &mut Session) -> Result<()> {
    // Nobody reads the agent's port: the server itself hands the client's wish to the device.
    const HOLD: &str = "n=$(grep -lx com.redhat.spice.0 /sys/class/virtio-ports/*/name); \
                        sleep 100000 <>/dev/$(basename $(dirname $n)) >/dev/null 2>&1 &";
    session.vm.guest.run(HOLD, Deadline::seconds(20))?;
    Deadline::seconds(30).until("an agent, as the client sees it", || {
        Ok((session.client.state()?["agent"] == true).then_some(()))
    })?;
    // A height for which the kernel's formula for timings divides by zero.
    session.client.resize(1000, 0x0200_0000)?;
    for (width, height) in [(1111, 777), (800, 608)] {
        session.client.resize(width, height)?;
        // Upstream rounds the width down to a multiple of eight.
        let sizes = [(width, height), (width / 8 * 8, height)];
        let wanted = sizes.map(|(width, height)| format!("{width}x{height}"));
        let mut preferred = String::new();
        let told = Deadline::seconds(30).until("the size as the preferred mode", || {
            preferred = session.vm.guest.run("guest-program preferred", Deadline::seconds(10))?;
            Ok(wanted.iter().any(|size| size == preferred.trim()).then_some(()))
        });
        told.with_context(|| format!("{width}x{height} was asked for, the guest has {preferred}"))?;
        let drawn = session.vm.guest.draw_still_with("", Deadline::seconds(60))?;
        shows(session, drawn)?;
        session.vm.guest.stop_drawing(Deadline::seconds(60))?;
    }
    session.vm.guest.no_splat()
}

/// `system_reset` while the picture moves: firmware and the next boot's console appear.
pub(crate) fn reset(session: &mut Session) -> Result<()> {
    session.vm.guest.draw_moving(1024, 768, None, Deadline::seconds(60))?;
    session.vm.qmp.system_reset()?;
    session.vm.guest.booted(Deadline::seconds(180))?;
    console(session)
}

/// `loadvm` brings back the picture of `savevm`, and the driver goes on from there.
pub(crate) fn saved_and_loaded(session: &mut Session) -> Result<()> {
    let file = session.vm.file("snapshots.qcow2");
    session.vm.qmp.add_snapshot_storage(&file)?;
    let drawn = session.vm.guest.draw_still(1024, 768, Deadline::seconds(60))?;
    shows(session, drawn)?;
    session.vm.qmp.save_snapshot("here")?;
    session.vm.guest.stop_drawing(Deadline::seconds(60))?;
    session.vm.guest.draw_still(800, 600, Deadline::seconds(60))?;
    session.client.sized(800, 600, Deadline::seconds(30))?;
    session.vm.qmp.load_snapshot("here")?;
    session.client.sized(1024, 768, Deadline::seconds(30))?;
    shows(session, drawn)?;
    session.vm.guest.stop_drawing(Deadline::seconds(60))?;
    scenes(session)
}

/// QEMU and the client come to show the picture that the guest has drawn.
pub(crate) fn shows(session: &mut Session, drawn: Fingerprint) -> Result<()> {
    client_shows(session, drawn)?;
    session.vm.same_picture(&mut session.client, Deadline::seconds(30)).map(drop)
}

/// The client comes to show it.
pub(crate) fn client_shows(session: &mut Session, drawn: Fingerprint) -> Result<()> {
    let client = &mut session.client;
    let equal = Deadline::seconds(30).until("the guest's picture at the client", || {
        Ok((client.picture()?.fingerprint() == drawn).then_some(()))
    });
    if let Err(error) = equal {
        let file = std::env::temp_dir().join("kms-differs.png");
        client.picture()?.write_png(&file)?;
        return Err(error.context(format!("what it shows is in {}", file.display())));
    }
    Ok(())
}
