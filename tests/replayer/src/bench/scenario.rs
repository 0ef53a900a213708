//! What is replayed, and how.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::libraries;

/// How many trivial commands show the cost of one.
const FILLS: u64 = 200_000;
const TRIFLES: u64 = 500_000;
/// Clients that watch the same picture.
const CLIENTS: usize = 8;
/// Frames of the film: ten seconds.
const FRAMES: u64 = 250;
/// Microseconds from one frame to the next.
const FRAME: u64 = 40_000;

/// One way of running a library.
pub(super) struct Scenario {
    source: Source,
    compression: &'static str,
    /// Whether clients get what slow links do: JPEG, and zlib around GLZ.
    wan: bool,
    /// Microseconds between two commands; none for a burst.
    pace: Option<u64>,
    /// How many clients there are.
    clients: usize,
    /// The codec of video; none for the server's own choice.
    codec: Option<&'static str>,
}

#[derive(Clone, Copy)]
enum Source {
    Recording(&'static str),
    Generated(&'static str, u64),
}

/// All scenarios, in the order in which they run.
pub(super) fn all() -> Vec<Scenario> {
    let fills = Scenario::burst(Source::Generated("fills", FILLS), "off");
    let trifles = Scenario::burst(Source::Generated("trifles", TRIFLES), "auto_glz");
    let mut all = vec![fills, trifles];
    for (name, pace) in [("qxl-desk", 1_000), ("ms-desk", 10_000)] {
        let source = Source::Recording(name);
        let codecs = ["off", "lz", "lz4", "quic", "auto_glz"];
        all.extend(codecs.map(|compression| Scenario::burst(source, compression)));
        let paced = [("lz", false), ("auto_glz", false), ("auto_glz", true), ("quic", true)];
        all.extend(paced.map(|(compression, wan)| Scenario {
            wan,
            pace: Some(pace),
            ..Scenario::burst(source, compression)
        }));
        let several = Scenario { pace: Some(pace), clients: CLIENTS, ..Scenario::burst(source, "auto_glz") };
        all.push(several);
    }
    let film = Source::Generated("film", FRAMES);
    let codecs = [None, Some("vp8"), Some("vp9"), Some("h264")];
    all.extend(codecs.map(|codec| Scenario {
        pace: Some(FRAME),
        codec,
        ..Scenario::burst(film, "auto_glz")
    }));
    all.push(Scenario::burst(Source::Generated("still", 1), "auto_glz"));
    all.push(Scenario::burst(Source::Generated("still", 1), "quic"));
    all
}

impl Scenario {
    const fn burst(source: Source, compression: &'static str) -> Self {
        Self { source, compression, wan: false, pace: None, clients: 1, codec: None }
    }

    /// Whether there is one command only, and what counts is the time until all of it is there.
    pub(super) const fn is_single(&self) -> bool {
        matches!(self.source, Source::Generated(_, 1))
    }

    /// How many clients there are.
    pub(super) const fn clients(&self) -> usize {
        self.clients
    }

    /// The host's list of video codecs, if it sets one.
    pub(super) fn video_codecs(&self) -> Option<String> {
        self.codec.map(|codec| format!("gstreamer:{codec}"))
    }

    pub(super) fn name(&self) -> String {
        let (Source::Recording(source) | Source::Generated(source, _)) = self.source;
        let manner = if self.pace.is_some() { "paced" } else { "burst" };
        let wan = if self.wan { " wan" } else { "" };
        let clients = if self.clients > 1 { format!(" {} clients", self.clients) } else { String::new() };
        let codec = self.codec.map(|codec| format!(" {codec}")).unwrap_or_default();
        format!("{source} {}{wan} {manner}{clients}{codec}", self.compression)
    }

    /// Arguments of the replayer.
    pub(super) fn arguments(&self) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = vec!["--compression".into(), self.compression.into()];
        if self.wan {
            arguments.extend(["--jpeg", "always", "--zlib", "always"].map(OsString::from));
        }
        if let Some(pace) = self.pace {
            arguments.extend(["--pace".into(), pace.to_string().into()]);
        }
        match self.source {
            Source::Recording(name) => arguments.push(PathBuf::into_os_string(libraries::recording(name))),
            Source::Generated(scene, count) => {
                arguments.extend(["--generate", &count.to_string(), "--scene", scene].map(OsString::from));
                if scene == "film" {
                    arguments.extend(["--streaming", "filter"].map(OsString::from));
                }
            }
        }
        arguments
    }
}
