//! Who is let in.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::{Deadline, SpiceClientAccess};

use crate::Session;

/// The first bytes of either side (spice-protocol, `SPICE_MAGIC`).
const MAGIC: &[u8; 4] = b"REDQ";

/// A wrong ticket is refused, which the server may complain about, a new one counts from when it is set, and who is in stays in.
pub(crate) fn tickets(session: &mut Session) -> Result<()> {
    let Session { vm, client, .. } = session;
    let mut stranger = vm.connect_with_ticket("wrong")?;
    stranger.event_where("channel", Deadline::seconds(30), |event| event["state"] == "error-auth")?;
    vm.qmp.set_spice_password("second ticket")?;
    let mut late = vm.connect_with_ticket("first light")?;
    late.event_where("channel", Deadline::seconds(30), |event| event["state"] == "error-auth")?;
    vm.same_picture(client, Deadline::seconds(30))?;
    *client = vm.connect_with_ticket("second ticket")?;
    client.ready(Deadline::seconds(30))?;
    vm.same_picture(client, Deadline::seconds(30))?;
    vm.forget_complaints()
}

/// A socket handed over by `add_client` is served: the server answers the link message on it. It may
/// complain about a client that goes away then.
pub(crate) fn added_client(session: &mut Session) -> Result<()> {
    let (mut ours, theirs) = UnixStream::pair()?;
    ours.set_read_timeout(Some(Duration::from_secs(20)))?;
    session.vm.qmp.add_spice_client(theirs.into(), SpiceClientAccess::Granted)?;
    ours.write_all(&link_message())?;
    let mut magic = [0; 4];
    ours.read_exact(&mut magic)?;
    ensure!(&magic == MAGIC, "the server answered {magic:?}");
    drop(ours);
    session.vm.same_picture(&mut session.client, Deadline::seconds(30))?;
    session.vm.forget_complaints()
}

/// A request for a new main channel without capabilities: header (magic, version 2.2, size), then connection 0,
/// channel type main, channel 0, no common and no channel capabilities, which would begin at byte 18.
fn link_message() -> Vec<u8> {
    let mut message = MAGIC.to_vec();
    for number in [2_u32, 2, 18, 0] {
        message.extend_from_slice(&number.to_le_bytes());
    }
    message.extend_from_slice(&[1, 0]);
    for number in [0_u32, 0, 18] {
        message.extend_from_slice(&number.to_le_bytes());
    }
    message
}
