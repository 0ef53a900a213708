//! Weston on KMS, drawn by the processor. It takes displays that come and go by itself, and no other size of one that stays.

use anyhow::{Result, ensure};
use e2e::Deadline;

use crate::{Session, console, follow, pointer as pointers, shown};

/// The first display's size without a wish of a client, in pixels.
const FIRST: (usize, usize) = (1024, 768);
const SECOND: (usize, usize) = (800, 600);

/// The mode that its configuration asks for, which no display lists.
const OWN: (usize, usize) = (1366, 911);
const OWN_MODE: &str = "mode=99.40 1366 1414 1446 1526 911 914 920 941 +hsync -vsync";

/// Our window over the whole screen.
pub(crate) fn window(session: &mut Session) -> Result<()> {
    session.vm.guest.run("start-weston", Deadline::seconds(120))?;
    session.vm.guest.show_window(Deadline::seconds(60))?;
    shown::window(session, FIRST.0, FIRST.1).map(drop)
}

/// A client asks for a second display: weston puts a panel there, and our window stays as it is.
pub(crate) fn second_display(session: &mut Session) -> Result<()> {
    if !follow::client_may_ask_for_two(session)? {
        return Ok(());
    }
    let before = session.vm.same_picture(&mut session.client, Deadline::seconds(30))?;
    session.client.arrange(&[FIRST, SECOND])?;
    session.client.sized(FIRST.0 + SECOND.0, FIRST.1, Deadline::seconds(30))?;
    let Session { vm, client, .. } = session;
    let both = Deadline::seconds(60).until("the second display's panel at the client", || {
        let both = vm.same_picture(client, Deadline::seconds(30))?;
        let second = both.part(FIRST.0, 0, SECOND.0, SECOND.1);
        Ok(second.filter(|second| second.colours() > 1).map(|_| both))
    })?;
    let first = both.part(0, 0, FIRST.0, FIRST.1);
    ensure!(first.as_ref() == Some(&before), "the first display's picture has changed");
    session.client.resize(FIRST.0, FIRST.1)?;
    session.client.sized(FIRST.0, FIRST.1, Deadline::seconds(30))?;
    shown::shows(session, before.fingerprint()).map(drop)
}

/// A program's pointer. Where the processor draws, weston makes it a part of its picture.
pub(crate) fn pointer(session: &mut Session) -> Result<()> {
    session.vm.guest.run("kill $(cat /run/window.pid)", Deadline::seconds(20))?;
    let shape = session.vm.guest.show_window(Deadline::seconds(60))?;
    let drawn = session.vm.guest.window_drawn(FIRST.0, FIRST.1, Deadline::seconds(60))?;
    shown::shows(session, drawn)?;
    pointers::enters(session)?;
    let Session { vm, client, .. } = session;
    let changed = Deadline::seconds(30).until("a pointer in the picture", || {
        let picture = vm.same_picture(client, Deadline::seconds(30))?;
        Ok((picture.fingerprint() != drawn).then_some(picture))
    })?;
    let (x, y) = pointers::PLACE;
    let opaque = changed.pixel(x - shape.hot.0, y - shape.hot.1);
    ensure!(opaque == Some(pointers::CORNER), "where the pointer's corner should be, there is {opaque:?}");
    Ok(())
}

/// A mode of its own configuration.
pub(crate) fn own_mode(session: &mut Session) -> Result<()> {
    session.vm.guest.run("stop-desktop", Deadline::seconds(60))?;
    console::there(session)?;
    let start = format!("start-weston '[output]' 'name=Virtual-1' '{OWN_MODE}'");
    session.vm.guest.run(&start, Deadline::seconds(120))?;
    session.vm.guest.show_window(Deadline::seconds(60))?;
    shown::window(session, OWN.0, OWN.1)?;
    session.vm.guest.run("stop-desktop", Deadline::seconds(60))?;
    console::there(session)
}
