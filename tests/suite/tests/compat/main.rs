//! Compatibility: what a stock client sees of the library under test equals, in every pixel, what it sees
//! of Debian's libspice-server.
//!
//! `SPICE_SERVER_LIBRARY` names the library under test; without it that is ours, in target/dist. With the
//! original in both places the tests say whether they themselves are sound. Where pictures differ, both
//! and a marked one are written to target/compat.
//!
//! Surfaces are compared after every command of [`random_seeds`], which a longer run takes from the environment:
//! `COMPAT_SEEDS=1000..1200 COMPAT_COMMANDS=300 cargo xtask test compat`.

mod agent;
mod agent_facts;
mod agent_scripts;
mod caches;
mod early;
mod inputs;
mod lossy;
mod migration;
mod picture;
mod pointer;
mod random_seeds;
mod recordings;
mod reference;
mod replay;
mod scanouts;
mod slow;
mod surfaces;
mod video;
mod video_codecs;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use picture::Picture;
use probe::{Address, Client, Options, ProbeError};
use replay::Source;
use replayer::libraries;
use replayer::steer::VideoCodecs;
use wire::link::LinkError;

/// At how many points of a recording a client joins.
const POINTS: u64 = 50;

/// How many sequences of random commands clients see.
const RANDOM_RUNS: u64 = 12;

/// At how many points of random commands a client joins.
const RANDOM_POINTS: u64 = 5;

#[test]
fn a_client_that_joins_a_qxl_desktop_sees_what_it_sees_of_the_original() -> Result<()> {
    equal_pictures(Source::Recording("qxl-desk"))
}

#[test]
fn a_client_that_joins_a_modesetting_desktop_sees_what_it_sees_of_the_original() -> Result<()> {
    equal_pictures(Source::Recording("ms-desk"))
}

#[test]
fn random_commands_give_the_pixels_of_the_original() -> Result<()> {
    let mut complaints = Vec::new();
    for seed in 1..=RANDOM_RUNS {
        let outcome = equal(random(seed), RANDOM_POINTS, "off");
        complaints.extend(outcome.err().map(|error| format!("seed {seed}: {error:#}")));
    }
    ensure!(complaints.is_empty(), "{}", complaints.join("\n"));
    Ok(())
}

#[test]
fn random_commands_leave_the_bytes_of_the_original_on_every_surface() -> Result<()> {
    let (seeds, commands) = random_seeds::chosen()?;
    let mut complaints = Vec::new();
    for seed in seeds {
        let outcome = surfaces::compare(seed, commands);
        complaints.extend(outcome.err().map(|error| format!("seed {seed}: {error:#}")));
    }
    ensure!(complaints.is_empty(), "{}", complaints.join("\n"));
    Ok(())
}

#[test]
fn a_stock_client_on_this_host_gets_the_memory_and_the_draws_that_it_gets_of_the_original() -> Result<()> {
    let (original, library) = (libraries::original()?, libraries::under_test()?);
    let expected = scanouts::story(&original, false)?;
    let found = scanouts::story(&library, library != original)?;
    ensure!(found == expected, "{found:#?}\nthe original: {expected:#?}");
    Ok(())
}

#[test]
fn a_stock_client_of_two_displays_is_sent_no_more_than_by_the_original_and_sees_the_same() -> Result<()> {
    // Two thirds of the images, so that some have to make room.
    const IMAGE_CACHE: u32 = 32 * 32 * 32;
    let source = Source::Icons(1200);
    let expected = caches::run(&libraries::original()?, source, caches::PACE, IMAGE_CACHE)?;
    let found = caches::run(&libraries::under_test()?, source, caches::PACE, IMAGE_CACHE)?;
    caches::judge(&expected, &found, &["glz", "lz-palette", "from-cache", "InvalPalette"])
}

#[test]
fn of_a_desktop_on_two_displays_the_second_one_is_little_more_than_references_to_the_first() -> Result<()> {
    /// What stock clients keep.
    const IMAGE_CACHE: u32 = 20 << 20;
    let source = Source::Recording("qxl-desk");
    let expected = caches::run(&libraries::original()?, source, caches::PACE, IMAGE_CACHE)?;
    let found = caches::run(&libraries::under_test()?, source, caches::PACE, IMAGE_CACHE)?;
    caches::judge(&expected, &found, &["glz"])
}

#[test]
fn two_displays_that_wait_for_each_other_all_the_time_come_to_show_what_they_show_of_the_original()
-> Result<()> {
    // Eight images, thrown out as fast as the client reads.
    const IMAGE_CACHE: u32 = 8 * 32 * 32;
    let source = Source::Icons(6000);
    let expected = caches::run(&libraries::original()?, source, "0", IMAGE_CACHE)?;
    let library = libraries::under_test()?;
    let found = caches::run(&library, source, "0", IMAGE_CACHE)?;
    // The original's are inside of lists.
    let waits = if library == libraries::original()? { "List" } else { "WaitForChannels" };
    ensure!(found.sent.contains_key(waits), "nothing was waited for: {:?}", found.sent);
    caches::same_pictures(&expected, &found)
}

#[test]
fn recordings_are_those_of_the_original_and_show_the_same_again() -> Result<()> {
    for name in ["qxl-desk", "ms-desk"] {
        recordings::compare(Source::Recording(name)).with_context(|| name.to_owned())?;
    }
    let mut complaints = Vec::new();
    for seed in 1..=RANDOM_RUNS {
        let outcome = recordings::compare(random(seed));
        complaints.extend(outcome.err().map(|error| format!("seed {seed}: {error:#}")));
    }
    ensure!(complaints.is_empty(), "{}", complaints.join("\n"));
    Ok(())
}

#[test]
fn the_originals_replayer_reads_our_recordings_and_ours_reads_the_originals() -> Result<()> {
    for seed in 1..=3 {
        recordings::compare_natively(random(seed)).with_context(|| format!("seed {seed}"))?;
    }
    Ok(())
}

#[test]
fn a_recording_goes_through_a_filter_as_with_the_original() -> Result<()> {
    recordings::through_a_filter(random(1))
}

#[test]
fn a_server_that_cannot_record_says_so_once_and_works() -> Result<()> {
    // The original ends the process.
    if libraries::under_test()? == libraries::original()? {
        return Ok(());
    }
    recordings::without_a_place(random(1))
}

#[test]
fn every_codec_gives_the_pixels_of_the_original() -> Result<()> {
    let source = Source::Recording("qxl-desk");
    for codec in ["off", "auto_lz", "quic", "glz", "lz", "lz4"] {
        equal(source, 2, codec).with_context(|| format!("--compression {codec}"))?;
    }
    Ok(())
}

#[test]
fn a_client_that_was_there_all_the_time_sees_what_one_that_joins_sees() -> Result<()> {
    let library = libraries::under_test()?;
    let recordings = ["qxl-desk", "ms-desk"].map(|name| (Source::Recording(name), POINTS));
    // The original ends when it has to give a client a surface of 1 bit or of 565 pixels.
    let runs = if library == libraries::original()? { 0 } else { RANDOM_RUNS };
    let random = (1..=runs).map(|seed| (random(seed), RANDOM_POINTS));
    for (source, count) in recordings.into_iter().chain(random) {
        let points = source.points(count)?;
        let expected = reference::pictures(source, &points)?;
        let found = early::pictures(&library, source, &points, &expected)?;
        judge(source, "early", &points, &expected, &found)?;
    }
    Ok(())
}

#[test]
fn a_stock_client_sees_photographs_with_as_little_loss_as_of_the_original() -> Result<()> {
    for (name, codec) in [("qxl-desk", "auto_glz"), ("ms-desk", "quic")] {
        let source = Source::Recording(name);
        let points = source.points(3)?;
        let truth = reference::pictures(source, &points)?;
        let expected = lossy::pictures(&libraries::original()?, source, codec, &points)?;
        let found = lossy::pictures(&libraries::under_test()?, source, codec, &points)?;
        for (index, truth) in truth.iter().enumerate() {
            let expected = expected.get(index).context("a picture of each point")?;
            let found = found.get(index).context("a picture of each point")?;
            lossy::judge(truth, expected, found)
                .with_context(|| format!("{name}, {codec}, command {}", points[index]))?;
        }
    }
    Ok(())
}

#[test]
fn a_stock_client_watches_a_video_and_then_sees_the_exact_picture() -> Result<()> {
    let source = Source::Film(video::FRAMES);
    let truth = reference::pictures(source, &[video::FRAMES])?;
    let truth = truth.first().context("a picture of the end")?;
    let (original, library) = (libraries::original()?, libraries::under_test()?);
    for codecs in [None, Some("gstreamer:vp8"), Some("gstreamer:vp9"), Some("gstreamer:h264")] {
        println!("{codecs:?}");
        let expected = video::watch(&original, source, video::FRAMES, truth, codecs)?;
        let found = video::watch(&library, source, video::FRAMES, truth, codecs)?;
        video::judge(&expected, &found).with_context(|| format!("{codecs:?}"))?;
    }
    Ok(())
}

#[test]
fn a_stock_client_watches_a_video_in_h265_which_the_original_does_not_have_yet() -> Result<()> {
    let library = libraries::under_test()?;
    if library == libraries::original()? {
        return Ok(());
    }
    let source = Source::Film(video::FRAMES);
    let truth = reference::pictures(source, &[video::FRAMES])?;
    let truth = truth.first().context("a picture of the end")?;
    let found = video::watch(&library, source, video::FRAMES, truth, Some("gstreamer:h265"))?;
    ensure!(found.codecs == ["H265"], "{:?}", found.codecs);
    video::judge_alone(&found)
}

#[test]
fn lists_of_video_codecs_are_taken_as_by_the_original() -> Result<()> {
    let expected = video_codecs::lists(&libraries::original()?)?;
    let found = video_codecs::lists(&libraries::under_test()?)?;
    let lists = ["(none)"].iter().chain(video_codecs::LISTS);
    let differ = |((list, expected), found): ((&&str, &VideoCodecs), &VideoCodecs)| {
        (expected != found).then(|| format!("{list:?} gives {found:?}, the original {expected:?}"))
    };
    let complaints: Vec<_> = lists.zip(&expected).zip(&found).filter_map(differ).collect();
    ensure!(complaints.is_empty(), "{}", complaints.join("\n"));
    Ok(())
}

#[test]
fn clients_get_video_in_the_codec_in_which_they_get_it_of_the_original() -> Result<()> {
    for meeting in video_codecs::MEETINGS {
        let codec = |library: PathBuf| {
            meeting.codec(&library).with_context(|| format!("{meeting:?} with {}", library.display()))
        };
        let (expected, found) = (codec(libraries::original()?)?, codec(libraries::under_test()?)?);
        println!("{expected:?} for {meeting:?}");
        ensure!(found == expected, "{meeting:?}: {found:?}, the original {expected:?}");
    }
    Ok(())
}

#[test]
fn without_plugins_of_gstreamer_video_is_motion_jpeg_and_the_log_says_what_to_install() -> Result<()> {
    let (original, library) = (libraries::original()?, libraries::under_test()?);
    let (expected, _) = video_codecs::WITHOUT_PLUGINS.without_plugins(&original)?;
    let (found, said) = video_codecs::WITHOUT_PLUGINS.without_plugins(&library)?;
    ensure!(found == expected, "{found:?}, the original {expected:?}");
    let remedy = |line: &&str| line.contains("vp8enc") && line.contains("gstreamer1.0-plugins-good");
    let lines = said.lines().filter(remedy).count();
    ensure!(library == original || lines == 1, "{lines} lines with the remedy:\n{said}");
    Ok(())
}

#[test]
fn a_slow_link_is_noticed_and_a_fast_one_is_not_taken_for_one() -> Result<()> {
    let source = Source::Recording("ms-desk");
    for library in [libraries::original()?, libraries::under_test()?] {
        for slow in [true, false] {
            let lost = slow::loses_detail(&library, source, slow)?;
            ensure!(lost == slow, "{}: JPEG {lost}, a slow link {slow}", library.display());
        }
    }
    Ok(())
}

#[test]
fn what_slow_links_get_is_of_the_kinds_of_the_original() -> Result<()> {
    for (name, codec, kinds) in
        [("qxl-desk", "auto_glz", &["jpeg-alpha", "zlib-glz"][..]), ("ms-desk", "quic", &["jpeg"])]
    {
        let source = Source::Recording(name);
        let expected = lossy::kinds(&libraries::original()?, source, codec)?;
        let found = lossy::kinds(&libraries::under_test()?, source, codec)?;
        for kind in kinds {
            lossy::similar(kind, &expected, &found).with_context(|| format!("{name}, {codec}"))?;
        }
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
        let source = Source::Recording(name);
        let points = source.points(5)?;
        let expected = pointer::pointers(&libraries::original()?, source, &points)?;
        let found = pointer::pointers(&libraries::under_test()?, source, &points)?;
        for ((point, expected), found) in points.iter().zip(expected).zip(found) {
            ensure!(expected == found, "{name}, command {point}: {found:?} in place of {expected:?}");
        }
    }
    Ok(())
}

#[test]
fn only_the_right_ticket_opens_a_session() -> Result<()> {
    let source = Source::Recording("qxl-desk");
    let replayer = replay::start(&libraries::under_test()?, source, &["--ticket", "secret"])?;
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

#[test]
fn a_host_learns_of_a_migration_what_it_learns_of_the_original() -> Result<()> {
    for script in migration::SCRIPTS {
        let expected = migration::learnt(&libraries::original()?, script)?;
        let found = migration::learnt(&libraries::under_test()?, script)?;
        ensure!(expected == found, "{script:?}\nexpected {expected:#?}\nfound {found:#?}");
    }
    Ok(())
}

#[test]
fn clients_and_the_agent_see_of_each_other_what_they_see_through_the_original() -> Result<()> {
    let mut complaints = Vec::new();
    for script in agent_scripts::all() {
        let expected = agent::seen(&libraries::original()?, script.options, &script.steps)
            .with_context(|| format!("{}, with the original", script.name))?;
        let found = agent::seen(&libraries::under_test()?, script.options, &script.steps)
            .with_context(|| script.name)?;
        let outcome = agent::compare(script.name, &expected, &found);
        complaints.extend(outcome.err().map(|error| format!("{error:#}")));
    }
    ensure!(complaints.is_empty(), "{}", complaints.join("\n"));
    Ok(())
}

#[test]
fn the_original_differs_at_the_agents_port_as_the_documents_say() -> Result<()> {
    agent_facts::hold()
}

const fn random(seed: u64) -> Source {
    Source::Random { seed, commands: random_seeds::COMMANDS }
}

fn equal_pictures(source: Source) -> Result<()> {
    equal(source, POINTS, "auto_glz")
}

/// Compares at `count` points. All codecs are lossless here, so the original's pictures are the same with
/// each.
fn equal(source: Source, count: u64, codec: &str) -> Result<()> {
    let library = libraries::under_test()?;
    let points = source.points(count)?;
    let expected = reference::pictures(source, &points)?;
    let found = replay::pictures(&library, source, &points, &["--compression", codec])?;
    judge(source, codec, &points, &expected, &found)
}

/// Fails unless the pictures of all points are equal.
fn judge(
    source: Source,
    manner: &str,
    points: &[u64],
    expected: &[Picture],
    found: &[Picture],
) -> Result<()> {
    let mut complaints = Vec::new();
    let mut before = 0;
    for ((point, expected), found) in points.iter().zip(expected).zip(found) {
        if let Some(complaint) = compare(&format!("{}-{manner}-{point}", source.name()), expected, found)? {
            complaints.push(format!("{complaint} {}", source.between(before, *point)?));
        }
        before = *point;
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
