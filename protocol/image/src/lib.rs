//! Geometry, regions, bitmaps, raster operations and image codecs.
//!
//! The host server, the canvas and the headless client all speak of pixels in these terms.
//!
//! Invariant: no I/O, no clock, no `unsafe`; a decoder given any bytes ends with pixels or an error.
#![no_std]

extern crate alloc;

pub mod bitmap;
pub mod geometry;
pub mod glz;
pub mod lz;
pub mod lz4;
pub mod pixel;
pub mod plane;
pub mod quic;
pub mod region;
pub mod rop;
pub mod surface;
