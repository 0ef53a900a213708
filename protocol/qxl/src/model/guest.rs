//! The model's way into guest memory: every address goes through the slot table, every byte is copied,
//! and what a command spans is remembered, so that changes under the device's hands show up.

use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;

use zerocopy::little_endian::U64;
use zerocopy::{FromBytes, IntoBytes};

use super::memory::Memory;
use super::violation::Violation;
use crate::chunk::{DataChunk, MAX_CHUNKED_BYTES};
use crate::memslot::{AddressFault, PhysAddr, SlotTable};

/// The group of slots that a guest's addresses belong to, as in QEMU.
pub(super) const GUEST_GROUP: u32 = 1;

/// Slots of a group, as in QEMU.
pub(super) const SLOTS: u32 = 8;

/// A slot's memory: part of a BAR.
#[derive(Clone, Debug)]
pub(super) struct Region {
    /// The BAR.
    pub(super) memory: Memory,
    /// Bytes into it.
    pub(super) start: usize,
}

/// A place in a BAR.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) memory: Memory,
    pub(super) at: usize,
}

/// The slots that the driver has added.
pub(super) type Slots = SlotTable<Region>;

/// Where `len` bytes at `address` are.
pub(super) fn place(slots: &Slots, address: PhysAddr, len: u64) -> Result<Place, AddressFault> {
    let (region, offset) = slots.resolve(GUEST_GROUP, address, len)?;
    // A slot is inside its BAR, so that the sum is too.
    let at = region.start.saturating_add(usize::try_from(offset).unwrap_or(usize::MAX));
    Ok(Place { memory: region.memory.clone(), at })
}

/// Reads one command: copies out and keeps the footprint.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    slots: &'a Slots,
    footprint: Footprint,
}

impl<'a> Reader<'a> {
    pub(super) fn new(slots: &'a Slots) -> Self {
        Self { slots, footprint: Footprint::default() }
    }

    /// A structure at `address`.
    pub(super) fn structure<T: FromBytes + IntoBytes>(&mut self, address: PhysAddr) -> Result<T, Violation> {
        let mut value = T::new_zeroed();
        self.copy(address, value.as_mut_bytes())?;
        Ok(value)
    }

    /// `len` bytes at `address`.
    pub(super) fn bytes(&mut self, address: PhysAddr, len: u64) -> Result<Vec<u8>, Violation> {
        // Resolved before anything of that size is allocated: no slot is larger than its BAR.
        place(self.slots, address, len)?;
        let mut bytes = vec![0; usize::try_from(len).unwrap_or_default()];
        self.copy(address, &mut bytes)?;
        Ok(bytes)
    }

    /// Bytes from `address` to the end of its slot.
    pub(super) fn bytes_after(&self, address: PhysAddr) -> Result<u64, Violation> {
        Ok(self.slots.bytes_after(GUEST_GROUP, address)?)
    }

    /// All bytes of the chunk list whose first header is at `address`. A real device follows a circle, and
    /// pieces that overlap, up to its limits; here they are refused at once.
    pub(super) fn chunks(&mut self, address: PhysAddr) -> Result<Vec<u8>, Violation> {
        let mut all = Vec::new();
        let mut seen = BTreeSet::new();
        let mut next = address;
        while seen.insert(next.bits()) {
            let chunk: DataChunk = self.structure(next)?;
            let size = u64::from(chunk.data_size.get());
            let total = u64::try_from(all.len()).unwrap_or(u64::MAX).saturating_add(size);
            if total > MAX_CHUNKED_BYTES.min(self.slot_bytes()) {
                return Err(Violation::TooManyBytes);
            }
            all.extend(self.bytes(after::<DataChunk>(next), size)?);
            next = chunk.next_chunk;
            if next.is_null() {
                return Ok(all);
            }
        }
        Err(Violation::CircularChunks)
    }

    /// How much has been read so far, for [`Reader::forget_since`].
    pub(super) fn mark(&self) -> usize {
        self.footprint.pieces.len()
    }

    /// Leaves what was read since `mark` out of the footprint: it may change.
    pub(super) fn forget_since(&mut self, mark: usize) {
        self.footprint.pieces.truncate(mark);
    }

    /// What was read.
    pub(super) fn into_footprint(self) -> Footprint {
        self.footprint
    }

    fn copy(&mut self, address: PhysAddr, bytes: &mut [u8]) -> Result<(), Violation> {
        let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let Place { memory, at } = place(self.slots, address, len)?;
        if memory.read(at, bytes).is_none() {
            // A slot is inside its BAR.
            bytes.fill(0);
        }
        self.footprint.add(Place { memory, at }, bytes);
        Ok(())
    }

    /// Bytes in all slots: pieces of one list that do not overlap have no more.
    fn slot_bytes(&self) -> u64 {
        let slots = (0..SLOTS).filter_map(|number| self.slots.slot(GUEST_GROUP, number));
        slots.fold(0, |sum: u64, slot| sum.saturating_add(slot.len))
    }
}

/// The address right after a structure. Wraps; what it leads to is checked when it is resolved.
pub(super) fn after<T>(address: PhysAddr) -> PhysAddr {
    offset_by(address, size_of::<T>())
}

/// The address some bytes further.
pub(super) fn offset_by(address: PhysAddr, bytes: usize) -> PhysAddr {
    PhysAddr::new(address.bits().wrapping_add(u64::try_from(bytes).unwrap_or_default()))
}

/// The bytes of a command, and what they were.
#[derive(Clone, Debug, Default)]
pub(super) struct Footprint {
    pieces: Vec<(Place, usize, u64)>,
}

impl Footprint {
    fn add(&mut self, place: Place, bytes: &[u8]) {
        self.pieces.push((place, bytes.len(), digest(bytes)));
    }

    /// Whether all bytes are still what they were.
    pub(super) fn is_unchanged(&self) -> bool {
        self.pieces.iter().all(|(place, len, before)| {
            let mut bytes = vec![0; *len];
            place.memory.read(place.at, &mut bytes).is_some() && digest(&bytes) == *before
        })
    }
}

/// FNV-1a.
fn digest(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Where a command's release information is.
pub(super) fn release_place(slots: &Slots, address: PhysAddr) -> Result<(Place, u64), AddressFault> {
    let place = place(slots, address, size_of::<U64>() as u64)?;
    let id = place.memory.get::<U64>(place.at).map_or(0, U64::get);
    Ok((place, id))
}
