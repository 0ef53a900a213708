//! Feeds QXL commands to a libspice-server that is chosen by path, so that the original and ours get the
//! same bytes and can be compared.
//!
//! The program `replayer` stands in for QEMU: it loads the library, lends it a main loop, a QXL device
//! and input devices, and replays a recording. The program `replay-bench` runs it once for each of two
//! libraries, again and again in turns, with a client that decodes nothing, and compares the costs. The
//! compatibility tests steer the replayer through its standard input.
//!
//! Only the module [`spice`] has unsafe code.

pub mod agent;
pub mod bench;
pub mod feeder;
pub mod fills;
pub mod film;
pub mod icons;
pub mod libraries;
pub mod migration;
pub mod null_client;
pub mod options;
pub mod pixels;
pub mod random;
pub mod report;
pub mod rings;
pub mod scanout;
mod scenery;
pub mod session;
pub mod source;
pub mod spice;
pub mod steer;
pub mod still;
pub mod usage;
pub mod wake;
