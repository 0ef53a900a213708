//! Photographs as JPEG, and zlib around GLZ: a stock client that is there from the start, and what is sent.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::{Deadline, SpiceAddress, StockClient};
use probe::{Address, Client, Options};
use wire::channel::ChannelType;

use crate::picture::Picture;
use crate::replay::{self, Folder, Source};

/// What slow links get.
const WAN: [&str; 4] = ["--jpeg", "always", "--zlib", "always"];

/// Microseconds between commands, so that little is drawn over before it is sent.
const PACE: &str = "1000";

/// How often ours has to send a kind of image, compared with the original. More often is well: of a picture that changes in several
/// places ours sends several.
const AS_OFTEN: f64 = 0.6;

/// What a stock client that joins before the first command shows at each of these points.
pub(crate) fn pictures(library: &Path, source: Source, codec: &str, points: &[u64]) -> Result<Vec<Picture>> {
    let folder = Folder::new(&format!("{}-{codec}", source.name()))?;
    let mut replayer = replay::start(library, source, &options(codec))?;
    // The first command comes after the first primary surface.
    replayer.go(1)?;
    let address = SpiceAddress::Loopback(replayer.address().port());
    let mut client = StockClient::connect(&address, None, folder.path())?;
    client.ready(Deadline::seconds(60))?;
    let mut pictures = Vec::with_capacity(points.len());
    for point in points {
        replayer.go(*point)?;
        let seen = client.settled_picture(Deadline::seconds(60))?;
        let (width, height) = (u32::try_from(seen.width)?, u32::try_from(seen.height)?);
        pictures.push(Picture { width, height, rgb: seen.rgb().to_vec() });
    }
    drop(client);
    replayer.quit()?;
    Ok(pictures)
}

/// Fails unless both pictures are near the truth, and the second is as near as the first.
pub(crate) fn judge(truth: &Picture, expected: &Picture, found: &Picture) -> Result<()> {
    let (expected, found) = (truth.mean_difference(expected)?, truth.mean_difference(found)?);
    println!("mean difference: the original's {expected:.3}, ours {found:.3}");
    ensure!(expected < 3.0, "the original's picture differs by {expected} from the truth: the test is wrong");
    ensure!(
        found < expected * 1.1 + 0.1,
        "the picture differs by {found} from the truth, the original's by {expected}"
    );
    Ok(())
}

/// How many images of each kind the probe is sent, from the first command to the last.
pub(crate) fn kinds(library: &Path, source: Source, codec: &str) -> Result<BTreeMap<&'static str, u64>> {
    let mut replayer = replay::start(library, source, &options(codec))?;
    replayer.go(1)?;
    let address = Address::Tcp(replayer.address().to_string());
    let client = Client::connect(&address, &Options { compression: None, ..Options::default() })?;
    client.wait("the first picture", Duration::from_secs(30), |view| view.display(0).is_some())?;
    replayer.go_to_the_end()?;
    client.settle(Duration::from_secs(1), Duration::from_secs(60))?;
    let (faults, statistics) = client.look(|view| (view.faults.clone(), view.statistics.clone()));
    ensure!(faults.is_empty(), "faulty messages:\n{}", faults.join("\n"));
    let display = statistics.into_iter().filter(|(channel, _)| channel.channel_type == ChannelType::DISPLAY);
    let images = display.flat_map(|(_, display)| display.images);
    let kinds = images.map(|(kind, count)| (kind, count.number)).collect();
    drop(client);
    replayer.quit()?;
    Ok(kinds)
}

/// Fails unless the second has sent about as many images of a kind, or more.
pub(crate) fn similar(
    kind: &str,
    expected: &BTreeMap<&'static str, u64>,
    found: &BTreeMap<&'static str, u64>,
) -> Result<()> {
    let count = |images: &BTreeMap<_, _>| images.get(kind).copied().unwrap_or(0);
    let ratio = count(found) as f64 / count(expected) as f64;
    ensure!(ratio >= AS_OFTEN, "{kind}: expected {expected:?}, found {found:?}");
    Ok(())
}

fn options(codec: &str) -> Vec<&str> {
    WAN.into_iter().chain(["--pace", PACE, "--compression", codec]).collect()
}
