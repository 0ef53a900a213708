//! What a client has and wants.

use alloc::vec::Vec;

use super::stream::VideoCodec;
use super::surface::ImageCompression;
use crate::error::WireError;
use crate::message::{Wire, structure};
use crate::read::Reader;
use crate::write::FrameBuilder;

structure! {
    /// Body of [`ClientMessage::Init`](super::ClientMessage::Init). Caches with the same number are shared
    /// between the client's displays.
    #[derive(Copy, Default)]
    pub struct Init {
        /// Number of the image cache.
        pub pixmap_cache_id: u8,
        /// Size of the image cache in pixels.
        pub pixmap_cache_size: i64,
        /// Number of the GLZ dictionary.
        pub glz_dictionary_id: u8,
        /// Size of the dictionary's window in pixels.
        pub glz_dictionary_window_size: i32,
    }

    /// Body of [`ClientMessage::PreferredCompression`](super::ClientMessage::PreferredCompression).
    #[derive(Copy, Default)]
    pub struct PreferredCompression {
        /// The compression.
        pub compression: ImageCompression,
    }
}

/// Body of [`ClientMessage::PreferredVideoCodecs`](super::ClientMessage::PreferredVideoCodecs); at most 255.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PreferredVideoCodecs {
    /// The best first.
    pub codecs: Vec<VideoCodec>,
}

impl Wire for PreferredVideoCodecs {
    const MIN_SIZE: usize = 1;

    fn put(&self, to: &mut FrameBuilder) {
        to.list_u8(&self.codecs);
    }

    fn take(from: &mut Reader<'_>, _: &'static str) -> Result<Self, WireError> {
        let count = u8::take(from, "PreferredVideoCodecs::count")?;
        Ok(Self { codecs: from.list(count.into(), "PreferredVideoCodecs::codecs")? })
    }
}
