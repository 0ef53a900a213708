//! The QXL paravirtual graphics device: what guest and host say to each other through PCI memory and
//! IO ports.
//!
//! Drivers (guest half), the server (host half) and the `model` (a device in ordinary memory, for tests)
//! share these definitions, so that a layout or a rule exists once. The layouts are those of
//! `spice/qxl_dev.h` of the SPICE protocol, all little endian and without padding; each structure's size
//! and offsets are asserted at compile time against that header.
//!
//! # Invariants
//! - Nothing here panics, allocates or formats on account of what the other half wrote. Memory is
//!   allocated only behind the features `alloc` (the host's slot table) and `model`.
//! - Structures are plain bytes with alignment 1: every bit pattern is a value, and meaning is checked
//!   where it is used (`TryFrom` on the codes, [`memslot`] on the addresses, [`ring`] on the indices).
//! - Shared memory is never borrowed: it is copied out once, and only the copy is looked at.

#![no_std]

#[cfg(feature = "alloc")]
extern crate alloc;

#[macro_use]
mod layout;

pub mod chunk;
pub mod clip;
pub mod code;
pub mod command;
pub mod cursor;
pub mod drawable;
pub mod geometry;
pub mod image;
pub mod ioport;
pub mod memslot;
#[cfg(feature = "model")]
pub mod model;
pub mod modes;
pub mod monitors;
pub mod operation;
pub mod path;
pub mod pci;
pub mod ram;
pub mod release;
pub mod ring;
pub mod rom;
pub mod surface;
pub mod text;
