//! Compatibility: what a stock client sees of the library under test equals, in every pixel, what it sees
//! of Debian's libspice-server.
//!
//! `SPICE_SERVER_LIBRARY` names the library under test; without it that is ours, in target/dist. With the
//! original in both places the tests say whether they themselves are sound. Where pictures differ, both
//! and a marked one are written to target/compat.

mod early;
mod inputs;
mod picture;
mod pointer;
mod reference;
mod replay;

use std::fs;

use anyhow::{Context, Result, bail, ensure};
use picture::Picture;
use probe::{Address, Client, Options, ProbeError};
use replay::Recorded;
use replayer::libraries;
use wire::link::LinkError;

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

#[test]
fn keys_and_pointer_of_a_client_reach_the_guest_as_with_the_original() -> Result<()> {
    let expected = inputs::received(&libraries::original()?)?;
    let found = inputs::received(&libraries::under_test()?)?;
    ensure!(expected == found, "expected {expected:#?}\nfound {found:#?}");
    Ok(())
}

#[test]
fn the_pointer_of_a_client_that_joins_is_that_of_the_original() -> Result<()> {
    for name in ["qxl-desk", "ms-desk"] {
        let recorded = Recorded { name };
        let points = recorded.points(5)?;
        let expected = pointer::pointers(&libraries::original()?, recorded, &points)?;
        let found = pointer::pointers(&libraries::under_test()?, recorded, &points)?;
        for ((point, expected), found) in points.iter().zip(expected).zip(found) {
            ensure!(expected == found, "{name}, command {point}: {found:?} in place of {expected:?}");
        }
    }
    Ok(())
}

#[test]
fn only_the_right_ticket_opens_a_session() -> Result<()> {
    let recorded = Recorded { name: "qxl-desk" };
    let replayer = replay::start(&libraries::under_test()?, recorded, &["--ticket", "secret"])?;
    let address = Address::Tcp(replayer.address().to_string());
    for password in ["", "secre", "secret ", "wrong"] {
        let options = Options { password: password.to_owned(), ..Options::default() };
        match Client::connect(&address, &options) {
            Err(ProbeError::Refused { reason: LinkError::PERMISSION_DENIED, .. }) => {}
            Err(error) => return Err(error).with_context(|| format!("the ticket `{password}`")),
            Ok(_) => bail!("the ticket `{password}` was taken"),
        }
    }
    Client::connect(&address, &Options { password: "secret".to_owned(), ..Options::default() })?;
    replayer.quit()?;
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
