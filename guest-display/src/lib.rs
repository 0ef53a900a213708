//! The guest half of a QXL display driver: everything that does not depend on the operating system.
//!
//! The Linux driver (`qxl-kms-driver`) and the Windows driver call it with a [`bus::Bus`] of their own; tests call it
//! with the device's model. It brings the device up, keeps command memory, turns damage into drawing commands, and
//! follows the pointer and the client's monitors.
//!
//! # Invariants
//! - Nothing here panics, whatever the device's memory holds and whatever damage a program claims. What the device
//!   wrote is checked where it is read; a lie costs the device its picture, never the guest its kernel.
//! - Memory is bounded and asked for fallibly (`try_reserve`): no allocation on the way of a frame.
//! - Book-keeping lives in ordinary memory. Device memory is written; the only things read back are ring indices,
//!   released ids and the ROM, and before the first picture what VGA has under it.
//! - A frame's pixels are read once, into the shadow. All that follows looks at the shadow, so a program that draws
//!   into the buffer meanwhile cannot make two commands disagree.

#![no_std]

extern crate alloc;

// Tests share the board that the tests of the whole device use.
#[cfg(test)]
extern crate self as guest_display;
#[cfg(test)]
extern crate std;

pub mod bus;
mod card;
mod cursor;
pub mod damage;
mod device;
pub mod edid;
mod fault;
pub mod geometry;
mod hash;
mod heap;
mod interrupts;
mod layout;
mod monitors;
mod outstanding;
mod primary;
mod resident;
mod statistics;
mod window;

pub use cursor::{CursorPixels, CursorSize, MAX_CURSOR};
pub use damage::{OutOfMemory, Progress};
pub use device::{CursorError, Device};
pub use fault::{Dead, ScreenError, StartError};
pub use interrupts::Interrupts;
pub use layout::check_rom;
pub use monitors::Wishes;
pub use primary::Head;
pub use statistics::Statistics;

/// The most heads that a screen has.
pub const MAX_HEADS: usize = 4;
