//! A video on a desktop, watched by a stock client.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use e2e::{Deadline, SpiceAddress, StockClient};

use crate::picture::Picture;
use crate::replay::{self, Folder, Source};

/// Microseconds from one frame to the next.
const FRAME: &str = "40000";

/// How near a picture has to come to the truth while the video plays: JPEG files have loss.
const NEAR: f64 = 6.0;

/// How long the exact picture may take when the video has ended.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the stock client showed.
pub(crate) struct Watched {
    /// The mean difference from the truth when the last frame had been painted.
    pub(crate) playing: f64,
    /// Whether it came to show the truth afterwards.
    pub(crate) exact: bool,
}

/// Plays `source` to a stock client that is there from the beginning; `truth` is what it ends with.
pub(crate) fn watch(library: &Path, source: Source, frames: u64, truth: &Picture) -> Result<Watched> {
    let folder = Folder::new("film")?;
    let options = ["--streaming", "filter", "--pace", FRAME];
    let mut replayer = replay::start(library, source, &options)?;
    replayer.go(1)?;
    let address = SpiceAddress::Loopback(replayer.address().port());
    let mut client = StockClient::connect(&address, None, folder.path())?;
    client.ready(Deadline::seconds(60))?;
    replayer.go(frames)?;
    let begin = Instant::now();
    let mut playing = f64::INFINITY;
    let mut exact = false;
    // Frames are shown a while after they come, and the exact picture comes when nothing has changed for a second.
    while !exact && begin.elapsed() < PATIENCE {
        let seen = client.picture()?;
        let (width, height) = (u32::try_from(seen.width)?, u32::try_from(seen.height)?);
        let seen = Picture { width, height, rgb: seen.rgb().to_vec() };
        exact = seen == *truth;
        if !exact {
            playing = playing.min(truth.mean_difference(&seen)?);
        }
    }
    drop(client);
    replayer.quit()?;
    Ok(Watched { playing, exact })
}

/// Fails unless the client saw the video with loss, and then the exact picture.
pub(crate) fn judge(name: &str, watched: &Watched) -> Result<()> {
    let Watched { playing, exact } = *watched;
    println!("{name}: mean difference while it played {playing:.3}");
    ensure!(playing < NEAR, "{name}: the picture differed by {playing} from the truth");
    ensure!(exact, "{name}: when the video had ended the exact picture did not come");
    Ok(())
}
