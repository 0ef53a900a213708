//! Pictures that tests compare and people look at.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use image::surface::Surface;

use crate::error::ProbeError;

/// Pixels of a display.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Rows from the top, each pixel 0x00RRGGBB.
    pub pixels: Vec<u32>,
}

impl Picture {
    /// The pixels of a surface; `None` when it has none.
    pub(crate) fn of(surface: &Surface) -> Option<Self> {
        let bitmap = surface.to_bitmap(surface.bounds())?;
        let (width, height) = (bitmap.width(), bitmap.height());
        let mut pixels = vec![0; usize::try_from(bitmap.size().area()).ok()?];
        for (y, row) in (0..height).zip(pixels.chunks_exact_mut(usize::try_from(width).ok()?)) {
            bitmap.row_to_xrgb(y, row);
            row.iter_mut().for_each(|pixel| *pixel &= 0x00ff_ffff);
        }
        Some(Self { width, height, pixels })
    }

    /// The pixel at `x`, `y`, as 0x00RRGGBB.
    #[must_use]
    pub fn pixel(&self, x: u32, y: u32) -> Option<u32> {
        let inside = x < self.width && y < self.height;
        let index = usize::try_from(u64::from(y) * u64::from(self.width) + u64::from(x)).ok()?;
        inside.then(|| self.pixels.get(index).copied()).flatten()
    }

    /// How many colours it has.
    #[must_use]
    pub fn colors(&self) -> usize {
        self.pixels.iter().collect::<std::collections::HashSet<_>>().len()
    }

    /// How many pixels differ; `None` when the sizes do.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<usize> {
        let same_size = self.width == other.width && self.height == other.height;
        same_size.then(|| self.pixels.iter().zip(&other.pixels).filter(|(a, b)| a != b).count())
    }

    /// Writes a PNG file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_png(&self, path: &Path) -> Result<(), ProbeError> {
        let file = File::create(path).map_err(ProbeError::transport(format!("create {}", path.display())))?;
        let mut encoder = png::Encoder::new(BufWriter::new(file), self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        let bytes: Vec<u8> = self
            .pixels
            .iter()
            .flat_map(|pixel| {
                let [blue, green, red, _] = pixel.to_le_bytes();
                [red, green, blue]
            })
            .collect();
        writer.write_image_data(&bytes)?;
        Ok(writer.finish()?)
    }
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Picture of {}x{}", self.width, self.height)
    }
}
