//! The table of modes that the ROM offers at [`Rom::modes_offset`](crate::rom::Rom::modes_offset):
//! a header, then that many modes.

use zerocopy::little_endian::U32;

device_layout! {
    /// `QXLModes`: what stands before the modes.
    pub struct ModesHeader: 4 {
        /// How many [`Mode`]s follow.
        pub count: U32,
    }

    /// `QXLMode`.
    pub struct Mode: 32 {
        /// The number that `QXL_IO_SET_MODE` takes.
        pub id: U32,
        /// Width in pixels.
        pub width: U32,
        /// Height in pixels.
        pub height: U32,
        /// Bits a pixel: 16 or 32.
        pub bits: U32,
        /// Bytes from one row to the next.
        pub stride: U32,
        /// Width in millimetres.
        pub width_mm: U32,
        /// Height in millimetres.
        pub height_mm: U32,
        /// Quarter turns clockwise: 0, 1, 2 or 3.
        pub orientation: U32,
    }
}
