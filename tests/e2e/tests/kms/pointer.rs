//! The pointer that a program in the guest makes is the one that a client is told to show.

use anyhow::{Context, Result, ensure};
use e2e::{Deadline, MouseMode, PointerShape, ServerPointer};

use crate::session::Session;

/// Where it points to, in pixels; outside and at the edge, too.
const PLACES: [(i32, i32); 3] = [(300, 200), (0, 0), (1023, 767)];

pub(crate) fn arrives(session: &mut Session) -> Result<()> {
    // Who moves the pointer himself is not told where it is.
    session.client.request_mouse_mode(MouseMode::Server)?;
    session.client.mouse_mode(MouseMode::Server, Deadline::seconds(30))?;
    for place in PLACES {
        let shape = session.vm.guest.show_pointer(place, Deadline::seconds(60))?;
        at(session, shape, place).with_context(|| format!("at {place:?}"))?;
        session.vm.guest.stop_drawing(Deadline::seconds(60))?;
        until(session, |pointer| pointer.shape.is_none()).context("it is still there")?;
    }
    session.client.request_mouse_mode(MouseMode::Client)?;
    session.client.mouse_mode(MouseMode::Client, Deadline::seconds(30))
}

fn at(session: &mut Session, shape: PointerShape, (x, y): (i32, i32)) -> Result<()> {
    let told =
        until(session, |pointer| pointer.shape == Some(shape) && pointer.at == (i64::from(x), i64::from(y)));
    told.with_context(|| format!("the program has {shape:?}"))?;
    let picture = session.client.picture()?;
    ensure!(picture.colours() == 1, "it is a part of the picture");
    Ok(())
}

fn until(session: &mut Session, condition: impl Fn(ServerPointer) -> bool) -> Result<()> {
    let mut told = None;
    let seen = Deadline::seconds(30).until("the pointer at the client", || {
        told = Some(session.client.pointer()?);
        Ok(told.filter(|pointer| condition(*pointer)).map(drop))
    });
    seen.with_context(|| format!("the client has {told:?}"))
}
