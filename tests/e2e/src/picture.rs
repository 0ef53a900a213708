//! A screen's picture, as QEMU and the clients write it: binary PPM.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// Pixels, three bytes each (red, green, blue), rows from the top without padding.
#[derive(Clone, PartialEq)]
pub struct Picture {
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    rgb: Vec<u8>,
}

/// A number that depends on every pixel of a picture: the guest tells it of what it has drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// FNV-1a over `bytes`.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        Fingerprint(bytes.iter().fold(0xcbf2_9ce4_8422_2325, mix))
    }

    /// The one at the end of the guest's line.
    pub(crate) fn told(line: &str) -> Result<Self> {
        let word = line.split_whitespace().next_back().unwrap_or_default();
        let number = u64::from_str_radix(word, 16).with_context(|| format!("no fingerprint: {line}"))?;
        Ok(Fingerprint(number))
    }
}

impl Picture {
    /// Of all bytes.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.rgb)
    }

    /// Reads a PPM file ("P6", 8 bits).
    pub fn read_ppm(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&bytes).with_context(|| format!("{} is no picture", path.display()))
    }

    /// Writes it as PPM.
    pub fn write_ppm(&self, path: &Path) -> Result<()> {
        let mut bytes = format!("P6\n{} {}\n255\n", self.width, self.height).into_bytes();
        bytes.extend_from_slice(&self.rgb);
        std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Writes it as PNG.
    pub fn write_png(&self, path: &Path) -> Result<()> {
        let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        let mut encoder =
            png::Encoder::new(BufWriter::new(file), self.width.try_into()?, self.height.try_into()?);
        encoder.set_color(png::ColorType::Rgb);
        encoder.write_header()?.write_image_data(&self.rgb)?;
        Ok(())
    }

    /// All bytes, as [`Picture`] describes.
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// The pixel at this place, if it is inside.
    pub fn pixel(&self, x: usize, y: usize) -> Option<[u8; 3]> {
        let start = (y * self.width + x) * 3;
        let inside = x < self.width && y < self.height;
        self.rgb.get(start..start + 3).filter(|_| inside)?.try_into().ok()
    }

    /// A rectangle of it, if it is inside.
    pub fn part(&self, left: usize, top: usize, width: usize, height: usize) -> Option<Picture> {
        let rows = (top..top + height).map(|y| {
            let start = (y * self.width + left) * 3;
            self.rgb.get(start..start + width * 3).filter(|_| left + width <= self.width)
        });
        let rgb = rows.collect::<Option<Vec<&[u8]>>>()?.concat();
        Some(Picture { width, height, rgb })
    }

    /// The picture as somebody sees it who lies on the left side.
    pub fn turned_right(&self) -> Picture {
        let pixels = self.rgb.as_chunks::<3>().0;
        let columns = (0..self.width).map(|x| pixels.iter().skip(x).step_by(self.width).rev());
        Picture {
            width: self.height,
            height: self.width,
            rgb: columns.flatten().flatten().copied().collect(),
        }
    }

    /// How many different colours there are.
    pub fn colours(&self) -> usize {
        self.rgb.as_chunks::<3>().0.iter().collect::<std::collections::HashSet<_>>().len()
    }

    /// How many pixels differ; all of them when the sizes do.
    pub fn differing_pixels(&self, other: &Picture) -> usize {
        if (self.width, self.height) != (other.width, other.height) {
            return (self.width * self.height).max(other.width * other.height);
        }
        let pairs = self.rgb.as_chunks::<3>().0.iter().zip(other.rgb.as_chunks::<3>().0);
        pairs.filter(|(a, b)| a != b).count()
    }

    fn parse(bytes: &[u8]) -> Result<Self> {
        let mut rest = bytes;
        let magic = word(&mut rest)?;
        let (width, height) = (number(&mut rest)?, number(&mut rest)?);
        let depth = number(&mut rest)?;
        if magic != "P6" || depth != 255 {
            bail!("its header says {magic} and depth {depth}");
        }
        let size =
            width.checked_mul(height).and_then(|pixels| pixels.checked_mul(3)).context("it is too big")?;
        // QEMU 7.2 pads rows to four bytes, against the format.
        let padded = (width * 3).next_multiple_of(4);
        if rest.len() == padded * height && size > 0 {
            let rows = rest.chunks(padded).filter_map(|row| row.get(..width * 3));
            return Ok(Picture { width, height, rgb: rows.flatten().copied().collect() });
        }
        if rest.len() != size {
            bail!("{width}x{height} needs {size} bytes, there are {}", rest.len());
        }
        Ok(Picture { width, height, rgb: rest.to_vec() })
    }
}

/// Takes a word and the one byte of white space after it; leaves out comments before it.
fn word<'a>(rest: &mut &'a [u8]) -> Result<&'a str> {
    loop {
        let end = rest.iter().position(u8::is_ascii_whitespace).context("its header is cut short")?;
        let (word, after) = rest.split_at(end);
        *rest = after.get(1..).unwrap_or_default();
        if word.starts_with(b"#") {
            let line_end = rest.iter().position(|byte| *byte == b'\n').context("its comment has no end")?;
            *rest = rest.get(line_end + 1..).unwrap_or_default();
        } else if !word.is_empty() {
            return Ok(std::str::from_utf8(word)?);
        }
    }
}

fn number(rest: &mut &[u8]) -> Result<usize> {
    let word = word(rest)?;
    word.parse().with_context(|| format!("{word} is no number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_with_a_comment_is_read() {
        let picture = Picture::parse(b"P6\n# by QEMU\n2 1\n255\nabcdef").unwrap();
        assert_eq!((picture.width, picture.height), (2, 1));
        assert_eq!(picture.pixel(1, 0), Some(*b"def"));
        assert_eq!(picture.pixel(2, 0), None);
        assert_eq!(picture.colours(), 2);
    }

    #[test]
    fn parts_and_turned_pictures_have_their_pixels() {
        let picture = Picture::parse(b"P6 2 2 255 aaabbbcccddd").unwrap();
        assert_eq!(picture.part(1, 0, 1, 2).unwrap().rgb(), b"bbbddd");
        assert!(picture.part(1, 0, 2, 1).is_none());
        assert!(picture.part(0, 1, 1, 2).is_none());
        assert_eq!(picture.turned_right().rgb(), b"cccaaadddbbb");
    }

    #[test]
    fn padded_rows_are_cut() {
        let picture = Picture::parse(b"P6 1 2 255 abc.def.").unwrap();
        assert_eq!(picture.rgb(), b"abcdef");
    }

    #[test]
    fn broken_pictures_are_refused() {
        for broken in
            [&b"P6 2 1 255 abc"[..], b"P5 1 1 255 a", b"P6", b"P6 99999999999 99999999999 255 ", b""]
        {
            assert!(Picture::parse(broken).is_err());
        }
    }

    #[test]
    fn differences_are_counted_in_pixels() {
        let one = Picture::parse(b"P6 2 1 255 abcdef").unwrap();
        let other = Picture::parse(b"P6 2 1 255 abcxyz").unwrap();
        let wider = Picture::parse(b"P6 3 1 255 abcdefghi").unwrap();
        assert_eq!(
            (one.differing_pixels(&one), one.differing_pixels(&other), one.differing_pixels(&wider)),
            (0, 1, 3)
        );
    }
}
