//! Clipping: the part of its bounding box that a drawing may touch.

use zerocopy::little_endian::U32;

use crate::chunk::DataChunk;
use crate::code::codes;
use crate::memslot::PhysAddr;

codes! {
    /// `SPICE_CLIP_TYPE_*`.
    pub enum ClipKind: u32 {
        /// Everything may be touched.
        None = 0,
        /// Only the rectangles of a [`ClipRects`].
        Rects = 1,
    }
}

device_layout! {
    /// `QXLClip`.
    pub struct Clip: 12 {
        /// [`ClipKind`]; the device takes an unknown one for [`ClipKind::None`].
        pub kind: U32,
        /// Where the [`ClipRects`] are.
        pub data: PhysAddr,
    }

    /// `QXLClipRects`: the rectangles are the chunk's data, [`Rect`](crate::geometry::Rect) after `Rect`.
    pub struct ClipRects: 24 {
        /// How many; the chunks hold exactly 16 bytes for each.
        pub count: U32,
        /// The first piece of them.
        pub chunk: DataChunk,
    }
}
