//! The link: what a peer says before it is a client.
//!
//! The transport drives a [`Handshake`](handshake::Handshake) for each new connection: bytes in, bytes out.
//! Nothing here does I/O, reads a clock or waits. The peer has not proved anything yet, so that every size
//! has a limit and every refusal a reason that is logged once.

pub mod handshake;
pub mod policy;
pub mod refusal;
pub mod ticket;
