//! The arrangement of a display's monitors on its primary surface.

use image::geometry::Size;
use wire::drawable::SurfaceId;

/// Monitors as clients are told of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Monitors {
    /// The most that the device can drive.
    pub max: u16,
    /// Those that are on.
    pub heads: Vec<Head>,
}

/// One monitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its number.
    pub id: u32,
    /// The surface it shows.
    pub surface: SurfaceId,
    /// The size of the part it shows, in pixels.
    pub size: Size,
    /// Columns left of that part.
    pub x: u32,
    /// Rows above it.
    pub y: u32,
    /// The device's own bits.
    pub flags: u32,
}

impl Monitors {
    /// Heads that one display may have, as the original server allows.
    pub const LIMIT: u16 = 256;

    /// One monitor that shows all of a primary surface.
    pub fn whole_primary(size: Size) -> Self {
        let head = Head { id: 0, surface: SurfaceId::PRIMARY, size, x: 0, y: 0, flags: 0 };
        Self { max: 1, heads: vec![head] }
    }
}
