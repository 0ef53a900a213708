//! Where things are in the device's memory, as its ROM says: parsed once at the start, and believed no further than RAM
//! reaches.

use qxl::memslot::AddressLayout;
use qxl::pci::Revision;
use qxl::ram::{RAM_MAGIC, RamHeader};
use qxl::ring::SharedMemory;
use qxl::rom::{ROM_MAGIC, Rom};
use zerocopy::{FromZeros, IntoBytes};

use crate::bus::Bus;
use crate::fault::StartError;

/// Bytes for what the device reads of the monitors.
const MONITORS: u64 = 4096;

/// The least memory for commands with which a picture can be drawn.
const LEAST_COMMANDS: u64 = 256 * 1024;

/// A stretch of RAM in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// From the start of RAM.
    pub(crate) start: u64,
    pub(crate) len: u64,
}

/// A device that makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Where the [`RamHeader`] is. All of it is inside RAM, and aligned.
    pub(crate) header: usize,
    /// What the primary surface may take.
    pub(crate) primary: Stretch,
    /// What the monitors are told in.
    pub(crate) monitors: Stretch,
    /// What commands may take.
    pub(crate) commands: Stretch,
    /// What the memory slot covers, from the start of RAM: all of the above.
    pub(crate) slot_len: u64,
    /// The slot's number.
    pub(crate) slot: u8,
    /// How addresses are divided.
    pub(crate) addresses: AddressLayout,
    /// Whether the device takes the monitors, and passes on what a client asks for.
    pub(crate) has_monitors: bool,
}

impl Layout {
    /// Reads the ROM.
    // Of its own, for the sake of small stacks: a ROM is large.
    #[inline(never)]
    pub(crate) fn read<B: Bus>(bus: &B) -> Result<Self, StartError> {
        let mut rom = Rom::new_zeroed();
        bus.rom(0, rom.as_mut_bytes());
        Self::of(&rom, bus.revision(), bus.ram_len())
    }

    fn of(rom: &Rom, revision: u8, ram_len: u64) -> Result<Self, StartError> {
        if rom.magic.get() != ROM_MAGIC {
            return Err(StartError::RomMagic(rom.magic.get()));
        }
        // Later revisions only ever added.
        if revision < Revision::V06.code() {
            return Err(StartError::Revision(revision));
        }
        let header = header_of(rom, ram_len)?;
        let primary = Stretch {
            start: u64::from(rom.draw_area_offset.get()),
            len: u64::from(rom.surface0_area_size.get()),
        };
        let monitors = Stretch { start: (primary.start + primary.len).next_multiple_of(4096), len: MONITORS };
        let start = monitors.start + monitors.len;
        let slot_len = u64::from(rom.ram_header_offset.get());
        let room = slot_len.saturating_sub(start);
        if room < LEAST_COMMANDS {
            return Err(StartError::NoRoom { primary: primary.len, header: slot_len });
        }
        let (first, last) = (rom.slots_start, rom.slots_end);
        let addresses = AddressLayout::of_rom(rom)
            .filter(|layout| {
                first <= last && u64::from(first) < layout.slot_numbers() && slot_len <= layout.max_offset()
            })
            .ok_or(StartError::Slots {
                first,
                id_bits: rom.slot_id_bits,
                generation_bits: rom.slot_gen_bits,
            })?;
        let commands = Stretch { start, len: room };
        let has_monitors = revision >= Revision::V12.code();
        Ok(Self { header, primary, monitors, commands, slot_len, slot: first, addresses, has_monitors })
    }
}

/// Whether a device with such a ROM can be taken up, as far as can be told without touching it: for drivers that have to send
/// somebody else away first. `read` copies the beginning of the ROM; `ram_len` is in bytes.
pub fn check_rom(read: impl FnOnce(&mut [u8]), revision: u8, ram_len: u64) -> Result<(), StartError> {
    let mut rom = Rom::new_zeroed();
    read(rom.as_mut_bytes());
    Layout::of(&rom, revision, ram_len).map(drop)
}

/// The offset of the RAM header, which must be there.
fn header_of(rom: &Rom, ram_len: u64) -> Result<usize, StartError> {
    let offset = rom.ram_header_offset.get();
    let end = u64::from(offset) + size_of::<RamHeader>() as u64;
    match usize::try_from(offset) {
        Ok(header) if end <= ram_len && header.is_multiple_of(4) => Ok(header),
        _ => Err(StartError::RamHeader { offset, ram_len }),
    }
}

/// Checks that the RAM header is one.
pub(crate) fn check_header<M: SharedMemory>(header: &M) -> Result<(), StartError> {
    match header.load(core::mem::offset_of!(RamHeader, magic)) {
        RAM_MAGIC => Ok(()),
        other => Err(StartError::RamMagic(other)),
    }
}
