//! Recordings that the original and the library under test make of the same commands: each library shows the same
//! when it replays either, with our replayer and with its own.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use recording::{CommandKind, Event, EventKind, Message, Recording};
use replayer::libraries;
use replayer::steer::{Program, Replayer, Seen};

use crate::picture::Picture;
use crate::replay::{self, Folder, Source};

/// How often surfaces are looked at.
const MOMENTS: u64 = 4;

/// What all surfaces hold.
type Moment = Vec<Seen>;

/// Has a library record a source; gives what the surfaces hold on the way and what it wrote to the standard error.
pub(crate) fn record(
    library: &Path,
    source: Source,
    file: &Path,
    filter: Option<&'static str>,
) -> Result<(Vec<Moment>, String)> {
    let mut program = replay::program()?.clone();
    program.environment.push(("SPICE_WORKER_RECORD_FILENAME", file.as_os_str().to_owned()));
    program.environment.extend(filter.map(|filter| ("SPICE_WORKER_RECORD_FILTER", filter.into())));
    show(&program, library, source.arguments(), &source.points(MOMENTS)?)
}

/// What the surfaces hold at some points.
fn show(
    program: &Program,
    library: &Path,
    source: Vec<OsString>,
    points: &[u64],
) -> Result<(Vec<Moment>, String)> {
    let mut replayer = Replayer::start(program, library, source)?;
    let seen = points.iter().map(|point| {
        replayer.go(*point)?;
        replayer.look(None)
    });
    let seen = seen.collect::<Result<Vec<_>>>()?;
    let (counts, errors) = replayer.quit()?;
    ensure!(counts.taken == counts.released, "taken and released differ at the end: {counts:?}");
    Ok((seen, errors))
}

/// What a client sees when a library's own replayer has read a file.
fn replayed_natively(library: &Path, file: &Path, folder: &Folder) -> Result<Picture> {
    let nothing = ["--generate", "0"].map(OsString::from);
    let mut replayer = Replayer::start(replay::program()?, library, nothing)?;
    replayer.replay(file)?;
    let picture = replay::screenshot(replayer.address(), folder)?;
    replayer.quit()?;
    Ok(picture)
}

/// The commands and the primary surfaces of a recording, without their numbers and times: first those of the
/// pointer's ring, which each library reads when it likes.
fn content(file: &Path) -> Result<Vec<EventKind>> {
    let (mut pointer, mut display) = (Vec::new(), Vec::new());
    for event in Recording::open(BufReader::new(File::open(file)?), 1024)? {
        let Event { kind, .. } = event?;
        match &kind {
            EventKind::Command(command) if command.kind == CommandKind::Cursor => pointer.push(kind),
            EventKind::Command(_) | EventKind::Message(Message::CreatePrimary { .. }) => display.push(kind),
            EventKind::Message(_) => {}
        }
    }
    pointer.append(&mut display);
    Ok(pointer)
}

/// Fails unless both libraries record the same of a source, and show the same again from both recordings.
pub(crate) fn compare(source: Source) -> Result<()> {
    let folder = Folder::new(&format!("recordings-{}", source.name()))?;
    let (original, ours) = (libraries::original()?, libraries::under_test()?);
    let (theirs, mine) = (folder.file("original.rec"), folder.file("tested.rec"));
    let (expected, _) = record(&original, source, &theirs, None).context("the original records")?;
    let (found, _) = record(&ours, source, &mine, None).context("the library under test records")?;
    ensure!(found == expected, "the surfaces differ already while they are recorded");
    let (content, expected_content) = (content(&mine)?, content(&theirs)?);
    let same = content.iter().zip(&expected_content).position(|(found, expected)| found != expected);
    ensure!(same.is_none(), "the recordings differ in command {}", same.unwrap_or_default());
    ensure!(content.len() == expected_content.len(), "one recording is longer");
    let points = source.points(MOMENTS)?;
    for (library, file, what) in [
        (&original, &mine, "the original shows something else from our recording"),
        (&ours, &theirs, "we show something else from the original's recording"),
        (&ours, &mine, "we show something else from our recording"),
    ] {
        let (found, _) = show(replay::program()?, library, vec![file.into()], &points)?;
        ensure!(found == expected, "{what}");
    }
    Ok(())
}

/// Fails unless each library's own replayer shows the same of both recordings of random commands.
pub(crate) fn compare_natively(source: Source) -> Result<()> {
    let folder = Folder::new(&format!("replays-{}", source.name()))?;
    let libraries = [libraries::original()?, libraries::under_test()?];
    let mut pictures = Vec::new();
    for (index, recorder) in libraries.iter().enumerate() {
        let file = folder.file(&format!("{index}.rec"));
        record(recorder, source, &file, None)?;
        for library in &libraries {
            let picture = replayed_natively(library, &file, &folder);
            let picture = picture.with_context(|| format!("recording {index}, {}", library.display()))?;
            pictures.push((index, library, picture));
        }
    }
    let points = [source.points(1)?.pop().context("an end")?];
    let expected = replay::pictures(&libraries[0], source, &points, &["--compression", "off"])?;
    for (index, library, picture) in &pictures {
        ensure!(expected.first() == Some(picture), "recording {index}, {}", library.display());
    }
    Ok(())
}

/// Fails unless the bytes that went through a filter are those that go without.
pub(crate) fn through_a_filter(source: Source) -> Result<()> {
    let folder = Folder::new("recordings-filtered")?;
    for library in [libraries::original()?, libraries::under_test()?] {
        let (plain, packed) = (folder.file("plain.rec"), folder.file("packed.rec.gz"));
        record(&library, source, &plain, None)?;
        record(&library, source, &packed, Some("gzip --stdout '--fast'"))?;
        let unpacked = folder.file("unpacked.rec");
        let gzip = Command::new("gzip").args(["--decompress", "--stdout"]).arg(&packed).output()?;
        ensure!(gzip.status.success(), "{}", String::from_utf8_lossy(&gzip.stderr));
        fs::write(&unpacked, gzip.stdout)?;
        ensure!(content(&unpacked)? == content(&plain)?, "{} differs by the filter", library.display());
    }
    Ok(())
}

/// Fails unless the library under test works on, with one line in the log, when it cannot record.
pub(crate) fn without_a_place(source: Source) -> Result<()> {
    let folder = Folder::new("recordings-nowhere")?;
    let file = folder.file("x.rec");
    let cases = [
        (Path::new("/nowhere/x.rec"), None, "/nowhere/x.rec"),
        (file.as_path(), Some("no-such-program --fast"), "no-such-program"),
        // Takes a little and ends.
        (file.as_path(), Some("head --bytes=100"), "the recording ends after"),
        (Path::new("/dev/full"), None, "the recording ends after"),
    ];
    for (file, filter, complaint) in cases {
        let (_, log) = record(&libraries::under_test()?, source, file, filter)?;
        let complaints = log.lines().filter(|line| line.contains("record")).count();
        ensure!(log.contains(complaint) && complaints == 1, "{file:?}, {filter:?}:\n{log}");
    }
    let mut kept = Vec::new();
    File::open(&file)?.read_to_end(&mut kept)?;
    ensure!(
        kept.len() == 100 && kept.starts_with(recording::HEADER),
        "the filter wrote {} bytes",
        kept.len()
    );
    Ok(())
}
