//! Pictures as spicy-screenshot writes them, and how two of them differ.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

/// A picture of 24 bits a pixel.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Red, green and blue of each pixel, row by row from the top.
    pub(crate) rgb: Vec<u8>,
}

/// How a picture differs from the one it should be.
#[derive(Debug)]
pub(crate) struct Difference {
    /// The first pixel that differs, in the order of reading.
    pub(crate) first: (usize, usize),
    pub(crate) expected: [u8; 3],
    pub(crate) found: [u8; 3],
    /// How many pixels differ.
    pub(crate) count: usize,
}

impl Picture {
    /// Reads a binary PPM: `P6`, width, height and 255 as words, then the pixels.
    pub(crate) fn from_ppm(bytes: &[u8]) -> Result<Self> {
        let mut rest = bytes;
        let mut word = || {
            let end = rest.iter().position(u8::is_ascii_whitespace).context("the PPM's head is cut")?;
            let (word, tail) = rest.split_at(end);
            rest = tail.get(1..).unwrap_or_default();
            std::str::from_utf8(word).context("the PPM's head is no text")
        };
        ensure!(word()? == "P6", "this is no PPM");
        let (width, height) = (word()?.parse()?, word()?.parse()?);
        ensure!(word()? == "255", "the PPM has no 8 bits a sample");
        Self::new(width, height, rest.to_vec())
    }

    pub(crate) fn from_png(path: &Path) -> Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        let mut reader = png::Decoder::new(BufReader::new(file)).read_info()?;
        let size = reader.output_buffer_size().context("the PNG is too large")?;
        let mut rgb = vec![0; size];
        let frame = reader.next_frame(&mut rgb)?;
        rgb.truncate(frame.buffer_size());
        ensure!(frame.color_type == png::ColorType::Rgb, "the PNG is not RGB");
        Self::new(frame.width, frame.height, rgb)
    }

    fn new(width: u32, height: u32, rgb: Vec<u8>) -> Result<Self> {
        let expected = width as usize * height as usize * 3;
        ensure!(rgb.len() == expected, "{width}x{height} pixels are {} bytes, not {expected}", rgb.len());
        Ok(Self { width, height, rgb })
    }

    pub(crate) fn write_png(&self, path: &Path) -> Result<()> {
        let file = File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
        let mut encoder = png::Encoder::new(BufWriter::new(file), self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_compression(png::Compression::Fast);
        encoder.write_header()?.write_image_data(&self.rgb)?;
        Ok(())
    }

    /// The pixels as triples.
    fn pixels(&self) -> impl Iterator<Item = [u8; 3]> {
        self.rgb.as_chunks().0.iter().copied()
    }

    /// How `found` differs from this picture; an error if even its size does.
    pub(crate) fn difference(&self, found: &Self) -> Result<Option<Difference>> {
        if (self.width, self.height) != (found.width, found.height) {
            bail!("{}x{} pixels in place of {}x{}", found.width, found.height, self.width, self.height);
        }
        let mut differing =
            self.pixels().zip(found.pixels()).enumerate().filter(|(_, (expected, found))| expected != found);
        let Some((index, (expected, found))) = differing.next() else { return Ok(None) };
        let width = self.width as usize;
        let first = (index % width, index / width);
        Ok(Some(Difference { first, expected, found, count: 1 + differing.count() }))
    }

    /// By how much a sample differs in the mean; an error if the size does.
    pub(crate) fn mean_difference(&self, found: &Self) -> Result<f64> {
        if (self.width, self.height) != (found.width, found.height) {
            bail!("{}x{} pixels in place of {}x{}", found.width, found.height, self.width, self.height);
        }
        let samples = self.rgb.iter().zip(&found.rgb);
        let sum: u64 = samples.map(|(expected, found)| u64::from(expected.abs_diff(*found))).sum();
        Ok(sum as f64 / self.rgb.len().max(1) as f64)
    }

    /// White where `other` differs, the dimmed picture elsewhere.
    pub(crate) fn marked(&self, other: &Self) -> Self {
        let mark = |(expected, found): ([u8; 3], [u8; 3])| {
            if expected == found { expected.map(|sample| sample / 4) } else { [255; 3] }
        };
        let rgb = self.pixels().zip(other.pixels()).flat_map(mark).collect();
        Self { width: self.width, height: self.height, rgb }
    }
}

#[test]
fn the_first_differing_pixel_is_found() {
    let expected = Picture::from_ppm(b"P6\n2 2\n255\n000111222333").unwrap();
    let found = Picture::from_ppm(b"P6\n2 2\n255\n000111232343").unwrap();
    let difference = expected.difference(&found).unwrap().unwrap();
    assert_eq!((difference.first, difference.count), ((0, 1), 2));
    assert!(expected.difference(&expected).unwrap().is_none());
    assert!(Picture::from_ppm(b"P6\n2 2\n255\n0001112223").is_err());
}
