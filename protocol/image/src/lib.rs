//! Geometry, regions, bitmaps, raster operations and image codecs.
//!
//! Invariant: no I/O, no clock, no `unsafe`; a decoder given any bytes ends with pixels or an error.
#![no_std]

extern crate alloc;

pub mod geometry;
