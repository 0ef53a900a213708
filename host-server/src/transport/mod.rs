//! Sockets: listening, linking, and moving frames. Runs on one thread of its own, named "SPICE net".
//!
//! It starts with the first listener or injected socket, so that a host without clients pays nothing. What
//! peers want goes to the session through its [`Inbox`](crate::session::inbox::Inbox); what clients send
//! goes to the sinks that the session gives. It never calls the host's callbacks and never waits for
//! anything but sockets.

mod batch;
mod driver;
mod half_open;
pub mod listener;
pub mod network;
pub mod peer;
mod pump;
mod shortcut;
mod stream;
