//! A stock client of two displays on which the same images and palettes come again and again: what it shows, and what it is sent for
//! that, as a relay between it and the server counts.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Error, Result, ensure};
use e2e::{Deadline, SpiceAddress, StockClient};
use probe::{Address, proxy};

use crate::picture::Picture;
use crate::replay::{self, Folder, Source};

/// Microseconds between drawings, so that few are drawn over before they are sent.
pub(crate) const PACE: &str = "2000";

/// How often something of a kind has to be sent, compared with the original. It may be a little more: whichever display is first decides
/// which image makes room. It may be less: what is on the screen already is not sent.
const AS_OFTEN: RangeInclusive<f64> = 0.8..=1.05;

/// How much more may be sent in all, in hundredths: two runs of the original differ by a fifth of one.
const MORE: u64 = 2;

/// How many messages, and bytes with their headers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Count {
    pub(crate) number: u64,
    pub(crate) bytes: u64,
}

/// A run.
pub(crate) struct Run {
    /// What each of the two displays showed at the end.
    pub(crate) pictures: [Picture; 2],
    /// What both were sent, by the kind of message or of image.
    pub(crate) sent: BTreeMap<String, Count>,
}

/// The lines of the relay.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Draws `source` on two displays of a client that keeps so many pixels of images, with so many microseconds between drawings.
pub(crate) fn run(library: &Path, source: Source, pace: &str, image_cache: u32) -> Result<Run> {
    let folder = Folder::new("caches")?;
    let mut replayer = replay::start(library, source, &["--displays", "2", "--pace", pace])?;
    replayer.go(1)?;
    let (port, lines) = relay(replayer.address().port())?;
    let address = SpiceAddress::Loopback(port);
    let mut client = StockClient::connect_displays(&address, None, folder.path(), 2, Some(image_cache))?;
    client.ready(Deadline::seconds(60))?;
    replayer.go_to_the_end()?;
    let mut pictures = Vec::new();
    for display in [0, 1] {
        let seen = client.settled_picture_of(display, Deadline::seconds(60))?;
        let (width, height) = (u32::try_from(seen.width)?, u32::try_from(seen.height)?);
        pictures.push(Picture { width, height, rgb: seen.rgb().to_vec() });
    }
    drop(client);
    replayer.quit()?;
    let lines = lines.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let pictures = pictures.try_into().ok().context("a picture of each display")?;
    Ok(Run { pictures, sent: counts(&String::from_utf8(lines)?) })
}

/// A relay to a server on this port of the loopback; gives its own port and what it says. It ends with the process.
fn relay(server: u16) -> Result<(u16, Lines)> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    let address = |port: u16| format!("127.0.0.1:{port}").parse::<Address>().map_err(Error::msg);
    let (listener, upstream) = (address(port)?.listen()?, address(server)?);
    let lines = Lines::default();
    let said: proxy::Lines = Arc::new(Mutex::new(lines.clone()));
    std::thread::spawn(move || proxy::run(&listener, &upstream, &said));
    Ok((port, lines))
}

/// What displays are sent, by the lines of a relay: time, channel, direction, size, message, its fields. Drawings count by the
/// kind of their image.
fn counts(lines: &str) -> BTreeMap<String, Count> {
    /// Bytes of a header.
    const HEADER: u64 = 6;
    const KINDS: [&str; 6] = ["glz", "lz", "lz-palette", "from-cache", "from-cache-lossless", "bitmap"];
    let mut counts = BTreeMap::<String, Count>::new();
    for line in lines.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        let [_, channel, "<", size, name, fields @ ..] = words.as_slice() else { continue };
        let Ok(size) = size.parse::<u64>() else { continue };
        if !channel.starts_with("display") || *name == "Ping" {
            continue;
        }
        let image = fields.iter().find(|word| KINDS.contains(word));
        let count = counts.entry((*image.unwrap_or(name)).to_owned()).or_default();
        count.number += 1;
        count.bytes += size + HEADER;
    }
    counts
}

/// Fails unless all displays show the same.
pub(crate) fn same_pictures(expected: &Run, found: &Run) -> Result<()> {
    for (name, run) in [("the original", expected), ("ours", found)] {
        ensure!(run.pictures[0] == run.pictures[1], "{name}: the displays show different pictures");
    }
    ensure!(expected.pictures[0] == found.pictures[0], "the pictures differ");
    Ok(())
}

/// Fails unless both clients show the same on all displays, and the second was sent no more, in all and of each of these kinds.
pub(crate) fn judge(expected: &Run, found: &Run, kinds: &[&str]) -> Result<()> {
    println!("the original sent {:?}\nours {:?}", expected.sent, found.sent);
    same_pictures(expected, found)?;
    let all = |run: &Run| {
        run.sent.values().fold(Count::default(), |sum, count| Count {
            number: sum.number + count.number,
            bytes: sum.bytes + count.bytes,
        })
    };
    let (originals, ours) = (all(expected), all(found));
    for (what, ours, originals) in
        [("messages", ours.number, originals.number), ("bytes", ours.bytes, originals.bytes)]
    {
        ensure!(ours <= originals + originals * MORE / 100, "{ours} {what}, the original's {originals}");
    }
    let of = |run: &Run, kind: &str| run.sent.get(kind).copied().unwrap_or_default();
    let each = |count: Count| count.bytes as f64 / count.number.max(1) as f64;
    for kind in kinds {
        let (originals, ours) = (of(expected, kind), of(found, kind));
        let often = ours.number as f64 / originals.number.max(1) as f64;
        ensure!(AS_OFTEN.contains(&often), "{kind}: {ours:?}, the original's {originals:?}");
        // How well a codec compresses is another matter.
        let is_smaller = *kind == "glz" || each(ours) <= each(originals);
        ensure!(is_smaller, "{kind}: {ours:?}, the original's {originals:?}");
    }
    Ok(())
}
