//! JPEG images: colours with loss, for pictures and for the frames of videos.
//!
//! The host server encodes with it what may be approximate (image types `JPEG` and `JPEG_ALPHA`, and video streams of
//! JPEG files), and the headless client decodes it. Needs the feature `jpeg`, which links libjpeg-turbo: whoever does not
//! encode or decode JPEG does not pay for it.
//!
//! # Format
//! An image is a baseline JPEG file in YCbCr, chroma halved both ways, rows from the top whatever the order in memory.
//! `JPEG_ALPHA` is such a file of the colours, followed by an LZ stream of the alpha bytes ([`crate::lz::Kind::AlphaOnly`]),
//! whose rows run as they do in memory; colours are multiplied by alpha before and after.

mod alpha;
mod decode;
mod encode;
mod rows;

pub use alpha::{AlphaError, decode_with_alpha, encode_with_alpha};
pub use decode::{DecodeError, decode};
pub use encode::{EncodeError, Encoder};
pub use rows::Rows;

/// Columns or rows of a JPEG file at most.
const MAX_SIDE: u32 = 65_500;
