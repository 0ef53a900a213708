//! The driver's monitors: which parts of which surfaces are shown.

use zerocopy::little_endian::{U16, U32};

device_layout! {
    /// `QXLMonitorsConfig`: what stands before the heads.
    pub struct MonitorsConfig: 4 {
        /// How many [`Head`]s follow. The device ignores 0, and more than `max_allowed`.
        pub count: U16,
        /// The most that this driver will ever have.
        pub max_allowed: U16,
    }

    /// `QXLHead`: one monitor.
    pub struct Head: 28 {
        /// Which monitor.
        pub id: U32,
        /// The surface that it shows.
        pub surface_id: U32,
        /// Width in pixels.
        pub width: U32,
        /// Height in pixels.
        pub height: U32,
        /// The surface's column at its left edge.
        pub x: U32,
        /// The surface's row at its top edge.
        pub y: U32,
        /// Not used by the device.
        pub flags: U32,
    }
}
