//! The pointer that a client gets when it joins.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use probe::{Address, Client, Options};

use crate::replay::{self, Source};

const PATIENCE: Duration = Duration::from_secs(20);

/// A pointer as text that differs where a client would see a difference.
type Seen = String;

/// The pointer of a client that joins after each of these numbers of commands.
pub(crate) fn pointers(library: &Path, source: Source, points: &[u64]) -> Result<Vec<Seen>> {
    let mut replayer = replay::start(library, source, &[])?;
    let address = Address::Tcp(replayer.address().to_string());
    let mut seen = Vec::with_capacity(points.len());
    for point in points {
        replayer.go(*point)?;
        let client = Client::connect(&address, &Options::default())?;
        client
            .wait("the pointer", PATIENCE, |view| view.pointer.changes > 0)
            .with_context(|| format!("{}, command {point}", source.name()))?;
        seen.push(client.look(|view| {
            let pointer = &view.pointer;
            format!("{:?} visible {} shape {:?}", pointer.position, pointer.visible, pointer.shape)
        }));
    }
    replayer.quit()?;
    Ok(seen)
}
