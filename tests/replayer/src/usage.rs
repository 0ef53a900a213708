//! What a library costs: processor time of its threads, memory of the process, time on the wall.

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// Nanoseconds that the feeder's threads have used; they are not the library's.
#[derive(Debug, Default)]
pub struct FeederTime(AtomicU64);

impl FeederTime {
    /// Stores the processor time of the calling thread, which has to be the feeder.
    pub fn store(&self) {
        self.0.store(nanoseconds(ClockId::ThreadCPUTime), Ordering::Relaxed);
    }

    fn load(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

fn nanoseconds(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
}

/// The moment at which measuring began.
#[derive(Debug)]
pub struct Start {
    wall: Instant,
    process: u64,
    feeder: u64,
    resident: u64,
}

/// What happened since a [`Start`].
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Processor time of the process without the feeder, in seconds.
    pub cpu_seconds: f64,
    /// Time on the wall, in seconds.
    pub wall_seconds: f64,
    /// The most memory that was resident at once, in bytes.
    pub peak_resident: u64,
    /// The same, beyond what was resident at the start.
    pub peak_growth: u64,
}

impl Start {
    /// Measuring begins now; the kernel's peak of resident memory begins anew.
    pub fn now(feeder: &FeederTime) -> Self {
        // Where the kernel does not allow it the peak counts from the start of the process.
        let _ = fs::write("/proc/self/clear_refs", "5");
        Self {
            wall: Instant::now(),
            process: nanoseconds(ClockId::ProcessCPUTime),
            feeder: feeder.load(),
            resident: status("VmRSS:"),
        }
    }

    /// What was used until now.
    pub fn usage(&self, feeder: &FeederTime) -> Usage {
        let process = nanoseconds(ClockId::ProcessCPUTime) - self.process;
        let library = process.saturating_sub(feeder.load().saturating_sub(self.feeder));
        let peak_resident = status("VmHWM:");
        Usage {
            cpu_seconds: library as f64 / 1e9,
            wall_seconds: self.wall.elapsed().as_secs_f64(),
            peak_resident,
            peak_growth: peak_resident.saturating_sub(self.resident),
        }
    }
}

/// A line of /proc/self/status in bytes, 0 where there is none.
fn status(key: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    let kilobytes = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}
