//! How the device shows up on the PCI bus.

use crate::code::codes;

/// `REDHAT_PCI_VENDOR_ID`.
pub const VENDOR: u16 = 0x1b36;
/// `QXL_DEVICE_ID_STABLE`.
pub const DEVICE: u16 = 0x0100;

codes! {
    /// The PCI revision, which says what a driver can expect.
    pub enum Revision: u8 {
        /// `QXL_REVISION_STABLE_V04`: no surfaces, one memory slot; compatibility structures.
        V04 = 1,
        /// `QXL_REVISION_STABLE_V06`: surfaces and memory slots.
        V06 = 2,
        /// `QXL_REVISION_STABLE_V10`: asynchronous IO.
        V10 = 3,
        /// `QXL_REVISION_STABLE_V12`: client capabilities and monitors.
        V12 = 4,
    }

    /// The device's PCI base address registers.
    pub enum Bar: u8 {
        /// Primary surface, commands and, at its end, the [RAM header](crate::ram::RamHeader).
        Ram = 0,
        /// Other surfaces. A 64-bit register 4 with the same memory may exist as well.
        Vram = 1,
        /// [Read-only memory](crate::rom::Rom).
        Rom = 2,
        /// [Ports](crate::ioport::IoPort).
        Io = 3,
    }
}
