//! Surfaces other than the primary one: how a driver creates and destroys them.

use zerocopy::little_endian::{I32, U32};

use crate::code::codes;
use crate::memslot::PhysAddr;
use crate::release::ReleaseInfo;

/// `QXL_SURF_FLAG_KEEP_DATA`: the memory's pixels are the surface's first picture.
pub const KEEP_DATA: u32 = 1 << 0;

/// Bytes that a surface may take.
pub const MAX_SURFACE_BYTES: u64 = 0x7fff_ffff;

codes! {
    /// `QXL_SURFACE_CMD_*`.
    pub enum SurfaceCommandKind: u8 {
        /// The surface comes to be.
        Create = 0,
        /// The surface is no more. Its memory stays in use until the *create* command is released.
        Destroy = 1,
    }

    /// `SPICE_SURFACE_FMT_*`: what a surface's pixels are.
    pub enum SurfaceFormat: u32 {
        /// One bit of alpha.
        A1 = 1,
        /// Eight bits of alpha.
        A8 = 8,
        /// 0RRRRRGGGGGBBBBB.
        Rgb555 = 16,
        /// 0x00RRGGBB.
        Xrgb = 32,
        /// RRRRRGGGGGGBBBBB.
        Rgb565 = 80,
        /// 0xAARRGGBB.
        Argb = 96,
    }
}

impl SurfaceFormat {
    /// Bits of a pixel.
    pub const fn bits(self) -> u32 {
        match self {
            Self::A1 => 1,
            Self::A8 => 8,
            Self::Rgb555 | Self::Rgb565 => 16,
            Self::Xrgb | Self::Argb => 32,
        }
    }
}

device_layout! {
    /// `QXLSurface`.
    pub struct SurfaceShape: 24 {
        /// [`SurfaceFormat`].
        pub format: U32,
        /// Width in pixels.
        pub width: U32,
        /// Height in pixels.
        pub height: U32,
        /// Bytes from a row to the one below it; negative when the last row comes first in memory.
        pub stride: I32,
        /// The lowest address of the pixels.
        pub data: PhysAddr,
    }

    /// `QXLSurfaceCmd`.
    pub struct SurfaceCommand: 41 {
        /// The way back to the driver.
        pub release: ReleaseInfo,
        /// Which surface.
        pub surface_id: U32,
        /// [`SurfaceCommandKind`].
        pub kind: u8,
        /// [`KEEP_DATA`].
        pub flags: U32,
        /// What is created.
        pub shape: SurfaceShape = 17,
    }
}

/// What is wrong with the shape of a surface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShapeFault {
    /// No such format.
    Format(u32),
    /// The stride is shorter than a row, or its size cannot be said.
    Stride(i32),
    /// More than [`MAX_SURFACE_BYTES`].
    TooLarge,
}

/// The format of a surface of that shape and the bytes that it takes in memory.
pub fn checked_shape(
    format: u32,
    width: u32,
    height: u32,
    stride: i32,
) -> Result<(SurfaceFormat, u32), ShapeFault> {
    let known = SurfaceFormat::try_from(format).map_err(|_| ShapeFault::Format(format))?;
    let row = (u64::from(width) * u64::from(known.bits())).div_ceil(8);
    if stride == i32::MIN || row > u64::from(stride.unsigned_abs()) {
        return Err(ShapeFault::Stride(stride));
    }
    let bytes = u64::from(height) * u64::from(stride.unsigned_abs());
    match u32::try_from(bytes) {
        Ok(small) if bytes <= MAX_SURFACE_BYTES => Ok((known, small)),
        _ => Err(ShapeFault::TooLarge),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_at_the_extremes() {
        assert_eq!(checked_shape(32, 4, 4, 16), Ok((SurfaceFormat::Xrgb, 64)));
        assert_eq!(checked_shape(32, 4, 4, -16), Ok((SurfaceFormat::Xrgb, 64)));
        assert_eq!(checked_shape(32, 4, 4, 15), Err(ShapeFault::Stride(15)));
        assert_eq!(checked_shape(32, 0, 0, 0), Ok((SurfaceFormat::Xrgb, 0)));
        assert_eq!(checked_shape(33, 4, 4, 16), Err(ShapeFault::Format(33)));
        assert_eq!(checked_shape(32, 0, 1, i32::MIN), Err(ShapeFault::Stride(i32::MIN)));
        assert_eq!(checked_shape(32, u32::MAX, 1, i32::MAX), Err(ShapeFault::Stride(i32::MAX)));
        assert_eq!(checked_shape(1, 8, u32::MAX, i32::MAX), Err(ShapeFault::TooLarge));
        assert_eq!(checked_shape(1, 8, 1, i32::MAX), Ok((SurfaceFormat::A1, i32::MAX.unsigned_abs())));
    }
}
