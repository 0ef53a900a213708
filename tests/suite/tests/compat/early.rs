//! A client that is there from the start and draws all that it is sent, by the probe.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use probe::{Address, Client, Options, Screen, View};

use crate::picture::Picture;
use crate::replay::{self, Source};

/// How long the client's picture may take to become what it should be.
const PATIENCE: Duration = Duration::from_secs(30);

/// Replays a source to a client that joins before the first command, and gives its picture at each of
/// these points. A picture counts as soon as it equals the expected one, else when time is over.
pub(crate) fn pictures(
    library: &Path,
    source: Source,
    points: &[u64],
    expected: &[Picture],
) -> Result<Vec<Picture>> {
    let mut replayer = replay::start(library, source, &[])?;
    replayer.go(0)?;
    let address = Address::Tcp(replayer.address().to_string());
    let client = Client::connect(&address, &Options::default())?;
    client.wait("the first picture", PATIENCE, |view| view.display(0).is_some())?;
    let mut pictures = Vec::with_capacity(points.len());
    for (point, expected) in points.iter().zip(expected) {
        replayer.go(*point)?;
        let mut seen = None;
        let equal = |view: &View| {
            seen = view.display(0).and_then(Screen::picture).map(to_picture);
            seen.as_ref() == Some(expected)
        };
        // Pictures that stay different are the caller's to show.
        let _ = client.wait("the expected picture", PATIENCE, equal);
        pictures.push(seen.with_context(|| format!("the display has no picture at command {point}"))?);
    }
    let (count, faults) = client.look(|view| (view.fault_count, view.faults.join("\n")));
    ensure!(count == 0, "{count} messages were faulty:\n{faults}");
    drop(client);
    replayer.quit()?;
    Ok(pictures)
}

fn to_picture(seen: probe::Picture) -> Picture {
    let probe::Picture { width, height, pixels } = seen;
    let rgb = pixels.into_iter().flat_map(|pixel| {
        let [_, red, green, blue] = pixel.to_be_bytes();
        [red, green, blue]
    });
    Picture { width, height, rgb: rgb.collect() }
}
