//! Reads recorded QXL command streams: the `SPICE_REPLAY 1` format that a SPICE server writes when
//! `SPICE_WORKER_RECORD_FILENAME` is set.
//!
//! [`Recording`] takes any [`std::io::BufRead`] and yields [`Event`]s in the order in which the recorded
//! server met them: commands that a guest put into its rings, and the calls of its host. Each command
//! comes as a [`Layout`]: the device's own structures in one block of memory, with the addresses inside
//! still relative. [`Layout::place`] makes them absolute for the caller's address space, and
//! [`Layout::into_memory`] puts the block on the heap of this process, where a server finds it through a
//! memory slot that maps addresses to themselves.
//!
//! The replayer (tests/replayer) and the server's `spice_replay_*` entry points use it. A recording is
//! not trusted: whatever it holds ends in an [`Error`] that names the line and the byte, memory for one
//! command stays within [`Limits`], and nothing here panics.
//!
//! The grammar stands in docs/formats/recording.md.

mod arena;
mod chunk;
mod command;
mod drawable;
mod error;
mod input;
mod message;
mod picture;
mod reader;
mod surfaces;

pub use arena::{Layout, Memory};
pub use command::{Command, CommandKind};
pub use error::{Error, ErrorKind};
pub use input::Limits;
pub use message::{Message, PrimarySurface};
pub use reader::{Event, EventKind, Recording};
