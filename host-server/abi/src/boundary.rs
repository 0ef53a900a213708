//! Where control passes between C and Rust.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use tracing::{error, info, warn};

/// Runs `body`, the whole of an entry point or callback called `name`. A panic becomes a line in the log and
/// the value of `fallback`: the process is somebody's virtual machine.
///
/// State that was being changed when the panic came may be half changed; every lock of the library is taken
/// over from a panicking holder, and everything behind one is valid at each step.
pub(crate) fn guard<R>(name: &str, fallback: impl FnOnce() -> R, body: impl FnOnce() -> R) -> R {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| {
        error!("internal error in {name}; the call was dropped");
        fallback()
    })
}

/// Says once that `what` is not there yet, and what happens in its place.
pub(crate) fn not_yet(what: &'static str, instead: &str) {
    if first_time(what) {
        info!("{what} is not supported yet: {instead}");
    }
}

/// The same for something that somebody has asked for explicitly.
pub(crate) fn refused(what: &'static str, instead: &str) {
    if first_time(what) {
        warn!("{what} is not supported yet: {instead}");
    }
}

fn first_time(what: &'static str) -> bool {
    static SAID: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());
    SAID.lock().unwrap_or_else(PoisonError::into_inner).insert(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_the_fallback() {
        assert_eq!(guard("test", || -1, || panic!("on purpose")), -1);
        assert_eq!(guard("test", || -1, || 7), 7);
    }

    #[test]
    fn what_is_left_out_is_said_once() {
        assert!(first_time("a test's subsystem"));
        assert!(!first_time("a test's subsystem"));
        assert!(first_time("another subsystem of a test's"));
    }
}
