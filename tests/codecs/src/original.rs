//! The original's encoders: built from the sources of Debian's package behind `original/main.c`, and asked through pipes.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use e2e::{Cache, Sources, content_key};

use crate::ours::{Codec, Cost};
use crate::pictures::Named;

/// Where the C program is that speaks with us.
const FACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/original");

/// What the encoders include beyond the C library, none of which has to be installed.
const HEADERS: &[&str] = &["libglib2.0-dev", "liblz4-dev", "libpixman-1-dev", "libspice-protocol-dev"];

/// The encoders and what they call, below the sources.
const FILES: &[&str] = &[
    "server/glz-encoder.c",
    "server/glz-encoder-dict.c",
    "server/lz4-encoder.c",
    "subprojects/spice-common/common/backtrace.c",
    "subprojects/spice-common/common/log.c",
    "subprojects/spice-common/common/lz.c",
    "subprojects/spice-common/common/mem.c",
    "subprojects/spice-common/common/quic.c",
];

/// As Debian builds the library.
const FLAGS: &[&str] = &["-O2", "-fPIC", "-fstack-protector-strong", "-D_FORTIFY_SOURCE=2", "-w"];

/// The libraries come with the original's own.
const LIBRARIES: &[&str] = &["-l:libglib-2.0.so.0", "-l:liblz4.so.1", "-lpthread"];

/// The running encoders. They end when this is dropped.
pub(crate) struct Original {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Original {
    /// Builds the encoders, unless that has been done, and starts them.
    pub(crate) fn start() -> Result<Self> {
        let mut command = Command::new(program()?);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let requests = child.stdin.take().context("no standard input")?;
        let answers = BufReader::new(child.stdout.take().context("no standard output")?);
        Ok(Self { child, requests, answers })
    }

    /// Gives it a picture, by way of a file in `folder`.
    pub(crate) fn load(&mut self, picture: &Named, folder: &Path) -> Result<()> {
        let (name, bitmap) = (&picture.name, &picture.bitmap);
        let file = folder.join(format!("{name}.pixels"));
        std::fs::write(&file, bitmap.data()).with_context(|| format!("cannot write {}", file.display()))?;
        let format = u8::from(bitmap.format());
        let (width, height) = (bitmap.width(), bitmap.height());
        self.ask(&format!("image {name} {format} {width} {height} {}", file.display()))?;
        Ok(())
    }

    /// Encodes a sequence of pictures `repeats` times, which share a dictionary if the codec has one: the cost of the last.
    pub(crate) fn encode(&mut self, codec: Codec, pictures: &[&Named], repeats: u32) -> Result<Cost> {
        let answer = self.request(codec, pictures, repeats, Path::new("-"))?;
        let mut words = answer.split(' ').map(str::parse::<u64>);
        let [Some(Ok(nanoseconds)), Some(Ok(bytes))] = [words.next(), words.next()] else {
            bail!("the original answers `{answer}`")
        };
        Ok(Cost { nanoseconds: nanoseconds as f64, bytes })
    }

    /// The streams of a sequence of pictures.
    pub(crate) fn streams(
        &mut self,
        codec: Codec,
        pictures: &[&Named],
        folder: &Path,
    ) -> Result<Vec<Vec<u8>>> {
        self.request(codec, pictures, 1, folder)?;
        let read = |picture: &&Named| {
            let file = folder.join(format!("{}.{}", picture.name, codec.name()));
            std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))
        };
        pictures.iter().map(read).collect()
    }

    fn request(&mut self, codec: Codec, pictures: &[&Named], repeats: u32, folder: &Path) -> Result<String> {
        let names: Vec<&str> = pictures.iter().map(|picture| picture.name.as_str()).collect();
        let (codec, folder) = (codec.name(), folder.display());
        self.ask(&format!("encode {codec} {repeats} {folder} {}", names.join(" ")))
    }

    fn ask(&mut self, request: &str) -> Result<String> {
        writeln!(self.requests, "{request}").context("the original has ended")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        let answer = answer.trim_end().strip_prefix("ok").context("the original has failed")?;
        Ok(answer.trim_start().to_owned())
    }
}

impl Drop for Original {
    fn drop(&mut self) {
        // It may have ended on its own.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The built program, from the cache or made now.
fn program() -> Result<PathBuf> {
    let sources = Sources::of("spice", HEADERS)?;
    let face = ["main.c", "config.h"].map(|name| Path::new(FACE).join(name));
    let texts = face.iter().map(std::fs::read).collect::<Result<Vec<_>, _>>()?;
    let mut parts: Vec<&[u8]> = texts.iter().map(Vec::as_slice).collect();
    parts.extend(FLAGS.iter().chain(FILES).map(|word| word.as_bytes()));
    parts.push(sources.key.as_bytes());
    let folder =
        Cache::of_the_user()?.entry(&format!("original-codecs-{}", content_key(&parts)), |folder| {
            println!("    compiling the original's encoders");
            let status = compiler(&sources, &folder.join("codecs")).status().context("cannot start cc")?;
            ensure!(status.success(), "cc ended with {status}");
            Ok(())
        })?;
    Ok(folder.join("codecs"))
}

fn compiler(sources: &Sources, output: &Path) -> Command {
    let mut cc = Command::new("cc");
    cc.args(FLAGS).arg(format!("-I{FACE}"));
    let include = |path: PathBuf| format!("-I{}", path.display());
    for folder in ["server", "subprojects/spice-common", "subprojects/spice-common/common"] {
        cc.arg(include(sources.source(folder)));
    }
    for folder in [
        "usr/include",
        "usr/include/spice-1",
        "usr/include/pixman-1",
        "usr/include/glib-2.0",
        "usr/lib/x86_64-linux-gnu/glib-2.0/include",
    ] {
        cc.arg(include(sources.installed(folder)));
    }
    cc.arg(Path::new(FACE).join("main.c")).args(FILES.iter().map(|file| sources.source(file)));
    cc.arg("-o").arg(output).args(LIBRARIES);
    cc
}
