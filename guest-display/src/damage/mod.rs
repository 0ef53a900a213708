//! Damage to drawing commands: what a compositor says has changed, as the fewest bytes that make it so.
//!
//! [`Framebuffer`] is where pixels come from, [`Sink`] where drawing goes, [`Translator`] what is between them. The
//! device calls it; it never waits, never asks the device, and allocates only when the screen gets its size.
//!
//! # How
//! There are two pictures: the *shadow*, which is what the screen shall show, and what has been *shown*, which is what
//! the device's picture is after the drawings it has taken. Damage goes into the shadow; drawings make one like the
//! other. So a drawing is right or wrong by comparing pixels, and whatever the sink refuses simply stays a difference.
//!
//! In between, `cells` knows which rows of 16 pixels may differ. Each step of [`Translator::emit`] takes away what it
//! does best: `moves`, then `fills`, then `tiles` that were seen before, and `images` for the rest.

mod area;
mod cells;
mod checksum;
mod cost;
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
mod seen;
mod sink;
mod tiles;
mod translator;

pub use framebuffer::Framebuffer;
pub use sink::{Refused, Sink};
pub use translator::{OutOfMemory, Progress, Translator};
