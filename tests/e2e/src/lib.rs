//! Virtual machines for the end-to-end tests and for `cargo xtask demo`: stock QEMU without KVM, a Debian kernel, a
//! busybox initramfs made here, and a stock SPICE client under remote control.
//!
//! [`Vm`] starts QEMU with a chosen libspice-server and ends it by its process handle when dropped; the kernel ends it
//! when this process dies in any other way. [`Guest`] talks to what runs inside, [`Qmp`] to QEMU, [`StockClient`] to a
//! spice-gtk session. Everything waits for a condition under a [`Deadline`]; nothing sleeps for a fixed time and hopes.
//!
//! One virtual machine runs at a time on a machine (two disturb each other on few cores), by a lock file. Nothing here
//! listens anywhere but on unix sockets and 127.0.0.1.

mod cache;
mod chroot;
mod client;
mod cpio;
mod deadline;
mod debian;
mod desktop;
mod disk;
mod driver;
mod exclusive;
mod firmware;
mod guest;
mod guest_files;
mod hardware;
mod initramfs;
mod installed;
mod kernel;
mod kernel_modules;
mod library;
mod picture;
mod pointer;
mod process;
mod program;
mod qmp;
mod root;
mod run_folder;
mod serial;
mod sources;
mod system;
mod typing;
mod vm;
mod warnings;

pub use cache::{Cache, content_key};
pub use chroot::{Chroot, Ran};
pub use client::{Button, MouseMode, StockClient, screenshot};
pub use deadline::Deadline;
pub use debian::Suite;
pub use disk::make_disk;
pub use driver::KmsDriver;
pub use firmware::Firmware;
pub use guest::Guest;
pub use hardware::{Display, Machine, Pointer, SpiceAddress};
pub use initramfs::GuestImage;
pub use installed::INSTALLED;
pub use library::ServerLibrary;
pub use picture::{Fingerprint, Picture};
pub use pointer::{PointerShape, ServerPointer};
pub use process::{Ender, tied_to_us};
pub use qmp::{Qmp, SpiceClientAccess};
pub use root::{as_root, on_path};
pub use serial::SerialLog;
pub use sources::Sources;
pub use system::System;
pub use typing::{type_blindly, type_text};
pub use vm::{Vm, VmBuilder};
