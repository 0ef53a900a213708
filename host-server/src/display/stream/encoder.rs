//! Encoders whose frames build on each other: each serves one client's view of one video, at its own pace.
//!
//! Motion JPEG is none of them: its frames stand alone, and are shared (see [`frame`](super::frame)).

use std::fmt;

use bytes::Bytes;
use image::bitmap::Bitmap;
use image::geometry::Size;
use thiserror::Error;
use wire::display::VideoCodec;

use crate::display::encode::pool::Wake;

/// Where encoders come from.
pub trait Encoders: fmt::Debug + Send + Sync {
    /// Somebody may want encoders of these codecs soon. Returns at once.
    fn prepare(&self, codecs: &mut dyn Iterator<Item = VideoCodec>);

    /// `false` when it is known that there is none for the codec.
    fn has(&self, codec: VideoCodec) -> bool;

    /// An encoder for pictures of `size`. Returns at once; `wake` is called whenever a frame is ready or none will be.
    ///
    /// # Errors
    /// When there is none.
    fn open(&self, codec: VideoCodec, size: Size, wake: &Wake)
    -> Result<Box<dyn VideoEncoder>, EncoderFault>;
}

/// One encoder. Its first frame can be shown without any other, each further one with those before it. Nothing here
/// waits for a frame.
pub trait VideoEncoder: fmt::Debug + Send {
    /// Begins to encode a picture of 32-bit pixels, which becomes one frame, with so many bits a second from now on.
    fn push(&mut self, picture: Bitmap, bits_per_second: u32);

    /// The frame of a picture that was pushed; `None` while it is not ready.
    ///
    /// # Errors
    /// When there will be none.
    fn poll(&mut self) -> Result<Option<Bytes>, EncoderFault>;
}

/// Why there is no frame.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct EncoderFault(String);

impl EncoderFault {
    /// A fault, with its remedy where there is one.
    pub fn new(what: impl fmt::Display) -> Self {
        Self(what.to_string())
    }
}

/// The encoders of this build.
#[cfg(feature = "gstreamer")]
pub fn built_in() -> std::sync::Arc<dyn Encoders> {
    std::sync::Arc::new(super::gstreamer::Gstreamer)
}

/// The encoders of this build: none.
#[cfg(not(feature = "gstreamer"))]
pub fn built_in() -> std::sync::Arc<dyn Encoders> {
    std::sync::Arc::new(NoEncoders)
}

#[cfg(not(feature = "gstreamer"))]
#[derive(Debug)]
struct NoEncoders;

#[cfg(not(feature = "gstreamer"))]
impl Encoders for NoEncoders {
    fn prepare(&self, _: &mut dyn Iterator<Item = VideoCodec>) {}

    fn has(&self, _: VideoCodec) -> bool {
        false
    }

    fn open(&self, _: VideoCodec, _: Size, _: &Wake) -> Result<Box<dyn VideoEncoder>, EncoderFault> {
        Err(EncoderFault::new("this library was built without GStreamer (the cargo feature gstreamer)"))
    }
}
