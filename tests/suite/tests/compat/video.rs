//! A video on a desktop, watched by a stock client.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use e2e::{Deadline, SpiceAddress, StockClient};

use crate::picture::Picture;
use crate::replay::{self, Folder, Source};

/// Microseconds from one frame to the next.
const FRAME: &str = "40000";

/// How near a picture has to come to the truth while the video plays: JPEG files have loss, and the original's are seen at 3.8 or 7.5.
/// A desktop without the video is further away than 20.
const NEAR: f64 = 10.0;

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
    // Nothing, should the exact picture be there at once.
    let mut playing = 0.0;
    let mut exact = false;
    // Frames are shown a while after they come, and the exact picture comes when nothing has changed for a second.
    while !exact && begin.elapsed() < PATIENCE {
        let seen = client.picture()?;
        let (width, height) = (u32::try_from(seen.width)?, u32::try_from(seen.height)?);
        let seen = Picture { width, height, rgb: seen.rgb().to_vec() };
        exact = seen == *truth;
        if !exact {
            let difference = truth.mean_difference(&seen)?;
            playing = if playing == 0.0 { difference } else { f64::min(playing, difference) };
        }
    }
    drop(client);
    replayer.quit()?;
    Ok(Watched { playing, exact })
}

/// Fails unless the client saw the video, and then the exact picture.
pub(crate) fn judge(expected: &Watched, found: &Watched) -> Result<()> {
    println!(
        "mean difference while it played: the original's {:.3}, ours {:.3}",
        expected.playing, found.playing
    );
    ensure!(expected.exact, "the original did not come to show the exact picture: the test is wrong");
    ensure!(found.exact, "when the video had ended the exact picture did not come");
    ensure!(found.playing < NEAR, "the picture differed by {}", found.playing);
    Ok(())
}
