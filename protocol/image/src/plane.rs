//! A rectangle of pixels of one depth in memory, and the raster operations on it.
//!
//! Surfaces are made of it, and the canvas works on it. Every operation cuts its rectangle down to the
//! plane, and to the source where there is one, so that no coordinates can make it panic; all of them work
//! on whole row slices.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::{BitAnd, BitOr, BitXor, Not};

use crate::bitmap::BitmapError;
use crate::geometry::{Point, Rect, Size};
use crate::rop::{BinaryRop, TernaryRop};

/// A pixel: `u8`, `u16` or `u32`.
pub trait Pixel:
    Copy
    + Default
    + Eq
    + Not<Output = Self>
    + BitAnd<Output = Self>
    + BitOr<Output = Self>
    + BitXor<Output = Self>
{
    /// The lowest bits of a colour of 32 bits.
    fn from_color(color: u32) -> Self;
}

impl Pixel for u8 {
    fn from_color(color: u32) -> Self {
        color.to_le_bytes()[0]
    }
}

impl Pixel for u16 {
    fn from_color(color: u32) -> Self {
        let [low, high, ..] = color.to_le_bytes();
        Self::from_le_bytes([low, high])
    }
}

impl Pixel for u32 {
    fn from_color(color: u32) -> Self {
        color
    }
}

/// Pixels in rows without padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plane<T> {
    size: Size,
    pixels: Vec<T>,
}

impl<T: Pixel> Plane<T> {
    /// A plane whose bits are all 0.
    ///
    /// # Errors
    /// [`BitmapError::TooLarge`] when there is no memory for it, or when a side exceeds `i32::MAX`.
    pub fn new(size: Size) -> Result<Self, BitmapError> {
        let too_large = BitmapError::TooLarge { size };
        if i32::try_from(size.width).is_err() || i32::try_from(size.height).is_err() {
            return Err(too_large);
        }
        let count = usize::try_from(size.area()).map_err(|_| too_large)?;
        // Asked for twice: first in the way that can fail, then in the one that gets pages of zeros from the system,
        // which cost nothing before they are drawn on.
        Vec::<T>::new().try_reserve_exact(count).map_err(|_| too_large)?;
        Ok(Self { size, pixels: vec![T::default(); count] })
    }

    /// A plane of `pixels`, row by row from the top; missing ones are 0, spare ones are dropped.
    ///
    /// # Errors
    /// As [`Plane::new`].
    pub fn from_pixels(size: Size, pixels: Vec<T>) -> Result<Self, BitmapError> {
        let count = usize::try_from(size.area()).map_err(|_| BitmapError::TooLarge { size })?;
        let sides_fit = i32::try_from(size.width).is_ok() && i32::try_from(size.height).is_ok();
        if sides_fit && pixels.len() == count {
            return Ok(Self { size, pixels });
        }
        let mut plane = Self::new(size)?;
        for (to, from) in plane.pixels.iter_mut().zip(pixels) {
            *to = from;
        }
        Ok(plane)
    }

    /// Columns and rows.
    pub const fn size(&self) -> Size {
        self.size
    }

    /// All pixels.
    pub fn bounds(&self) -> Rect {
        Rect::of_size(self.size)
    }

    /// All pixels, row by row from the top.
    pub fn pixels(&self) -> &[T] {
        &self.pixels
    }

    /// The rows from the top.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[T]> {
        self.pixels.chunks_exact(self.width().max(1))
    }

    /// The rows from the top, to be changed.
    pub fn rows_mut(&mut self) -> impl ExactSizeIterator<Item = &mut [T]> {
        let width = self.width().max(1);
        self.pixels.chunks_exact_mut(width)
    }

    /// The pixel at `point`; `None` outside the plane.
    pub fn pixel(&self, point: Point) -> Option<T> {
        self.row_part(point.y, point.x, point.x.checked_add(1)?).first().copied()
    }

    /// The columns from `left` to `right` of row `y`; empty when they are not all inside the plane.
    pub fn row_part(&self, y: i32, left: i32, right: i32) -> &[T] {
        self.span(y, left, right).and_then(|span| self.pixels.get(span)).unwrap_or_default()
    }

    /// The columns from `left` to `right` of row `y`, to be changed; empty when they are not all inside
    /// the plane.
    pub fn row_part_mut(&mut self, y: i32, left: i32, right: i32) -> &mut [T] {
        self.span(y, left, right).and_then(|span| self.pixels.get_mut(span)).unwrap_or_default()
    }

    /// Sets every pixel of `area` to `value`.
    pub fn fill(&mut self, area: &Rect, value: T) {
        self.each_row(area, |_, row| row.fill(value));
    }

    /// Combines every pixel of `area` with `value`.
    pub fn fill_rop(&mut self, area: &Rect, value: T, rop: BinaryRop) {
        self.each_row(area, |_, row| rop.solid(row, value));
    }

    /// Copies pixels of `source` to `area`, whose upper left corner gets the pixel at `from`. Pixels that
    /// `source` does not have are left alone.
    pub fn blit(&mut self, area: &Rect, source: &Self, from: Point) {
        self.each_row_with(area, source, from, <[T]>::copy_from_slice);
    }

    /// Combines `area` with pixels of `source`, placed as by [`Plane::blit`].
    pub fn blit_rop(&mut self, area: &Rect, source: &Self, from: Point, rop: BinaryRop) {
        self.each_row_with(area, source, from, |row, source| rop.row(row, source));
    }

    /// Copies the pixels of `source`, placed as by [`Plane::blit`], whose bits under `compared` are not
    /// those of `key`.
    pub fn blit_color_key(&mut self, area: &Rect, source: &Self, from: Point, key: T, compared: T) {
        let key = key & compared;
        self.each_row_with(area, source, from, |row, source| {
            for (to, from) in row.iter_mut().zip(source) {
                if *from & compared != key {
                    *to = *from;
                }
            }
        });
    }

    /// Combines `area` with endless copies of `tile`, one of which has its upper left corner at `origin`.
    /// A tile without pixels changes nothing.
    pub fn tile_rop(&mut self, area: &Rect, tile: &Self, origin: Point, rop: BinaryRop) {
        if tile.pixels.is_empty() {
            return;
        }
        let Some(area) = area.intersection(&self.bounds()) else { return };
        let first_column = wrapped(area.left, origin.x, tile.width());
        self.each_row(&area, |y, row| {
            let tile_row = tile.row(wrapped(y, origin.y, tile.height()));
            let (before, from) = tile_row.split_at(first_column.min(tile_row.len()));
            let (head, rest) = row.split_at_mut(from.len().min(row.len()));
            rop.row(head, from);
            for part in rest.chunks_mut(tile_row.len()) {
                let (left, right) = part.split_at_mut(before.len().min(part.len()));
                rop.row(left, tile_row);
                let drawn = left.len();
                rop.row(right, tile_row.get(drawn..).unwrap_or_default());
            }
        });
    }

    /// Combines `area` with pixels of `source`, placed as by [`Plane::blit`], and one pattern colour.
    pub fn rop3_color(&mut self, area: &Rect, source: &Self, from: Point, color: T, rop: TernaryRop) {
        self.each_row_with(area, source, from, |row, source| {
            for (to, from) in row.iter_mut().zip(source) {
                *to = rop.apply(color, *from, *to);
            }
        });
    }

    /// Combines `area` with pixels of `source`, placed as by [`Plane::blit`], and endless copies of
    /// `tile`, one of which has its upper left corner at `origin`.
    pub fn rop3_tile(
        &mut self,
        area: &Rect,
        source: &Self,
        from: Point,
        tile: &Self,
        origin: Point,
        rop: TernaryRop,
    ) {
        if tile.pixels.is_empty() {
            return;
        }
        let shown = self.placed(area, source, from);
        let Some((area, from)) = shown else { return };
        let first_column = wrapped(area.left, origin.x, tile.width());
        let row_shift = area.top.saturating_sub(from.y);
        let columns = (from.x, from.x.saturating_add(area.right - area.left));
        self.each_row(&area, |y, row| {
            let pattern = tile.row(wrapped(y, origin.y, tile.height())).iter().cycle().skip(first_column);
            let source = source.row_part(y.saturating_sub(row_shift), columns.0, columns.1);
            for ((to, from), pattern) in row.iter_mut().zip(source).zip(pattern) {
                *to = rop.apply(*pattern, *from, *to);
            }
        });
    }

    /// Moves pixels inside the plane: `area` gets what lies `dx`, `dy` to the left of and above it, as it
    /// was before. What would come from outside the plane is left alone.
    pub fn copy_within(&mut self, area: &Rect, dx: i32, dy: i32) {
        let bounds = self.bounds();
        let reachable = bounds.translate(dx, dy);
        let Some(area) = area.intersection(&bounds).and_then(|area| area.intersection(&reachable)) else {
            return;
        };
        let mut move_row = |y: i32| {
            let from = self.span(y.wrapping_sub(dy), area.left.wrapping_sub(dx), area.right.wrapping_sub(dx));
            let to = self.span(y, area.left, area.right);
            if let (Some(from), Some(to)) = (from, to) {
                self.pixels.copy_within(from, to.start);
            }
        };
        if dy > 0 {
            (area.top..area.bottom).rev().for_each(&mut move_row);
        } else {
            (area.top..area.bottom).for_each(&mut move_row);
        }
    }

    /// The pixels of `area` inside the plane, as a plane of their own.
    ///
    /// # Errors
    /// [`BitmapError::TooLarge`] when there is no memory for it.
    pub fn cut(&self, area: &Rect) -> Result<Self, BitmapError> {
        let area = area.intersection(&self.bounds()).unwrap_or_default();
        let mut part = Self::new(area.size())?;
        part.blit(&Rect::of_size(area.size()), self, area.origin());
        Ok(part)
    }

    /// Calls `draw` with each row of `area` inside the plane: its number and its pixels.
    pub fn each_row(&mut self, area: &Rect, mut draw: impl FnMut(i32, &mut [T])) {
        let Some(area) = area.intersection(&self.bounds()) else { return };
        for y in area.top..area.bottom {
            draw(y, self.row_part_mut(y, area.left, area.right));
        }
    }

    /// Calls `draw` with each row of `area` inside both planes, and the pixels of `source` placed as by
    /// [`Plane::blit`]; both slices are equally long.
    pub fn each_row_with<S: Pixel>(
        &mut self,
        area: &Rect,
        source: &Plane<S>,
        from: Point,
        mut draw: impl FnMut(&mut [T], &[S]),
    ) {
        let Some((area, from)) = self.placed(area, source, from) else { return };
        let right = from.x.saturating_add(area.right - area.left);
        for (y, from_y) in (area.top..area.bottom).zip(from.y..) {
            draw(self.row_part_mut(y, area.left, area.right), source.row_part(from_y, from.x, right));
        }
    }

    /// The part of `area` that is inside the plane and gets pixels that `source` has, and the source's
    /// pixel for its upper left corner.
    fn placed<S: Pixel>(&self, area: &Rect, source: &Plane<S>, from: Point) -> Option<(Rect, Point)> {
        let inside = area.intersection(&self.bounds())?;
        let dx = i64::from(area.left) - i64::from(from.x);
        let dy = i64::from(area.top) - i64::from(from.y);
        let edge = |side: i64| i32::try_from(side.clamp(i32::MIN.into(), i32::MAX.into())).ok();
        let Size { width, height } = source.size;
        let available =
            Rect::new(edge(dx)?, edge(dy)?, edge(dx + i64::from(width))?, edge(dy + i64::from(height))?);
        let shown = inside.intersection(&available)?;
        let x = i32::try_from(i64::from(shown.left) - dx).ok()?;
        let y = i32::try_from(i64::from(shown.top) - dy).ok()?;
        Some((shown, Point::new(x, y)))
    }

    fn width(&self) -> usize {
        usize::try_from(self.size.width).unwrap_or(0)
    }

    fn height(&self) -> usize {
        usize::try_from(self.size.height).unwrap_or(0)
    }

    fn row(&self, y: usize) -> &[T] {
        let start = y.saturating_mul(self.width());
        self.pixels.get(start..start.saturating_add(self.width())).unwrap_or_default()
    }

    fn span(&self, y: i32, left: i32, right: i32) -> Option<core::ops::Range<usize>> {
        let y = usize::try_from(y).ok().filter(|y| *y < self.height())?;
        let (left, right) = (usize::try_from(left).ok()?, usize::try_from(right).ok()?);
        (left <= right && right <= self.width()).then(|| y * self.width() + left..y * self.width() + right)
    }
}

/// The distance from `origin` to `position` modulo `period`, which is at least 1.
fn wrapped(position: i32, origin: i32, period: usize) -> usize {
    let Ok(period) = i64::try_from(period) else { return 0 };
    usize::try_from((i64::from(position) - i64::from(origin)).rem_euclid(period.max(1))).unwrap_or(0)
}
