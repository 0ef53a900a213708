//! Time that passes only when a test says so.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A clock that many can read. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SimulatedClock {
    now: Arc<Mutex<Instant>>,
}

impl Default for SimulatedClock {
    fn default() -> Self {
        Self { now: Arc::new(Mutex::new(Instant::now())) }
    }
}

impl SimulatedClock {
    /// The time.
    pub fn now(&self) -> Instant {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }

    /// Lets time pass until `instant`, if that is not past.
    pub fn advance_to(&self, instant: Instant) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        *now = (*now).max(instant);
    }
}
