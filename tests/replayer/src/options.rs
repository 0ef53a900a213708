//! The replayer's command line.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, bail};
use clap::{Parser, ValueEnum};

/// Feeds QXL commands to a libspice-server.
///
/// Prints one JSON object a line: `ready` with the address for clients, `reached` whenever the library
/// has taken as many commands as it was to, then what clients do and what it cost. With --control it does
/// what its standard input says: `go N` or `go all` (take commands up to the Nth since the start),
/// `measure` (cost counts from here), `finish` (destroy the primary surface and show the end marker, a
/// primary surface of 64 x 16 pixels that is destroyed at once), `report` (print what it cost), `look [FOLDER]`
/// (print what every surface shows, and write its pixels to the folder), `replay FILE` (have
/// the library's own replayer read a recording, in place of what else there is to feed), `migrate ...` (a
/// step of a migration), `agent ...` (something that the guest's agent does), `codecs LIST` (set the list of
/// video codecs, and print what the library makes of it), `quit`.
#[derive(Clone, Debug, Parser)]
#[command(version)]
pub struct Options {
    /// The library: a path to a libspice-server.so.1.
    #[arg(long)]
    pub library: PathBuf,
    /// The recording, compressed by zstd or not.
    #[arg(required_unless_present = "generate")]
    pub recording: Option<PathBuf>,
    /// In place of a recording: so many commands of a scene, or random ones if there is a seed.
    #[arg(long, conflicts_with = "recording")]
    pub generate: Option<u64>,
    /// What is generated without a seed.
    #[arg(long, value_enum, default_value = "fills", requires = "generate", conflicts_with = "seed")]
    pub scene: Scene,
    /// What random commands depend on.
    #[arg(long, requires = "generate")]
    pub seed: Option<u64>,
    /// QXL devices; all of them show the same. Counts and surfaces are the first one's.
    #[arg(long, default_value_t = 1)]
    pub displays: usize,
    /// How many commands to feed; all without this.
    #[arg(long)]
    pub until: Option<u64>,
    /// Microseconds between two commands.
    #[arg(long)]
    pub pace: Option<u64>,
    /// Commands that a ring holds; the real device's holds 32. 0 means no limit.
    #[arg(long, default_value_t = 256)]
    pub ring: usize,
    /// Load everything before the first command, and free nothing before the end.
    #[arg(long)]
    pub preload: bool,
    /// Do what the standard input says.
    #[arg(long, conflicts_with_all = ["until", "linger"])]
    pub control: bool,
    /// Stay until a line or the end of the standard input.
    #[arg(long)]
    pub linger: bool,
    /// How the server is set up.
    #[command(flatten)]
    pub settings: Settings,
}

/// What commands show that come from no recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scene {
    /// Solid fills.
    Fills,
    /// Solid fills and small copies.
    Trifles,
    /// A video on a desktop.
    Film,
    /// Images and palettes that come again and again, each under its name.
    Icons,
    /// Desktops of 3840 x 2160 that are new all over.
    Still,
}

/// How the server is set up.
#[derive(Clone, Debug, clap::Args)]
pub struct Settings {
    /// `unix:PATH` or `tcp:ADDRESS:PORT`.
    #[arg(long)]
    pub listen: Address,
    /// The password; without one, anybody may connect.
    #[arg(long)]
    pub ticket: Option<String>,
    /// How images are compressed.
    #[arg(long, value_enum, default_value = "auto_glz")]
    pub compression: Compression,
    /// What is sent as video.
    #[arg(long, value_enum, default_value = "off")]
    pub streaming: Streaming,
    /// When images are sent lossy.
    #[arg(long, value_enum, default_value = "never")]
    pub jpeg: Wan,
    /// Register the interface of a host that migrates.
    #[arg(long)]
    pub migration: bool,
    /// Register no tablet.
    #[arg(long)]
    pub no_tablet: bool,
    /// When GLZ images are compressed once more.
    #[arg(long, value_enum, default_value = "never")]
    pub zlib: Wan,
}

/// Where the server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A socket in the file system.
    Unix(PathBuf),
    /// An address and a port.
    Tcp(String, u16),
}

impl FromStr for Address {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        if let Some(path) = text.strip_prefix("unix:") {
            return Ok(Self::Unix(path.into()));
        }
        let Some((address, port)) = text.strip_prefix("tcp:").and_then(|rest| rest.rsplit_once(':')) else {
            bail!("`{text}` is neither unix:PATH nor tcp:ADDRESS:PORT");
        };
        let port = port.parse().with_context(|| format!("`{port}` is no port"))?;
        Ok(Self::Tcp(address.to_owned(), port))
    }
}

impl Address {
    /// The address as clients take it.
    pub fn uri(&self) -> String {
        match self {
            Self::Unix(path) => format!("spice+unix://{}", path.display()),
            Self::Tcp(address, port) => format!("spice://{address}:{port}"),
        }
    }
}

/// `SPICE_IMAGE_COMPRESSION_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Compression {
    /// None.
    Off = 1,
    /// GLZ, or QUIC for what looks like a photograph.
    AutoGlz = 2,
    /// LZ, or QUIC for what looks like a photograph.
    AutoLz = 3,
    /// QUIC.
    Quic = 4,
    /// LZ with a dictionary over all images.
    Glz = 5,
    /// LZ.
    Lz = 6,
    /// LZ4.
    Lz4 = 7,
}

/// `SPICE_STREAM_VIDEO_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Streaming {
    /// Nothing.
    Off = 1,
    /// All that moves.
    All = 2,
    /// What moves and looks like video.
    Filter = 3,
}

/// `SPICE_WAN_COMPRESSION_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Wan {
    /// On slow connections.
    Auto = 1,
    /// Always.
    Always = 2,
    /// Never.
    Never = 3,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_sockets_or_ports() {
        assert_eq!("unix:/run/x".parse::<Address>().unwrap(), Address::Unix("/run/x".into()));
        let port = Address::Tcp("::1".to_owned(), 5900);
        assert_eq!("tcp:::1:5900".parse::<Address>().unwrap(), port);
        assert!("tcp:localhost".parse::<Address>().is_err());
        assert!("/run/x".parse::<Address>().is_err());
    }

    #[test]
    fn a_source_is_needed_and_one_is_enough() {
        let parse = |source: &[&str]| {
            let fixed = ["replayer", "--library", "x.so", "--listen", "unix:s"];
            Options::try_parse_from(fixed.iter().chain(source))
        };
        assert_eq!(parse(&["--generate", "3"]).unwrap().generate, Some(3));
        assert!(parse(&["x.rec"]).unwrap().recording.is_some());
        assert!(parse(&[]).is_err());
        assert!(parse(&["x.rec", "--generate", "3"]).is_err());
        assert!(parse(&["x.rec", "--control", "--linger"]).is_err());
    }
}
