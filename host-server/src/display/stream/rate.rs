//! How good and how early one client's frames of a video are: what its link carries, and what it reports.
//!
//! A frame is the newest picture at the moment when it can be sent, so that a slow client gets fewer frames and never old
//! ones. Quality falls when frames have to be left out or come too late, and rises again when nothing of that happens.

use std::time::{Duration, Instant};

use image::geometry::Size;
use wire::display::StreamReport;

use super::frame::Quality;

/// From the best to the worst. Those with half of the pixels are for clients that take frames of any size.
const LEVELS: [Quality; 8] = [
    Quality { jpeg: 80, halved: false, bits: 400 },
    Quality { jpeg: 70, halved: false, bits: 280 },
    Quality { jpeg: 60, halved: false, bits: 200 },
    Quality { jpeg: 50, halved: false, bits: 140 },
    Quality { jpeg: 40, halved: false, bits: 100 },
    Quality { jpeg: 28, halved: false, bits: 70 },
    Quality { jpeg: 50, halved: true, bits: 45 },
    Quality { jpeg: 30, halved: true, bits: 25 },
];
/// The level that a video begins with.
const FIRST: usize = 1;
/// Levels of all pixels.
const WHOLE: usize = 6;

/// One client's rate of one video.
#[derive(Clone, Debug)]
pub struct Rate {
    level: usize,
    worst: usize,
    /// When the level changed last.
    settled: Instant,
    /// Milliseconds from a frame's arrival to its showing.
    lead: u32,
}

impl Rate {
    /// Least and most milliseconds that frames are given for their way.
    const LEAD: std::ops::RangeInclusive<u32> = 60..=400;
    /// Of a video; what a second's bits are counted with.
    const FRAMES_PER_SECOND: u64 = 25;
    /// Bits a second below which no picture can be recognised.
    const LEAST_BITS: u32 = 64_000;
    /// Bits a second that every encoder takes.
    const MOST_BITS: u32 = 100_000_000;
    /// How long a level lasts before a better one is tried.
    const PATIENCE: Duration = Duration::from_secs(2);
    /// How long a level lasts before a worse one is taken.
    const HASTE: Duration = Duration::from_millis(400);

    /// The rate that a video begins with.
    pub const fn new(takes_any_size: bool, now: Instant) -> Self {
        let worst = if takes_any_size { LEVELS.len() } else { WHOLE } - 1;
        Self { level: FIRST, worst, settled: now, lead: 100 }
    }

    /// How well the next frame is encoded.
    pub fn quality(&self) -> Quality {
        LEVELS.get(self.level).copied().unwrap_or(LEVELS[WHOLE - 1])
    }

    /// Bits a second for pictures of `size` in a codec whose frames build on each other, on a link that carries so many
    /// bytes a second, where that is known.
    pub fn bits_per_second(&self, size: Size, link: Option<u64>) -> u32 {
        let wanted = size.area() * Self::FRAMES_PER_SECOND * u64::from(self.quality().bits) / 1000;
        // A quarter of the link is left for all that is not the video.
        let carried = link.map_or(u64::MAX, |bytes| bytes.saturating_mul(6));
        u32::try_from(wanted.min(carried)).unwrap_or(u32::MAX).clamp(Self::LEAST_BITS, Self::MOST_BITS)
    }

    /// Milliseconds after its sending at which a frame is due.
    pub const fn lead(&self) -> u32 {
        self.lead
    }

    /// A frame has been sent, and `skipped` were left out since the one before it.
    pub fn on_sent(&mut self, skipped: u64, now: Instant) {
        match skipped {
            0 => self.improve(now),
            1 => {}
            _ => self.worsen(now),
        }
    }

    /// The client says how it goes.
    pub fn on_report(&mut self, report: &StreamReport, now: Instant) {
        let late = report.num_drops > 0 || report.last_frame_delay < 0;
        if late {
            self.lead = (self.lead + 40).min(*Self::LEAD.end());
            // The way is long enough now; what is still late is too much.
            if self.lead == *Self::LEAD.end() || report.num_drops.saturating_mul(2) > report.num_frames {
                self.worsen(now);
            }
        } else if i64::from(report.last_frame_delay) > i64::from(self.lead / 2) {
            self.lead = self.lead.saturating_sub(5).max(*Self::LEAD.start());
        }
    }

    fn worsen(&mut self, now: Instant) {
        if now.duration_since(self.settled) >= Self::HASTE && self.level < self.worst {
            self.level += 1;
            self.settled = now;
        }
    }

    fn improve(&mut self, now: Instant) {
        if now.duration_since(self.settled) >= Self::PATIENCE && self.level > 0 {
            self.level -= 1;
            self.settled = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(rate: &mut Rate, skipped: u64, seconds: u64, mut now: Instant) -> Instant {
        for _ in 0..seconds * 25 {
            now += Duration::from_millis(40);
            rate.on_sent(skipped, now);
        }
        now
    }

    #[test]
    fn frames_left_out_cost_quality_and_a_free_link_brings_it_back() {
        let start = Instant::now();
        let mut rate = Rate::new(true, start);
        let now = frames(&mut rate, 3, 10, start);
        assert_eq!(rate.quality(), LEVELS[7]);
        let now = frames(&mut rate, 1, 10, now);
        assert_eq!(rate.quality(), LEVELS[7], "one frame in two is good enough");
        frames(&mut rate, 0, 20, now);
        assert_eq!(rate.quality(), LEVELS[0]);
    }

    #[test]
    fn bits_follow_quality_and_what_the_link_carries() {
        let start = Instant::now();
        let mut rate = Rate::new(true, start);
        let size = Size::new(640, 360);
        assert_eq!(rate.bits_per_second(size, None), 1_612_800);
        assert_eq!(rate.bits_per_second(size, Some(100_000)), 600_000);
        frames(&mut rate, 3, 10, start);
        assert_eq!(rate.bits_per_second(size, None), 144_000);
        assert_eq!(rate.bits_per_second(Size::new(64, 64), Some(0)), 64_000);
    }

    #[test]
    fn a_client_without_sized_frames_keeps_all_pixels() {
        let start = Instant::now();
        let mut rate = Rate::new(false, start);
        frames(&mut rate, 3, 10, start);
        assert!(!rate.quality().halved);
    }

    #[test]
    fn late_frames_are_dated_later_and_then_made_smaller() {
        let mut now = Instant::now();
        let mut rate = Rate::new(true, now);
        let late =
            StreamReport { num_frames: 5, num_drops: 1, last_frame_delay: -20, ..StreamReport::default() };
        for _ in 0..20 {
            now += Duration::from_secs(1);
            rate.on_report(&late, now);
        }
        assert_eq!(rate.lead(), 400);
        assert_eq!(rate.quality(), LEVELS[7]);
        let early = StreamReport { num_frames: 5, last_frame_delay: 390, ..StreamReport::default() };
        for _ in 0..100 {
            rate.on_report(&early, now);
        }
        assert_eq!(rate.lead(), 60);
    }
}
