//! As much as fits, and what is said when it does not.

use anyhow::{Context, Result, ensure};
use e2e::Deadline;

use crate::heads::with_displays;
use crate::pixels::{console, shows};
use crate::session::Session;

/// The largest picture that people have screens for, still and in motion.
pub(crate) fn four_k(session: &mut Session) -> Result<()> {
    let drawn = session.vm.guest.draw_still(3840, 2160, Deadline::seconds(180))?;
    session.client.sized(3840, 2160, Deadline::seconds(60))?;
    shows(session, drawn)?;
    session.vm.guest.stop_drawing(Deadline::seconds(60))?;
    session.vm.guest.draw_moving(3840, 2160, Some(10), Deadline::seconds(180))?;
    let drawn = session.vm.guest.drawn_last(Deadline::seconds(180))?;
    shows(session, drawn)?;
    session.vm.guest.stop_drawing(Deadline::seconds(60))?;
    console(session)
}

/// 8 MiB hold 1920x1080 but not 2560x1600.
pub(crate) fn too_large(session: &mut Session) -> Result<()> {
    let listed = session.vm.guest.run("cat /sys/class/drm/card*-Virtual-1/modes", Deadline::seconds(20))?;
    ensure!(listed.lines().any(|mode| mode == "1920x1080"), "no 1920x1080 in {listed}");
    ensure!(!listed.lines().any(|mode| mode == "2560x1600"), "a mode is listed that does not fit: {listed}");
    refused(session, "own 1024x768 --refused 2560x1600", "Invalid argument")
}

/// Two displays of 1920x1080 do not fit.
pub(crate) fn too_many(session: &mut Session) -> Result<()> {
    with_displays(session, 2, |session| {
        refused(session, "own 1920x1080 --refused 1920x1080", "No space left on device")
    })?;
    console(session)
}

/// The picture stays, and the answer says what is missing.
fn refused(session: &mut Session, heads: &str, reason: &str) -> Result<()> {
    let drawn = session.vm.guest.draw_heads(heads, Deadline::seconds(120))?;
    let answer = session.vm.guest.marker("REFUSED ", Deadline::seconds(60));
    if session.is_ours() {
        let answer = answer?;
        ensure!(answer.contains(reason), "{answer}");
        shows(session, drawn)?;
    }
    session.vm.guest.stop_drawing(Deadline::seconds(60))?;
    session.vm.guest.no_splat()
}

/// More than the device can take, drawn without a pause into what is shown: the pictures go on changing, because who starves
/// asks for memory all the same.
pub(crate) fn flooded(session: &mut Session) -> Result<()> {
    const PICTURES: usize = 10;
    session.vm.guest.draw_noise(1024, 768, Deadline::seconds(60))?;
    session.client.sized(1024, 768, Deadline::seconds(60))?;
    let deadline = Deadline::seconds(60);
    let mut last = session.client.picture()?.fingerprint();
    for picture in 0..PICTURES {
        let changed = deadline.until("another picture", || {
            let now = session.client.picture()?.fingerprint();
            Ok((now != last).then_some(now))
        });
        last = changed.with_context(|| format!("picture {picture}"))?;
    }
    session.vm.guest.stop_drawing(Deadline::seconds(60))?;
    console(session)
}

/// A guest whose memory is full cannot have everything, but what it has goes on.
pub(crate) fn pressed(session: &mut Session) -> Result<()> {
    const FILL: &str = "k=$(awk '/MemAvailable/ {print $2}' /proc/meminfo); \
                        dd if=/dev/zero of=/tmp/full bs=1M count=$((k / 1024 - 24)) 2>/dev/null; \
                        awk '/MemAvailable/ {print $2}' /proc/meminfo";
    session.vm.guest.run(FILL, Deadline::seconds(120))?;
    // Needs more than is there for its buffer and ours: it may be refused or killed, no more.
    session.vm.guest.run("guest-program mode-changes 20 || true", Deadline::seconds(120))?;
    console(session)?;
    session.vm.guest.run("rm /tmp/full", Deadline::seconds(60))?;
    let drawn = session.vm.guest.draw_still(1280, 1024, Deadline::seconds(60))?;
    shows(session, drawn)?;
    session.vm.guest.stop_drawing(Deadline::seconds(60))?;
    session.vm.guest.no_splat()
}
