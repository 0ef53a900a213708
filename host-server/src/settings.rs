//! What the host says about the server, most of it before it is initialised.

pub mod video_codecs;

use std::os::fd::OwnedFd;

use self::video_codecs::VideoCodecs;
use crate::display::settings::DisplaySettings;
use crate::transport::listener::{Endpoint, Family};

/// How images are compressed when the client has no wish of its own (`SPICE_IMAGE_COMPRESSION_*`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum ImageCompression {
    /// Not at all.
    Off = 1,
    /// QUIC for photographs, GLZ for the rest.
    #[default]
    AutoGlz = 2,
    /// QUIC for photographs, LZ for the rest.
    AutoLz = 3,
    /// QUIC.
    Quic = 4,
    /// GLZ.
    Glz = 5,
    /// LZ.
    Lz = 6,
    /// LZ4.
    Lz4 = 7,
}

impl ImageCompression {
    /// The compression with this number in the C interface.
    pub const fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            1 => Self::Off,
            2 => Self::AutoGlz,
            3 => Self::AutoLz,
            4 => Self::Quic,
            5 => Self::Glz,
            6 => Self::Lz,
            7 => Self::Lz4,
            _ => return None,
        })
    }

    /// Its number in the C interface.
    pub const fn number(self) -> u8 {
        self as u8
    }
}

/// When what is worth it on slow links only is done (`SPICE_WAN_COMPRESSION_*`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WanCompression {
    /// For clients on slow links.
    #[default]
    Auto,
    /// For all clients.
    Always,
    /// For none.
    Never,
}

impl WanCompression {
    /// What this number in the C interface means.
    pub const fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            1 => Self::Auto,
            2 => Self::Always,
            3 => Self::Never,
            _ => return None,
        })
    }
}

/// How images are compressed: what displays need to know of the settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compression {
    /// How, when the client has no wish of its own.
    pub images: ImageCompression,
    /// When photographs lose detail, by JPEG.
    pub jpeg: WanCompression,
    /// When GLZ images are compressed once more, by zlib.
    pub zlib_glz: WanCompression,
}

impl From<ImageCompression> for Compression {
    /// With the other settings as they are by default.
    fn from(images: ImageCompression) -> Self {
        Self { images, ..Self::default() }
    }
}

/// Which moving regions are sent as video (`SPICE_STREAM_VIDEO_*`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StreamingVideo {
    /// None.
    Off,
    /// All that move.
    All,
    /// Those that look like it and are large enough.
    #[default]
    Filter,
}

/// Settings that have no effect on a server that listens already.
#[derive(Debug, Default)]
pub struct Settings {
    /// The port without TLS; `None` for no TCP listener.
    pub port: Option<u16>,
    /// Name or address to listen on, or the path of a unix socket.
    pub address: String,
    /// What `address` is.
    pub family: AddressFamily,
    /// A socket of the host's that listens already.
    pub listening_socket: Option<OwnedFd>,
    /// How images are compressed.
    pub compression: Compression,
    /// Which moving regions are sent as video.
    pub streaming_video: StreamingVideo,
    /// What video may be encoded in; a server that begins without it takes the usual ones.
    pub video_codecs: VideoCodecs,
    /// Threads that compress images beside those of the displays; without a number as many as there are cores to spare.
    pub encoder_threads: Option<usize>,
}

/// What an address is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AddressFamily {
    /// A name, or an address of IPv4 or IPv6.
    #[default]
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
    /// The path of a unix socket.
    Unix,
}

impl Settings {
    /// What a display needs of them.
    pub fn display(&self) -> DisplaySettings {
        DisplaySettings {
            compression: self.compression,
            streaming: self.streaming_video,
            video_codecs: self.video_codecs.order(),
        }
    }

    /// Where to listen, if anywhere.
    pub fn endpoint(&self) -> Option<Endpoint> {
        let family = match self.family {
            AddressFamily::Unix => return Some(Endpoint::Unix(self.address.clone())),
            AddressFamily::Any => Family::Any,
            AddressFamily::V4 => Family::V4,
            AddressFamily::V6 => Family::V6,
        };
        self.port.map(|port| Endpoint::Tcp { host: self.address.clone(), port, family })
    }
}
