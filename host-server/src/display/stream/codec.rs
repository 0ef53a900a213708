//! Which codec a client gets a video in.

use std::sync::Arc;

use image::geometry::Size;
use wire::capability::{Capabilities, display as capability};
use wire::display::VideoCodec;

use super::encoder::{EncoderFault, Encoders, VideoEncoder};
use crate::display::encode::pool::Wake;
use crate::settings::video_codecs::CodecOrder;

/// What there is to choose from for all clients of a display.
#[derive(Clone, Debug)]
pub struct Supply {
    /// The host's order.
    pub order: CodecOrder,
    /// The encoders.
    pub encoders: Arc<dyn Encoders>,
    /// Wakes the display when an encoder has something.
    pub wake: Wake,
}

/// What one client takes, likes, and has failed with.
#[derive(Debug)]
pub struct Taste {
    supply: Supply,
    takes: CodecOrder,
    wish: CodecOrder,
    failed: Vec<VideoCodec>,
}

/// The bits that say that a client has a codec.
const BITS: [(u32, VideoCodec); 5] = [
    (capability::CODEC_MJPEG, VideoCodec::MJPEG),
    (capability::CODEC_VP8, VideoCodec::VP8),
    (capability::CODEC_H264, VideoCodec::H264),
    (capability::CODEC_VP9, VideoCodec::VP9),
    (capability::CODEC_H265, VideoCodec::H265),
];

impl Supply {
    /// An encoder for pictures of `size`.
    pub fn open(&self, codec: VideoCodec, size: Size) -> Result<Box<dyn VideoEncoder>, EncoderFault> {
        self.encoders.open(codec, size, &self.wake)
    }
}

impl Taste {
    /// Of a client that has said nothing but what it can do.
    pub fn new(capabilities: &Capabilities, supply: Supply) -> Self {
        // Clients from before the codec bits have Motion JPEG and nothing else.
        let takes = if capabilities.contains(capability::MULTI_CODEC) {
            let has = |(bit, codec): (u32, VideoCodec)| capabilities.contains(bit).then_some(codec);
            CodecOrder::of(BITS.into_iter().filter_map(has))
        } else {
            CodecOrder::MJPEG
        };
        Self { supply, takes, wish: CodecOrder::of([]), failed: Vec::new() }
    }

    /// What there is to choose from.
    pub const fn supply(&self) -> &Supply {
        &self.supply
    }

    /// The host has another order.
    pub const fn set_order(&mut self, order: CodecOrder) {
        self.supply.order = order;
    }

    /// The client says what it likes, the best first.
    pub fn set_wish(&mut self, wish: &[VideoCodec]) {
        self.wish = CodecOrder::of(wish.iter().copied());
    }

    /// The codec did not work, for this client.
    pub fn fail(&mut self, codec: VideoCodec) {
        self.failed.push(codec);
    }

    /// The best codec: of those that both sides have the one that the client likes most, then the one that the host does;
    /// when there is none Motion JPEG, whatever the host says.
    pub fn choose(&self) -> Option<VideoCodec> {
        self.candidates().find(|codec| self.works(*codec))
    }

    /// The best codec that has not failed, whether or not there is an encoder.
    pub fn hope(&self) -> Option<VideoCodec> {
        self.candidates().find(|codec| !self.failed.contains(codec))
    }

    /// Makes encoders ready that the client may need.
    pub fn prepare(&self) {
        let mut needed = self.candidates().take_while(|codec| *codec != VideoCodec::MJPEG);
        self.supply.encoders.prepare(&mut needed);
    }

    fn candidates(&self) -> impl Iterator<Item = VideoCodec> {
        let order = self.supply.order.with_wish(&self.wish);
        let usual = std::iter::once(VideoCodec::MJPEG);
        order.iter().chain(usual).filter(|codec| self.takes.iter().any(|taken| taken == *codec))
    }

    fn works(&self, codec: VideoCodec) -> bool {
        let has = codec == VideoCodec::MJPEG || self.supply.encoders.has(codec);
        has && !self.failed.contains(&codec)
    }
}
