//! What the device's memory holds at power on, laid out as QEMU does.

use zerocopy::little_endian::U32;

use super::memory::Memory;
use crate::modes::{Mode, ModesHeader};
use crate::ram::{RAM_MAGIC, RamHeader};
use crate::rom::{ROM_MAGIC, Rom};

const PAGE: usize = 4096;
const ROM_BYTES: usize = 2 * PAGE;

/// How the device is built.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Bytes of BAR 0, whole pages; the last two hold the RAM header.
    pub ram_bytes: u32,
    /// Bytes of BAR 0 that the primary surface may take, whole pages.
    pub primary_bytes: u32,
    /// Bytes of BAR 1.
    pub vram_bytes: u32,
    /// How many surfaces there can be, the primary one included.
    pub surfaces: u32,
    /// Bits of slot number in an address.
    pub slot_id_bits: u8,
    /// Bits of generation in an address.
    pub slot_gen_bits: u8,
    /// The generation of slots.
    pub slot_generation: u8,
    /// Guest-physical address of BAR 0.
    pub ram_base: u64,
    /// Guest-physical address of BAR 1.
    pub vram_base: u64,
}

impl Default for Config {
    /// A small device with QEMU's numbers.
    fn default() -> Self {
        Self {
            ram_bytes: 4 << 20,
            primary_bytes: 1 << 20,
            vram_bytes: 1 << 20,
            surfaces: 1024,
            slot_id_bits: 8,
            slot_gen_bits: 8,
            slot_generation: 0,
            ram_base: 0xf400_0000,
            vram_base: 0xf800_0000,
        }
    }
}

impl Config {
    /// Bytes from the start of RAM to its header.
    pub fn ram_header_offset(&self) -> u32 {
        let header = u32::try_from(size_of::<RamHeader>().next_multiple_of(PAGE)).unwrap_or(u32::MAX);
        self.ram_bytes.saturating_sub(header)
    }

    /// BAR 2 with its contents.
    pub(super) fn rom(&self) -> Memory {
        let modes_offset = size_of::<Rom>();
        let pages = self.ram_header_offset().saturating_sub(self.primary_bytes) / 4096;
        let rom = Rom {
            magic: U32::new(ROM_MAGIC),
            modes_offset: U32::new(u32::try_from(modes_offset).unwrap_or(u32::MAX)),
            num_pages: U32::new(pages),
            pages_offset: U32::new(self.primary_bytes),
            draw_area_offset: U32::new(0),
            surface0_area_size: U32::new(self.primary_bytes),
            ram_header_offset: U32::new(self.ram_header_offset()),
            surface_count: U32::new(self.surfaces),
            slots_start: 1,
            slots_end: 7,
            slot_gen_bits: self.slot_gen_bits,
            slot_id_bits: self.slot_id_bits,
            slot_generation: self.slot_generation,
            ..Rom::default()
        };
        let memory = Memory::new(ROM_BYTES);
        let modes = [(640, 480), (800, 600), (1024, 768)];
        let header = ModesHeader { count: U32::new(modes.len() as u32) };
        // All of it is within the two pages.
        let _ = memory.put(0, &rom);
        let _ = memory.put(modes_offset, &header);
        for (id, (width, height)) in (0u32..).zip(modes) {
            let place = modes_offset + size_of::<ModesHeader>() + id as usize * size_of::<Mode>();
            let _ = memory.put(place, &mode(id, width, height));
        }
        memory
    }

    /// The RAM header with everything but the rings.
    pub(super) fn ram_header(&self) -> RamHeader {
        RamHeader { magic: U32::new(RAM_MAGIC), ..RamHeader::default() }
    }
}

fn mode(id: u32, width: u32, height: u32) -> Mode {
    Mode {
        id: U32::new(id),
        width: U32::new(width),
        height: U32::new(height),
        bits: U32::new(32),
        stride: U32::new(4 * width),
        // A quarter of a millimetre a pixel is about 96 dots an inch.
        width_mm: U32::new(width / 4),
        height_mm: U32::new(height / 4),
        orientation: U32::new(0),
    }
}
