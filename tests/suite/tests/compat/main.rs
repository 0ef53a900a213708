//! Compatibility: what a stock client sees of the library under test equals, in every pixel, what it sees
//! of Debian's libspice-server.
//!
//! `SPICE_SERVER_LIBRARY` names the library under test; without it that is ours, in target/dist. With the
//! original in both places the tests say whether they themselves are sound. Where pictures differ, both
//! and a marked one are written to target/compat.

mod early;
mod picture;
mod reference;
mod replay;

use std::fs;

use anyhow::{Context, Result, bail};
use picture::Picture;
use replay::Recorded;
use replayer::libraries;

/// At how many points of a recording a client joins.
const POINTS: u64 = 20;

#[test]
fn a_client_that_joins_a_qxl_desktop_sees_what_it_sees_of_the_original() -> Result<()> {
    equal_pictures(Recorded { name: "qxl-desk" })
}

#[test]
fn a_client_that_joins_a_modesetting_desktop_sees_what_it_sees_of_the_original() -> Result<()> {
    equal_pictures(Recorded { name: "ms-desk" })
}

#[test]
fn every_codec_gives_the_pixels_of_the_original() -> Result<()> {
    let recorded = Recorded { name: "qxl-desk" };
    for codec in ["off", "auto_lz", "quic", "glz", "lz", "lz4"] {
        equal(recorded, 2, codec).with_context(|| format!("--compression {codec}"))?;
    }
    Ok(())
}

#[test]
fn a_client_that_was_there_all_the_time_sees_what_one_that_joins_sees() -> Result<()> {
    let library = libraries::under_test()?;
    for name in ["qxl-desk", "ms-desk"] {
        let recorded = Recorded { name };
        let points = recorded.points(POINTS)?;
        let expected = reference::pictures(recorded, &points)?;
        let found = early::pictures(&library, recorded, &points, &expected)?;
        judge(&format!("{name}-early"), &points, &expected, &found)?;
    }
    Ok(())
}

fn equal_pictures(recorded: Recorded) -> Result<()> {
    equal(recorded, POINTS, "auto_glz")
}

/// Compares at `count` points. All codecs are lossless here, so the original's pictures are the same with
/// each.
fn equal(recorded: Recorded, count: u64, codec: &str) -> Result<()> {
    let library = libraries::under_test()?;
    let points = recorded.points(count)?;
    let expected = reference::pictures(recorded, &points)?;
    let found = replay::pictures(&library, recorded, &points, &["--compression", codec])?;
    judge(&format!("{}-{codec}", recorded.name), &points, &expected, &found)
}

/// Fails unless the pictures of all points are equal.
fn judge(name: &str, points: &[u64], expected: &[Picture], found: &[Picture]) -> Result<()> {
    let mut complaints = Vec::new();
    for ((point, expected), found) in points.iter().zip(expected).zip(found) {
        complaints.extend(compare(&format!("{name}-{point}"), expected, found)?);
    }
    if complaints.is_empty() {
        return Ok(());
    }
    bail!("{} of {} pictures differ:\n{}", complaints.len(), points.len(), complaints.join("\n"))
}

/// Says how two pictures differ, after writing them to target/compat.
fn compare(name: &str, expected: &Picture, found: &Picture) -> Result<Option<String>> {
    let said = match expected.difference(found) {
        Ok(None) => return Ok(None),
        Ok(Some(difference)) => format!(
            "{} of {} pixels; the first at {:?} is {:?} in place of {:?}",
            difference.count,
            expected.rgb.len() / 3,
            difference.first,
            difference.found,
            difference.expected,
        ),
        Err(error) => format!("{error:#}"),
    };
    let folder = libraries::workspace().join("target/compat");
    fs::create_dir_all(&folder)?;
    expected.write_png(&folder.join(format!("{name}-original.png")))?;
    found.write_png(&folder.join(format!("{name}-found.png")))?;
    if (expected.width, expected.height) == (found.width, found.height) {
        expected.marked(found).write_png(&folder.join(format!("{name}-marked.png")))?;
    }
    Ok(Some(format!("{name}: {said}")))
}
