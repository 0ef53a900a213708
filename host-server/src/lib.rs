//! The SPICE host server, as a safe library: guest commands in, client channels out.
//!
//! Invariant: no input of a guest or a client ends the process or reaches another's data; nothing here
//! waits for a client.
#![forbid(unsafe_code)]

pub mod agent;
pub mod channel;
pub mod cursor;
pub mod display;
pub mod fault;
pub mod guest;
pub mod link;
pub mod media_clock;
pub mod recorder;
pub mod server;
pub mod session;
pub mod settings;
mod thread;
pub mod transport;
