//! What a client asks for: how many monitors, how large, and where.

use core::mem::offset_of;

use qxl::rom::{ClientMonitorsConfig, Rom};
use zerocopy::little_endian::U32;
use zerocopy::{FromZeros, IntoBytes};

use crate::MAX_HEADS;
use crate::bus::Bus;
use crate::geometry::Rect;
use crate::primary::LONGEST;

/// How often the ROM is read before it is believed that the host never stops to write there.
const TRIES: u32 = 10;

/// The monitors that a client asks for, in pixels. One that is off has no pixels, and neither has one that no screen can hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// One for each head.
    pub heads: [Rect; MAX_HEADS],
    /// How many of them were asked for; the others are to be off.
    pub count: usize,
}

/// Reads the wishes from the ROM: nothing when there are none, or when they are not whole.
pub(crate) fn read<B: Bus>(bus: &B) -> Option<Wishes> {
    for _ in 0..TRIES {
        let mut config = ClientMonitorsConfig::new_zeroed();
        let mut crc = U32::new_zeroed();
        bus.rom(offset_of!(Rom, client_monitors_config), config.as_mut_bytes());
        bus.rom(offset_of!(Rom, client_monitors_config_crc), crc.as_mut_bytes());
        if config.crc() == crc.get() {
            return wishes(&config);
        }
    }
    None
}

fn wishes(config: &ClientMonitorsConfig) -> Option<Wishes> {
    let requested = config.requested()?;
    // All zeros has a right checksum: no client has asked for anything yet.
    if requested.is_empty() {
        return None;
    }
    let mut wishes = Wishes { count: requested.len().min(MAX_HEADS), ..Wishes::default() };
    for (place, wish) in wishes.heads.iter_mut().zip(requested) {
        let area = Rect::new(wish.left.get(), wish.top.get(), wish.right.get(), wish.bottom.get());
        if area.width() <= LONGEST && area.height() <= LONGEST {
            *place = area;
        }
    }
    Some(wishes)
}
