//! The guest's side: its memory, its commands, its device. Everything here is hostile input.

pub mod device;
pub mod region;
