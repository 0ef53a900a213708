//! Why an operation was not drawn. All of these are the sender's doing, but for want of memory.

use core::fmt;

use image::bitmap::BitmapError;
use wire::drawable::SurfaceId;

/// Why an operation was not drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrawError {
    /// The canvas does not draw this.
    Unsupported(
        /// What it is, in the plural or with an article.
        &'static str,
    ),
    /// An image is a surface that does not exist.
    MissingSurface(SurfaceId),
    /// An image is a surface whose pixels have another number of bits than those of the target.
    Depth(SurfaceId),
    /// A mask's picture does not have 1 bit a pixel.
    MaskFormat,
    /// The image of a ternary operation is smaller than the area that it fills.
    ImageTooSmall,
    /// There is no memory for an intermediate picture.
    Memory(BitmapError),
}

impl fmt::Display for DrawError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported(what) => write!(f, "the canvas does not draw {what}"),
            Self::MissingSurface(SurfaceId(id)) => write!(f, "surface {id} is drawn from and does not exist"),
            Self::Depth(SurfaceId(id)) => write!(f, "surface {id} has another depth than the one drawn on"),
            Self::MaskFormat => f.write_str("a mask does not have 1 bit a pixel"),
            Self::ImageTooSmall => f.write_str("an image is smaller than the area that it has to fill"),
            Self::Memory(error) => write!(f, "no intermediate picture: {error}"),
        }
    }
}

impl core::error::Error for DrawError {}

impl From<BitmapError> for DrawError {
    fn from(error: BitmapError) -> Self {
        Self::Memory(error)
    }
}
