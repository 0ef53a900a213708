//! A picture in graphics memory that the host shows in place of a primary surface: what a 3D guest draws into.
//!
//! Clients on this host that can are given the memory itself, as a file descriptor; the engine shows its pixels to all
//! others as a primary surface. Nothing here reads the memory or sends anything.

pub mod draws;
pub mod viewer;

use std::os::fd::OwnedFd;
use std::sync::Arc;

use image::geometry::{Rect, Size};
use wire::display::{GlScanoutFlags, GlScanoutUnix};

use super::backing::Backing;
use crate::guest::region::Region;

/// Gets at so many bytes of a buffer for reading, or says why it cannot.
pub type OpenPixels = fn(&Arc<OwnedFd>, u64) -> Result<Arc<dyn Region>, String>;

/// What the host shows.
#[derive(Clone, Debug)]
pub struct Scanout {
    /// Columns and rows.
    pub size: Size,
    /// Bytes from one row to the next.
    pub stride: u32,
    /// Format of the pixels, of `drm_fourcc.h`.
    pub fourcc: u32,
    /// How the pixels lie in memory, of `drm_fourcc.h`.
    pub modifier: u64,
    /// Whether the top row is stored first.
    pub top_down: bool,
    /// The memory. Closed when the last that holds it is gone.
    pub descriptor: Arc<OwnedFd>,
    /// How its pixels are got at.
    pub open: OpenPixels,
}

impl Scanout {
    /// 32 bits a pixel with an unused byte, and with alpha: `XR24` and `AR24`.
    pub const XRGB8888: u32 = u32::from_le_bytes(*b"XR24");
    const ARGB8888: u32 = u32::from_le_bytes(*b"AR24");
    /// Row by row, and not said.
    pub const LINEAR: u64 = 0;
    /// What stands for no modifier: the driver knows, and for memory that can be mapped it is row by row.
    pub const NO_MODIFIER: u64 = 0x00ff_ffff_ffff_ffff;

    /// All of it.
    pub fn bounds(&self) -> Rect {
        Rect::of_size(self.size)
    }

    /// What a client is told that gets the descriptor.
    pub const fn message(&self) -> GlScanoutUnix {
        let Size { width, height } = self.size;
        let flags = if self.top_down { GlScanoutFlags::Y0TOP } else { GlScanoutFlags::NONE };
        GlScanoutUnix { width, height, stride: self.stride, fourcc: self.fourcc, flags }
    }

    /// Where its pixels are, or why they cannot be read.
    pub fn pixels(&self) -> Result<Backing, String> {
        let length = self.length()?;
        let region = (self.open)(&self.descriptor, length)?;
        Ok(Backing { region, offset: 0, stride: self.stride, bottom_up: !self.top_down })
    }

    /// Bytes that its pixels take.
    fn length(&self) -> Result<u64, String> {
        let Self { size, stride, fourcc, modifier, .. } = self;
        if ![Self::XRGB8888, Self::ARGB8888].contains(fourcc) {
            return Err(format!("format {:?}", fourcc.to_le_bytes().escape_ascii().to_string()));
        }
        if ![Self::LINEAR, Self::NO_MODIFIER].contains(modifier) {
            return Err(format!("modifier {modifier:#x}"));
        }
        let row = u64::from(size.width) * 4;
        if size.width == 0 || size.height == 0 || u64::from(*stride) < row {
            let Size { width, height } = size;
            return Err(format!("{width}x{height} pixels in rows of {stride} bytes"));
        }
        Ok(u64::from(*stride) * u64::from(size.height - 1) + row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scanout(size: Size, stride: u32, fourcc: u32, modifier: u64) -> Scanout {
        let (end, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        let descriptor = Arc::new(end.into());
        let open: OpenPixels = |_, length| Err(format!("wants {length}"));
        Scanout { size, stride, fourcc, modifier, top_down: true, descriptor, open }
    }

    #[test]
    fn only_rows_of_32_bits_a_pixel_are_read_and_no_byte_beyond_the_last_pixel() {
        let why =
            |size, stride, fourcc, modifier| scanout(size, stride, fourcc, modifier).pixels().unwrap_err();
        let size = Size::new(10, 3);
        assert_eq!(why(size, 64, Scanout::XRGB8888, Scanout::LINEAR), "wants 168");
        assert_eq!(why(size, 40, Scanout::ARGB8888, Scanout::NO_MODIFIER), "wants 120");
        assert_eq!(why(size, 39, Scanout::XRGB8888, 0), "10x3 pixels in rows of 39 bytes");
        assert_eq!(why(Size::new(0, 3), 40, Scanout::XRGB8888, 0), "0x3 pixels in rows of 40 bytes");
        assert_eq!(why(size, 40, u32::from_le_bytes(*b"NV12"), 0), "format \"NV12\"");
        assert_eq!(why(size, 40, Scanout::XRGB8888, 7), "modifier 0x7");
    }
}
