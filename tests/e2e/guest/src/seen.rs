//! What the guest itself holds for its screen's picture, whatever the display's driver makes of it.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result, ensure};

use crate::canvas::{Canvas, Size};
use crate::window;

const FRAMEBUFFER: &str = "/dev/fb0";
const ATTRIBUTES: &str = "/sys/class/graphics/fb0";

/// Who is asked.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// The text console's memory.
    Console,
    /// The X server of `$DISPLAY`.
    X11,
    /// A file that a compositor's own program has written: PPM.
    File(PathBuf),
}

impl FromStr for Source {
    type Err = std::convert::Infallible;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Ok(match word {
            "console" => Source::Console,
            "x11" => Source::X11,
            path => Source::File(path.into()),
        })
    }
}

/// The picture's size and fingerprint, in a line.
pub(crate) fn line(source: &Source) -> Result<String> {
    let (size, picture) = match source {
        Source::Console => console()?,
        Source::X11 => window::root_picture()?,
        Source::File(path) => file(path)?,
    };
    Ok(format!("SEEN {}x{} {:016x}", size.width, size.height, picture.fingerprint()))
}

fn console() -> Result<(Size, Canvas)> {
    let attribute = |name: &str| -> Result<String> {
        Ok(std::fs::read_to_string(Path::new(ATTRIBUTES).join(name))?.trim().to_owned())
    };
    let size = attribute("virtual_size")?;
    let (width, height) = size.split_once(',').context("an odd virtual_size")?;
    let size = Size { width: width.parse()?, height: height.parse()? };
    let stride: usize = attribute("stride")?.parse()?;
    ensure!(attribute("bits_per_pixel")? == "32", "the console has other pixels than 32 bits");
    let bytes = std::fs::read(FRAMEBUFFER).context("cannot read the console's memory")?;
    let rows = bytes.chunks(stride).take(size.height).filter_map(|row| row.get(..size.width * 4));
    let bytes: Vec<u8> = rows.flatten().copied().collect();
    Ok((size, Canvas::of_bytes(size, &bytes)?))
}

fn file(path: &Path) -> Result<(Size, Canvas)> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let (size, rgb) = ppm(&bytes).with_context(|| format!("{} is no picture", path.display()))?;
    let bytes: Vec<u8> =
        rgb.as_chunks::<3>().0.iter().flat_map(|[red, green, blue]| [*blue, *green, *red, 0]).collect();
    Ok((size, Canvas::of_bytes(size, &bytes)?))
}

/// The parts of a "P6" file without comments, which is what compositors' programs write.
fn ppm(bytes: &[u8]) -> Option<(Size, &[u8])> {
    let mut words = bytes.splitn(5, u8::is_ascii_whitespace);
    let mut word = || std::str::from_utf8(words.next()?).ok();
    if word()? != "P6" {
        return None;
    }
    let size = Size { width: word()?.parse().ok()?, height: word()?.parse().ok()? };
    (word()? == "255").then_some(())?;
    Some((size, words.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_file_is_read() {
        let (size, rgb) = ppm(b"P6\n2 1\n255\nabc\ndef").unwrap();
        assert_eq!((size, rgb), (Size { width: 2, height: 1 }, b"abc\ndef".as_slice()));
        assert!(ppm(b"P5 1 1 255 a").is_none());
        assert!(ppm(b"P6 1").is_none());
    }
}
