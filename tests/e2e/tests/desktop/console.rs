//! The kernel's text console.

use anyhow::{Result, ensure};
use e2e::Deadline;

use crate::{Session, shown};

/// The kernel's colours for text.
const BLUE: [u8; 3] = [0, 0, 0xaa];
const RED: [u8; 3] = [0xaa, 0, 0];

/// Half of the smallest letter's size: inside the first one.
const FIRST_LETTER: (usize, usize) = (4, 8);

/// A blue screen, with one red place; then text that scrolls; then the console that was there before.
pub(crate) fn colours(session: &mut Session) -> Result<()> {
    // One on which no shell writes.
    let draw = r"chvt 3; printf '\033[44m\033[2J\033[H\033[41m ' >/dev/tty3";
    session.vm.guest.run(draw, Deadline::seconds(20))?;
    let picture = shown::what_the_guest_holds(session, "", "console")?;
    let (x, y) = FIRST_LETTER;
    ensure!(picture.pixel(x, y) == Some(RED), "the first letter is {:?}", picture.pixel(x, y));
    let middle = (picture.width / 2, picture.height / 2);
    let colour = picture.pixel(middle.0, middle.1);
    ensure!(colour == Some(BLUE) && picture.colours() == 2, "the rest is {colour:?}");

    session.vm.guest.run(r"(printf '\033[0m\033[2J'; seq 1 300) >/dev/tty3", Deadline::seconds(20))?;
    there(session)?;
    session.vm.guest.run("chvt 1", Deadline::seconds(20))?;
    there(session)
}

/// It is to be seen, with text on it.
pub(crate) fn there(session: &mut Session) -> Result<()> {
    let picture = shown::what_the_guest_holds(session, "", "console")?;
    ensure!(picture.colours() > 1, "the console is empty");
    Ok(())
}
