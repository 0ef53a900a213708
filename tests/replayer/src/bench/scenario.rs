//! What is replayed, and how.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::libraries;

/// How many trivial commands show the cost of one.
const FILLS: u64 = 200_000;
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
}

#[derive(Clone, Copy)]
enum Source {
    Recording(&'static str),
    Fills(u64),
    Film(u64),
}

/// All scenarios, in the order in which they run.
pub(super) fn all() -> Vec<Scenario> {
    let mut all = vec![Scenario { source: Source::Fills(FILLS), compression: "off", wan: false, pace: None }];
    for (name, pace) in [("qxl-desk", 1_000), ("ms-desk", 10_000)] {
        let source = Source::Recording(name);
        let codecs = ["off", "lz", "lz4", "quic", "auto_glz"];
        all.extend(codecs.map(|compression| Scenario { source, compression, wan: false, pace: None }));
        let paced = [("lz", false), ("auto_glz", false), ("auto_glz", true), ("quic", true)];
        all.extend(paced.map(|(compression, wan)| Scenario { source, compression, wan, pace: Some(pace) }));
    }
    all.push(Scenario { source: Source::Film(FRAMES), compression: "auto_glz", pace: Some(FRAME) });
    all
}

impl Scenario {
    pub(super) fn name(&self) -> String {
        let source = match self.source {
            Source::Recording(name) => name,
            Source::Fills(_) => "fills",
            Source::Film(_) => "film",
        };
        let manner = if self.pace.is_some() { "paced" } else { "burst" };
        let wan = if self.wan { " wan" } else { "" };
        format!("{source} {}{wan} {manner}", self.compression)
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
            Source::Film(count) => {
                let film = ["--generate", &count.to_string(), "--scene", "film", "--streaming", "filter"];
                arguments.extend(film.map(OsString::from));
            }
            Source::Fills(count) => arguments.extend(["--generate".into(), count.to_string().into()]),
        }
        arguments
    }
}
