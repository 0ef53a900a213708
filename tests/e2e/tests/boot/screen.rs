//! What the guest draws reaches the client, pixel for pixel.

use anyhow::{Result, ensure};
use e2e::{Deadline, Picture, screenshot};

use crate::Session;

/// Where the test card's first bar lies, in parts of the screen, and its colour.
const BAR: (usize, usize) = (5, 4);
const BAR_COLOUR: [u8; 3] = [192, 192, 192];

/// What the guest prints on its text console appears, after it has scrolled through.
pub(crate) fn console(session: &mut Session) -> Result<()> {
    let before = session.vm.same_picture(&mut session.client, Deadline::seconds(30))?;
    session.vm.guest.run("(seq 1 200; cat /proc/uptime) >/dev/tty1", Deadline::seconds(20))?;
    let printed = |now: &Picture| now.colours() > 1 && now.differing_pixels(&before) > 0;
    session.vm.screen_where("text on the console", Deadline::seconds(30), printed)?;
    session.vm.same_picture(&mut session.client, Deadline::seconds(30)).map(drop)
}

/// Spice-gtk's own screenshot program sees the same.
pub(crate) fn stock_screenshot(session: &mut Session) -> Result<()> {
    let shown = session.vm.same_picture(&mut session.client, Deadline::seconds(30))?;
    let file = session.vm.file("screenshot.ppm");
    let shot = screenshot(session.vm.spice(), &file, Deadline::seconds(30))?;
    ensure!(shot == shown, "{} pixels differ from spicy-screenshot's", shot.differing_pixels(&shown));
    // The original serves one client at a time: the newcomer has taken ours' place.
    session.client = session.vm.connect()?;
    session.client.ready(Deadline::seconds(30))
}

/// Modes of several sizes reach the client, and the console comes back.
pub(crate) fn mode_sets(session: &mut Session) -> Result<()> {
    for (width, height) in [(1024, 768), (800, 600), (640, 480)] {
        session.vm.guest.draw_still(width, height, Deadline::seconds(60))?;
        session.client.sized(width, height, Deadline::seconds(30))?;
        let card = session.vm.same_picture(&mut session.client, Deadline::seconds(30))?;
        ensure!(
            (card.width, card.height) == (width, height),
            "QEMU's picture is {}x{}",
            card.width,
            card.height
        );
        let bar = card.pixel(width / BAR.0, height / BAR.1);
        ensure!(bar == Some(BAR_COLOUR), "{width}x{height} shows {bar:?} where the first bar should be");
        session.vm.guest.stop_drawing(Deadline::seconds(60))?;
    }
    console(session)
}

/// After many small updates the client shows what QEMU shows.
pub(crate) fn moving_picture(session: &mut Session) -> Result<()> {
    session.vm.guest.draw_moving(1024, 768, Some(60), Deadline::seconds(60))?;
    session.client.sized(1024, 768, Deadline::seconds(30))?;
    session.vm.guest.drawn_last(Deadline::seconds(60))?;
    let last = session.vm.same_picture(&mut session.client, Deadline::seconds(30))?;
    ensure!(last.colours() > 1000, "the picture has only {} colours", last.colours());
    session.vm.guest.stop_drawing(Deadline::seconds(60))
}

/// A client that joins while the picture moves sees all of it.
pub(crate) fn late_client(session: &mut Session) -> Result<()> {
    session.vm.guest.draw_moving(1024, 768, Some(100), Deadline::seconds(60))?;
    session.client = session.vm.connect()?;
    session.client.ready(Deadline::seconds(30))?;
    session.vm.guest.drawn_last(Deadline::seconds(60))?;
    session.vm.same_picture(&mut session.client, Deadline::seconds(30))?;
    session.vm.guest.stop_drawing(Deadline::seconds(60))
}
