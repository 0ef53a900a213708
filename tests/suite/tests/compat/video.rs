//! A video on a desktop, watched by a stock client.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use e2e::{Deadline, SpiceAddress, StockClient};
use probe::{Address, proxy};

use crate::picture::Picture;
use crate::replay::{self, Folder, Source};

/// Frames that are played.
pub(crate) const FRAMES: u64 = 60;

/// Microseconds from one frame to the next.
const FRAME: &str = "40000";

/// How near a picture has to come to the truth while the video plays: frames have loss, and the original's are seen at 3.3 to 11.7.
/// A desktop without the video is further away than 20.
const NEAR: f64 = 16.0;

/// How long the exact picture may take when the video has ended.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the stock client showed.
pub(crate) struct Watched {
    /// The mean difference from the truth when the last frame had been painted.
    pub(crate) playing: f64,
    /// Whether it came to show the truth afterwards.
    pub(crate) exact: bool,
    /// The codecs of the videos that the server began, by their names in `wire`.
    pub(crate) codecs: Vec<String>,
}

/// What passes between the client and the server, one line a message.
#[derive(Clone, Default)]
struct Trace(Arc<Mutex<Vec<u8>>>);

impl Write for Trace {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Trace {
    /// A socket in the folder that leads to the server, and what passes there.
    fn before(server: &Address, folder: &Folder) -> Result<(Self, SpiceAddress)> {
        let (trace, server) = (Self::default(), server.clone());
        let socket = folder.file("proxy.socket");
        let listener = Address::Unix(socket.clone()).listen()?;
        let lines: proxy::Lines = Arc::new(Mutex::new(trace.clone()));
        std::thread::spawn(move || proxy::run(&listener, &server, &lines));
        Ok((trace, SpiceAddress::Unix(socket)))
    }

    fn codecs(&self) -> Vec<String> {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let codec = |line: &str| {
            let (_, create) = line.split_once("StreamCreate")?;
            let (_, codec) = create.split_once("codec: ")?;
            Some(codec.split(',').next()?.to_owned())
        };
        String::from_utf8_lossy(&bytes).lines().filter_map(codec).collect()
    }
}

/// Plays `source` to a stock client that is there from the beginning, in the codecs of the list if there is one; `truth` is
/// what it ends with.
pub(crate) fn watch(
    library: &Path,
    source: Source,
    frames: u64,
    truth: &Picture,
    codecs: Option<&str>,
) -> Result<Watched> {
    let folder = Folder::new("film")?;
    let options = ["--streaming", "filter", "--pace", FRAME];
    let mut replayer = replay::start(library, source, &options)?;
    if let Some(list) = codecs {
        ensure!(replayer.set_video_codecs(list)?.result == 0, "{list} was refused");
    }
    replayer.go(1)?;
    let server = Address::Tcp(replayer.address().to_string());
    let (trace, address) = Trace::before(&server, &folder)?;
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
    Ok(Watched { playing, exact, codecs: trace.codecs() })
}

/// Fails unless the client saw the video as it saw the original's, and then the exact picture.
pub(crate) fn judge(expected: &Watched, found: &Watched) -> Result<()> {
    println!(
        "{:?}, mean difference while it played: the original's {:.3}, ours {:.3}",
        expected.codecs, expected.playing, found.playing
    );
    ensure!(expected.exact, "the original did not come to show the exact picture: the test is wrong");
    let codecs = (expected.codecs.first(), found.codecs.first());
    ensure!(codecs.0 == codecs.1, "the original's video was in {:?}, ours in {:?}", codecs.0, codecs.1);
    judge_alone(found)
}

/// Fails unless the client saw the video, and then the exact picture.
pub(crate) fn judge_alone(found: &Watched) -> Result<()> {
    ensure!(found.exact, "when the video had ended the exact picture did not come");
    ensure!(found.playing < NEAR, "the picture differed by {}", found.playing);
    Ok(())
}
