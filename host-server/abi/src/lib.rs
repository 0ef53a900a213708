//! `libspice-server.so.1`: the C interface of spice-server 0.16 over the safe [`host_server`] library.
//!
//! Hosts such as QEMU and Xspice call the functions in [`entry`]. Each of them is one closure inside a
//! [`boundary`]: no panic ever reaches the host, a null or stale pointer is a soft failure, and what this
//! library does not do yet says so once in the log (`docs/entry-points.md` lists all 98 functions).
//!
//! Invariant: all unsafe code of the host's side is here: structures as C lays them out ([`layout`]),
//! pointers that C gives us ([`pointer`]), callbacks into the host, and guest memory ([`region`]).

mod boundary;
mod device;
pub mod entry;
#[cfg(feature = "gstreamer")]
mod gstreamer;
mod input;
pub mod layout;
mod log;
mod main_loop;
pub mod pointer;
mod port;
mod region;
pub mod server;
mod texture;
