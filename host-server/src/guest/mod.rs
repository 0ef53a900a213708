//! The guest's side: its memory, its commands, its device. Everything here is hostile input.

pub mod buffers;
pub mod command;
pub mod device;
pub mod fetch;
pub mod memory;
pub mod parse;
pub mod record;
pub mod region;
pub mod rows;
