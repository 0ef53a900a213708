//! The header in the device's RAM: rings, interrupts and the arguments of ports. It stands at
//! [`Rom::ram_header_offset`](crate::rom::Rom::ram_header_offset), aligned to 4 bytes at least.

use zerocopy::little_endian::{I32, U32, U64};

use crate::command::Command;
use crate::geometry::Rect;
use crate::memslot::PhysAddr;

/// `QXL_RAM_MAGIC`, "QXRA".
pub const RAM_MAGIC: u32 = u32::from_le_bytes(*b"QXRA");

/// `QXL_LOG_BUF_SIZE`: bytes of the text for [`IoPort::Log`](crate::ioport::IoPort::Log).
pub const LOG_BYTES: usize = 4096;

/// Bits of [`RamHeader::int_pending`] and [`RamHeader::int_mask`].
pub mod interrupt {
    /// The release ring has news, or the command ring has room again.
    pub const DISPLAY: u32 = 1 << 0;
    /// The cursor ring has room again.
    pub const CURSOR: u32 = 1 << 1;
    /// An asynchronous port is done.
    pub const IO_COMMAND: u32 = 1 << 2;
    /// The driver did something wrong, and the device does nothing until it is reset.
    pub const ERROR: u32 = 1 << 3;
    /// A client came or went.
    pub const CLIENT: u32 = 1 << 4;
    /// The ROM has a new arrangement of monitors from the client.
    pub const CLIENT_MONITORS_CONFIG: u32 = 1 << 5;
}

device_layout! {
    /// `QXLRam`. Fields were only ever appended.
    pub struct RamHeader: 5348 {
        /// [`RAM_MAGIC`].
        pub magic: U32,
        /// [`interrupt`] bits that have happened. The device sets them, the driver clears them.
        pub int_pending: U32,
        /// [`interrupt`] bits that raise the line.
        pub int_mask: U32,
        /// The text for [`IoPort::Log`](crate::ioport::IoPort::Log), which ends with a byte 0.
        pub log_buf: [u8; LOG_BYTES] = 12,
        /// Drawings, updates, messages and surfaces, from the driver.
        pub command_ring: CommandRingLayout = 4108,
        /// The pointer, from the driver.
        pub cursor_ring: CommandRingLayout = 4640,
        /// Released commands, to the driver.
        pub release_ring: ReleaseRingLayout = 5172,
        /// The area for [`IoPort::UpdateArea`](crate::ioport::IoPort::UpdateArea).
        pub update_area: Rect = 5256,
        /// Its surface.
        pub update_surface: U32 = 5272,
        /// The slot for [`IoPort::MemslotAdd`](crate::ioport::IoPort::MemslotAdd).
        pub mem_slot: SlotRange = 5276,
        /// The surface for [`IoPort::CreatePrimary`](crate::ioport::IoPort::CreatePrimary).
        pub create_surface: PrimarySurface = 5292,
        /// Not used.
        pub flags: U64 = 5332,
        /// The [monitors](crate::monitors) for
        /// [`IoPort::MonitorsConfigAsync`](crate::ioport::IoPort::MonitorsConfigAsync).
        pub monitors_config: PhysAddr = 5340,
    }

    /// What each ring begins with. [`ring`](crate::ring) says who writes what.
    pub struct RingHeader: 20 {
        /// Elements, a power of two.
        pub num_items: U32,
        /// Elements ever produced, modulo 2^32.
        pub prod: U32,
        /// The `prod` at which the consumer wants to be woken.
        pub notify_on_prod: U32,
        /// Elements ever consumed, modulo 2^32.
        pub cons: U32,
        /// The `cons` at which the producer wants to be woken.
        pub notify_on_cons: U32,
    }

    /// `QXLCommandRing` and `QXLCursorRing`.
    pub struct CommandRingLayout: 532 {
        /// Indices.
        pub header: RingHeader,
        /// Element `n` is at `n % 32`.
        pub items: [Command; 32] = 20,
    }

    /// `QXLReleaseRing`.
    pub struct ReleaseRingLayout: 84 {
        /// Indices.
        pub header: RingHeader,
        /// Element `n` is at `n % 8`: the id of the first released command of a bunch.
        pub items: [U64; 8] = 20,
    }

    /// `QXLMemSlot`.
    pub struct SlotRange: 16 {
        /// The guest-physical address of the first byte, inside one of the device's memory BARs.
        pub start: U64,
        /// That of the first byte after the slot.
        pub end: U64,
    }

    /// `QXLSurfaceCreate`.
    pub struct PrimarySurface: 40 {
        /// Width in pixels.
        pub width: U32,
        /// Height in pixels.
        pub height: U32,
        /// Bytes from a row to the one below it; negative when the last row comes first in memory.
        pub stride: I32,
        /// [`SurfaceFormat`](crate::surface::SurfaceFormat).
        pub format: U32,
        /// Not used.
        pub position: U32,
        /// Not used.
        pub mouse_mode: U32,
        /// [`KEEP_DATA`](crate::surface::KEEP_DATA).
        pub flags: U32,
        /// `QXL_SURF_TYPE_PRIMARY`, 0.
        pub kind: U32,
        /// The lowest address of the pixels.
        pub mem: PhysAddr = 32,
    }
}
