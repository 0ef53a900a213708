//! Checksums of what a CRTC shows (debugfs, `crtc-N/crc`), which tests of compositors compare. A driver may have none.

use std::io::Read;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::conformance::Check;
use crate::conformance::outcome::Outcome;
use crate::kms::{Card, Framebuffer, Output};

pub(super) const CHECKS: &[Check] = &[("crc-follows-the-picture", follows)];

const SOURCES: &str = "/sys/kernel/debug/dri/0";

/// The checksums of one CRTC.
pub(super) struct Checksums {
    folder: PathBuf,
}

impl Checksums {
    /// Those of a display that is on; none where the driver has none.
    pub(super) fn of(output: &Output<'_>) -> Result<Option<Self>> {
        let folder = PathBuf::from(format!("{SOURCES}/crtc-{}/crc", output.pipe));
        let Ok(source) = std::fs::read_to_string(folder.join("control")) else { return Ok(None) };
        ensure!(!source.trim().is_empty(), "a control file without a source");
        std::fs::write(folder.join("control"), "auto").context("choosing the source")?;
        Ok(Some(Checksums { folder }))
    }

    /// The checksum of a frame after now: a line "frame sum".
    pub(super) fn next(&self) -> Result<String> {
        let mut data = std::fs::File::open(self.folder.join("data")).context("opening the checksums")?;
        let mut line = String::new();
        // The first frame may have begun before the flip, and a drawing may wait for the next.
        for _ in 0..3 {
            let mut buffer = [0; 256];
            let length = data.read(&mut buffer)?;
            // The kernel gives the end of its string too.
            let read = String::from_utf8_lossy(buffer.get(..length).unwrap_or_default());
            line = read.trim_end_matches('\0').to_owned();
        }
        let sum = line.lines().last().and_then(|line| line.split_whitespace().nth(1));
        sum.map(str::to_owned).with_context(|| format!("a checksum line {line:?}"))
    }
}

fn follows() -> Result<Outcome> {
    let card = Card::open_atomic()?;
    let output = Output::first(&card)?;
    let (mut dark, mut light) = (Framebuffer::new(&card, 640, 480)?, Framebuffer::new(&card, 640, 480)?);
    dark.fill(0x10)?;
    light.fill(0xe0)?;
    output.enabling(output.mode(640, 480)?, &dark)?.commit()?;
    let Some(checksums) = Checksums::of(&output)? else {
        return Ok(Outcome::Skipped("the driver has no checksums".into()));
    };
    let mut sums = Vec::new();
    for framebuffer in [&dark, &light, &dark] {
        output.flip(framebuffer)?;
        sums.push(checksums.next()?);
    }
    ensure!(sums[0] == sums[2], "the same picture has other checksums: {sums:?}");
    ensure!(sums[0] != sums[1], "other pictures have the same checksum: {sums:?}");
    Ok(Outcome::Passed)
}
