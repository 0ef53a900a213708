//! Points and rectangles as they lie in device memory, in pixels.

use zerocopy::little_endian::{I16, I32, U32};

device_layout! {
    /// `QXLPoint`.
    pub struct Point: 8 {
        /// Pixels from the left edge.
        pub x: I32,
        /// Pixels from the top edge.
        pub y: I32,
    }

    /// `QXLPoint16`.
    pub struct Point16: 4 {
        /// Pixels from the left edge.
        pub x: I16,
        /// Pixels from the top edge.
        pub y: I16,
    }

    /// `QXLPointFix`: 28.4 fixed point.
    pub struct FixedPoint: 8 {
        /// Sixteenths of a pixel from the left edge.
        pub x: I32,
        /// Sixteenths of a pixel from the top edge.
        pub y: I32,
    }

    /// `QXLRect`. Includes its top and left edges, excludes its bottom and right. Note the order.
    pub struct Rect: 16 {
        /// First row inside.
        pub top: I32,
        /// First column inside.
        pub left: I32,
        /// First row outside.
        pub bottom: I32,
        /// First column outside.
        pub right: I32,
    }

    /// `QXLURect`: the same, never negative.
    pub struct UnsignedRect: 16 {
        /// First row inside.
        pub top: U32,
        /// First column inside.
        pub left: U32,
        /// First row outside.
        pub bottom: U32,
        /// First column outside.
        pub right: U32,
    }
}

impl Point {
    /// The point at `x`, `y`.
    pub const fn new(x: i32, y: i32) -> Self {
        Self { x: I32::new(x), y: I32::new(y) }
    }
}

impl Point16 {
    /// The point at `x`, `y`.
    pub const fn new(x: i16, y: i16) -> Self {
        Self { x: I16::new(x), y: I16::new(y) }
    }
}

impl Rect {
    /// The rectangle between two corners, in the usual order.
    pub const fn new(left: i32, top: i32, right: i32, bottom: i32) -> Self {
        Self { top: I32::new(top), left: I32::new(left), bottom: I32::new(bottom), right: I32::new(right) }
    }
}
