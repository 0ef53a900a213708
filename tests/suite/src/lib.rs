//! Both ends of a display in one process and in simulated time: a guest that draws, clients that look. And both ends of
//! the relay of the guest's agent ([`session`]).
//!
//! The guest is a device behind the server's own trait, with QXL structures in memory that the server reads
//! as it reads a virtual machine's. A client decodes what it is sent, and can be slow, paused or gone.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

pub mod client;
pub mod clock;
pub mod guest;
pub mod scene;
pub mod session;
