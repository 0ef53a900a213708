//! Images of drawables, after their pixels have been copied out of the guest's memory.

use std::sync::{Arc, OnceLock};

use image::bitmap::Bitmap;
use wire::drawable::SurfaceId;

use super::encode::encoding::Encoding;

/// An image that an operation uses. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Picture {
    /// Pixels of its own.
    Bitmap(Arc<Image>),
    /// The pixels of another surface, as they are when the operation is drawn.
    Surface(SurfaceId),
}

/// Pixels with what the guest says about them.
#[derive(Debug)]
pub struct Image {
    /// The guest's name for these pixels; equal names mean equal pixels when `cacheable`.
    pub id: u64,
    /// Whether the guest asks clients to keep the image.
    pub cacheable: bool,
    /// Whether the unused byte of every 32 bit pixel is 255.
    pub high_bits_set: bool,
    /// Whether this is one of several parts of a large picture, which are encoded at the same time and so do not refer to each other.
    pub is_stripe: bool,
    /// Whether the guest compressed pixels of 16 bits, of which these are made.
    pub widened: bool,
    /// The pixels.
    pub bitmap: Arc<Bitmap>,
    /// What they are on the wire.
    pub encoding: Encoding,
    /// Whether they look like a photograph; filled when that is first asked.
    pub gradual: OnceLock<bool>,
}

impl Image {
    /// An image of the server's own, which no client keeps.
    pub fn new(bitmap: Bitmap) -> Self {
        Self {
            id: 0,
            cacheable: false,
            high_bits_set: false,
            is_stripe: false,
            widened: false,
            bitmap: Arc::new(bitmap),
            encoding: Encoding::default(),
            gradual: OnceLock::new(),
        }
    }

    /// Bytes of pixels that the image keeps in memory.
    pub fn bytes(&self) -> usize {
        self.bitmap.data().len()
    }
}

impl Picture {
    /// The pixels, when the image has any of its own.
    pub const fn bitmap(&self) -> Option<&Arc<Image>> {
        match self {
            Self::Bitmap(image) => Some(image),
            Self::Surface(_) => None,
        }
    }

    /// The surface, when the image is one.
    pub const fn surface(&self) -> Option<SurfaceId> {
        match self {
            Self::Surface(id) => Some(*id),
            Self::Bitmap(_) => None,
        }
    }
}
