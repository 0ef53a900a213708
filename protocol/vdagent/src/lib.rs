//! Messages between a SPICE client and the agent in the guest, and the chunks of the port between the agent
//! and the server.
//!
//! Who calls it: the server, which relays and filters messages and sends some itself; the agent; the probe.
//! On the agent's port [`port`] cuts the byte stream into chunks of a client or of the server; in the main
//! channel the chunk's data stand alone. Either way [`assembly`] joins them into whole messages, each of
//! which is a [`Message`]. A relay does not join them: it takes [`pieces`] and follows ([`follow`]) their messages.
//!
//! Invariant: no I/O, no clock, no `unsafe`; whatever a peer sends becomes a valid value or an error, and what
//! is kept of it is bounded by a limit that the caller sets.
//!
//! Source of the formats: `spice/vd_agent.h` of spice-protocol.
#![no_std]

extern crate alloc;

pub mod assembly;
pub mod capability;
pub mod clipboard;
mod error;
mod fields;
pub mod file_transfer;
pub mod follow;
pub mod kind;
mod message;
pub mod monitors;
pub mod pieces;
pub mod port;
pub mod volume;

pub use error::AgentError;
pub use message::{
    AnnounceCapabilities, DisplayConfig, GraphicsDevice, Message, MouseState, Reply, ReplyResult,
};
