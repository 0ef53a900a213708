//! Structures as the C headers of spice-server and spice-protocol lay them out.
//!
//! Names and fields are C's, so that the headers can be read beside them. Sizes are those that a C compiler
//! gives on 64 bit Linux.

pub mod character;
pub mod core;
pub mod input;
pub mod migration;
pub mod qxl;
pub mod sound;
