//! Properties of what display drivers share, for a hostile device.

mod host;

use std::rc::Rc;

use guest_display::damage::Framebuffer;
use guest_display::edid::{Edid, Monitor};
use guest_display::geometry::{Point, Rect};
use guest_display::{CursorPixels, Dead, Device, Head};

use self::host::{Host, Slot};
use crate::Oracle;

/// The fuzz targets `display_*`.
pub const ORACLES: &[Oracle] =
    &[Oracle { name: "display_device", check: device }, Oracle { name: "display_edid", check: edid }];

/// The most that one call may look at the device's memory: a device does not keep a driver busy for ever.
const ACCESSES: u64 = 4_000_000;

/// A driver on a device that changes what is in ROM, RAM and rings while it is being looked at: it never panics, never
/// reaches outside of RAM or into the primary surface, and always comes back. Once the device is dead, nothing happens
/// until it is resumed.
pub fn device(bytes: &[u8]) {
    let host = Rc::new(Host::new(bytes));
    let Ok(mut device) = Device::start(Slot::new(Rc::clone(&host))) else { return };
    let interrupts = device.interrupts();
    let mut dead = false;
    for _ in 0..200 {
        if host.script_is_over() {
            break;
        }
        host.begin_call();
        let (what, by) = (host.byte(), u32::from(host.byte()));
        let frame = Pattern { side: 1 + by % 96, by };
        let all = Rect::new(by % 7, 0, u32::MAX, 1 + by);
        // Calls that say nothing else say whether the device is dead.
        let end: Option<Result<(), Dead>> = match what % 12 {
            0..4 => Some(device.update(usize::from(what >> 6), &frame, &[all]).map(drop)),
            4 => Some(device.flush().map(drop)),
            5 => Some(device.interrupted(interrupts.take() | u32::from(what) & 8).map(drop)),
            6 => {
                let heads = [32, 1 + by % 96].map(|side| Head { area: Rect::new(side % 8, 0, side, side) });
                let shown = heads.get(..usize::from(what >> 6).min(heads.len())).unwrap_or_default();
                let _ = device.set_screen(shown);
                None
            }
            7 => {
                let _ = device.set_cursor(&frame, Point { x: by, y: by });
                None
            }
            8 => Some(device.move_cursor(by.cast_signed() - 100, 7).map(drop)),
            9 => Some(device.starve().map(drop)),
            10 => {
                let _ = (device.client_monitors(), device.checksum(0), device.hide_cursor());
                None
            }
            _ => {
                if by % 2 == 0 {
                    device.suspend();
                }
                dead = device.resume().is_err();
                None
            }
        };
        if let Some(end) = end {
            assert!(!dead || end.is_err(), "a dead device does something");
            dead |= end.is_err();
        }
        assert!(host.accesses() < ACCESSES, "the device keeps the driver busy");
    }
    let statistics = device.statistics();
    assert!(statistics.heap_taken <= statistics.heap_len && statistics.heap_peak <= statistics.heap_len);
    device.shut_down();
}

/// Every monitor has a description whose blocks sum up to nothing.
pub fn edid(bytes: &[u8]) {
    let mut words =
        bytes.chunks_exact(4).map(|word| word.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)));
    let mut word = || words.next().unwrap_or_default();
    let (serial, width, height, size) = (word(), word(), word(), (word(), word()));
    let name = String::from_utf8_lossy(bytes);
    let millimetres = Some(size).filter(|_| serial % 2 == 0);
    let edid = Edid::new(&Monitor { name: &name, serial, width, height, millimetres });
    for block in edid.blocks() {
        assert_eq!(block.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)), 0);
    }
    assert_eq!(edid.blocks().next().map(|base| usize::from(base[126])), edid.blocks().count().checked_sub(1));
}

/// A frame, or a pointer, that is made up while it is read.
struct Pattern {
    side: u32,
    by: u32,
}

impl Pattern {
    fn pixel(&self, x: u32, y: u32) -> u32 {
        // Areas of one colour, tiles that repeat, and noise.
        match self.by % 3 {
            0 => self.by,
            1 => (x / 16 + y / 16) % 3 * 0x10_2030,
            _ => (x * 7919 + y * 104_729).wrapping_mul(self.by | 1) & 0x00ff_ffff,
        }
    }
}

impl Framebuffer for Pattern {
    fn width(&self) -> u32 {
        self.side
    }

    fn height(&self) -> u32 {
        self.side
    }

    fn read(&self, x: u32, y: u32, pixels: &mut [u32]) {
        assert!(y < self.side && pixels.len() <= (self.side - x) as usize, "outside the frame");
        for (x, pixel) in (x..).zip(pixels.iter_mut()) {
            *pixel = self.pixel(x, y);
        }
    }
}

impl CursorPixels for Pattern {
    fn width(&self) -> u32 {
        self.side
    }

    fn height(&self) -> u32 {
        self.side
    }

    fn copy_row(&self, y: u32, pixels: &mut [u32]) {
        assert!(y < self.side && pixels.len() == self.side as usize, "outside the pointer");
        for (x, pixel) in (0..).zip(pixels.iter_mut()) {
            *pixel = self.pixel(x, y);
        }
    }
}
