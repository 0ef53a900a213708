//! What the guest has drawn is what the client shows, and what QEMU takes for the picture.

use anyhow::{Context, Result};
use e2e::{Deadline, Fingerprint, Picture};

use crate::Session;

/// Where the client's picture goes when it is not the guest's.
const DIFFERENT: &str = "desktop-differs.png";

/// Our window has its picture in this size, and nothing else is to be seen. Gives what the client shows.
pub(crate) fn window(session: &mut Session, width: usize, height: usize) -> Result<Picture> {
    let drawn = session.vm.guest.window_drawn(width, height, Deadline::seconds(60))?;
    session.client.sized(width, height, Deadline::seconds(30))?;
    shows(session, drawn)
}

/// The client and QEMU come to show this picture.
pub(crate) fn shows(session: &mut Session, drawn: Fingerprint) -> Result<Picture> {
    let client = &mut session.client;
    let equal = Deadline::seconds(30).until("the guest's picture at the client", || {
        Ok((client.picture()?.fingerprint() == drawn).then_some(()))
    });
    kept(session, equal)?;
    session.vm.same_picture(&mut session.client, Deadline::seconds(30))
}

/// The client and QEMU come to show what the guest itself holds for its picture, which may still change.
pub(crate) fn what_the_guest_holds(session: &mut Session, command: &str, source: &str) -> Result<Picture> {
    let Session { vm, client, .. } = session;
    let equal = Deadline::seconds(60).until("what the guest holds at the client", || {
        if !command.is_empty() {
            vm.guest.run(command, Deadline::seconds(30))?;
        }
        let held = vm.guest.seen(source, Deadline::seconds(30))?;
        Ok((client.picture()?.fingerprint() == held).then_some(()))
    });
    kept(session, equal)?;
    session.vm.same_picture(&mut session.client, Deadline::seconds(30))
}

/// A wrong picture is worth looking at.
fn kept(session: &mut Session, equal: Result<()>) -> Result<()> {
    let Err(error) = equal else { return Ok(()) };
    let file = std::env::temp_dir().join(DIFFERENT);
    session.client.picture()?.write_png(&file)?;
    Err(error).with_context(|| format!("what the client shows is in {}", file.display()))
}
