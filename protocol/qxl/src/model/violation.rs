//! What a driver did wrong.

use crate::drawable::OperationKind;
use crate::geometry::Rect;
use crate::image::{BitmapFault, ImageKind};
use crate::ioport::IoPort;
use crate::memslot::{AddressFault, PhysAddr};
use crate::ring::RingFault;
use crate::surface::ShapeFault;

/// A rule that the driver broke. A real device logs it and drops the command, or stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// An address leads nowhere.
    Address(AddressFault),
    /// A ring's indices are impossible.
    Ring(RingFault),
    /// No such port.
    UnknownPort(u8),
    /// The port needs a primary surface, and there is none.
    NoPrimary(IoPort),
    /// There is a primary surface already.
    PrimaryExists,
    /// An asynchronous port was written while another one was under way.
    AsyncBusy {
        /// The one that was written.
        port: IoPort,
        /// The one under way.
        current: IoPort,
    },
    /// The number of a memory slot is too large.
    SlotNumber(u8),
    /// A memory slot is not inside one BAR, or ends before it begins.
    SlotRange {
        /// Its first guest-physical address.
        start: u64,
        /// The first after it.
        end: u64,
    },
    /// A command is of a kind that its ring does not carry.
    CommandKind(u32),
    /// A command whose id is 0, which means "none" in the release ring.
    ReleaseId,
    /// A command was pushed again while the device still had it.
    PushedTwice(PhysAddr),
    /// Memory of a command changed while the device had it.
    ChangedWhileOwned {
        /// The command's id.
        id: u64,
    },
    /// A chunk list leads back to one of its pieces.
    CircularChunks,
    /// A chunk list has more bytes than the device takes, or than memory has.
    TooManyBytes,
    /// A chunk list has other than the promised bytes.
    ChunkBytes {
        /// Bytes promised.
        expected: u64,
        /// Bytes there.
        found: u64,
    },
    /// No such surface.
    UnknownSurface(u32),
    /// The surface exists already.
    SurfaceExists(u32),
    /// The shape of a surface is impossible.
    Shape(ShapeFault),
    /// A surface command of unknown kind.
    SurfaceCommandKind(u8),
    /// A drawing reads a surface that its dependencies do not name.
    UndeclaredDependency(u32),
    /// A drawing's bounding box is not inside its surface.
    BoundingBox(Rect),
    /// The part of an image or a surface that is read is not inside it.
    SourceArea(Rect),
    /// The area to update is empty or negative.
    UpdateArea(Rect),
    /// No such operation.
    UnknownOperation(u8),
    /// An image is needed, and its address is null.
    NoImage,
    /// An image of a kind that guests cannot use.
    ImageKind(u8),
    /// A bitmap is impossible.
    Bitmap(BitmapFault),
    /// A path's segments do not fit its bytes.
    Path,
    /// A string's glyphs do not fit its bytes or their count, or have no depth.
    Glyphs,
    /// The pointer's shape is unknown or shorter than its size.
    CursorShape {
        /// The kind.
        kind: u16,
        /// Bytes that are there.
        found: u64,
    },
    /// A message without an end.
    Message,
    /// An arrangement of no monitors, or of more than it allows.
    Monitors {
        /// How many there are.
        count: u16,
        /// How many it allows.
        max_allowed: u16,
    },
    /// Not wrong, but more than the model draws: an operation, or one with this raster operation, mask,
    /// brush or scaling.
    NotDrawn(OperationKind),
    /// Not wrong, but images of this kind are more than the model draws.
    ImageNotDrawn(ImageKind),
    /// Not wrong, but the model does not have this port.
    NotModelled(IoPort),
}

impl From<AddressFault> for Violation {
    fn from(fault: AddressFault) -> Self {
        Self::Address(fault)
    }
}

impl From<RingFault> for Violation {
    fn from(fault: RingFault) -> Self {
        Self::Ring(fault)
    }
}

impl From<ShapeFault> for Violation {
    fn from(fault: ShapeFault) -> Self {
        Self::Shape(fault)
    }
}

impl From<BitmapFault> for Violation {
    fn from(fault: BitmapFault) -> Self {
        Self::Bitmap(fault)
    }
}

impl core::fmt::Display for Violation {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Address(fault) => fault.fmt(f),
            Self::Ring(fault) => fault.fmt(f),
            other => write!(f, "driver broke a rule: {other:?}"),
        }
    }
}

impl core::error::Error for Violation {}
