//! Images as guests and clients hand them over: immutable pixels in one of the QXL formats.
//!
//! The host server makes one of each image it copies out of guest memory, and shares it between the
//! display's tree, the clients' pipes and the encoder; decoders make them out of streams. A [`Bitmap`] is
//! valid by construction: every row that it speaks of lies inside its bytes, so that nothing which reads
//! it needs to check again. The size that it may claim is bounded by the bytes that stand behind it.
//!
//! Formats are those of `spice/enums.h`, `SPICE_BITMAP_FMT_*`.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use crate::geometry::{Rect, Size};
use crate::pixel;

/// How the pixels of a bitmap are laid out in its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BitmapFormat {
    /// 1 bit a pixel, the leftmost in the lowest bit; an index into the palette, or a mask.
    Mono1Le,
    /// 1 bit a pixel, the leftmost in the highest bit; an index into the palette, or a mask.
    Mono1Be,
    /// 4 bits a pixel, the left one in the low half; an index into the palette.
    Indexed4Le,
    /// 4 bits a pixel, the left one in the high half; an index into the palette.
    Indexed4Be,
    /// 8 bits a pixel; an index into the palette.
    Indexed8,
    /// 16 bits a pixel, little endian: 1 unused, 5 red, 5 green, 5 blue.
    Rgb555,
    /// 3 bytes a pixel: blue, green, red.
    Rgb24,
    /// 4 bytes a pixel: blue, green, red, unused.
    Xrgb32,
    /// 4 bytes a pixel: blue, green, red, alpha; colours are multiplied by alpha.
    Argb32,
    /// 8 bits of alpha a pixel.
    Alpha8,
}

impl BitmapFormat {
    /// Bits of one pixel.
    pub const fn bits_per_pixel(self) -> u32 {
        match self {
            Self::Mono1Le | Self::Mono1Be => 1,
            Self::Indexed4Le | Self::Indexed4Be => 4,
            Self::Indexed8 | Self::Alpha8 => 8,
            Self::Rgb555 => 16,
            Self::Rgb24 => 24,
            Self::Xrgb32 | Self::Argb32 => 32,
        }
    }

    /// Bytes that a row of `width` pixels fills, without padding.
    pub const fn row_bytes(self, width: u32) -> u64 {
        (width as u64 * self.bits_per_pixel() as u64).div_ceil(8)
    }

    /// Whether pixels are indices into a palette.
    pub const fn is_indexed(self) -> bool {
        matches!(self, Self::Mono1Le | Self::Mono1Be | Self::Indexed4Le | Self::Indexed4Be | Self::Indexed8)
    }

    /// Whether pixels are colours of their own.
    pub const fn is_rgb(self) -> bool {
        matches!(self, Self::Rgb555 | Self::Rgb24 | Self::Xrgb32 | Self::Argb32)
    }
}

impl TryFrom<u8> for BitmapFormat {
    type Error = UnknownFormat;

    fn try_from(wire: u8) -> Result<Self, UnknownFormat> {
        Ok(match wire {
            1 => Self::Mono1Le,
            2 => Self::Mono1Be,
            3 => Self::Indexed4Le,
            4 => Self::Indexed4Be,
            5 => Self::Indexed8,
            6 => Self::Rgb555,
            7 => Self::Rgb24,
            8 => Self::Xrgb32,
            9 => Self::Argb32,
            10 => Self::Alpha8,
            other => return Err(UnknownFormat(other.into())),
        })
    }
}

impl From<BitmapFormat> for u8 {
    fn from(format: BitmapFormat) -> Self {
        match format {
            BitmapFormat::Mono1Le => 1,
            BitmapFormat::Mono1Be => 2,
            BitmapFormat::Indexed4Le => 3,
            BitmapFormat::Indexed4Be => 4,
            BitmapFormat::Indexed8 => 5,
            BitmapFormat::Rgb555 => 6,
            BitmapFormat::Rgb24 => 7,
            BitmapFormat::Xrgb32 => 8,
            BitmapFormat::Argb32 => 9,
            BitmapFormat::Alpha8 => 10,
        }
    }
}

/// A format number that the protocol does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownFormat(
    /// The number.
    pub u32,
);

impl fmt::Display for UnknownFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pixel format {} is not known", self.0)
    }
}

impl core::error::Error for UnknownFormat {}

/// The colours of an indexed bitmap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Palette {
    /// What the guest calls it, so that clients can keep it; 0 when it may not be kept.
    pub unique: u64,
    /// Colours as 0x00RRGGBB, or 0x0RGB555 for surfaces of 16 bits.
    pub entries: Vec<u32>,
}

impl Palette {
    /// The colour of an index; black for one that the palette does not have.
    pub fn color(&self, index: u8) -> u32 {
        self.entries.get(usize::from(index)).copied().unwrap_or(0)
    }
}

/// Where the rows of a bitmap lie in its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// What a pixel looks like.
    pub format: BitmapFormat,
    /// Columns and rows.
    pub size: Size,
    /// Bytes from the start of a row to the start of the next one in memory.
    pub stride: u32,
    /// Whether the first row in memory is the top one, rather than the bottom one.
    pub top_down: bool,
}

impl Layout {
    /// A layout whose rows run from the top without padding.
    pub fn packed(format: BitmapFormat, size: Size) -> Result<Self, BitmapError> {
        let stride =
            u32::try_from(format.row_bytes(size.width)).map_err(|_| BitmapError::TooLarge { size })?;
        Ok(Self { format, size, stride, top_down: true })
    }

    /// Bytes from the first to the last pixel; rows are padded to the stride, except for the last one.
    pub const fn data_bytes(&self) -> u64 {
        if self.size.height == 0 {
            return 0;
        }
        (self.size.height as u64 - 1) * self.stride as u64 + self.format.row_bytes(self.size.width)
    }

    /// Whether every row lies inside `bytes`, and none in another.
    ///
    /// # Errors
    /// When a row is longer than the stride, or `bytes` too short.
    pub fn check(&self, bytes: &[u8]) -> Result<(), BitmapError> {
        let Self { format, size, stride, .. } = *self;
        if format.row_bytes(size.width) > u64::from(stride) {
            return Err(BitmapError::RowOverlap { format, width: size.width, stride });
        }
        let available = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if available < self.data_bytes() {
            return Err(BitmapError::Truncated { needed: self.data_bytes(), available });
        }
        Ok(())
    }
}

/// Pixels that do not change any more.
#[derive(Clone, PartialEq, Eq)]
pub struct Bitmap {
    layout: Layout,
    palette: Option<Arc<Palette>>,
    data: Bytes,
}

impl Bitmap {
    /// A bitmap of `data`. Bytes behind the last pixel are ignored and kept.
    ///
    /// # Errors
    /// When a row is longer than the stride, or `data` too short.
    pub fn new(layout: Layout, palette: Option<Arc<Palette>>, data: Bytes) -> Result<Self, BitmapError> {
        layout.check(&data)?;
        Ok(Self { layout, palette, data })
    }

    /// What a pixel looks like.
    pub const fn format(&self) -> BitmapFormat {
        self.layout.format
    }

    /// Columns and rows.
    pub const fn size(&self) -> Size {
        self.layout.size
    }

    /// Columns.
    pub const fn width(&self) -> u32 {
        self.layout.size.width
    }

    /// Rows.
    pub const fn height(&self) -> u32 {
        self.layout.size.height
    }

    /// All pixels.
    pub fn bounds(&self) -> Rect {
        Rect::of_size(self.layout.size)
    }

    /// Bytes from the start of a row to the start of the next one in memory.
    pub const fn stride(&self) -> u32 {
        self.layout.stride
    }

    /// Whether the first row in memory is the top one.
    pub const fn top_down(&self) -> bool {
        self.layout.top_down
    }

    /// Format, size, stride and orientation.
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The colours of indexed pixels.
    pub const fn palette(&self) -> Option<&Arc<Palette>> {
        self.palette.as_ref()
    }

    /// All bytes in the order of memory.
    pub const fn data(&self) -> &Bytes {
        &self.data
    }

    /// The bytes of row `y`, counted from the top whatever the orientation, without padding.
    pub fn row(&self, y: u32) -> Option<&[u8]> {
        let row =
            if self.layout.top_down { y } else { self.layout.size.height.checked_sub(y)?.checked_sub(1)? };
        self.memory_row(row)
    }

    /// The rows from the top to the bottom, each without padding.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[u8]> + Clone {
        (0..self.layout.size.height).map(|y| self.row(y).unwrap_or_default())
    }

    /// The rows in the order of memory, each without padding.
    pub fn memory_rows(&self) -> impl ExactSizeIterator<Item = &[u8]> + Clone {
        (0..self.layout.size.height).map(|y| self.memory_row(y).unwrap_or_default())
    }

    /// Writes row `y` as 32-bit pixels 0xXXRRGGBB; what `out` has beyond the row is left alone.
    ///
    /// Four-byte formats keep their fourth byte; indexed ones take the palette's entry as it is; alpha
    /// becomes 0xAA000000; all others have 0 there. A row outside the bitmap writes nothing.
    pub fn row_to_xrgb(&self, y: u32, out: &mut [u32]) {
        let Some(row) = self.row(y) else { return };
        let width = usize::try_from(self.width()).unwrap_or(usize::MAX).min(out.len());
        let out = out.get_mut(..width).unwrap_or_default();
        pixel::expand_row(self.layout.format, row, 0, self.palette.as_deref(), out);
    }

    /// Whether any pixel has a fourth byte other than 0; only [`BitmapFormat::Xrgb32`] and
    /// [`BitmapFormat::Argb32`] can.
    pub fn has_high_bytes(&self) -> bool {
        matches!(self.format(), BitmapFormat::Xrgb32 | BitmapFormat::Argb32)
            && self.rows().any(|row| row.as_chunks::<4>().0.iter().any(|pixel| pixel[3] != 0))
    }

    /// The pixels of `area`; `None` when not all of it is inside, or pixels are smaller than a byte. Whole rows are shared with
    /// this bitmap, other parts are copied and packed.
    pub fn part(&self, area: &Rect) -> Option<Self> {
        let bits = self.format().bits_per_pixel();
        if area.is_empty() || !self.bounds().contains(area) || !bits.is_multiple_of(8) {
            return None;
        }
        if area.width() == self.width() {
            return self.shared_rows(area);
        }
        let pixel = (bits / 8) as usize;
        let bytes = area.left.unsigned_abs() as usize * pixel..area.right.unsigned_abs() as usize * pixel;
        let layout = Layout::packed(self.format(), area.size()).ok()?;
        let mut data = Vec::with_capacity(usize::try_from(layout.data_bytes()).ok()?);
        for y in area.top..area.bottom {
            data.extend_from_slice(self.row(y.unsigned_abs())?.get(bytes.clone())?);
        }
        Self::new(layout, self.palette.clone(), data.into()).ok()
    }

    /// The whole rows of `area`, which is inside.
    fn shared_rows(&self, area: &Rect) -> Option<Self> {
        let layout = Layout { size: area.size(), ..self.layout };
        let first = if self.layout.top_down {
            area.top.unsigned_abs()
        } else {
            self.layout.size.height.checked_sub(area.bottom.unsigned_abs())?
        };
        let start = usize::try_from(u64::from(first) * u64::from(self.layout.stride)).ok()?;
        let end = start.checked_add(usize::try_from(layout.data_bytes()).ok()?)?;
        let data = self.data.get(start..end).map(|_| self.data.slice(start..end))?;
        Self::new(layout, self.palette.clone(), data).ok()
    }

    fn memory_row(&self, row: u32) -> Option<&[u8]> {
        if row >= self.layout.size.height {
            return None;
        }
        let start = usize::try_from(u64::from(row) * u64::from(self.layout.stride)).ok()?;
        let bytes = usize::try_from(self.layout.format.row_bytes(self.layout.size.width)).ok()?;
        self.data.get(start..start.checked_add(bytes)?)
    }
}

impl fmt::Debug for Bitmap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bitmap")
            .field("layout", &self.layout)
            .field("palette", &self.palette.as_ref().map(|palette| palette.entries.len()))
            .field("bytes", &self.data.len())
            .finish()
    }
}

/// Why bytes are not the bitmap that they are said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BitmapError {
    /// A row does not fit between its start and that of the next one.
    RowOverlap {
        /// What a pixel looks like.
        format: BitmapFormat,
        /// Columns.
        width: u32,
        /// Bytes from row to row.
        stride: u32,
    },
    /// There are fewer bytes than pixels need.
    Truncated {
        /// Bytes that the pixels need.
        needed: u64,
        /// Bytes that there are.
        available: u64,
    },
    /// No memory holds so many pixels.
    TooLarge {
        /// Columns and rows.
        size: Size,
    },
}

impl fmt::Display for BitmapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RowOverlap { format, width, stride } => {
                write!(f, "rows of {width} {format:?} pixels do not fit a stride of {stride} bytes")
            }
            Self::Truncated { needed, available } => {
                write!(f, "the bitmap's rows need {needed} bytes, and there are {available}")
            }
            Self::TooLarge { size } => write!(f, "{} x {} pixels are too many", size.width, size.height),
        }
    }
}

impl core::error::Error for BitmapError {}
