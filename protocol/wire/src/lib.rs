//! The SPICE protocol as bytes: the link, the messages of every channel, and the drawing vocabulary.
//!
//! Who calls it: the server encodes [`display::ServerMessage`] and its like and decodes the clients'
//! messages, the probe does both the other way round. A connection begins with [`link`], goes on in frames
//! ([`frame`]), and the body of each frame is one message of a channel: [`mod@main`], [`display`], [`cursor`],
//! [`inputs`], [`playback`], [`record`], [`smartcard`] or [`port`]. What all channels share is in [`base`].
//!
//! Invariant: no I/O, no clock, no `unsafe`; whatever a peer sends becomes an owned, valid value or an error.
//! Payloads are shared ([`bytes::Bytes`]) and never copied, in both directions.
//!
//! Source of the formats: the SPICE protocol description (`spice.proto`) and the headers of spice-protocol.
#![no_std]
#![allow(special_module_name, reason = "the channel is called main")]

extern crate alloc;

pub mod base;
pub mod capability;
pub mod channel;
pub mod cursor;
pub mod display;
pub mod drawable;
mod error;
pub mod frame;
pub mod image;
pub mod inputs;
pub mod link;
pub mod main;
mod message;
pub mod playback;
pub mod port;
mod read;
pub mod record;
pub mod smartcard;
mod write;

pub use error::WireError;
pub use frame::Frame;
pub use read::Reader;
pub use write::{FrameBuilder, Pointer};
