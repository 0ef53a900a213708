//! Geometry, regions, bitmaps, raster operations and image codecs.
//!
//! The host server, the canvas and the headless client all speak of pixels in these terms.
//!
//! Invariant: no I/O, no clock, no `unsafe`; a decoder given any bytes ends with pixels or an error.
//!
//! The features `jpeg` and `zlib`, both on unless a dependent turns them off, are modules of that name, which need more than
//! `alloc`: a C library and the standard library.
#![no_std]

extern crate alloc;

pub mod bitmap;
pub mod geometry;
pub mod glz;
#[cfg(feature = "jpeg")]
pub mod jpeg;
pub mod lz;
pub mod lz4;
pub mod pixel;
pub mod plane;
pub mod quic;
pub mod region;
pub mod rop;
pub mod surface;
#[cfg(feature = "zlib")]
pub mod zlib;
