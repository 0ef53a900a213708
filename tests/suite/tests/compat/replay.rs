//! A library replaying a recording, and the pictures that the stock client takes of it.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::BufReader;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, bail, ensure};
use recording::{EventKind, Recording};
use replayer::libraries;
use replayer::random::RandomSource;
use replayer::steer::{Program, Replayer};

use crate::picture::Picture;
use crate::reference::md5;

/// Seconds that the stock client gets for one picture.
const PATIENCE: &str = "60";

/// What is replayed.
#[derive(Clone, Copy)]
pub(crate) enum Source {
    /// A recording of the source tree, by its name.
    Recording(&'static str),
    /// So many random commands.
    Random { seed: u64, commands: u64 },
    /// So many frames of a video on a desktop.
    Film(u64),
    /// So many drawings of images and palettes that come again.
    Icons(u64),
}

impl Source {
    pub(crate) fn name(self) -> String {
        match self {
            Self::Recording(name) => name.to_owned(),
            Self::Random { seed, .. } => format!("random-{seed}"),
            Self::Film(_) => "film".to_owned(),
            Self::Icons(_) => "icons".to_owned(),
        }
    }

    /// The replayer's arguments.
    pub(crate) fn arguments(self) -> Vec<OsString> {
        match self {
            Self::Recording(name) => vec![libraries::recording(name).into()],
            Self::Random { seed, commands } => {
                ["--generate".into(), commands.to_string(), "--seed".into(), seed.to_string()]
                    .map(OsString::from)
                    .to_vec()
            }
            Self::Film(count) => Self::scene("film", count),
            Self::Icons(count) => Self::scene("icons", count),
        }
    }

    fn scene(name: &str, count: u64) -> Vec<OsString> {
        ["--generate", &count.to_string(), "--scene", name].map(OsString::from).to_vec()
    }

    /// A short text that is the same only for the same commands.
    pub(crate) fn identity(self) -> Result<String> {
        match self {
            Self::Recording(name) => md5(&fs::read(libraries::recording(name))?),
            Self::Random { seed, commands } => md5(&RandomSource::text(seed, commands)),
            Self::Film(count) | Self::Icons(count) => Ok(format!("{}-{count}", self.name())),
        }
    }

    /// How many commands it holds.
    fn commands(self) -> Result<u64> {
        let name = match self {
            Self::Random { commands, .. } | Self::Film(commands) | Self::Icons(commands) => {
                return Ok(commands);
            }
            Self::Recording(name) => name,
        };
        let file = BufReader::new(zstd::Decoder::new(File::open(libraries::recording(name))?)?);
        let mut commands = 0;
        for event in Recording::open(file, 1024)? {
            commands += u64::from(matches!(event?.kind, EventKind::Command(_)));
        }
        Ok(commands)
    }

    /// `count` numbers of commands that are evenly spread; the last is all of them.
    pub(crate) fn points(self, count: u64) -> Result<Vec<u64>> {
        let commands = self.commands()?;
        Ok((1..=count).map(|point| commands * point / count).collect())
    }

    /// The names of the commands from one point to the next, where they are known.
    pub(crate) fn between(self, from: u64, to: u64) -> Result<String> {
        let Self::Random { seed, .. } = self else { return Ok(String::new()) };
        let names = RandomSource::names(seed, to);
        Ok(names.get(usize::try_from(from)?..).unwrap_or_default().join(", "))
    }
}

/// A folder of its own for a test's pictures, removed with it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Result<Self> {
        let path = std::env::temp_dir().join(format!("compat-{}-{name}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that stays behind does no harm.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The replayer's program, built as it is now.
pub(crate) fn program() -> Result<&'static Program> {
    static BUILT: OnceLock<Result<Program, String>> = OnceLock::new();
    let built = BUILT.get_or_init(|| build().map_err(|error| format!("{error:#}")));
    built.as_ref().map_err(|error| anyhow::anyhow!("{error}"))
}

/// Cargo builds programs for the tests of their own package only, so this asks it.
fn build() -> Result<Program> {
    let own = std::env::current_exe()?;
    let profile = own.ancestors().nth(2).context("the test lies in no target folder")?;
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--package", "replayer", "--bin", "replayer"]);
    cargo.arg("--manifest-path").arg(libraries::workspace().join("Cargo.toml"));
    cargo.arg("--target-dir").arg(profile.parent().context("the test lies in no target folder")?);
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    ensure!(cargo.status()?.success(), "`cargo build --package replayer` failed");
    Ok(Program { path: profile.join("replayer"), arguments: Vec::new(), environment: Vec::new() })
}

/// Starts a replayer.
pub(crate) fn start(library: &Path, source: Source, options: &[&str]) -> Result<Replayer> {
    let arguments = options.iter().map(OsString::from).chain(source.arguments());
    Replayer::start(program()?, library, arguments)
}

/// What the library, with these options, shows to a client that joins after each of these numbers of
/// commands.
pub(crate) fn pictures(
    library: &Path,
    source: Source,
    points: &[u64],
    options: &[&str],
) -> Result<Vec<Picture>> {
    let folder = Folder::new(&source.name())?;
    let mut replayer = start(library, source, options)?;
    let mut pictures = Vec::with_capacity(points.len());
    for point in points {
        let reached = replayer.go(*point)?;
        ensure!(reached.commands == *point, "the recording ends at {} of {point}", reached.commands);
        let picture = screenshot(replayer.address(), &folder);
        pictures.push(picture.with_context(|| format!("{}, command {point}", source.name()))?);
        // The original ends when it has to give a client a surface of a format that it has no images of, and while it has not
        // noticed that the client is gone it would.
        replayer.lines_until("the end of the client's display channel", is_display_end)?;
    }
    let (counts, _) = replayer.quit()?;
    ensure!(counts.taken == counts.released, "taken and released differ at the end: {counts:?}");
    ensure!(counts.completions == counts.asynchronous_calls, "not each call was completed: {counts:?}");
    ensure!(counts.faults == 0, "released what it did not hold: {counts:?}");
    Ok(pictures)
}

/// Whether the line says that a client's display channel has ended.
fn is_display_end(line: &serde_json::Value) -> bool {
    const DISPLAY: i32 = 2;
    let is = |key, value| line.get(key) == Some(&value);
    is("event", "channel".into()) && is("what", "disconnected".into()) && is("kind", DISPLAY.into())
}

/// The stock client's picture of a server.
pub(crate) fn screenshot(server: SocketAddr, folder: &Folder) -> Result<Picture> {
    let file = folder.file("picture.ppm");
    let mut client = Command::new("timeout");
    client.args(["--kill-after=5", PATIENCE, "spicy-screenshot", "--uri"]).arg(format!("spice://{server}"));
    client.arg("--out-file").arg(&file);
    let output = client.output().context("cannot start `timeout` of coreutils")?;
    // 127: there is no such program.
    if output.status.code() == Some(127) {
        bail!("spicy-screenshot is missing: install the package spice-client-gtk (cargo xtask setup)");
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let bytes = fs::read(&file)
        .with_context(|| format!("spicy-screenshot took no picture ({}):\n{said}", output.status))?;
    fs::remove_file(&file)?;
    Picture::from_ppm(&bytes)
}
