//! A headless SPICE client, for tests, benches and people: it links, draws what it is sent, types, moves the
//! pointer, takes pictures and counts; and a proxy that prints one line for each message that passes.
//!
//! Who calls it: the suites and the end-to-end tests through [`Client`], the benches through the binary
//! `probe`, people through `probe` and `trace-proxy`.
//!
//! Invariant: what it knows of the protocol is `wire`, what it knows of pixels `canvas` and `image`; it never
//! hides a fault of the server: each message that cannot be decoded or drawn stands in [`View::faults`].

mod address;
mod client;
mod connection;
mod error;
mod handshake;
mod images;
mod keyboard;
mod pace;
mod picture;
mod pointer;
pub mod proxy;
mod reader;
mod screen;
mod statistics;
mod trace;
mod view;

pub use address::{Address, Stream};
pub use client::{Client, Options};
pub use error::ProbeError;
pub use images::ImageFault;
pub use keyboard::{KeyStroke, UnknownKey, strokes};
pub use picture::Picture;
pub use pointer::Pointer;
pub use screen::Screen;
pub use statistics::{ChannelStatistics, Count};
pub use trace::{Direction, describe};
pub use view::{AgentEvent, View};
