//! The SPICE protocol as bytes: the link, the messages of every channel, and the drawing vocabulary.
//!
//! Invariant: no I/O, no clock, no `unsafe`; whatever a peer sends becomes an owned, valid value or an error.
#![no_std]

extern crate alloc;

pub mod drawable;
