//! The pointer: what it shall look like and where it shall be, and what of that the device has been told.
//!
//! [`Device`](crate::Device) owns it. A change is sent at once when there is room, and with the next
//! [`flush`](crate::Device::flush) when there is not; only the newest state is ever sent. A shape's pixels are copied
//! once, when it is set, because their buffer may be gone later.

mod send;

use alloc::vec::Vec;

use qxl::geometry::Point16;

use crate::damage::OutOfMemory;
use crate::geometry::Point;
use crate::hash::Hasher;
use crate::resident::Content;

/// The longest side of a pointer in pixels.
pub const MAX_CURSOR: u32 = 256;

/// Where a shape's pixels come from.
pub trait CursorPixels {
    /// Pixels from edge to edge.
    fn width(&self) -> u32;

    /// Pixels from edge to edge.
    fn height(&self) -> u32;

    /// Copies row `y` into `pixels`, which is as long as it, as premultiplied 0xAARRGGBB. Each pixel is read once.
    fn copy_row(&self, y: u32, pixels: &mut [u32]);
}

/// A shape cannot be shown: it has no pixels, or more than [`MAX_CURSOR`] from edge to edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CursorSize {
    /// Pixels from edge to edge.
    pub width: u32,
    /// Pixels from edge to edge.
    pub height: u32,
}

impl core::fmt::Display for CursorSize {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { width, height } = self;
        write!(f, "pointer of {width} by {height} pixels cannot be shown")
    }
}

impl core::error::Error for CursorSize {}

/// The pointer.
#[derive(Debug)]
pub(crate) struct Cursor {
    /// Pixels of the shape that shall be shown; room for the largest.
    pixels: Vec<u32>,
    shape: Option<Shape>,
    position: Point16,
    is_hidden: bool,
    /// What the device has been told; `None` when it has forgotten.
    told: Told,
    hasher: Hasher,
}

/// A shape, but for its pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shape {
    content: Content,
    hot_spot: Point,
}

/// What the device knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Told {
    shape: Option<Shape>,
    position: Option<Point16>,
    is_visible: bool,
}

impl Cursor {
    /// None yet. The secret is for the numbers by which clients know shapes.
    pub(crate) fn new(secret: u64) -> Result<Self, OutOfMemory> {
        let mut pixels = Vec::new();
        let side = usize::try_from(MAX_CURSOR).unwrap_or_default();
        pixels.try_reserve_exact(side.saturating_mul(side)).map_err(|_| OutOfMemory)?;
        pixels.resize(side.saturating_mul(side), 0);
        let (position, hasher) = (Point16::new(0, 0), Hasher::new(secret));
        Ok(Self { pixels, shape: None, position, is_hidden: true, told: Told::default(), hasher })
    }

    /// Another shape, which is shown.
    pub(crate) fn set<C: CursorPixels>(&mut self, pixels: &C, hot_spot: Point) -> Result<(), CursorSize> {
        let (width, height) = (pixels.width(), pixels.height());
        let sides = 1..=MAX_CURSOR;
        if !sides.contains(&width) || !sides.contains(&height) {
            return Err(CursorSize { width, height });
        }
        let row_len = usize::try_from(width).unwrap_or(usize::MAX);
        for (y, row) in (0..height).zip(self.pixels.chunks_exact_mut(row_len)) {
            pixels.copy_row(y, row);
        }
        let hot_spot = Point { x: hot_spot.x.min(width), y: hot_spot.y.min(height) };
        let rows = self.pixels.chunks_exact(row_len).zip(0..height).map(|(row, _)| row);
        // The hot spot is part of what clients cache.
        let hot = u64::from(hot_spot.x) << 32 | u64::from(hot_spot.y);
        let hash = self.hasher.all([self.hasher.pixels(width, height, rows), hot].into_iter());
        self.shape = Some(Shape { content: Content { hash, width, height }, hot_spot });
        self.is_hidden = false;
        Ok(())
    }

    /// Another place for the hot spot. Says whether that is news.
    pub(crate) fn move_to(&mut self, x: i32, y: i32) -> bool {
        let clamp = |at: i32| i16::try_from(at.clamp(i32::from(i16::MIN), i32::from(i16::MAX))).unwrap_or(0);
        let position = Point16::new(clamp(x), clamp(y));
        let is_news = self.position != position;
        self.position = position;
        is_news
    }

    /// No pointer.
    pub(crate) fn hide(&mut self) {
        self.is_hidden = true;
    }

    /// The device has forgotten everything.
    pub(crate) fn forget(&mut self) {
        self.told = Told::default();
    }

    /// The shape's pixels.
    fn rows(&self, content: &Content) -> &[u32] {
        let count = content.width.saturating_mul(content.height);
        usize::try_from(count).ok().and_then(|count| self.pixels.get(..count)).unwrap_or_default()
    }
}
