//! Rectangles to calculate with.

use crate::geometry::{Point, Rect};

/// A rectangle in pixels; empty unless `left < right` and `top < bottom`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) left: i32,
    pub(super) top: i32,
    pub(super) right: i32,
    pub(super) bottom: i32,
}

impl From<Rect> for Area {
    fn from(rect: Rect) -> Self {
        let Rect { top, left, bottom, right } = rect;
        Self { left: left.get(), top: top.get(), right: right.get(), bottom: bottom.get() }
    }
}

impl Area {
    /// All of something of that size.
    pub(super) fn of_size(width: u32, height: u32) -> Self {
        let clamp = |side| i32::try_from(side).unwrap_or(i32::MAX);
        Self { left: 0, top: 0, right: clamp(width), bottom: clamp(height) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.right <= self.left || self.bottom <= self.top
    }

    pub(super) fn intersection(&self, other: &Self) -> Self {
        Self {
            left: self.left.max(other.left),
            top: self.top.max(other.top),
            right: self.right.min(other.right),
            bottom: self.bottom.min(other.bottom),
        }
    }

    pub(super) fn contains(&self, other: &Self) -> bool {
        self.left <= other.left
            && self.top <= other.top
            && self.right >= other.right
            && self.bottom >= other.bottom
    }

    /// The area of the same size at `corner`, unless it reaches beyond all coordinates.
    pub(super) fn moved_to(&self, corner: Point) -> Option<Self> {
        let (left, top) = (corner.x.get(), corner.y.get());
        let right = left.checked_add(self.right.checked_sub(self.left)?)?;
        let bottom = top.checked_add(self.bottom.checked_sub(self.top)?)?;
        Some(Self { left, top, right, bottom })
    }

    /// Width and height; an empty side is 0.
    pub(super) fn size(&self) -> (u32, u32) {
        let side = |from: i32, to: i32| u32::try_from(i64::from(to) - i64::from(from)).unwrap_or(0);
        (side(self.left, self.right), side(self.top, self.bottom))
    }
}
