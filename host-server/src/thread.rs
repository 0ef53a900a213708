//! Threads that live in somebody else's process.
//!
//! The host delivers its signals to threads of its own and counts on that: ours take none, from their first
//! instruction on. Faults of the thread itself (bad memory access and the like) stay as they are.

use std::io;
use std::thread::{Builder, JoinHandle};

use nix::sys::signal::{SigSet, SigmaskHow, Signal};

/// Bytes of a thread's stack, of which only what is used takes memory. Surfaces that are drawn from each other
/// are drawn one inside the other, and a guest may have a thousand of them.
const STACK: usize = 32 << 20;

/// Starts a thread that no signal is delivered to. Names over 15 bytes are cut by the system.
///
/// # Errors
/// When the system has no thread left.
pub fn spawn_masked<F, T>(name: &str, body: F) -> io::Result<JoinHandle<T>>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let mut mask = SigSet::all();
    for fault in [Signal::SIGILL, Signal::SIGFPE, Signal::SIGSEGV, Signal::SIGBUS, Signal::SIGTRAP] {
        mask.remove(fault);
    }
    // A thread inherits the mask, so that it has to be set here and taken back afterwards.
    let before = mask.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
    let thread = Builder::new().name(name.to_owned()).stack_size(STACK).spawn(body);
    before.thread_set_mask()?;
    thread
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thread_takes_no_signal_and_the_parent_still_does() {
        let before = SigSet::thread_get_mask().unwrap();
        let inside = spawn_masked("test", || SigSet::thread_get_mask().unwrap()).unwrap().join().unwrap();
        assert!(inside.contains(Signal::SIGUSR1) && inside.contains(Signal::SIGINT));
        assert!(!inside.contains(Signal::SIGSEGV));
        assert_eq!(SigSet::thread_get_mask().unwrap(), before);
    }
}
