//! Timings: how a mode's pixels would go over a cable, by VESA's Coordinated Video Timings with reduced blanking.

/// Pictures a second.
const REFRESH: u64 = 60;

/// Pixels between the end of a row and the start of the next: front porch, pulse and back porch.
const H_FRONT: u32 = 48;
const H_SYNC: u32 = 32;
const H_BLANK: u32 = 160;

/// Rows before the vertical pulse, and the least after it.
const V_FRONT: u32 = 3;
const V_BACK: u32 = 6;

/// The least time between two pictures, in microseconds.
const V_BLANK_US: u64 = 460;

/// Pixel clocks are multiples of this, in units of 10 kHz.
const CLOCK_STEP: u64 = 25;

/// A mode with its blanking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Pixels of a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Pixels a second, in units of 10 kHz.
    pub clock: u32,
    /// Pixels between two rows.
    pub h_blank: u32,
    /// Pixels before the horizontal pulse.
    pub h_front: u32,
    /// Pixels of the horizontal pulse, which is positive.
    pub h_sync: u32,
    /// Rows between two pictures.
    pub v_blank: u32,
    /// Rows before the vertical pulse.
    pub v_front: u32,
    /// Rows of the vertical pulse, which is negative.
    pub v_sync: u32,
}

impl Timing {
    /// The timing of a mode at 60 Hz; nothing for one without pixels or with more than 16 bits of them on a side.
    pub fn reduced(width: u32, height: u32) -> Option<Self> {
        let sides = 1..=u32::from(u16::MAX);
        if !sides.contains(&width) || !sides.contains(&height) {
            return None;
        }
        let v_sync = v_sync(width, height);
        let second = 1_000_000;
        let rows = u64::from(height) * V_BLANK_US * REFRESH / (second - V_BLANK_US * REFRESH) + 1;
        let v_blank = u32::try_from(rows).ok()?.max(V_FRONT + v_sync + V_BACK);
        let total = u64::from(width + H_BLANK) * u64::from(height + v_blank);
        let clock = total * REFRESH / 10_000 / CLOCK_STEP * CLOCK_STEP;
        Some(Self {
            width,
            height,
            clock: u32::try_from(clock).ok()?.max(1),
            h_blank: H_BLANK,
            h_front: H_FRONT,
            h_sync: H_SYNC,
            v_blank,
            v_front: V_FRONT,
            v_sync,
        })
    }

    /// Whether [`descriptor`](Self::descriptor) can say it.
    pub(super) fn is_detailed(&self) -> bool {
        let most = 4095;
        let fits = self.width <= most && self.height <= most && self.v_blank <= most;
        // Readers take a clock of less than 10 MHz for nonsense.
        fits && (1000..=u32::from(u16::MAX)).contains(&self.clock)
    }

    /// The detailed timing descriptor, of a picture with that many millimetres.
    pub(super) fn descriptor(&self, (width_mm, height_mm): (u32, u32)) -> [u8; 18] {
        let low = |number: u32| number.to_le_bytes()[0];
        let both = |first: u32, second: u32| low(first >> 8 & 0xf) << 4 | low(second >> 8 & 0xf);
        let clock = u16::try_from(self.clock).unwrap_or(u16::MAX).to_le_bytes();
        let size = if width_mm <= 4095 && height_mm <= 4095 { (width_mm, height_mm) } else { (0, 0) };
        [
            clock[0],
            clock[1],
            low(self.width),
            low(self.h_blank),
            both(self.width, self.h_blank),
            low(self.height),
            low(self.v_blank),
            both(self.height, self.v_blank),
            low(self.h_front),
            low(self.h_sync),
            low(self.v_front & 0xf) << 4 | low(self.v_sync & 0xf),
            low(self.h_front >> 8 & 3) << 6
                | low(self.h_sync >> 8 & 3) << 4
                | low(self.v_front >> 4 & 3) << 2
                | low(self.v_sync >> 4 & 3),
            low(size.0),
            low(size.1),
            both(size.0, size.1),
            0,
            0,
            // Separate digital pulses, the horizontal one positive.
            0x1a,
        ]
    }
}

/// Rows of the vertical pulse: they tell the shape of the picture.
fn v_sync(width: u32, height: u32) -> u32 {
    let is = |across: u32, down: u32| {
        // The standard takes widths down to whole cells of eight pixels.
        let exact = u64::from(height) * u64::from(across) / u64::from(down);
        exact / 8 == u64::from(width) / 8
    };
    match () {
        () if is(4, 3) => 4,
        () if is(16, 9) => 5,
        () if is(16, 10) => 6,
        () if is(5, 4) || is(15, 9) => 7,
        () => 10,
    }
}
