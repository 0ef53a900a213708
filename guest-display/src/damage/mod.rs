//! Damage to drawing commands: what a compositor says has changed, as the fewest bytes that make it so.
//!
//! [`Framebuffer`] is where pixels come from, [`Sink`] where drawing goes, [`Translator`] what is between them. The
//! device calls it; it never waits, never asks the device, and allocates only when the screen gets its size.
//!
//! # How
//! There are two pictures: the *shadow*, which is what the screen shall show, and what has been *shown*, which is what
//! the device has where that is something else. Damage goes into the shadow; drawings make one like the other. So a
//! drawing is right or wrong by comparing pixels, and whatever the sink refuses simply stays a difference.
//!
//! In between, `cells` knows which rows of 16 pixels differ; the three are kept together in `due`. Each step of
//! [`Translator::emit`] takes away what it does best: `moves`, then `tiles` that were seen before, then `fills`, and
//! `images` for the rest.
//!
//! # What it costs
//! Memory is what is slow, so it counts how often a pixel is read and written. A new pixel: read from the frame, compared,
//! put aside, written, and hashed to see whether it has been there before; once more each when it is written into the
//! device's memory. Whatever looks for something stops looking when there is nothing to be found.

mod area;
mod cells;
mod checksum;
mod cost;
mod due;
mod emit;
mod extend;
mod features;
mod fills;
mod framebuffer;
mod gains;
mod heaviest;
mod images;
mod moves;
mod picture;
mod prediction;
mod run;
mod seen;
mod sink;
mod slabs;
mod squares;
mod tiles;
mod translator;

pub use framebuffer::Framebuffer;
pub use run::{RUN, Run, run_of};
pub use sink::{Refused, Sink};
pub use translator::{OutOfMemory, Progress, Translator};
