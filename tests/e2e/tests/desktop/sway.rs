//! Sway on KMS, drawn by the processor. It takes displays that come and go by itself, and other sizes when it is told.

use anyhow::{Context, Result, ensure};
use e2e::{Deadline, Suite};

use crate::{Session, console, follow, pointer as pointers, shown};

/// The first display's size without a wish of a client, in pixels.
const FIRST: (usize, usize) = (1024, 768);
const SECOND: (usize, usize) = (800, 600);

/// Modes as `swaymsg` takes them, listed and not.
const MODES: &[(&str, (usize, usize))] = &[
    ("1280x1024", (1280, 1024)),
    ("--custom 1366x911@60Hz", (1366, 911)),
    ("--custom 801x603@60Hz", (801, 603)),
    ("1024x768", FIRST),
];

/// Writes what sway itself holds for its picture to a file. Grim waits for ever for a display that goes away meanwhile.
const GRAB: &str = "until in-desktop timeout 5 grim -t ppm /run/held.ppm; do :; done";
const GRABBED: &str = "/run/held.ppm";

/// Our window over the whole screen.
pub(crate) fn window(session: &mut Session) -> Result<()> {
    session.vm.guest.run("start-sway 'output * bg #204060 solid_color'", Deadline::seconds(120))?;
    session.vm.guest.show_window(Deadline::seconds(60))?;
    shown::window(session, FIRST.0, FIRST.1).map(drop)
}

pub(crate) fn modes(session: &mut Session) -> Result<()> {
    for (name, (width, height)) in MODES {
        let set = format!("in-desktop swaymsg -- output Virtual-1 mode {name}");
        session.vm.guest.run(&set, Deadline::seconds(60))?;
        shown::window(session, *width, *height).with_context(|| format!("mode {name}"))?;
    }
    Ok(())
}

/// The window's pointer arrives, with its hot spot; but before Linux 6.8 compositors cannot tell the kernel of one.
pub(crate) fn pointer(session: &mut Session) -> Result<()> {
    session.vm.guest.run("kill $(cat /run/window.pid)", Deadline::seconds(20))?;
    let mut shape = session.vm.guest.show_window(Deadline::seconds(60))?;
    if session.suite == Suite::Bookworm {
        shape.hot = (0, 0);
    }
    let drawn = session.vm.guest.window_drawn(FIRST.0, FIRST.1, Deadline::seconds(60))?;
    pointers::arrives(session, shape)?;
    // It is no part of the picture.
    shown::shows(session, drawn).map(drop)
}

/// A terminal that scrolls: what the client shows is what sway holds.
pub(crate) fn terminal(session: &mut Session) -> Result<()> {
    session.vm.guest.run("kill $(cat /run/window.pid); rm /run/window.pid", Deadline::seconds(20))?;
    let lines = "seq -f 'line %g, and some more text' 1 500; echo done >/run/scrolled; exec sleep 100000";
    let start = format!(
        "rm -f /run/scrolled; mkfifo /run/scrolled; \
         in-desktop foot sh -c \"{lines}\" >/dev/null 2>&1 & echo $! >/run/terminal.pid; cat /run/scrolled"
    );
    session.vm.guest.run(&start, Deadline::seconds(90))?;
    let picture = shown::what_the_guest_holds(session, GRAB, GRABBED)?;
    ensure!(picture.colours() > 2, "there is no text");
    session.vm.guest.run("kill $(cat /run/terminal.pid)", Deadline::seconds(20)).map(drop)
}

/// A client asks for a second display: sway shows its background there, too.
pub(crate) fn second_display(session: &mut Session) -> Result<()> {
    if !follow::client_may_ask_for_two(session)? {
        return Ok(());
    }
    session.client.arrange(&[FIRST, SECOND])?;
    session.client.sized(FIRST.0 + SECOND.0, FIRST.1, Deadline::seconds(30))?;
    shown::what_the_guest_holds(session, GRAB, GRABBED)?;
    session.client.resize(FIRST.0, FIRST.1)?;
    session.client.sized(FIRST.0, FIRST.1, Deadline::seconds(30))?;
    shown::what_the_guest_holds(session, GRAB, GRABBED).map(drop)
}

pub(crate) fn follows(session: &mut Session) -> Result<()> {
    session.vm.guest.show_window(Deadline::seconds(60))?;
    session.vm.guest.window_drawn(FIRST.0, FIRST.1, Deadline::seconds(60))?;
    follow::client(session)
}

/// The console comes back.
pub(crate) fn ended(session: &mut Session) -> Result<()> {
    session.vm.guest.run("stop-desktop", Deadline::seconds(60))?;
    console::there(session)
}
