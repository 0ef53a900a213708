//! The core of the Linux KMS driver: [`guest_display`] behind a C interface.
//!
//! The C shim beside it (`shim/`) is what the kernel sees; it calls the functions of [`face`] and offers the services of
//! `kernel`. The whole crate becomes one object, which is linked into modules for every kernel: nothing in it may depend
//! on a kernel's version or configuration. For the host's compiler it is an ordinary library, so that it can be checked
//! and tested there.
//!
//! # Invariants
//! - All unsafe code of the driver is here: pointers that C gives, the device's mapped memory (`window`), and pixels that
//!   programs draw into (`frame`, `cursor`).
//! - Nothing here panics on account of a device or a program. What panics all the same stops the thread that did it, and
//!   the kernel says so; it is never undefined.
//! - No floating point, no thread-local storage, no `static` that is written.

#![no_std]
#![allow(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod cursor;
mod errno;
pub mod face;
mod frame;
mod kernel;
pub mod layout;
mod volatile;
mod window;
mod windows;
