//! Points and rectangles of a screen, in pixels from its top left corner.

/// A pixel's place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Point {
    /// Pixels from the left edge.
    pub x: u32,
    /// Pixels from the top edge.
    pub y: u32,
}

/// A rectangle: its left and top edges are inside, its right and bottom edges are not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rect {
    /// First column inside.
    pub left: u32,
    /// First row inside.
    pub top: u32,
    /// First column outside.
    pub right: u32,
    /// First row outside.
    pub bottom: u32,
}

impl Rect {
    /// The rectangle between two corners. It is [empty](Self::is_empty) unless the second is right of and below the
    /// first.
    pub const fn new(left: u32, top: u32, right: u32, bottom: u32) -> Self {
        Self { left, top, right, bottom }
    }

    /// Pixels from edge to edge.
    pub const fn width(&self) -> u32 {
        self.right.saturating_sub(self.left)
    }

    /// Pixels from edge to edge.
    pub const fn height(&self) -> u32 {
        self.bottom.saturating_sub(self.top)
    }

    /// Whether there is no pixel in it.
    pub const fn is_empty(&self) -> bool {
        self.width() == 0 || self.height() == 0
    }

    /// What both have in common; empty when that is nothing.
    pub fn intersection(&self, other: &Self) -> Self {
        Self {
            left: self.left.max(other.left),
            top: self.top.max(other.top),
            right: self.right.min(other.right),
            bottom: self.bottom.min(other.bottom),
        }
    }
}
