//! What can be wrong with a device, and with what is asked of it.

use core::fmt;

use qxl::ring::RingFault;

use crate::damage::OutOfMemory;

/// Why the device cannot be taken up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartError {
    /// The ROM does not begin with its magic number, but with this.
    RomMagic(u32),
    /// The RAM header does not begin with its magic number, but with this.
    RamMagic(u32),
    /// The device has no memory slots: its PCI revision is too old.
    Revision(u8),
    /// The RAM header is not inside RAM, or not aligned.
    RamHeader {
        /// Where the ROM says it is.
        offset: u32,
        /// Bytes of RAM.
        ram_len: u64,
    },
    /// There is no room for commands between the primary surface and the RAM header.
    NoRoom {
        /// Bytes that the ROM gives the primary surface.
        primary: u64,
        /// Bytes before the RAM header.
        header: u64,
    },
    /// No memory slot can be addressed.
    Slots {
        /// The first slot.
        first: u8,
        /// Bits of an address for a slot's number.
        id_bits: u8,
        /// Bits of an address for a slot's generation.
        generation_bits: u8,
    },
    /// The ROM says something else than it did before the device was reset.
    Changed,
    /// A ring's indices make no sense after a reset.
    Ring(RingFault),
    /// The guest has too little memory for the book-keeping.
    OutOfMemory,
}

/// The device is not to be used any more, and why. It may be [resumed](crate::Device::resume).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dead {
    /// A ring's indices make no sense.
    Ring(RingFault),
    /// The device released a command that it does not have.
    UnknownRelease(u64),
    /// The device was reset or found fault with the driver, and could not be taken up again.
    Restart(StartError),
    /// The device found fault with the driver too often.
    TooManyErrors,
    /// The driver is suspended or shut down.
    Suspended,
}

/// Why a screen cannot be shown. What was shown before still is, unless the device is dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScreenError {
    /// More heads than [`MAX_HEADS`](crate::MAX_HEADS).
    TooManyHeads(usize),
    /// A head without pixels.
    EmptyHead(usize),
    /// The screen is larger than the device's memory for it, or wider or higher than can be said.
    TooLarge {
        /// Pixels from edge to edge.
        width: u32,
        /// Pixels from edge to edge.
        height: u32,
        /// Bytes that there are.
        available: u64,
    },
    /// The guest has too little memory for a copy of the screen.
    OutOfMemory,
    /// The device is not to be used any more; nothing is shown.
    Dead(Dead),
}

impl From<OutOfMemory> for StartError {
    fn from(OutOfMemory: OutOfMemory) -> Self {
        Self::OutOfMemory
    }
}

impl From<RingFault> for StartError {
    fn from(fault: RingFault) -> Self {
        Self::Ring(fault)
    }
}

impl From<OutOfMemory> for ScreenError {
    fn from(OutOfMemory: OutOfMemory) -> Self {
        Self::OutOfMemory
    }
}

impl From<Dead> for ScreenError {
    fn from(dead: Dead) -> Self {
        Self::Dead(dead)
    }
}

impl From<RingFault> for Dead {
    fn from(fault: RingFault) -> Self {
        Self::Ring(fault)
    }
}

impl fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "out of memory")
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RomMagic(found) => {
                write!(f, "device rom begins with {found:#010x}, not with its magic number")
            }
            Self::RamMagic(found) => {
                write!(f, "device ram header begins with {found:#010x}, not with its magic number")
            }
            Self::Revision(revision) => write!(f, "device revision {revision} has no memory slots"),
            Self::RamHeader { offset, ram_len } => {
                write!(f, "device rom puts the ram header at {offset:#x} of {ram_len:#x} bytes")
            }
            Self::NoRoom { primary, header } => {
                write!(
                    f,
                    "device rom leaves no room for commands: {primary:#x} of {header:#x} bytes are for the screen"
                )
            }
            Self::Slots { first, id_bits, generation_bits } => write!(
                f,
                "device rom has no usable memory slot: first is {first}, addresses have {id_bits} bits of number and \
                 {generation_bits} of generation"
            ),
            Self::Changed => write!(f, "device rom is not what it was before the reset"),
            Self::Ring(fault) => write!(f, "device reset: {fault}"),
            Self::OutOfMemory => OutOfMemory.fmt(f),
        }
    }
}

impl fmt::Display for Dead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ring(fault) => write!(f, "device broke a ring: {fault}"),
            Self::UnknownRelease(id) => write!(f, "device released command {id:#x}, which it does not have"),
            Self::Restart(error) => write!(f, "device does not come up again: {error}"),
            Self::TooManyErrors => write!(f, "device found fault with the driver too often"),
            Self::Suspended => write!(f, "device is suspended"),
        }
    }
}

impl fmt::Display for ScreenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyHeads(count) => write!(f, "{count} heads are too many"),
            Self::EmptyHead(head) => write!(f, "head {head} has no pixels"),
            Self::TooLarge { width, height, available } => {
                write!(
                    f,
                    "screen of {width} by {height} pixels does not fit into {available} bytes of the device"
                )
            }
            Self::OutOfMemory => OutOfMemory.fmt(f),
            Self::Dead(dead) => dead.fmt(f),
        }
    }
}

impl core::error::Error for OutOfMemory {}
impl core::error::Error for StartError {}
impl core::error::Error for Dead {}
impl core::error::Error for ScreenError {}
