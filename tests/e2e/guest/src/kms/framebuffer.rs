//! Pixels that a plane can show: a dumb buffer with a framebuffer over it.

use anyhow::{Context, Result};
use drm::buffer::{Buffer, DrmFourcc};
use drm::control::dumbbuffer::{DumbBuffer, DumbMapping};
use drm::control::{Device, framebuffer};

use crate::canvas::{Canvas, Size};
use crate::kms::Card;

/// A buffer in the program's and the device's sight. Removed when dropped, as far as the device is still there.
pub(crate) struct Framebuffer<'card> {
    card: &'card Card,
    pub(crate) buffer: DumbBuffer,
    pub(crate) handle: framebuffer::Handle,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl<'card> Framebuffer<'card> {
    /// A black one for a primary plane: 4 bytes a pixel, blue, green, red, unused.
    pub(crate) fn new(card: &'card Card, width: u32, height: u32) -> Result<Self> {
        Self::of_format(card, width, height, DrmFourcc::Xrgb8888, (24, 32))
    }

    /// A transparent one for a cursor plane.
    pub(crate) fn for_cursor(card: &'card Card, width: u32, height: u32) -> Result<Self> {
        Self::of_format(card, width, height, DrmFourcc::Argb8888, (32, 32))
    }

    /// One of another format, with its depth and its bits for each pixel.
    pub(crate) fn of_format(
        card: &'card Card,
        width: u32,
        height: u32,
        format: DrmFourcc,
        (depth, bits): (u32, u32),
    ) -> Result<Self> {
        let buffer = card
            .create_dumb_buffer((width, height), format, bits)
            .with_context(|| format!("no buffer of {width}x{height}"))?;
        let handle = match card.add_framebuffer(&buffer, depth, bits) {
            Ok(handle) => handle,
            Err(error) => {
                card.destroy_dumb_buffer(buffer).ok();
                return Err(error).with_context(|| format!("no framebuffer of {width}x{height}"));
            }
        };
        Ok(Framebuffer { card, buffer, handle, width, height })
    }

    /// The framebuffer's number.
    pub(crate) fn id(&self) -> u64 {
        u32::from(self.handle).into()
    }

    /// Bytes from one row to the next.
    pub(crate) fn pitch(&self) -> Result<usize> {
        Ok(usize::try_from(self.buffer.pitch())?)
    }

    /// Its pixels.
    pub(crate) fn map(&mut self) -> Result<DumbMapping<'_>> {
        self.card.map_dumb_buffer(&mut self.buffer).context("cannot map a buffer")
    }

    /// Its pixels, mapped for good: as compositors do it, which draw every frame.
    pub(crate) fn keep_mapped(&self) -> Result<DumbMapping<'static>> {
        // Some bytes that name the buffer; they are few, and go with the program.
        let buffer = Box::leak(Box::new(self.buffer));
        self.card.map_dumb_buffer(buffer).context("cannot map a buffer")
    }

    /// Copies a picture of at most its size into its upper left corner.
    pub(crate) fn show(&mut self, picture: &Canvas) -> Result<()> {
        let pitch = self.pitch()?;
        let Size { width, height } = picture.size();
        let mut pixels = self.map()?;
        for (row, y) in pixels.chunks_mut(pitch).zip(0..height) {
            let of_picture = picture.row(y, 0, width);
            row.get_mut(..of_picture.len()).context("a picture is too wide")?.copy_from_slice(of_picture);
        }
        Ok(())
    }

    /// Fills it with one value for each byte.
    pub(crate) fn fill(&mut self, byte: u8) -> Result<()> {
        self.map()?.fill(byte);
        Ok(())
    }
}

impl Drop for Framebuffer<'_> {
    fn drop(&mut self) {
        self.card.destroy_framebuffer(self.handle).ok();
        self.card.destroy_dumb_buffer(self.buffer).ok();
    }
}
