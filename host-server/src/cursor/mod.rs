//! The cursor channel: the pointer's state, and how much of it each client has been told.
//!
//! Nothing is queued. A client that falls behind is told the latest state when it can take a message, so a
//! slow one costs no memory and never sees an old pointer.

mod client;
mod state;

pub use client::CursorClient;
pub use state::PointerState;
