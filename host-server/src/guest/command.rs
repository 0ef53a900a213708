//! Commands of the guest after their structures have been copied out and found valid.
//!
//! Addresses of images are still addresses: [`fetch`](super::fetch) turns them into pixels.

use image::geometry::{Point, Rect};
use image::surface::SurfaceFormat;
use qxl::memslot::PhysAddr;
use wire::drawable::{Drawable, SurfaceId};

/// A command of the display ring.
#[derive(Clone, Debug)]
pub enum Command {
    /// Draw.
    Draw(Draw<ImageAddress>),
    /// Draw an area into the guest's memory and tell the guest.
    Update {
        /// The surface.
        surface: SurfaceId,
        /// The part of it.
        area: Rect,
        /// The guest's name for the request.
        id: u32,
    },
    /// Something for the log.
    Message(String),
    /// A surface comes to be.
    CreateSurface {
        /// Its name.
        surface: SurfaceId,
        /// Its shape and memory.
        shape: SurfaceShape,
    },
    /// A surface goes.
    DestroySurface(SurfaceId),
}

/// A drawing.
#[derive(Clone, Debug)]
pub struct Draw<I> {
    /// What is drawn.
    pub drawable: Drawable<I>,
    /// The part of its own surface that stands for an image that is not given.
    pub self_bitmap: Option<Rect>,
    /// Colours are 0RRRRRGGGGGBBBBB, from a driver for 16 bits a pixel.
    pub colors_are_16_bit: bool,
}

/// Where an image is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageAddress {
    /// The address; null for the drawing's own area.
    pub address: PhysAddr,
    /// Whether the image's bits only say where to draw, and need no palette.
    pub is_mask: bool,
}

/// A surface as the guest describes it, with sizes that fit each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SurfaceShape {
    /// What its pixels are.
    pub format: SurfaceFormat,
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Bytes from one row to the next; negative when the bottom row is stored first.
    pub stride: i32,
    /// Bytes of all rows.
    pub bytes: u32,
    /// The first stored byte.
    pub data: PhysAddr,
    /// Whether the stored pixels are the surface's first picture.
    pub keep_data: bool,
}

/// A command of the cursor ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CursorCommand {
    /// A new shape.
    Set {
        /// Where its hot spot is.
        position: Point,
        /// Whether it is shown.
        visible: bool,
        /// The shape.
        shape: CursorShape,
    },
    /// A new position.
    Move(Point),
    /// No pointer.
    Hide,
    /// A trail behind the pointer.
    Trail {
        /// Shadows.
        length: u16,
        /// Milliseconds between them.
        frequency: u16,
    },
}

/// A pointer's shape. The data is as long as kind and size need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CursorShape {
    /// The guest's name for it; 0 for none.
    pub unique: u64,
    /// `SPICE_CURSOR_TYPE_*`.
    pub kind: u16,
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
    /// The point that points.
    pub hot_spot: (u16, u16),
    /// Pixels, palette and masks.
    pub data: bytes::Bytes,
}
