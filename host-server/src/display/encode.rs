//! Images as they go over the wire: compressed as the host is set up and the client can take it.

use bytes::Bytes;
use image::bitmap::{Bitmap, BitmapFormat};
use image::{glz, lz, lz4, quic};
use wire::capability::{Capabilities, display as capability};
use wire::display::ImageCompression;
use wire::image::{ImageBody, LzPalette, PaletteSource};

use super::graduality::is_gradual;
use super::picture::Image;

/// How an image's pixels are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// Not at all.
    Raw,
    /// LZ.
    Lz,
    /// LZ that refers to earlier images of the same client.
    Glz,
    /// LZ4.
    Lz4,
    /// QUIC.
    Quic,
}

/// An image in the form that every client with the same codec can take.
#[derive(Clone, Debug)]
pub struct Encoded {
    codec: Codec,
    body: ImageBody,
}

/// What a client can take and wants.
#[derive(Clone, Debug)]
pub struct Taker {
    /// Its capabilities.
    pub capabilities: Capabilities,
    /// The compression it asks for.
    pub preferred: Option<ImageCompression>,
    /// Whether it is on this host, where copying pixels is cheaper than compressing them.
    pub is_local: bool,
    /// The images that it keeps for GLZ, if it does.
    pub dictionary: Option<glz::Dictionary>,
}

/// Compresses images. One for each display; its working memory is kept from image to image.
#[derive(Debug)]
pub struct Encoder {
    compression: ImageCompression,
    lz: lz::Encoder,
    lz4: lz4::Encoder,
    quic: quic::Encoder,
    stream: Vec<u8>,
}

impl Encoder {
    /// Bytes of pixels below which a stream's header would cost more than it saves.
    const WORTH_IT: usize = 54;

    /// An encoder for the host's setting.
    pub fn new(compression: ImageCompression) -> Self {
        Self {
            compression,
            lz: lz::Encoder::new(),
            lz4: lz4::Encoder::new(),
            quic: quic::Encoder::new(),
            stream: Vec::new(),
        }
    }

    /// Changes the host's setting for images that follow.
    pub const fn set_compression(&mut self, compression: ImageCompression) {
        self.compression = compression;
    }

    /// The image as this client gets it, which must then be sent to it: its dictionary has changed.
    pub fn encode(&mut self, image: &Image, taker: &mut Taker) -> ImageBody {
        let codec = self.choose(&image.bitmap, taker);
        if let (Codec::Glz, Some(dictionary)) = (codec, &mut taker.dictionary) {
            self.stream.clear();
            if dictionary.encode(&image.bitmap, &mut self.stream).is_ok() {
                return ImageBody::GlzRgb(Bytes::copy_from_slice(&self.stream));
            }
        }
        let codec = if codec == Codec::Glz { Codec::Lz } else { codec };
        let encoded =
            image.encoded.get_or_init(|| Encoded { codec, body: self.compress(&image.bitmap, codec) });
        if encoded.codec == codec { encoded.body.clone() } else { self.compress(&image.bitmap, codec) }
    }

    /// A client's wish counts unless the host has turned compression off. What GLZ cannot take, LZ does.
    fn choose(&self, bitmap: &Bitmap, taker: &Taker) -> Codec {
        let off = self.compression == ImageCompression::OFF;
        let wanted = taker.preferred.filter(|_| !off).unwrap_or(self.compression);
        if taker.is_local || bitmap.data().len() < Self::WORTH_IT || wanted == ImageCompression::OFF {
            return Codec::Raw;
        }
        let rgb = bitmap.format().is_rgb();
        let takes_quic = rgb && bitmap.format() != BitmapFormat::Alpha8;
        match wanted {
            ImageCompression::LZ4 if rgb && taker.capabilities.contains(capability::LZ4_COMPRESSION) => {
                Codec::Lz4
            }
            ImageCompression::QUIC => {
                let worth_it = takes_quic && bitmap.width() >= 3 && bitmap.height() >= 3;
                if worth_it { Codec::Quic } else { Codec::Raw }
            }
            ImageCompression::AUTO_GLZ | ImageCompression::AUTO_LZ
                if takes_quic && bitmap.width() >= 3 && bitmap.height() >= 3 && is_gradual(bitmap) =>
            {
                Codec::Quic
            }
            ImageCompression::AUTO_GLZ | ImageCompression::GLZ if rgb && taker.dictionary.is_some() => {
                Codec::Glz
            }
            _ if rgb || bitmap.palette().is_some() => Codec::Lz,
            _ => Codec::Raw,
        }
    }

    /// The stream of a codec, or the pixels as they are when no stream is shorter.
    fn compress(&mut self, bitmap: &Bitmap, codec: Codec) -> ImageBody {
        self.stream.clear();
        let encoded = match codec {
            Codec::Raw => false,
            Codec::Lz | Codec::Glz => self.lz.encode(bitmap, &mut self.stream).is_ok(),
            Codec::Lz4 => self.lz4.encode(bitmap, &mut self.stream).is_ok(),
            Codec::Quic => self.quic.encode(bitmap, &mut self.stream).is_ok(),
        };
        if !encoded || self.stream.len() >= bitmap.data().len() {
            return raw(bitmap);
        }
        let data = Bytes::copy_from_slice(&self.stream);
        match (codec, bitmap.palette()) {
            (Codec::Lz4, _) => ImageBody::Lz4(data),
            (Codec::Quic, _) => ImageBody::Quic(data),
            (_, Some(palette)) if bitmap.format().is_indexed() => {
                let palette = PaletteSource::Inline { palette: palette.clone(), cache: false };
                ImageBody::LzPalette(LzPalette { top_down: bitmap.top_down(), palette, data })
            }
            _ => ImageBody::LzRgb(data),
        }
    }
}

/// The pixels as they are.
fn raw(bitmap: &Bitmap) -> ImageBody {
    let palette = match bitmap.palette() {
        Some(palette) => PaletteSource::Inline { palette: palette.clone(), cache: false },
        None => PaletteSource::None,
    };
    let (layout, data) = (*bitmap.layout(), bitmap.data().clone());
    ImageBody::Bitmap(wire::image::Bitmap { layout, palette, data })
}
