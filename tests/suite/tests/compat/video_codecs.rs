//! Which codec a client gets its video in, and what the host's list of codecs may be.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use probe::{Address, Client, Options};
use replayer::steer::{Program, Replayer, VideoCodecs};
use wire::capability::display as capability;
use wire::channel::ChannelType;
use wire::display::VideoCodec;

use crate::replay::{self, Folder, Source};

/// Frames of a film after which a video has begun long ago.
const FRAMES: u64 = 200;

/// Frames after which somebody looks whether it has.
const STEP: usize = 20;

/// Microseconds from one frame to the next.
const FRAME: &str = "40000";

const PATIENCE: Duration = Duration::from_secs(20);

/// Lists of codecs that hosts might set.
pub(crate) const LISTS: &[&str] = &[
    "spice:mjpeg",
    "gstreamer:mjpeg",
    "gstreamer:vp8;spice:mjpeg",
    "gstreamer:h264;gstreamer:vp9;gstreamer:vp8;gstreamer:mjpeg;spice:mjpeg",
    "gstreamer:vp8;gstreamer:vp8",
    "spice:vp8;gstreamer:vp8",
    "auto",
    "auto;",
    "auto;spice:mjpeg",
    "spice:mjpeg;auto",
    "AUTO",
    "auto:auto",
    "none",
    "",
    ";",
    ";;;spice:mjpeg",
    "spice:mjpeg;",
    "spice:mjpeg;;gstreamer:vp8",
    " spice:mjpeg",
    "spice:mjpeg ;gstreamer:vp8",
    "spice:mjpeg; gstreamer:vp8",
    "spice: mjpeg",
    "gstreamer:vp8,spice:mjpeg",
    "spice:mjpeg:x",
    "spice:mjpeg.",
    "spice:mj_peg",
    "SPICE:MJPEG",
    "spice",
    "spice:",
    ":mjpeg",
    ":",
    "gstreamer:theora",
    "gstreamer:theora;gstreamer:vp8",
    "foo:vp8",
    "foo:vp8;gstreamer:h264",
    "gstreamer:vp8;spice;spice:mjpeg",
    "gstreamer:vp8;spice:;spice:mjpeg",
];

/// What becomes of each of [`LISTS`] when the list was `gstreamer:vp9` before. The first one is what a server begins with.
pub(crate) fn lists(library: &Path) -> Result<Vec<VideoCodecs>> {
    let mut replayer = replay::start(library, Source::Film(1), &[])?;
    let mut found = vec![replayer.set_video_codecs(";")?];
    for list in LISTS {
        replayer.set_video_codecs("gstreamer:vp9")?;
        found.push(replayer.set_video_codecs(list)?);
    }
    replayer.quit()?;
    Ok(found)
}

/// A client and a host that have to agree on a codec.
#[derive(Debug)]
pub(crate) struct Meeting {
    /// The host's list; `None` for the one that there is without.
    pub(crate) host: Option<&'static str>,
    /// What the client can do.
    pub(crate) client: &'static [u32],
    /// What it asks for.
    pub(crate) wish: &'static [VideoCodec],
}

const MODERN: &[u32] = &[
    capability::MULTI_CODEC,
    capability::CODEC_MJPEG,
    capability::CODEC_VP8,
    capability::CODEC_VP9,
    capability::CODEC_H264,
    capability::PREF_VIDEO_CODEC_TYPE,
];
const MJPEG_AND_VP9: &[u32] = &[capability::MULTI_CODEC, capability::CODEC_MJPEG, capability::CODEC_VP9];
const ALL: Option<&str> = Some("gstreamer:vp8;gstreamer:h264;gstreamer:vp9;spice:mjpeg");

/// Every kind of meeting.
pub(crate) const MEETINGS: &[Meeting] = &[
    Meeting { host: None, client: MODERN, wish: &[] },
    Meeting { host: None, client: MODERN, wish: &[VideoCodec::VP9, VideoCodec::H264] },
    Meeting { host: ALL, client: MODERN, wish: &[] },
    Meeting { host: ALL, client: &[], wish: &[] },
    Meeting { host: ALL, client: MJPEG_AND_VP9, wish: &[] },
    Meeting { host: ALL, client: MODERN, wish: &[VideoCodec::H264] },
    Meeting { host: ALL, client: MODERN, wish: &[VideoCodec(77), VideoCodec::H265, VideoCodec::MJPEG] },
    Meeting { host: Some("gstreamer:vp8"), client: MJPEG_AND_VP9, wish: &[] },
    Meeting { host: Some("gstreamer:vp8"), client: MODERN, wish: &[VideoCodec::VP9] },
    Meeting { host: Some("gstreamer:mjpeg"), client: MODERN, wish: &[] },
];

/// A meeting on a host without plugins of GStreamer.
pub(crate) const WITHOUT_PLUGINS: Meeting =
    Meeting { host: Some("gstreamer:vp8;spice:mjpeg"), client: MODERN, wish: &[] };

impl Meeting {
    /// The codec in which the client gets a video.
    pub(crate) fn codec(&self, library: &Path) -> Result<VideoCodec> {
        Ok(self.run(library, Vec::new())?.0)
    }

    /// The same where GStreamer finds no plugin, and what the library says to that.
    pub(crate) fn without_plugins(&self, library: &Path) -> Result<(VideoCodec, String)> {
        let folder = Folder::new("no-plugins")?;
        let place = |name: &str| folder.file(name).into_os_string();
        let environment =
            vec![("GST_PLUGIN_SYSTEM_PATH_1_0", place("plugins")), ("GST_REGISTRY_1_0", place("registry"))];
        self.run(library, environment)
    }

    fn run(
        &self,
        library: &Path,
        environment: Vec<(&'static str, OsString)>,
    ) -> Result<(VideoCodec, String)> {
        let program = Program { environment, ..replay::program()?.clone() };
        let source = Source::Film(FRAMES).arguments();
        let arguments = ["--streaming", "filter", "--pace", FRAME].map(OsString::from);
        let mut replayer = Replayer::start(&program, library, arguments.into_iter().chain(source))?;
        if let Some(list) = self.host {
            replayer.set_video_codecs(list)?;
        }
        replayer.go(1)?;
        let options = Options {
            channels: vec![ChannelType::DISPLAY],
            display_capabilities: self.client.to_vec(),
            video_codecs: self.wish.to_vec(),
            ..Options::default()
        };
        let client = Client::connect(&Address::Tcp(replayer.address().to_string()), &options)?;
        let shows = |view: &probe::View| view.display(0).is_some_and(|screen| screen.size().is_some());
        client.wait("a picture", PATIENCE, shows)?;
        let video = |view: &probe::View| view.display(0).and_then(|screen| screen.videos.last().cloned());
        for frames in (1..=FRAMES).step_by(STEP) {
            replayer.go(frames)?;
            if client.look(video).is_some() {
                break;
            }
        }
        client.wait("a video", PATIENCE, |view| video(view).is_some())?;
        let video = client.look(video).context("a video")?;
        drop(client);
        let (_, said) = replayer.quit()?;
        Ok((video.codec, said))
    }
}
