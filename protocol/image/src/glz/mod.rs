//! The GLZ image format of SPICE: LZ that also refers to earlier images of the same session.
//!
//! A server keeps a [`Dictionary`] for each client, the client a [`Window`] (image type `GLZ_RGB`): what the one has
//! encoded, the other must have decoded, all of it and in the order of the images' numbers.
//!
//! # Format
//! Magic and version of [`crate::lz`]; a byte with the kind in the low half and, above it, whether the first
//! row is the top one; width, height and bytes a row as 32 bits, big endian; the image's number, 64 bits;
//! and how far before that number the oldest image lies that later ones can refer to, 32 bits. Then
//! sequences of literals and matches as in [`crate::lz`], but for the distance of a match, which is two: of
//! images, and of pixels. A match in the same image counts pixels back, one less than it means; a match in
//! another image counts pixels from that image's first one in the order of the stream.
//!
//! After a match's first byte (length, a bit for far matches, 4 bits of pixel distance), further bytes of
//! length as in LZ, and a byte with 8 more bits of pixel distance, comes a byte whose two highest bits say
//! how many bytes of image distance follow. For near matches its 6 lower bits begin the image distance; for
//! far ones, its 5 lower bits are pixel distance, and the bit above says that a byte with 8 more of these
//! ends the match.
//!
//! The format was first described by `glz-encode.tmpl.c` of spice-server.

mod decode;
mod encode;
mod search;

pub use decode::{DecodeError, Window};
pub use encode::{Dictionary, Unfit};

const MAGIC: u32 = 0x2020_5a4c;
const VERSION: u32 = 0x0001_0001;
/// Pixels that one byte can announce as literals.
const MAX_LITERALS: usize = 32;

const RGB16: u8 = 6;
const RGB24: u8 = 7;
const RGB32: u8 = 8;
const RGBA: u8 = 9;
/// Beside the kind: the first row is the top one.
const TOP_DOWN: u8 = 16;

/// One pixel: blue, green, red, and alpha or nothing.
type Pixel = [u8; 4];
