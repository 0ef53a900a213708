//! What crosses the C interface, as `shim/qxl_core.h` lays it out. The numbers below are the ones that `shim/layout.c`
//! asserts.

use core::ffi::c_void;
use core::mem::offset_of;

/// Heads of a screen: `QXL_CORE_HEADS`.
pub const HEADS: usize = guest_display::MAX_HEADS;

/// Room for an EDID in bytes: `QXL_CORE_EDID_BYTES`.
pub const EDID_BYTES: usize = 256;

/// Ports that are counted: `QXL_CORE_PORTS`.
pub const PORTS: usize = qxl::ioport::PORT_COUNT as usize;

/// `struct qxl_core_windows`: the device's memory.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CoreWindows {
    /// BAR 0, mapped cached.
    pub ram: *mut c_void,
    /// BAR 2.
    pub rom: *const c_void,
    /// The shim's device, for the services.
    pub shim: *mut c_void,
    /// Bytes.
    pub ram_len: u64,
    /// Guest-physical address.
    pub ram_base: u64,
    /// Bytes.
    pub rom_len: u64,
    /// PCI revision.
    pub revision: u32,
    /// Not used.
    pub reserved: u32,
}

/// `struct qxl_core_rect`: pixels, with the right and bottom edges outside.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CoreRect {
    /// First column inside.
    pub left: u32,
    /// First row inside.
    pub top: u32,
    /// First column outside.
    pub right: u32,
    /// First row outside.
    pub bottom: u32,
}

/// `struct qxl_core_head`: a head's part of the screen, in pixels. One that is off has no width.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CoreHead {
    /// Left edge.
    pub x: u32,
    /// Top edge.
    pub y: u32,
    /// From edge to edge.
    pub width: u32,
    /// From edge to edge.
    pub height: u32,
}

/// `struct qxl_core_frame`: pixels that a program draws into.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CoreFrame {
    /// The top left pixel; null is all black.
    pub pixels: *const c_void,
    /// Bytes from a row to the next.
    pub pitch: u32,
    /// Pixels a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// DRM fourcc.
    pub format: u32,
}

/// `struct qxl_core_cursor`: a pointer's shape.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CoreCursor {
    /// ARGB8888, premultiplied.
    pub pixels: *const c_void,
    /// Bytes from a row to the next.
    pub pitch: u32,
    /// Pixels a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Pixels from the left edge to what it points with.
    pub hot_x: u32,
    /// Pixels from the top edge to what it points with.
    pub hot_y: u32,
    /// Where that is on the screen.
    pub x: i32,
    /// Where that is on the screen.
    pub y: i32,
    /// Not used.
    pub reserved: u32,
}

/// `struct qxl_core_statistics`: as [`guest_display::Statistics`].
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs, reason = "the fields are those of guest_display::Statistics")]
pub struct CoreStatistics {
    pub bytes: u64,
    pub fills: u64,
    pub copies: u64,
    pub images: u64,
    pub tiles_written: u64,
    pub tiles_reused: u64,
    pub tiles_evicted: u64,
    pub shapes_written: u64,
    pub shapes_reused: u64,
    pub gestures: u64,
    pub moves_dropped: u64,
    pub released: u64,
    pub stalls: u64,
    pub restarts: u64,
    pub screens: u64,
    pub ports: [u64; PORTS],
    pub outstanding: u64,
    pub heap_taken: u64,
    pub heap_kept: u64,
    pub heap_peak: u64,
    pub heap_len: u64,
}

const _: () = {
    assert!(HEADS == 4 && PORTS == 25);

    assert!(size_of::<CoreWindows>() == 56);
    assert!(offset_of!(CoreWindows, shim) == 16);
    assert!(offset_of!(CoreWindows, ram_len) == 24);
    assert!(offset_of!(CoreWindows, rom_len) == 40);
    assert!(offset_of!(CoreWindows, revision) == 48);

    assert!(size_of::<CoreRect>() == 16);
    assert!(offset_of!(CoreRect, bottom) == 12);

    assert!(size_of::<CoreHead>() == 16);
    assert!(offset_of!(CoreHead, height) == 12);

    assert!(size_of::<CoreFrame>() == 24);
    assert!(offset_of!(CoreFrame, pitch) == 8);
    assert!(offset_of!(CoreFrame, format) == 20);

    assert!(size_of::<CoreCursor>() == 40);
    assert!(offset_of!(CoreCursor, hot_x) == 20);
    assert!(offset_of!(CoreCursor, x) == 28);

    assert!(size_of::<CoreStatistics>() == 45 * 8);
    assert!(offset_of!(CoreStatistics, released) == 11 * 8);
    assert!(offset_of!(CoreStatistics, ports) == 15 * 8);
    assert!(offset_of!(CoreStatistics, outstanding) == 40 * 8);
};

impl From<&guest_display::Statistics> for CoreStatistics {
    fn from(counted: &guest_display::Statistics) -> Self {
        // Exhaustive, so that a number that is added there is missed here by the compiler.
        let guest_display::Statistics {
            bytes,
            fills,
            copies,
            images,
            tiles_written,
            tiles_reused,
            tiles_evicted,
            shapes_written,
            shapes_reused,
            gestures,
            moves_dropped,
            released,
            stalls,
            restarts,
            screens,
            ports,
            outstanding,
            heap_taken,
            heap_kept,
            heap_peak,
            heap_len,
        } = *counted;
        Self {
            bytes,
            fills,
            copies,
            images,
            tiles_written,
            tiles_reused,
            tiles_evicted,
            shapes_written,
            shapes_reused,
            gestures,
            moves_dropped,
            released,
            stalls,
            restarts,
            screens,
            ports,
            outstanding,
            heap_taken,
            heap_kept,
            heap_peak,
            heap_len,
        }
    }
}
