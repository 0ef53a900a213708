//! The pointer: commands of the cursor ring and the shapes they set.

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, IntoBytes};

use crate::chunk::DataChunk;
use crate::code::codes;
use crate::geometry::Point16;
use crate::memslot::PhysAddr;
use crate::release::ReleaseInfo;

codes! {
    /// `QXL_CURSOR_*`.
    pub enum CursorCommandKind: u8 {
        /// [`CursorSet`]: a new shape. The device keeps the command until another shape replaces it, or
        /// the primary surface goes; hiding the pointer does not release it.
        Set = 0,
        /// [`Point16`]: a new position.
        Move = 1,
        /// No pointer.
        Hide = 2,
        /// [`CursorTrail`].
        Trail = 3,
    }

    /// `SPICE_CURSOR_TYPE_*`: what a shape's data is. Rows are in whole bytes, without other padding.
    pub enum CursorShapeKind: u16 {
        /// 0xAARRGGBB, premultiplied.
        Alpha = 0,
        /// A mask of 1 bit a pixel to AND with, then one to XOR with.
        Mono = 1,
        /// 4 bits a pixel, a palette of 16 32-bit colours, then the AND mask.
        Color4 = 2,
        /// 8 bits a pixel, a palette of 256 32-bit colours, then the AND mask.
        Color8 = 3,
        /// 16 bits a pixel, then the AND mask.
        Color16 = 4,
        /// 24 bits a pixel, then the AND mask.
        Color24 = 5,
        /// 32 bits a pixel, then the AND mask.
        Color32 = 6,
    }
}

device_layout! {
    /// `QXLCursorCmd`.
    pub struct CursorCommand: 150 {
        /// The way back to the driver.
        pub release: ReleaseInfo,
        /// [`CursorCommandKind`].
        pub kind: u8,
        /// A union: [`CursorSet`], [`CursorTrail`] or [`Point16`], by `kind`.
        pub body: CursorBody = 9,
        /// For the device alone.
        pub device_data: [u8; 128] = 22,
    }

    /// The union in a [`CursorCommand`].
    pub struct CursorBody: 13 {
        /// The bytes of whichever member it is.
        pub bytes: [u8; 13],
    }

    /// A new shape at a position.
    pub struct CursorSet: 13 {
        /// Where the hot spot is, in pixels.
        pub position: Point16,
        /// 0 for a pointer that is not shown.
        pub visible: u8 = 4,
        /// Where the [`Cursor`] is.
        pub shape: PhysAddr = 5,
    }

    /// A trail behind the pointer.
    pub struct CursorTrail: 4 {
        /// Shadows.
        pub length: U16,
        /// Milliseconds between them.
        pub frequency: U16,
    }

    /// `QXLCursorHeader`.
    pub struct CursorHeader: 18 {
        /// The same number means the same shape, for ever; 0 for a shape that is not to be cached.
        pub unique: U64,
        /// [`CursorShapeKind`].
        pub kind: U16,
        /// Width in pixels.
        pub width: U16,
        /// Height in pixels.
        pub height: U16,
        /// Pixels from the left edge to the point that points.
        pub hot_spot_x: U16,
        /// Pixels from the top edge to it.
        pub hot_spot_y: U16,
    }

    /// `QXLCursor`: the shape is the chunk's data.
    pub struct Cursor: 42 {
        /// What the shape is.
        pub header: CursorHeader,
        /// Bytes of the shape. When the chunks hold fewer, it is those.
        pub data_size: U32,
        /// The first piece of them.
        pub chunk: DataChunk = 22,
    }
}

/// What a [`CursorCommand`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CursorAction {
    /// A new shape.
    Set(CursorSet),
    /// A new position.
    Move(Point16),
    /// No pointer.
    Hide,
    /// A trail behind the pointer.
    Trail(CursorTrail),
}

impl CursorCommand {
    /// The command that says `action`, known to the driver by `id`.
    pub fn new(id: u64, action: CursorAction) -> Self {
        let (kind, bytes): (_, &[u8]) = match &action {
            CursorAction::Set(set) => (CursorCommandKind::Set, set.as_bytes()),
            CursorAction::Move(position) => (CursorCommandKind::Move, position.as_bytes()),
            CursorAction::Hide => (CursorCommandKind::Hide, &[]),
            CursorAction::Trail(trail) => (CursorCommandKind::Trail, trail.as_bytes()),
        };
        let mut command = Self { release: ReleaseInfo::new(id), kind: kind.code(), ..Self::default() };
        for (to, from) in command.body.bytes.iter_mut().zip(bytes) {
            *to = *from;
        }
        command
    }

    /// What the command says, or `None` when its kind is unknown: the device then does nothing.
    pub fn action(&self) -> Option<CursorAction> {
        Some(match CursorCommandKind::try_from(self.kind).ok()? {
            CursorCommandKind::Set => CursorAction::Set(self.body.member()?),
            CursorCommandKind::Move => CursorAction::Move(self.body.member()?),
            CursorCommandKind::Hide => CursorAction::Hide,
            CursorCommandKind::Trail => CursorAction::Trail(self.body.member()?),
        })
    }
}

impl CursorBody {
    /// The union's member of type `T`; always there, because every member fits.
    fn member<T: FromBytes>(&self) -> Option<T> {
        const { assert!(size_of::<T>() <= size_of::<Self>()) }
        T::read_from_prefix(&self.bytes).ok().map(|(member, _)| member)
    }
}
