//! The comparison: what is encoded, by whom in which order, and the table.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use image::bitmap::Bitmap;
use image::geometry::Size;
use replayer::steer::Program;
use serde::Serialize;

use crate::desktop;
use crate::original::Original;
use crate::ours::{self, Codec, Cost, Ours};
use crate::pictures::{self, Named};

const SIZE: Size = Size::new(1920, 1080);

/// Compares the image codecs.
#[derive(Debug, Parser)]
pub struct Options {
    /// The original library, which the encoders are not taken from.
    #[arg(long)]
    pub original: PathBuf,
    /// Our library, which draws the desktop.
    #[arg(long)]
    pub ours: PathBuf,
    /// Where the results go as JSON.
    #[arg(long)]
    pub json: PathBuf,
    /// How often both sides take turns.
    #[arg(long, default_value_t = 7)]
    pub rounds: usize,
    /// How often a picture is encoded in each turn.
    #[arg(long, default_value_t = 3)]
    pub repeats: u32,
    /// Only comparisons whose name contains this.
    #[arg(long)]
    pub only: Option<String>,
}

/// One line of the table.
struct Case<'a> {
    name: String,
    codec: Codec,
    /// The last one counts; those before it fill a dictionary.
    pictures: Vec<&'a Named>,
}

/// What is written as JSON.
#[derive(Serialize)]
struct Results {
    bench: &'static str,
    rounds: usize,
    repeats: u32,
    size: (u32, u32),
    cases: Vec<Compared>,
}

/// Medians of both sides.
#[derive(Serialize)]
struct Compared {
    name: String,
    /// Millions of bytes of pixels a second.
    original: f64,
    ours: f64,
    /// Ours divided by the original's.
    speed: f64,
    original_bytes: u64,
    our_bytes: u64,
    bytes: f64,
    /// Bytes of pixels for each byte of our stream.
    compression: f64,
    /// Our decoder, on our stream and on the original's.
    decoder: f64,
    decoder_of_the_original: f64,
}

/// Runs the bench. `program` starts a replayer.
///
/// # Errors
/// The original's encoders cannot be built, a stream does not give its picture, or the results cannot be written.
pub fn run(options: &Options, program: &Program) -> Result<()> {
    ensure!(options.rounds > 0 && options.repeats > 0, "at least one round is needed");
    let named = |name: &str, bitmap: Result<Bitmap>| {
        Ok::<_, anyhow::Error>(Named { name: name.into(), bitmap: bitmap? })
    };
    let desktop = named("desktop", desktop::draw(program, &options.ours, SIZE))?;
    let originals = [named("text", pictures::text(SIZE))?, named("photo", pictures::photo(SIZE))?, desktop];
    let changed = originals
        .iter()
        .map(|picture| named(&format!("{}-later", picture.name), pictures::changed(&picture.bitmap)));
    let changed = changed.collect::<Result<Vec<_>>>()?;
    let cases = cases(&originals, &changed, options.only.as_deref());
    if cases.is_empty() {
        bail!("no comparison has this name");
    }
    let folder = options.json.with_extension("pixels");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let mut original = Original::start()?;
    originals.iter().chain(&changed).try_for_each(|picture| original.load(picture, &folder))?;
    let mut ours = Ours::new();
    print_head();
    let mut compared = Vec::new();
    for case in &cases {
        let result =
            case.compare(&mut original, &mut ours, &folder, options).with_context(|| case.name.clone())?;
        result.print();
        compared.push(result);
    }
    // Pictures and streams are large, and can be made again.
    std::fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    let (rounds, repeats, size) = (options.rounds, options.repeats, (SIZE.width, SIZE.height));
    let results = Results { bench: "codecs", rounds, repeats, size, cases: compared };
    std::fs::write(&options.json, serde_json::to_vec_pretty(&results)?)
        .with_context(|| format!("cannot write {}", options.json.display()))
}

fn cases<'a>(originals: &'a [Named], changed: &'a [Named], only: Option<&str>) -> Vec<Case<'a>> {
    let mut cases = Vec::new();
    for codec in [Codec::Quic, Codec::Lz, Codec::Lz4, Codec::Glz] {
        let cold = if codec == Codec::Glz { " cold" } else { "" };
        cases.extend(originals.iter().map(|picture| Case {
            name: format!("{}{cold} {}", codec.name(), picture.name),
            codec,
            pictures: vec![picture],
        }));
    }
    cases.extend(originals.iter().zip(changed).map(|(before, after)| Case {
        name: format!("glz warm {}", before.name),
        codec: Codec::Glz,
        pictures: vec![before, after],
    }));
    cases.retain(|case| only.is_none_or(|only| case.name.contains(only)));
    cases
}

impl Case<'_> {
    fn compare(
        &self,
        original: &mut Original,
        ours: &mut Ours,
        folder: &Path,
        options: &Options,
    ) -> Result<Compared> {
        let Some(picture) = self.pictures.last() else { bail!("there is no picture") };
        let streams = [
            original.streams(self.codec, &self.pictures, folder)?,
            ours.streams(self.codec, &self.pictures)?,
        ];
        for (side, streams) in ["the original's", "our"].iter().zip(&streams) {
            let (decoded, _) = ours::decode(self.codec, streams, &picture.bitmap, 1)?;
            ensure!(same_colors(&decoded, &picture.bitmap), "{side} stream gives another picture");
        }
        let mut turns = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
        let mut bytes = [0, 0];
        for _ in 0..options.rounds {
            let costs = [
                original.encode(self.codec, &self.pictures, options.repeats)?,
                ours.encode(self.codec, &self.pictures, options.repeats)?,
            ];
            bytes = costs.map(|cost: Cost| cost.bytes);
            let [theirs, own] = &streams;
            let (_, decoding_theirs) = ours::decode(self.codec, theirs, &picture.bitmap, options.repeats)?;
            let (_, decoding_own) = ours::decode(self.codec, own, &picture.bitmap, options.repeats)?;
            let times = [costs[0].nanoseconds, costs[1].nanoseconds, decoding_own, decoding_theirs];
            turns.iter_mut().zip(times).for_each(|(turns, time)| turns.push(time));
        }
        let pixels = picture.bitmap.layout().data_bytes() as f64;
        let [original, ours, decoder, decoder_of_the_original] =
            turns.map(|turns| pixels * 1e3 / median(turns));
        let [original_bytes, our_bytes] = bytes;
        Ok(Compared {
            name: self.name.clone(),
            original,
            ours,
            speed: ours / original,
            original_bytes,
            our_bytes,
            bytes: our_bytes as f64 / original_bytes as f64,
            compression: pixels / our_bytes as f64,
            decoder,
            decoder_of_the_original,
        })
    }
}

/// Whether two bitmaps show the same, whatever their fourth bytes are.
fn same_colors(one: &Bitmap, other: &Bitmap) -> bool {
    let colors = |bitmap: &Bitmap, y: u32| {
        let mut row = vec![0; bitmap.width() as usize];
        bitmap.row_to_xrgb(y, &mut row);
        row.iter_mut().for_each(|pixel| *pixel &= 0x00ff_ffff);
        row
    };
    one.size() == other.size() && (0..one.height()).all(|y| colors(one, y) == colors(other, y))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    let half = values.len() / 2;
    if values.len() % 2 == 1 { middle(half) } else { (middle(half.wrapping_sub(1)) + middle(half)) / 2.0 }
}

fn print_head() {
    println!(
        "  encoding and decoding in MB of pixels a second of processor time; decoding of our stream, and of the original's"
    );
    println!(
        "  {:20} {:>9} {:>9} {:>6} {:>11} {:>11} {:>6} {:>7} {:>9} {:>9}",
        "", "original", "ours", "ratio", "bytes", "our bytes", "ratio", "1:", "decode", "original"
    );
}

impl Compared {
    fn print(&self) {
        println!(
            "  {:20} {:9.0} {:9.0} {:6.2} {:11} {:11} {:6.3} {:7.2} {:9.0} {:9.0}",
            self.name,
            self.original,
            self.ours,
            self.speed,
            self.original_bytes,
            self.our_bytes,
            self.bytes,
            self.compression,
            self.decoder,
            self.decoder_of_the_original
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        assert_eq!(median(vec![4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(median(vec![4.0, 1.0, 3.0]), 3.0);
    }

    #[test]
    fn pictures_that_differ_in_one_colour_are_not_the_same() {
        let picture =
            |last: u32| pictures::bitmap(Size::new(3, 2), |x, y| x * 7 + y + u32::from(x == 2) * last);
        assert!(same_colors(&picture(0).unwrap(), &picture(0x0100_0000).unwrap()));
        assert!(!same_colors(&picture(0).unwrap(), &picture(1).unwrap()));
    }
}
