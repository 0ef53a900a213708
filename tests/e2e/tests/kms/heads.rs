//! Several displays: each shows what is meant for it, where a client looks for it.

use anyhow::{Context, Result};
use e2e::Deadline;

use crate::pixels::shows;
use crate::session::Session;

/// Sizes of two displays of which the second is lower, in pixels, and what a client shows of both.
const TWO: (&str, (usize, usize)) = ("1024x768 800x600", (1024 + 800, 768));

pub(crate) fn two(session: &mut Session) -> Result<()> {
    // Upstream's driver leaves the first display black when the second one appears.
    if !session.is_ours() {
        return Ok(());
    }
    with_displays(session, 2, |session| drawn(session, &format!("own {}", TWO.0), TWO.1))
}

/// As under X11: parts of one picture beside each other, then the same on both.
pub(crate) fn shared(session: &mut Session) -> Result<()> {
    // Upstream's driver takes only framebuffers that begin at the display's corner.
    if !session.is_ours() {
        return Ok(());
    }
    with_displays(session, 2, |session| {
        drawn(session, "parts 800x600 640x600", (800 + 640, 600))?;
        drawn(session, "mirrored 1024x768 1024x768", (1024, 768))
    })
}

pub(crate) fn four(session: &mut Session) -> Result<()> {
    let sizes = "own 1024x768 801x603 1280x720 640x480";
    with_displays(session, 4, |session| drawn(session, sizes, (1024 + 801 + 1280 + 640, 768)))
}

/// Has displays connected as if a client had asked for them.
pub(crate) fn with_displays(
    session: &mut Session,
    count: usize,
    then: impl FnOnce(&mut Session) -> Result<()>,
) -> Result<()> {
    let each = |word: &str| {
        let numbers = (2..=count).map(|number| number.to_string()).collect::<Vec<_>>().join(" ");
        format!("for n in {numbers}; do echo {word} >$(echo /sys/class/drm/card*-Virtual-$n/status); done")
    };
    session.vm.guest.run(&each("on"), Deadline::seconds(60))?;
    then(session)?;
    session.vm.guest.run(&each("detect"), Deadline::seconds(60))?;
    // Nobody else may draw before the console has left the displays that are gone.
    const LIT: &str = "grep -lx enabled /sys/class/drm/card*-Virtual-*/enabled | wc -l";
    Deadline::seconds(30).until("the console on one display", || {
        Ok((session.vm.guest.run(LIT, Deadline::seconds(10))?.trim() == "1").then_some(()))
    })
}

fn drawn(session: &mut Session, heads: &str, (width, height): (usize, usize)) -> Result<()> {
    let drawn = session.vm.guest.draw_heads(heads, Deadline::seconds(120))?;
    session.client.sized(width, height, Deadline::seconds(30)).context(heads.to_owned())?;
    shows(session, drawn).context(heads.to_owned())?;
    session.vm.guest.stop_drawing(Deadline::seconds(60))
}
