//! Recorded QXL command streams, read and written: the `SPICE_REPLAY 1` format that a SPICE server writes when
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
//! An [`Entry`] is the other way round: the server's recorder makes one of each command in a guest's memory,
//! which it reads through [`DeviceMemory`], and of each call of its host. A command whose structures do not fit
//! together, so that no reader would take them back, is an [`Omission`] in place of an entry.
//!
//! The grammar stands in docs/formats/recording.md.

mod arena;
mod chunk;
mod command;
mod drawable;
mod dump;
mod entry;
mod error;
mod input;
mod message;
mod picture;
mod reader;
mod surfaces;
mod text;

pub use arena::{Layout, Memory};
pub use command::{Command, CommandKind};
pub use dump::{DeviceMemory, Omission, OutsideMemory};
pub use entry::{Entry, HEADER, RingCommand};
pub use error::{Error, ErrorKind};
pub use input::Limits;
pub use message::{Message, PrimarySurface, call};
pub use reader::{Event, EventKind, Recording};
