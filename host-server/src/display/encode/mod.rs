//! Images as they go over the wire: compressed as the host is set up and the client can take it.

mod compressor;
pub mod encoding;
pub mod pool;

use std::sync::Arc;

use bytes::Bytes;
use image::bitmap::BitmapFormat;
use image::{glz, zlib};
use wire::capability::{Capabilities, display as capability};
use wire::display::ImageCompression;
use wire::image::ImageBody;

use self::compressor::Compressor;
use self::encoding::Encoded;
use self::pool::{Pool, Wake};
use super::graduality::is_gradual;
use super::picture::Image;
use crate::settings::{Compression, WanCompression};

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
    /// JPEG, with alpha where there is some.
    Jpeg,
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
    /// What its link can carry.
    pub link: Link,
    /// Whether it keeps images for GLZ.
    pub has_dictionary: bool,
}

/// What is known of a client's link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// Whether bytes are dearer than detail and time: what the host wants by itself on slow links is done.
    pub slow: bool,
}

/// Compresses images. One for each display; its working memory is kept from image to image.
#[derive(Debug)]
pub struct Encoder {
    compression: Compression,
    compressor: Compressor,
    zlib: zlib::Deflater,
    pool: Arc<Pool>,
    wake: Wake,
    /// Whether several clients get the same images.
    is_shared: bool,
    stream: Vec<u8>,
    /// A stream around `stream`.
    wrapped: Vec<u8>,
}

impl Encoder {
    /// Bytes of pixels below which a stream's header would cost more than it saves.
    const WORTH_IT: usize = 54;

    /// Bytes of a GLZ stream from which on zlib is tried, as the original has it.
    const WORTH_ZLIB: usize = 100;
    /// Bytes of pixels from which on another thread is worth being woken.
    pub const WORTH_A_THREAD: usize = 48 << 10;
    /// Bytes of a JPEG file's tables: no file is shorter.
    const JPEG_TABLES: usize = 623;

    /// An encoder for the host's settings. `wake` is called when the pool has done something for it.
    pub fn new(compression: Compression, pool: Arc<Pool>, wake: Wake) -> Self {
        Self {
            compression,
            compressor: Compressor::new(),
            zlib: zlib::Deflater::new(),
            pool,
            wake,
            is_shared: false,
            stream: Vec::new(),
            wrapped: Vec::new(),
        }
    }

    /// Changes the host's settings for images that follow.
    pub const fn set_compression(&mut self, compression: Compression) {
        self.compression = compression;
    }

    /// Whether several clients get the same images. A GLZ stream is for one client only; what many are sent is encoded for all of
    /// them at once.
    pub const fn share(&mut self, is_shared: bool) {
        self.is_shared = is_shared;
    }

    /// Whether this client gets photographs with loss, where that is permitted.
    pub const fn may_lose(&self, taker: &Taker) -> bool {
        !taker.is_local && is_wanted(self.compression.jpeg, taker.link)
    }

    /// Whether [`Encoder::encode`] with `may_lose` would send this image with loss.
    pub fn loses(&self, image: &Image, taker: &Taker) -> bool {
        self.may_lose(taker) && self.choose(image, taker, true) == Codec::Jpeg
    }

    /// The image as this client gets it. A GLZ stream must then be sent to it: its dictionary has changed. With `may_lose`, it
    /// need not be exact.
    pub fn encode(
        &mut self,
        image: &Image,
        taker: &Taker,
        dictionary: Option<&mut glz::Dictionary>,
        may_lose: bool,
    ) -> ImageBody {
        let codec = self.choose(image, taker, may_lose && self.may_lose(taker));
        if let (Codec::Glz, Some(dictionary)) = (codec, dictionary) {
            self.stream.clear();
            if dictionary.encode(&image.bitmap, &mut self.stream).is_ok() {
                return self.wrap_glz(taker.link);
            }
        }
        let codec = if codec == Codec::Glz { Codec::Lz } else { codec };
        match image.encoding.get() {
            Some(encoded) if encoded.codec == codec => encoded.body.clone(),
            Some(_) => self.compressor.compress(&image.bitmap, codec),
            None => {
                // The pool need not do it any more.
                image.encoding.take_queued();
                let body = self.compressor.compress_in_any_case(&image.bitmap, codec);
                image.encoding.set(Encoded { codec, body: body.clone() });
                body
            }
        }
    }

    /// Encodes an image that this client is sent next, unless that needs its dictionary.
    pub fn prepare(&mut self, image: &Image, taker: &Taker, may_lose: bool) {
        let codec = self.choose(image, taker, may_lose && self.may_lose(taker));
        if codec != Codec::Glz && image.encoding.get().is_none() {
            image.encoding.take_queued();
            let body = self.compressor.compress_in_any_case(&image.bitmap, codec);
            image.encoding.set(Encoded { codec, body });
        }
    }

    /// Lets the pool encode an image that this client is going to be sent, if that is of use.
    pub fn prefetch(&self, image: &Arc<Image>, taker: &Taker) {
        if self.pool.threads() == 0 || image.bytes() < Self::WORTH_A_THREAD || image.cacheable {
            return;
        }
        if image.encoding.is_idle()
            && let Some(codec) = self.shared_codec(image, taker)
            && image.encoding.enqueue()
        {
            self.pool.submit(image, codec, &self.wake);
        }
    }

    /// Encodes an image that waits for the pool. `false` when there is none to be encoded.
    pub fn help(&mut self, image: &Image, taker: &Taker) -> bool {
        let Some(codec) = self.shared_codec(image, taker) else { return false };
        if !image.encoding.take_queued() {
            return false;
        }
        let body = self.compressor.compress_in_any_case(&image.bitmap, codec);
        image.encoding.set(Encoded { codec, body });
        true
    }

    /// How many threads encode beside the display's.
    pub fn helpers(&self) -> usize {
        self.pool.threads()
    }

    /// The codec of an image without loss, if its result is for every client.
    fn shared_codec(&self, image: &Image, taker: &Taker) -> Option<Codec> {
        let codec = self.choose(image, taker, false);
        let shared = matches!(codec, Codec::Lz | Codec::Lz4 | Codec::Quic);
        (shared && !self.may_lose(taker)).then_some(codec)
    }

    /// A client's wish counts unless the host has turned compression off. What GLZ cannot take, LZ does.
    fn choose(&self, image: &Image, taker: &Taker, may_lose: bool) -> Codec {
        let bitmap = &*image.bitmap;
        let hosts = ImageCompression(self.compression.images.number());
        let wanted = taker.preferred.filter(|_| hosts != ImageCompression::OFF).unwrap_or(hosts);
        let may_lose = may_lose && bitmap.data().len() > Self::JPEG_TABLES;
        let gradual = if may_lose { Codec::Jpeg } else { Codec::Quic };
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
                if worth_it { gradual } else { Codec::Raw }
            }
            ImageCompression::AUTO_GLZ | ImageCompression::AUTO_LZ
                if takes_quic
                    && bitmap.width() >= 3
                    && bitmap.height() >= 3
                    && *image.gradual.get_or_init(|| is_gradual(bitmap)) =>
            {
                gradual
            }
            ImageCompression::AUTO_GLZ | ImageCompression::GLZ
                if rgb && !image.is_stripe && self.takes_glz(taker) =>
            {
                Codec::Glz
            }
            _ if rgb || bitmap.palette().is_some() => Codec::Lz,
            _ => Codec::Raw,
        }
    }

    /// Where bytes are dear, a client gets the shortest streams, also if nobody else can take them.
    fn takes_glz(&self, taker: &Taker) -> bool {
        taker.has_dictionary && (!self.is_shared || taker.link.slow)
    }

    /// The GLZ stream, in a zlib stream where that is wanted and shorter.
    fn wrap_glz(&mut self, link: Link) -> ImageBody {
        if is_wanted(self.compression.zlib_glz, link) && self.stream.len() >= Self::WORTH_ZLIB {
            self.wrapped.clear();
            let deflated = self.zlib.deflate(&self.stream, &mut self.wrapped).is_ok();
            if let Ok(glz_size) = u32::try_from(self.stream.len())
                && deflated
                && self.wrapped.len() < self.stream.len()
            {
                return ImageBody::ZlibGlz { glz_size, data: Bytes::copy_from_slice(&self.wrapped) };
            }
        }
        ImageBody::GlzRgb(Bytes::copy_from_slice(&self.stream))
    }
}

/// Whether a setting for slow links applies to this one.
const fn is_wanted(setting: WanCompression, link: Link) -> bool {
    match setting {
        WanCompression::Auto => link.slow,
        WanCompression::Always => true,
        WanCompression::Never => false,
    }
}

#[cfg(test)]
mod tests {
    use image::bitmap::{Bitmap, Layout};
    use image::geometry::Size;

    use super::*;
    use crate::settings::ImageCompression as Images;

    const SIZE: Size = Size::new(64, 48);

    /// Shades, which look like a photograph.
    fn shades(format: BitmapFormat) -> Image {
        let bytes = |(x, y)| [x * 3, y * 4, x + y, 200].map(|channel: u32| (channel & 0xff) as u8);
        let pixels = (0..SIZE.height).flat_map(|y| (0..SIZE.width).map(move |x| (x, y)));
        let data: Vec<u8> = pixels.flat_map(bytes).collect();
        let layout = Layout::packed(format, SIZE).unwrap();
        Image::new(Bitmap::new(layout, None, data.into()).unwrap())
    }

    fn taker(link: Link) -> Taker {
        let capabilities = Capabilities::default();
        Taker { capabilities, preferred: None, is_local: false, link, has_dictionary: true }
    }

    /// The kind that images of this format go out as.
    fn kind(compression: Compression, taker: &Taker, format: BitmapFormat, may_lose: bool) -> &'static str {
        let image = shades(format);
        let mut encoder = Encoder::new(compression, Arc::new(Pool::new(0)), Wake::new(|| ()));
        let mut dictionary = glz::Dictionary::new(1 << 20);
        let body = encoder.encode(&image, taker, Some(&mut dictionary), may_lose);
        let lossy = matches!(body, ImageBody::Jpeg(_) | ImageBody::JpegAlpha { .. });
        assert_eq!(encoder.loses(&image, taker) && may_lose, lossy);
        body.name()
    }

    #[test]
    fn slow_links_get_what_the_host_wants_for_them_and_others_what_it_always_wants() {
        let (slow, fast) = (Link { slow: true }, Link::default());
        for (link, when, applies) in [
            (slow, WanCompression::Auto, true),
            (fast, WanCompression::Auto, false),
            (slow, WanCompression::Never, false),
            (fast, WanCompression::Always, true),
        ] {
            let photographs =
                Compression { images: Images::AutoGlz, jpeg: when, zlib_glz: WanCompression::Never };
            let lost = if applies { ["jpeg", "jpeg-alpha"] } else { ["quic", "quic"] };
            let sent = [BitmapFormat::Xrgb32, BitmapFormat::Argb32]
                .map(|format| kind(photographs, &taker(link), format, true));
            assert_eq!(sent, lost, "{link:?} {when:?}");
            assert_eq!(kind(photographs, &taker(link), BitmapFormat::Xrgb32, false), "quic");

            let rest = Compression { images: Images::Glz, jpeg: WanCompression::Always, zlib_glz: when };
            let wrapped = if applies { "zlib-glz" } else { "glz" };
            assert_eq!(kind(rest, &taker(link), BitmapFormat::Xrgb32, true), wrapped, "{link:?} {when:?}");
        }
    }

    #[test]
    fn short_glz_streams_stay_as_they_are() {
        let always = Compression { zlib_glz: WanCompression::Always, ..Images::Glz.into() };
        let taker = taker(Link::default());
        let mut dictionary = glz::Dictionary::new(1 << 20);
        let image = shades(BitmapFormat::Xrgb32);
        let mut encoder = Encoder::new(always, Arc::new(Pool::new(0)), Wake::new(|| ()));
        let kinds = [0, 1].map(|_| encoder.encode(&image, &taker, Some(&mut dictionary), false).name());
        assert_eq!(kinds, ["zlib-glz", "glz"]);
    }

    #[test]
    fn pictures_too_small_for_a_jpeg_file_are_exact() {
        let always = Compression { jpeg: WanCompression::Always, ..Images::Quic.into() };
        let mut encoder = Encoder::new(always, Arc::new(Pool::new(0)), Wake::new(|| ()));
        // As long as the shortest file, and a little longer, which no file of them is shorter than.
        for (side, noted) in [(12, false), (13, true)] {
            let layout = Layout::packed(BitmapFormat::Xrgb32, Size::new(side, side)).unwrap();
            let shades: Vec<u8> = (0..layout.data_bytes()).map(|byte| (byte / 4 * 37) as u8).collect();
            let image = Image::new(Bitmap::new(layout, None, shades.into()).unwrap());
            let taker = taker(Link::default());
            assert_eq!(encoder.loses(&image, &taker), noted);
            assert_eq!(encoder.encode(&image, &taker, None, true).name(), "quic");
        }
    }

    #[test]
    fn clients_on_this_host_get_pixels_as_they_are() {
        let always = Compression { jpeg: WanCompression::Always, ..Images::Quic.into() };
        let local = Taker { is_local: true, ..taker(Link { slow: true }) };
        assert_eq!(kind(always, &local, BitmapFormat::Xrgb32, true), "bitmap");
    }
}
