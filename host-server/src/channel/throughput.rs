//! What a connection carries, measured whenever it is what limits us.
//!
//! While something waits to be written, the kernel takes as much as the network lets it. So bytes taken over the time for which
//! something waited are the link's rate, whatever the client does; an idle link says nothing, and what was known of it stays.

use std::time::{Duration, Instant};

/// The meter of one connection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Throughput {
    /// Since when something has been waiting, and the bytes that were written since then.
    busy: Option<(Instant, u64)>,
    /// Bytes a second.
    rate: Option<u64>,
}

impl Throughput {
    /// The longest time that one sample covers.
    const SAMPLE: Duration = Duration::from_millis(250);
    /// The shortest time that makes a sample: less tells of the kernel's buffers.
    const SHORTEST: Duration = Duration::from_millis(50);
    /// The fewest bytes that make a sample.
    const FEWEST: u64 = 16 << 10;
    /// Bytes that no kernel takes faster than the link: in however short a time they went, the link carries that much.
    const MANY: u64 = 512 << 10;

    /// The kernel has taken so many bytes at `now`, and `waiting` are left.
    pub fn on_written(&mut self, bytes: usize, waiting: usize, now: Instant) {
        let Some((since, written)) = self.busy else {
            if waiting > 0 {
                self.busy = Some((now, 0));
            }
            return;
        };
        let written = written.saturating_add(bytes as u64);
        let time = now.saturating_duration_since(since);
        self.busy = (waiting > 0).then_some((since, written));
        if waiting == 0 || time >= Self::SAMPLE {
            self.sample(written, time);
            self.busy = (waiting > 0).then_some((now, 0));
        }
    }

    /// Bytes a second, if the link ever was busy.
    pub const fn rate(&self) -> Option<u64> {
        self.rate
    }

    fn sample(&mut self, bytes: u64, time: Duration) {
        let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1);
        let sample = bytes.saturating_mul(1000) / milliseconds;
        if bytes >= Self::MANY && self.rate.is_some_and(|rate| rate < sample) {
            self.rate = Some(sample);
            return;
        }
        if time < Self::SHORTEST || bytes < Self::FEWEST {
            return;
        }
        self.rate = Some(self.rate.map_or(sample, |rate| rate / 2 + sample / 2));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes so many bytes a second for a while, with something waiting all the time or never.
    fn write(meter: &mut Throughput, rate: usize, waiting: usize, mut now: Instant) -> Instant {
        for _ in 0..100 {
            now += Duration::from_millis(10);
            meter.on_written(rate / 100, waiting, now);
        }
        now
    }

    #[test]
    fn a_busy_link_shows_its_rate_and_follows_it() {
        let mut meter = Throughput::default();
        let now = write(&mut meter, 1_000_000, 1, Instant::now());
        let rate = meter.rate().unwrap();
        assert!((950_000..1_050_000).contains(&rate), "{rate}");
        write(&mut meter, 100_000, 1, now);
        let rate = meter.rate().unwrap();
        assert!(rate < 400_000, "{rate}");
    }

    #[test]
    fn an_idle_link_says_nothing_and_changes_nothing() {
        let mut meter = Throughput::default();
        let now = write(&mut meter, 1000, 0, Instant::now());
        assert_eq!(meter.rate(), None);
        let now = write(&mut meter, 1_000_000, 1, now);
        write(&mut meter, 1000, 0, now);
        let rate = meter.rate().unwrap();
        assert!((900_000..1_050_000).contains(&rate), "{rate}");
    }

    #[test]
    fn a_client_that_did_not_read_for_a_while_does_not_make_its_link_slow_for_ever() {
        let mut meter = Throughput::default();
        let now = write(&mut meter, 200_000, 1, Instant::now());
        assert!(meter.rate().is_some_and(|rate| rate < 300_000));
        meter.on_written(1 << 20, 0, now + Duration::from_millis(20));
        assert!(meter.rate().is_some_and(|rate| rate > 2_000_000), "{:?}", meter.rate());
    }

    #[test]
    fn what_the_kernel_takes_at_once_is_no_sample() {
        let mut meter = Throughput::default();
        let now = Instant::now();
        meter.on_written(1 << 20, 1, now);
        meter.on_written(1 << 20, 0, now + Duration::from_millis(2));
        assert_eq!(meter.rate(), None);
    }
}
