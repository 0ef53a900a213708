//! What is on the screen when there is no kernel any more.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use e2e::{Deadline, Picture, Suite};

use crate::pixels::console;
use crate::session::Session;

/// VGA's text mode, in pixels.
const TEXT: (usize, usize) = (720, 400);

/// The least and the most that is lit of a screen with a few lines of text, in parts of a thousand.
const LIT: std::ops::RangeInclusive<usize> = 5..=250;

/// A kernel that panics says so in the middle of a program's picture, and a client sees it. Then the machine is reset.
pub(crate) fn panicked(session: &mut Session) -> Result<()> {
    // Older kernels have nothing to say, and no more has upstream's driver.
    if session.suite != Suite::Sid || !session.is_ours() {
        return Ok(());
    }
    let deadline = Deadline::seconds(60);
    session.vm.guest.draw_still(1024, 768, deadline)?;
    session.client.sized(1024, 768, deadline)?;
    let before = session.vm.same_picture(&mut session.client, deadline)?;
    session.vm.guest.begin("echo c >/proc/sysrq-trigger")?;
    let changed = deadline.until("the panic's screen at the client", || {
        let now = session.client.settled_picture(deadline)?;
        Ok((now != before).then_some(now))
    })?;
    keep(&changed, "panic")?;
    ensure!((changed.width, changed.height) == (1024, 768), "it has another size");
    ensure!(changed.colours() <= 4 && LIT.contains(&lit(&changed)), "it is no text on one ground");
    session.vm.same_picture(&mut session.client, deadline)?;
    session.vm.guest.forget_console();
    session.vm.qmp.system_reset()?;
    session.vm.guest.booted(Deadline::seconds(180))?;
    console(session)
}

/// A machine that was switched off shows the text that was there before the driver came.
pub(crate) fn switched_off(session: &mut Session) -> Result<()> {
    session.vm.guest.draw_still(1024, 768, Deadline::seconds(60))?;
    session.vm.qmp.forget_events();
    session.vm.guest.begin("poweroff -f")?;
    session.vm.qmp.event("SHUTDOWN", Deadline::seconds(60))?;
    if !session.is_ours() {
        // The program's picture stays.
        return Ok(());
    }
    let picture = session.vm.screendump()?;
    keep(&picture, "switched-off")?;
    // A client sees it only when QEMU still looked at the screen before the machine stopped.
    ensure!(is_text(&picture), "VGA's text is not there: it is {}x{}", picture.width, picture.height);
    Ok(())
}

/// Whether it is a VGA text mode's screen with something on it.
pub(crate) fn is_text(picture: &Picture) -> bool {
    (picture.width, picture.height) == TEXT && LIT.contains(&lit(picture))
}

/// How many pixels of a thousand have another colour than the first one.
fn lit(picture: &Picture) -> usize {
    let ground = picture.pixel(0, 0);
    let pixels = picture.rgb().as_chunks::<3>().0;
    let lit = pixels.iter().filter(|pixel| Some(**pixel) != ground).count();
    lit * 1000 / pixels.len().max(1)
}

/// For people to look at, where KMS_PICTURES names a folder.
fn keep(picture: &Picture, name: &str) -> Result<()> {
    let Some(folder) = std::env::var_os("KMS_PICTURES") else { return Ok(()) };
    picture.write_png(&Path::new(&folder).join(format!("{name}.png"))).context("KMS_PICTURES")
}
