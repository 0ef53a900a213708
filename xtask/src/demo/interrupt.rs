//! Ctrl-C, and the polite ways to ask a program to end, as the demo takes them at any moment of its run.
//!
//! The demo waits for the guest in many places. Rather than have each look here, an interrupt ends the virtual
//! machine; the wait fails, everything unwinds and is cleaned up. Never exits the process itself.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use e2e::Ender;

/// Whether an interrupt has come, and what it ends.
#[derive(Clone, Default)]
pub(super) struct Interrupt {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    came: bool,
    machine: Option<Ender>,
}

impl Interrupt {
    /// Listens from now on, once in the life of the process.
    pub(super) fn listen() -> Result<Self> {
        let interrupt = Interrupt::default();
        let handler = interrupt.clone();
        ctrlc::set_handler(move || handler.come()).context("cannot listen for Ctrl-C")?;
        Ok(interrupt)
    }

    pub(super) fn came(&self) -> bool {
        self.state().came
    }

    /// Lets the interrupt end this machine, at once when it has already come.
    pub(super) fn ends(&self, machine: Ender) {
        let mut state = self.state();
        if state.came {
            machine.end();
        }
        state.machine = Some(machine);
    }

    fn come(&self) {
        let mut state = self.state();
        state.came = true;
        if let Some(machine) = &state.machine {
            machine.end();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
