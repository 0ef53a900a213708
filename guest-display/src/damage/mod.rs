//! Damage to drawing commands: what a compositor says has changed, as the fewest bytes that make it so.
//!
//! [`Framebuffer`] is where pixels come from, [`Sink`] where drawing goes.

mod framebuffer;
mod sink;

pub use framebuffer::Framebuffer;
pub use sink::{Refused, Sink};
