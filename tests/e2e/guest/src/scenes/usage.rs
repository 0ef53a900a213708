//! What a scene costs in the guest.

use std::time::Instant;

use anyhow::{Context, Result};

/// The kernel counts processor time in hundredths of a second (`USER_HZ`).
const TICK_MS: u64 = 10;

/// The counters at a moment.
pub(super) struct Usage {
    at: Instant,
    busy: u64,
    user: u64,
}

impl Usage {
    pub(super) fn now() -> Result<Self> {
        let busy = busy_ticks(&std::fs::read_to_string("/proc/stat")?).context("/proc/stat is odd")?;
        let user =
            user_ticks(&std::fs::read_to_string("/proc/self/stat")?).context("/proc/self/stat is odd")?;
        Ok(Usage { at: Instant::now(), busy, user })
    }

    /// The line for the host: what was used since.
    pub(super) fn line(&self, name: &str, frames: usize) -> Result<String> {
        let now = Usage::now()?;
        let wall = now.at.duration_since(self.at).as_millis();
        let busy = (now.busy - self.busy) * TICK_MS;
        let user = (now.user - self.user) * TICK_MS;
        Ok(format!("SCENE {name} frames={frames} wall_ms={wall} busy_ms={busy} user_ms={user}"))
    }
}

/// Everything but idling and waiting, of all processors.
fn busy_ticks(stat: &str) -> Option<u64> {
    let numbers = stat.lines().next()?.split_whitespace().skip(1);
    let mut ticks = numbers.enumerate().filter(|(position, _)| ![3, 4].contains(position)).take(6);
    ticks.try_fold(0, |sum, (_, ticks)| Some(sum + ticks.parse::<u64>().ok()?))
}

/// The process's time outside the kernel: the 14th field; the 2nd, in brackets, may hold spaces.
fn user_ticks(stat: &str) -> Option<u64> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(11)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_lines_are_read() {
        assert_eq!(busy_ticks("cpu  10 1 20 9999 8888 3 4 2 0 0\ncpu0 1"), Some(40));
        assert_eq!(user_ticks("7 (a b) S 1 2 3 4 5 6 7 8 9 10 77 88 0"), Some(77));
        assert_eq!(busy_ticks(""), None);
    }
}
