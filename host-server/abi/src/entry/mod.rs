//! The functions that `libspice-server.so.1` exports, by subject.
//!
//! Each is declared with [`entries!`], which puts all of it inside the panic boundary: name, arguments,
//! result, what is returned when the call panics, and the body.

/// Declares entry points: `fn name(arguments) -> result, or fallback => { body }`.
macro_rules! entries {
    ($(
        $(#[$outer:meta])*
        fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)?, or $fallback:expr => $body:block
    )+) => {$(
        $(#[$outer])*
        ///
        /// # Safety
        /// As the C header says: each pointer is null, or valid for the call and of its type.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($($argument: $type),*) $(-> $result)? {
            $crate::boundary::guard(stringify!($name), || $fallback, || $body)
        }
    )+};
}

pub mod character;
pub mod display;
pub mod input;
pub mod interface;
pub mod lifecycle;
pub mod migration;
pub mod replay;
pub mod settings;
pub mod sound;

use std::ffi::c_int;
use std::sync::Arc;

use tracing::warn;

use crate::pointer::Held;
use crate::server::{Face, SpiceServer};

/// What C functions return for success and failure.
const OK: c_int = 0;
const FAILED: c_int = -1;

/// Calls with the server behind a pointer; `missing` for null.
fn with_server<R>(server: Held<SpiceServer>, missing: R, call: impl FnOnce(&Arc<Face>) -> R) -> R {
    server.get().map_or(missing, |server| call(&server.face))
}

/// The C result of something that can fail; says why it did.
fn outcome<E: std::fmt::Display>(what: &str, result: Result<(), E>) -> c_int {
    match result {
        Ok(()) => OK,
        Err(error) => {
            warn!("{what}: {error}");
            FAILED
        }
    }
}
