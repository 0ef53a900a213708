//! A point in time until which something has to be true, and the waiting for it.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How long to leave a condition alone before looking again, where nothing announces its change.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// When a wait ends in an error.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    at: Instant,
    allowed: Duration,
}

impl Deadline {
    /// A deadline this many seconds from now.
    pub fn seconds(seconds: u64) -> Self {
        let allowed = Duration::from_secs(seconds);
        Deadline { at: Instant::now() + allowed, allowed }
    }

    /// What is left, or an error that names `what` was waited for.
    pub fn left(&self, what: &str) -> Result<Duration> {
        let left = self.at.saturating_duration_since(Instant::now());
        if left.is_zero() {
            bail!("{what}: not within {} s", self.allowed.as_secs());
        }
        Ok(left)
    }

    /// Asks `condition` until it gives a value. Its errors end the wait at once.
    pub fn until<T>(&self, what: &str, mut condition: impl FnMut() -> Result<Option<T>>) -> Result<T> {
        loop {
            if let Some(value) = condition()? {
                return Ok(value);
            }
            std::thread::sleep(self.left(what)?.min(LOOK_AGAIN));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_with_the_value_or_with_what_was_missing() {
        let mut asked = 0;
        let found = Deadline::seconds(10).until("third time", || {
            asked += 1;
            Ok((asked == 3).then_some(asked))
        });
        assert_eq!(found.unwrap(), 3);
        let missed = Deadline::seconds(0).until("the moon", || Ok(None::<()>)).unwrap_err();
        assert_eq!(missed.to_string(), "the moon: not within 0 s");
    }
}
