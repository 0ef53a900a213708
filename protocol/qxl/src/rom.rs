//! The device's read-only memory: what the host tells the driver, at the start of BAR 2.

use zerocopy::IntoBytes;
use zerocopy::little_endian::{U16, U32, U64};

use crate::geometry::UnsignedRect;

/// `QXL_ROM_MAGIC`, "QXRO".
pub const ROM_MAGIC: u32 = u32::from_le_bytes(*b"QXRO");

device_layout! {
    /// `QXLRom`. Fields were only ever appended; [`Revision`](crate::pci::Revision) says which are there.
    pub struct Rom: 1160 {
        /// [`ROM_MAGIC`].
        pub magic: U32,
        /// Which of several devices this is.
        pub id: U32,
        /// The last [`UpdateCommand`](crate::command::UpdateCommand) that was carried out.
        pub update_id: U32,
        /// The image compression that the host is set to.
        pub compression_level: U32,
        /// How much the driver should log.
        pub log_level: U32,
        /// The current mode, on compatibility devices.
        pub mode: U32,
        /// Bytes from the start of ROM to the [mode table](crate::modes).
        pub modes_offset: U32,
        /// Pages of 4096 bytes that a driver may use for commands.
        pub num_pages: U32,
        /// Bytes from the start of RAM to those pages, on compatibility devices.
        pub pages_offset: U32,
        /// Bytes from the start of RAM to the primary surface.
        pub draw_area_offset: U32,
        /// Bytes that the primary surface may take.
        pub surface0_area_size: U32,
        /// Bytes from the start of RAM to the [RAM header](crate::ram::RamHeader).
        pub ram_header_offset: U32,
        /// The host's multimedia clock in milliseconds.
        pub mm_clock: U32,
        /// How many surfaces there can be, the primary one included.
        pub surface_count: U32 = 52,
        /// Not used by the device.
        pub flags: U64 = 56,
        /// The first memory slot that a driver may use.
        pub slots_start: u8 = 64,
        /// The last memory slot that a driver may use.
        pub slots_end: u8,
        /// Bits of a slot's generation in a [`PhysAddr`](crate::memslot::PhysAddr).
        pub slot_gen_bits: u8,
        /// Bits of a slot's number in a [`PhysAddr`](crate::memslot::PhysAddr).
        pub slot_id_bits: u8,
        /// The generation of slots that are added now.
        pub slot_generation: u8,
        /// Not 0 while a client is connected.
        pub client_present: u8 = 69,
        /// What all clients can do: bit `n % 8` of byte `n / 8` is `SPICE_DISPLAY_CAP_*` number `n`.
        pub client_capabilities: [u8; 58],
        /// [`ClientMonitorsConfig::crc`], written after the configuration itself.
        pub client_monitors_config_crc: U32 = 128,
        /// The arrangement of monitors that the client asks for.
        pub client_monitors_config: ClientMonitorsConfig = 132,
    }

    /// The monitors that the client asks for. The host can rewrite it while it is read: a copy counts only
    /// when its [`crc`](Self::crc) equals the ROM's.
    pub struct ClientMonitorsConfig: 1028 {
        /// How many of `heads` are meant; more than there are is to be refused.
        pub count: U16,
        /// Not used.
        pub padding: U16,
        /// One rectangle a monitor.
        pub heads: [UnsignedRect; 64] = 4,
    }
}

impl Rom {
    /// Whether all clients have the capability `SPICE_DISPLAY_CAP_*` number `capability`.
    pub fn client_can(&self, capability: usize) -> bool {
        self.client_capabilities.get(capability / 8).is_some_and(|byte| byte >> (capability % 8) & 1 == 1)
    }
}

impl ClientMonitorsConfig {
    /// The checksum of all 1028 bytes, which the ROM carries beside them: the reflected CRC-32 polynomial
    /// 0xedb88320 with register and result taken as they are (start 0, no inversion at the end).
    pub fn crc(&self) -> u32 {
        self.as_bytes().iter().fold(0, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 * (crc & 1)))
        })
    }

    /// The requested monitors, or `None` when the count is impossible.
    pub fn requested(&self) -> Option<&[UnsignedRect]> {
        self.heads.get(..usize::from(self.count.get()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_matches_the_standard_one_but_for_its_inversions() {
        assert_eq!(ClientMonitorsConfig::default().crc(), 0);
        let mut one = ClientMonitorsConfig::default();
        one.heads[63].right = U32::new(0x0100_0000);
        // Its last byte is 1: the table entry 1 of the reflected CRC-32.
        assert_eq!(one.crc(), 0x7707_3096);
    }

    #[test]
    fn an_impossible_count_is_refused() {
        let mut config = ClientMonitorsConfig { count: U16::new(64), ..Default::default() };
        assert_eq!(config.requested().map(<[_]>::len), Some(64));
        config.count = U16::new(65);
        assert!(config.requested().is_none());
    }

    #[test]
    fn capabilities_end_with_the_array() {
        let mut rom = Rom::default();
        rom.client_capabilities[1] = 0b10;
        assert!(rom.client_can(9));
        assert!(!rom.client_can(8));
        assert!(!rom.client_can(58 * 8));
    }
}
