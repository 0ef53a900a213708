//! The three rings in the [RAM header](crate::ram::RamHeader): commands and cursor from the driver,
//! released commands back to it.
//!
//! Each ring has one producer and one consumer, on either side of shared memory. [`GuestRings`] and
//! [`HostRings`] are the only way to the halves, so each side has the legal ones and no others.
//!
//! | word | written by | meaning |
//! |---|---|---|
//! | `num_items` | host, once | the length; never believed here, it is a constant of the ring |
//! | `prod` | producer | elements ever produced, modulo 2^32 |
//! | `cons` | consumer | elements ever consumed, modulo 2^32 |
//! | `notify_on_prod` | consumer | wake me when `prod` gets there |
//! | `notify_on_cons` | producer | wake me when `cons` gets there |
//!
//! # Invariants
//! - A half keeps its own index and only ever publishes it: the peer cannot move it.
//! - The peer's index is loaded once per call. A distance between the two of more than the ring's length
//!   is a [`RingFault`]; the call then has changed nothing.
//! - An element is written before the index that publishes it, and read before the index that frees it,
//!   with a full barrier in between. So is each wish to be woken before the look that follows it: of two
//!   halves that do this at once, at least one sees what the other did.

mod half;

use zerocopy::little_endian::U64;
use zerocopy::{FromBytes, Immutable, IntoBytes};

pub use half::{Consumer, Producer};

use crate::command::Command;
use crate::ram::{CommandRingLayout, RamHeader, ReleaseRingLayout};

/// Memory that two parties read and write at once: the RAM header, from its first byte.
///
/// An implementation is a handle (a mapped address, usually) that covers [`RamHeader`] whole. `at` is
/// always inside and, for words, a multiple of 4. Accesses are volatile: each call is exactly one access
/// (of a word) or one copy (of bytes), never repeated, and never left out.
pub trait SharedMemory {
    /// Loads a little-endian word, whole.
    fn load(&self, at: usize) -> u32;
    /// Stores a little-endian word, whole.
    fn store(&self, at: usize, word: u32);
    /// Clears bits of a little-endian word and says which of them were set, in one step that the peer cannot get in
    /// between.
    fn take_bits(&self, at: usize, bits: u32) -> u32;
    /// Copies bytes out.
    fn read(&self, at: usize, bytes: &mut [u8]);
    /// Copies bytes in.
    fn write(&self, at: usize, bytes: &[u8]);
    /// No access is moved across it, in either direction, by compiler or processor.
    fn barrier(&self) {
        core::sync::atomic::fence(core::sync::atomic::Ordering::SeqCst);
    }
}

/// One of the device's rings, as a type.
pub trait Ring: sealed::Sealed {
    /// What an element is.
    type Item: Copy + FromBytes + IntoBytes + Immutable;
    /// How many there are, a power of two.
    const ITEMS: u32;
    /// Bytes from the RAM header's first to the ring's first.
    const OFFSET: usize;
}

mod sealed {
    pub trait Sealed {}
}

/// Commands of every kind but cursor, from the driver.
#[derive(Clone, Copy, Debug)]
pub struct CommandRing;

/// Commands of kind cursor, from the driver.
#[derive(Clone, Copy, Debug)]
pub struct CursorRing;

/// Released commands, to the driver: each element is the id of the first of a bunch, as
/// [`ReleaseInfo`](crate::release::ReleaseInfo) says.
#[derive(Clone, Copy, Debug)]
pub struct ReleaseRing;

impl sealed::Sealed for CommandRing {}
impl sealed::Sealed for CursorRing {}
impl sealed::Sealed for ReleaseRing {}

impl Ring for CommandRing {
    type Item = Command;
    const ITEMS: u32 = 32;
    const OFFSET: usize = core::mem::offset_of!(RamHeader, command_ring);
}

impl Ring for CursorRing {
    type Item = Command;
    const ITEMS: u32 = 32;
    const OFFSET: usize = core::mem::offset_of!(RamHeader, cursor_ring);
}

impl Ring for ReleaseRing {
    type Item = U64;
    const ITEMS: u32 = 8;
    const OFFSET: usize = core::mem::offset_of!(RamHeader, release_ring);
}

const _: () = {
    assert!(half::bytes_of::<CommandRing>() == size_of::<CommandRingLayout>());
    assert!(half::bytes_of::<ReleaseRing>() == size_of::<ReleaseRingLayout>());
    assert!(CommandRing::OFFSET % 4 == 0 && CursorRing::OFFSET % 4 == 0 && ReleaseRing::OFFSET % 4 == 0);
    assert!(CommandRing::ITEMS.is_power_of_two() && ReleaseRing::ITEMS.is_power_of_two());
};

/// The peer's index says that more elements are in the ring than it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingFault {
    /// Elements ever produced.
    pub prod: u32,
    /// Elements ever consumed.
    pub cons: u32,
}

impl core::fmt::Display for RingFault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "ring indices are impossible: {} produced, {} consumed", self.prod, self.cons)
    }
}

impl core::error::Error for RingFault {}

/// Why an element was not pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushError {
    /// There is no room.
    Full,
    /// The consumer's index is impossible.
    Fault(RingFault),
}

impl From<RingFault> for PushError {
    fn from(fault: RingFault) -> Self {
        Self::Fault(fault)
    }
}

impl core::fmt::Display for PushError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Full => write!(f, "ring is full"),
            Self::Fault(fault) => fault.fmt(f),
        }
    }
}

impl core::error::Error for PushError {}

/// Whether the peer asked to be woken now: by a port or an interrupt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a peer that is not woken sleeps for ever"]
pub struct Wake(pub bool);

/// The driver's halves.
#[derive(Debug)]
pub struct GuestRings<M> {
    /// Drawings, updates, messages and surfaces.
    pub commands: Producer<CommandRing, M>,
    /// The pointer.
    pub cursor: Producer<CursorRing, M>,
    /// What the device is done with.
    pub releases: Consumer<ReleaseRing, M>,
}

impl<M: SharedMemory + Clone> GuestRings<M> {
    /// Takes up the rings that the device has set up, at whatever index they are. There may be only one
    /// at a time, and none across a reset of the device.
    pub fn attach(header: &M) -> Result<Self, RingFault> {
        Ok(Self {
            commands: Producer::attach(header.clone())?,
            cursor: Producer::attach(header.clone())?,
            releases: Consumer::attach(header.clone())?,
        })
    }
}

/// The device's halves.
#[derive(Debug)]
pub struct HostRings<M> {
    /// Drawings, updates, messages and surfaces.
    pub commands: Consumer<CommandRing, M>,
    /// The pointer.
    pub cursor: Consumer<CursorRing, M>,
    /// What the device is done with.
    pub releases: Producer<ReleaseRing, M>,
}

impl<M: SharedMemory + Clone> HostRings<M> {
    /// Sets the rings up, empty, as a device does at power on and at reset: each consumer wants to be
    /// woken by the first element.
    pub fn reset(header: &M) -> Self {
        Self {
            commands: Consumer::new(half::reset::<CommandRing, M>(header.clone())),
            cursor: Consumer::new(half::reset::<CursorRing, M>(header.clone())),
            releases: Producer::new(half::reset::<ReleaseRing, M>(header.clone())),
        }
    }

    /// Takes up the rings of a guest that has been running, as after a migration.
    pub fn attach(header: &M) -> Result<Self, RingFault> {
        Ok(Self {
            commands: Consumer::attach(header.clone())?,
            cursor: Consumer::attach(header.clone())?,
            releases: Producer::attach(header.clone())?,
        })
    }
}
