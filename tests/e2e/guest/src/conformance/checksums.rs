//! Checksums of what a CRTC shows (debugfs, `crtc-N/crc`), which tests of compositors compare. A driver may have none.

use std::io::Read;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::conformance::Check;
use crate::conformance::outcome::Outcome;
use crate::kms::{Card, Framebuffer, Output};

pub(super) const CHECKS: &[Check] = &[("crc-follows-the-picture", follows)];

const SOURCES: &str = "/sys/kernel/debug/dri/0";

fn follows() -> Result<Outcome> {
    let card = Card::open_atomic()?;
    let output = Output::first(&card)?;
    let folder = PathBuf::from(format!("{SOURCES}/crtc-{}/crc", output.pipe));
    let Ok(source) = std::fs::read_to_string(folder.join("control")) else {
        return Ok(Outcome::Skipped("the driver has no checksums".into()));
    };
    ensure!(!source.trim().is_empty(), "a control file without a source");
    let (mut dark, mut light) = (Framebuffer::new(&card, 640, 480)?, Framebuffer::new(&card, 640, 480)?);
    dark.fill(0x10)?;
    light.fill(0xe0)?;
    output.enabling(output.mode(640, 480)?, &dark)?.commit()?;
    std::fs::write(folder.join("control"), "auto").context("choosing the source")?;
    let mut sums = Vec::new();
    for framebuffer in [&dark, &light, &dark] {
        output.flip(framebuffer)?;
        sums.push(sum(&folder)?);
    }
    ensure!(sums[0] == sums[2], "the same picture has other checksums: {sums:?}");
    ensure!(sums[0] != sums[1], "other pictures have the same checksum: {sums:?}");
    Ok(Outcome::Passed)
}

/// The checksum of a frame after now: a line "frame sum".
fn sum(folder: &std::path::Path) -> Result<String> {
    let mut data = std::fs::File::open(folder.join("data")).context("opening the checksums")?;
    let mut line = String::new();
    // The first frame may have begun before the flip.
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
