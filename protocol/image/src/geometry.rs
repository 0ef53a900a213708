//! Points, sizes and rectangles in pixels, as every QXL and SPICE structure means them: x grows to the
//! right, y downwards, and a rectangle includes its left and top edges and excludes its right and bottom.

/// A position in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Point {
    /// Pixels from the left edge.
    pub x: i32,
    /// Pixels from the top edge.
    pub y: i32,
}

impl Point {
    /// The point at `x`, `y`.
    pub const fn new(x: i32, y: i32) -> Self {
        Self { x, y }
    }
}

/// A width and a height in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Size {
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
}

impl Size {
    /// A size of `width` by `height` pixels.
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// Pixels inside, without overflow.
    pub const fn area(self) -> u64 {
        self.width as u64 * self.height as u64
    }
}

/// A rectangle in pixels. Empty when `right <= left` or `bottom <= top`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rect {
    /// First column inside.
    pub left: i32,
    /// First row inside.
    pub top: i32,
    /// First column outside.
    pub right: i32,
    /// First row outside.
    pub bottom: i32,
}

impl Rect {
    /// The rectangle between two corners.
    pub const fn new(left: i32, top: i32, right: i32, bottom: i32) -> Self {
        Self { left, top, right, bottom }
    }

    /// The rectangle of `size` whose upper left corner is the origin. Sides saturate at `i32::MAX`.
    pub fn of_size(size: Size) -> Self {
        Self::new(0, 0, clamp(size.width), clamp(size.height))
    }

    /// Whether no pixel is inside.
    pub const fn is_empty(&self) -> bool {
        self.right <= self.left || self.bottom <= self.top
    }

    /// Columns inside; 0 for an empty rectangle.
    pub const fn width(&self) -> u32 {
        if self.right > self.left { self.right.wrapping_sub(self.left).cast_unsigned() } else { 0 }
    }

    /// Rows inside; 0 for an empty rectangle.
    pub const fn height(&self) -> u32 {
        if self.bottom > self.top { self.bottom.wrapping_sub(self.top).cast_unsigned() } else { 0 }
    }

    /// Width and height.
    pub const fn size(&self) -> Size {
        Size::new(self.width(), self.height())
    }

    /// The upper left corner.
    pub const fn origin(&self) -> Point {
        Point::new(self.left, self.top)
    }

    /// What both rectangles contain, or `None` when that is nothing.
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let both = Self::new(
            self.left.max(other.left),
            self.top.max(other.top),
            self.right.min(other.right),
            self.bottom.min(other.bottom),
        );
        (!both.is_empty()).then_some(both)
    }

    /// Whether a pixel is inside both.
    pub fn intersects(&self, other: &Self) -> bool {
        self.intersection(other).is_some()
    }

    /// Whether every pixel of `other` is inside `self`. An empty `other` is inside everything.
    pub fn contains(&self, other: &Self) -> bool {
        other.is_empty()
            || (self.left <= other.left
                && self.top <= other.top
                && self.right >= other.right
                && self.bottom >= other.bottom)
    }

    /// The smallest rectangle around both; an empty one adds nothing.
    pub fn union(&self, other: &Self) -> Self {
        if self.is_empty() {
            return *other;
        }
        if other.is_empty() {
            return *self;
        }
        Self::new(
            self.left.min(other.left),
            self.top.min(other.top),
            self.right.max(other.right),
            self.bottom.max(other.bottom),
        )
    }

    /// The rectangle with `more` pixels added on each side, as far as coordinates reach.
    pub const fn grown(&self, more: i32) -> Self {
        Self {
            left: self.left.saturating_sub(more),
            top: self.top.saturating_sub(more),
            right: self.right.saturating_add(more),
            bottom: self.bottom.saturating_add(more),
        }
    }

    /// The rectangle moved by `dx`, `dy`; each edge saturates.
    pub const fn translate(&self, dx: i32, dy: i32) -> Self {
        Self::new(
            self.left.saturating_add(dx),
            self.top.saturating_add(dy),
            self.right.saturating_add(dx),
            self.bottom.saturating_add(dy),
        )
    }
}

fn clamp(length: u32) -> i32 {
    i32::try_from(length).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_at_the_extremes_do_not_overflow() {
        let all = Rect::new(i32::MIN, i32::MIN, i32::MAX, i32::MAX);
        assert_eq!(all.width(), u32::MAX);
        assert_eq!(all.size().area(), u64::from(u32::MAX) * u64::from(u32::MAX));
        assert_eq!(all.translate(10, -10).right, i32::MAX);
    }

    #[test]
    fn an_empty_rectangle_has_no_pixels_in_common() {
        let unit = Rect::new(0, 0, 1, 1);
        assert!(!unit.intersects(&Rect::new(1, 0, 2, 1)));
        assert!(unit.contains(&Rect::new(5, 5, 5, 9)));
        assert_eq!(unit.union(&Rect::new(9, 9, 9, 9)), unit);
    }
}
