//! `cargo xtask bench codecs`: our image codecs against the original's encoders, one thread, in one run.
//!
//! The original's encoders are compiled from the sources of Debian's package, as its library does not export them, and run in
//! a process of their own ([`original`]). Both sides get the same pictures ([`pictures`]) and take turns; what counts is
//! processor time, as medians, and bytes.

mod compare;
mod desktop;
mod original;
mod ours;
mod pictures;

pub use compare::{Options, run};
