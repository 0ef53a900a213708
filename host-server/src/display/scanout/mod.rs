//! A picture in graphics memory that the host shows in place of a primary surface: what a 3D guest draws into.
//!
//! Clients on this host that can are given the memory itself, as a file descriptor; the engine shows its pixels to all
//! others as a primary surface. Nothing here reads the memory or sends anything.

pub mod draws;
pub mod viewer;

use std::os::fd::OwnedFd;
use std::sync::Arc;

use image::geometry::{Rect, Size};
use wire::capability::{Capabilities, display as capability};
use wire::display::{GlScanout2Unix, GlScanoutFlags, GlScanoutUnix, ServerMessage};

use super::backing::Backing;
use crate::guest::region::Region;

/// Gets at so many bytes of a buffer for reading, or says why it cannot.
pub type OpenPixels = fn(&Arc<OwnedFd>, u64) -> Result<Arc<dyn Region>, String>;

/// What the host shows.
#[derive(Clone, Debug)]
pub struct Scanout {
    /// Columns and rows.
    pub size: Size,
    /// Where its rows are, of one plane or several.
    pub planes: Planes,
    /// Format of the pixels, of `drm_fourcc.h`.
    pub fourcc: u32,
    /// How the pixels lie in memory, of `drm_fourcc.h`.
    pub modifier: u64,
    /// Whether the top row is stored first.
    pub top_down: bool,
    /// The memory of each plane, or of all of them. Closed when the last that holds it is gone.
    pub descriptors: Vec<Arc<OwnedFd>>,
    /// How its pixels are got at.
    pub open: OpenPixels,
}

/// Where the rows of a scanout's planes are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Planes {
    /// Planes, at most [`Planes::MAX`].
    pub count: u16,
    /// Bytes of each plane's buffer before its first row.
    pub offsets: [u32; Planes::MAX],
    /// Bytes from one row of each plane to the next.
    pub strides: [u32; Planes::MAX],
}

impl Planes {
    /// What the protocol, and the kernel, have room for.
    pub const MAX: usize = 4;

    /// One plane, at the start of its buffer.
    pub const fn one(stride: u32) -> Self {
        Self { count: 1, offsets: [0; Self::MAX], strides: [stride, 0, 0, 0] }
    }
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

    /// Whether a client on this host can be given the memory itself.
    pub fn suits(&self, capabilities: &Capabilities) -> bool {
        let is_plain = self.planes.count == 1 && self.planes.offsets[0] == 0;
        capabilities.contains(capability::GL_SCANOUT2)
            || is_plain && capabilities.contains(capability::GL_SCANOUT)
    }

    /// What a client is told that is given the descriptors.
    pub fn message(&self, capabilities: &Capabilities) -> ServerMessage {
        let Self { size: Size { width, height }, planes, fourcc, modifier, .. } = *self;
        let Planes { count, offsets, strides } = planes;
        let flags = if self.top_down { GlScanoutFlags::Y0TOP } else { GlScanoutFlags::NONE };
        if !capabilities.contains(capability::GL_SCANOUT2) {
            let stride = strides[0];
            return ServerMessage::GlScanoutUnix(GlScanoutUnix { width, height, stride, fourcc, flags });
        }
        let descriptors = u16::try_from(self.descriptors.len()).unwrap_or(u16::MAX);
        ServerMessage::GlScanout2Unix(GlScanout2Unix {
            width,
            height,
            offsets,
            strides,
            fourcc,
            flags,
            modifier,
            planes: count,
            descriptors,
        })
    }

    /// Where its pixels are, or why they cannot be read.
    pub fn pixels(&self) -> Result<Backing, String> {
        let (offset, stride) = (u64::from(self.planes.offsets[0]), self.planes.strides[0]);
        let length = offset + self.length()?;
        let descriptor = self.descriptors.first().ok_or("no descriptor")?;
        let region = (self.open)(descriptor, length)?;
        Ok(Backing { region, offset, stride, bottom_up: !self.top_down })
    }

    /// Bytes from the first to the last pixel.
    fn length(&self) -> Result<u64, String> {
        let Self { size, planes, fourcc, modifier, .. } = self;
        let stride = planes.strides[0];
        if ![Self::XRGB8888, Self::ARGB8888].contains(fourcc) {
            return Err(format!("format {:?}", fourcc.to_le_bytes().escape_ascii().to_string()));
        }
        if ![Self::LINEAR, Self::NO_MODIFIER].contains(modifier) {
            return Err(format!("modifier {modifier:#x}"));
        }
        if planes.count != 1 {
            return Err(format!("{} planes", planes.count));
        }
        let row = u64::from(size.width) * 4;
        if size.width == 0 || size.height == 0 || u64::from(stride) < row {
            let Size { width, height } = size;
            return Err(format!("{width}x{height} pixels in rows of {stride} bytes"));
        }
        Ok(u64::from(stride) * u64::from(size.height - 1) + row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scanout(size: Size, stride: u32, fourcc: u32, modifier: u64) -> Scanout {
        let (end, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        let descriptors = vec![Arc::new(end.into())];
        let open: OpenPixels = |_, length| Err(format!("wants {length}"));
        Scanout { size, planes: Planes::one(stride), fourcc, modifier, top_down: true, descriptors, open }
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
        let mut amid = scanout(size, 40, Scanout::XRGB8888, 0);
        amid.planes.offsets[0] = 1000;
        assert_eq!(amid.pixels().unwrap_err(), "wants 1120");
        amid.planes.count = 2;
        assert_eq!(amid.pixels().unwrap_err(), "2 planes");
    }

    #[test]
    fn planes_and_what_lies_amid_a_buffer_are_for_clients_that_are_told_of_them() {
        let old = Capabilities::of([capability::GL_SCANOUT]);
        let new = Capabilities::of([capability::GL_SCANOUT, capability::GL_SCANOUT2]);
        let mut scanout = scanout(Size::new(10, 3), 64, Scanout::XRGB8888, 7);
        assert!(scanout.suits(&old) && scanout.suits(&new) && !scanout.suits(&Capabilities::default()));
        assert!(matches!(scanout.message(&old), ServerMessage::GlScanoutUnix(told) if told.stride == 64));
        scanout.planes = Planes { count: 2, offsets: [0, 4096, 0, 0], strides: [64, 32, 0, 0] };
        assert!(!scanout.suits(&old) && scanout.suits(&new));
        let ServerMessage::GlScanout2Unix(told) = scanout.message(&new) else { panic!("the old message") };
        assert_eq!((told.planes, told.descriptors, told.modifier), (2, 1, 7));
        assert_eq!((told.offsets, told.strides), ([0, 4096, 0, 0], [64, 32, 0, 0]));
        scanout.planes = Planes { offsets: [64, 0, 0, 0], ..Planes::one(64) };
        assert!(!scanout.suits(&old) && scanout.suits(&new));
    }
}
