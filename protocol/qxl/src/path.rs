//! Paths: lines and curves for [`Stroke`](crate::operation::Stroke).

use zerocopy::little_endian::U32;

use crate::chunk::DataChunk;

device_layout! {
    /// `QXLPath`: segments are the chunk's data, a [`PathSegment`] and its points after the other.
    pub struct Path: 24 {
        /// Bytes of all segments.
        pub data_size: U32,
        /// The first piece of them.
        pub chunk: DataChunk,
    }

    /// `QXLPathSeg`: what stands before a segment's points.
    pub struct PathSegment: 8 {
        /// [`PathSegment::BEGIN`] and the others.
        pub flags: U32,
        /// How many [`FixedPoint`](crate::geometry::FixedPoint)s follow.
        pub count: U32,
    }
}

impl PathSegment {
    /// A new figure begins.
    pub const BEGIN: u32 = 1 << 0;
    /// The figure ends.
    pub const END: u32 = 1 << 1;
    /// The figure is closed by a line to its beginning.
    pub const CLOSE: u32 = 1 << 3;
    /// Points come in threes that control a curve.
    pub const BEZIER: u32 = 1 << 4;
}
