//! The cursor channel: the pointer's shape, and where the server puts it.

use bytes::Bytes;

use crate::base;
use crate::display::CacheId;
use crate::error::WireError;
use crate::message::{Wire, flags, messages, numbers, structure};
use crate::read::Reader;
use crate::write::FrameBuilder;

messages! {
    /// What the server sends. The client sends [`base::ClientMessage`] only.
    pub enum ServerMessage("cursor server messages") includes [
        /// What every channel has.
        Base(base::ServerMessage),
    ] {
        /// All of the pointer's state.
        Init(Init) = 101,
        /// No pointer, and the cache is empty.
        Reset = 102,
        /// Another shape, and a place.
        Set(Set) = 103,
        /// Another place; the pointer becomes visible.
        Move(Position) = 104,
        /// No pointer is seen.
        Hide = 105,
        /// The pointer's trail.
        Trail(Trail) = 106,
        /// A shape leaves the cache.
        InvalOne(CacheId) = 107,
        /// All shapes leave the cache.
        InvalAll = 108,
    }
}

/// What the client sends.
pub type ClientMessage = base::ClientMessage;

flags! {
    /// How a shape meets the cache.
    pub struct CursorFlags(u16) {
        /// There is no shape.
        NO_CURSOR = 1,
        /// The client keeps the shape.
        CACHE_ME = 2,
        /// The client has the shape.
        FROM_CACHE = 4,
    }
}

numbers! {
    /// How a shape's pixels are laid out.
    pub struct CursorType(u8) {
        /// 32 bits a pixel, premultiplied BGRA.
        ALPHA = 0,
        /// 1 bit a pixel: an AND mask, then a XOR mask.
        MONO = 1,
        /// 4 bits a pixel, 16 colours of 32 bits, and an AND mask.
        COLOR4 = 2,
        /// 8 bits a pixel, 256 colours of 32 bits, and an AND mask.
        COLOR8 = 3,
        /// 16 bits a pixel, and an AND mask.
        COLOR16 = 4,
        /// 24 bits a pixel, and an AND mask.
        COLOR24 = 5,
        /// 32 bits a pixel, and an AND mask.
        COLOR32 = 6,
    }
}

structure! {
    /// A place in pixels of the display.
    #[derive(Copy, Default)]
    pub struct Position {
        /// From the left edge.
        pub x: i16,
        /// From the top edge.
        pub y: i16,
    }

    /// Body of [`ServerMessage::Init`].
    pub struct Init {
        /// Where the pointer is.
        pub position: Position,
        /// How many pointers trail behind.
        pub trail_length: u16,
        /// How fast they follow.
        pub trail_frequency: u16,
        /// Whether it is seen.
        pub visible: bool,
        /// Its shape.
        pub cursor: Cursor,
    }

    /// Body of [`ServerMessage::Set`].
    pub struct Set {
        /// Where the pointer is.
        pub position: Position,
        /// Whether it is seen.
        pub visible: bool,
        /// Its shape.
        pub cursor: Cursor,
    }

    /// Body of [`ServerMessage::Trail`].
    #[derive(Copy, Default)]
    pub struct Trail {
        /// How many pointers trail behind.
        pub length: u16,
        /// How fast they follow.
        pub frequency: u16,
    }

    /// A shape's size and name.
    #[derive(Copy, Default, Hash)]
    pub struct CursorHeader {
        /// The shape's name in the cache.
        pub unique: u64,
        /// Layout of its pixels.
        pub cursor_type: CursorType,
        /// Columns.
        pub width: u16,
        /// Rows.
        pub height: u16,
        /// Column of the point that points.
        pub hot_spot_x: u16,
        /// Row of it.
        pub hot_spot_y: u16,
    }
}

/// A shape, or none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Cursor {
    /// No shape.
    #[default]
    None,
    /// The shape that the client has under this name; size and layout are told again.
    Cached(CursorHeader),
    /// A shape with its pixels.
    Shape {
        /// Size and name.
        header: CursorHeader,
        /// Whether the client keeps it.
        cache: bool,
        /// Pixels, colours and mask in the layout of the type; their number is not checked here.
        pixels: Bytes,
    },
}

impl Wire for Cursor {
    const MIN_SIZE: usize = 2;

    fn put(&self, to: &mut FrameBuilder) {
        match self {
            Self::None => to.put(&CursorFlags::NO_CURSOR),
            Self::Cached(header) => {
                to.put(&CursorFlags::FROM_CACHE);
                to.put(header);
            }
            Self::Shape { header, cache, pixels } => {
                to.put(if *cache { &CursorFlags::CACHE_ME } else { &CursorFlags::NONE });
                to.put(header);
                to.payload(pixels);
            }
        }
    }

    fn take(from: &mut Reader<'_>, field: &'static str) -> Result<Self, WireError> {
        let flags = CursorFlags::take(from, "Cursor::flags")?;
        if flags.contains(CursorFlags::NO_CURSOR) {
            return Ok(Self::None);
        }
        let header = CursorHeader::take(from, field)?;
        if flags.contains(CursorFlags::FROM_CACHE) {
            return Ok(Self::Cached(header));
        }
        Ok(Self::Shape { header, cache: flags.contains(CursorFlags::CACHE_ME), pixels: from.rest() })
    }
}
