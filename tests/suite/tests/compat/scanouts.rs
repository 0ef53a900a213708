//! Graphics memory on the same host: what a stock client is given and told, and when the host hears that a draw is done.

use std::path::Path;

use anyhow::Result;
use e2e::{Deadline, SpiceAddress, StockClient};
use replayer::steer::Replayer;
use serde_json::Value;

use crate::replay::{Folder, program};

/// All that the client says of memory and draws, and the host of draws that are done, in order. Some libraries also have a
/// client that joins draw what is there.
pub(crate) fn story(library: &Path, draws_on_join: bool) -> Result<Vec<Value>> {
    let folder = Folder::new("scanouts")?;
    let socket = folder.file("socket");
    let arguments = ["--generate", "1"].map(Into::into);
    let mut replayer = Replayer::start_here(program()?, library, &socket, arguments)?;
    let mut story = Vec::new();
    replayer.scanout("show 64 48 17")?;
    let mut client = StockClient::connect(&SpiceAddress::Unix(socket), None, folder.path())?;
    story.push(client.event("scanout", Deadline::seconds(60))?);
    if draws_on_join {
        client.event("draw", Deadline::seconds(60))?;
        client.drawn()?;
    }
    for (number, step) in (1..).zip(["show 32 16 34", "show 128 8 51"]) {
        replayer.scanout(step)?;
        story.push(client.event("scanout", Deadline::seconds(60))?);
        replayer.draw(&format!("{number} 2 3 4"))?;
        story.push(client.event("draw", Deadline::seconds(60))?);
        client.drawn()?;
        story.push(replayer.expect("drawn")?);
    }
    replayer.draw("0 0 1 1")?;
    story.push(client.event("draw", Deadline::seconds(60))?);
    drop(client);
    story.push(replayer.expect("drawn")?);
    replayer.scanout("end")?;
    replayer.draw("0 0 1 1")?;
    story.push(replayer.expect("drawn")?);
    replayer.quit()?;
    Ok(story)
}
