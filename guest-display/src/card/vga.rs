//! What VGA holds in the memory over which the device puts the picture: text, its attributes, and the font.

use alloc::vec::Vec;

use qxl::ring::SharedMemory;

use crate::bus::Bus;
use crate::layout::Stretch;

/// Bytes of VGA's four planes. QEMU's device has them interleaved at the start of RAM, where the primary surface lies.
const LEN: u64 = 256 << 10;

/// After that many milliseconds QEMU has looked at VGA's memory: it does so every 30.
const SEEN_MS: u32 = 100;

/// VGA's memory as it was before the device was taken up.
#[derive(Debug)]
pub(super) struct VgaMemory(Vec<u8>);

impl VgaMemory {
    /// Copies what the primary surface can lie over, if there is memory for that: a driver without is worth more than none.
    pub(super) fn read<B: Bus>(bus: &B, primary: Stretch) -> Self {
        let covered = if primary.start == 0 { LEN.min(primary.len) } else { 0 };
        let len = usize::try_from(covered).unwrap_or(0);
        let mut bytes = Vec::new();
        if bytes.try_reserve_exact(len).is_ok() {
            bytes.resize(len, 0);
            bus.ram().read(0, &mut bytes);
        }
        Self(bytes)
    }

    /// Puts it back on a device that was reset, and does not draw over it any more. Everything else that programs have drawn
    /// is gone, lest a linear mode of the firmware's shows it.
    pub(super) fn put_back<B: Bus>(&self, bus: &mut B, primary: Stretch) {
        const BLACK: [u8; 4096] = [0; 4096];
        let offset = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        let end = primary.start.saturating_add(primary.len);
        let mut at = primary.start;
        while at < end {
            let len = end.saturating_sub(at).min(BLACK.len() as u64);
            bus.ram().write(offset(at), BLACK.get(..offset(len)).unwrap_or_default());
            at = at.saturating_add(len);
        }
        // Text that is as it was when the driver came is not drawn again by QEMU: it has to have been gone.
        bus.wait(0, SEEN_MS);
        bus.ram().write(0, &self.0);
    }
}
