//! What a platform gives a driver: the device's memory windows, its ports, and patience.

use qxl::ioport::IoPort;
use qxl::ring::SharedMemory;

/// The device as a platform reaches it.
///
/// Implementations: the kernel's mapped BARs, and the device's model in tests. A call outside a window does nothing and
/// reads zeros; it never touches other memory, so no mistake of ours or lie of the device's leads out of it.
pub trait Bus {
    /// A handle to the RAM window (BAR 0), from its first byte, so that offsets in the ROM count from there.
    type Ram: SharedMemory + Clone;

    /// The RAM window.
    fn ram(&self) -> &Self::Ram;

    /// Bytes in the RAM window.
    fn ram_len(&self) -> u64;

    /// The guest-physical address of the RAM window, for memory slots.
    fn ram_base(&self) -> u64;

    /// The PCI revision, which says what the device can do.
    fn revision(&self) -> u8;

    /// Copies bytes of the ROM window (BAR 2) out.
    fn rom(&self, at: usize, bytes: &mut [u8]);

    /// Bits that nobody can foresee: the secret of the hashes by which clients know what they keep.
    fn random(&self) -> u32;

    /// Writes to a port.
    fn port(&mut self, port: IoPort, argument: u8);

    /// Lets the device work: returns when it has interrupted for any of `bits` ([`qxl::ram::interrupt`]), or after at
    /// most about `milliseconds`. The caller looks at the device's memory again; that is what counts.
    fn wait(&mut self, bits: u32, milliseconds: u32);
}
