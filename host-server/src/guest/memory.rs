//! Reading the guest's memory by the addresses that stand in its commands.
//!
//! Every read names its slot group and is checked against the slot's bounds; what comes back is a copy.

use std::sync::Arc;

use qxl::chunk::DataChunk;
use qxl::memslot::{AddressLayout, PhysAddr, Slot, SlotTable};
use zerocopy::FromBytes;

use super::device::DeviceLimits;
use super::region::Region;
use crate::display::handle::MemorySlot;
use crate::fault::{GuestFault, HostError};

/// The memory slots of one device.
#[derive(Debug)]
pub struct GuestMemory {
    slots: SlotTable<Arc<dyn Region>>,
}

/// Memory of one slot group, as every address in one command means it.
#[derive(Clone, Copy, Debug)]
pub struct GroupMemory<'a> {
    memory: &'a GuestMemory,
    group: u32,
}

/// Bytes of a region that have been found to lie inside it.
#[derive(Clone, Debug)]
pub struct Piece {
    /// The memory.
    pub region: Arc<dyn Region>,
    /// The first byte.
    pub offset: u64,
    /// How many there are.
    pub length: usize,
}

impl GuestMemory {
    /// No slots yet.
    ///
    /// # Errors
    /// When the device leaves no bits for offsets.
    pub fn new(limits: &DeviceLimits) -> Result<Self, HostError> {
        let layout = AddressLayout::new(limits.slot_bits, limits.generation_bits)
            .ok_or_else(|| HostError::new("the device's addresses have no bits for offsets"))?;
        Ok(Self { slots: SlotTable::new(layout, limits.slot_groups, limits.slots) })
    }

    /// Adds a slot.
    pub fn add(&mut self, slot: MemorySlot) -> Result<(), HostError> {
        let MemorySlot { group, slot, generation, address_delta, start, end, region } = slot;
        let len =
            end.checked_sub(start).ok_or_else(|| HostError::new("a memory slot ends before it begins"))?;
        let entry = Slot {
            generation: u64::from(generation),
            first: start.wrapping_sub(address_delta),
            len,
            region: Arc::from(region),
        };
        self.slots.add(group, slot, entry).map_err(HostError::new)
    }

    /// Removes a slot.
    pub fn remove(&mut self, group: u32, slot: u32) {
        self.slots.remove(group, slot);
    }

    /// Removes all slots.
    pub fn clear(&mut self) {
        self.slots.clear();
    }

    /// The memory that addresses of `group` mean.
    pub const fn group(&self, group: u32) -> GroupMemory<'_> {
        GroupMemory { memory: self, group }
    }
}

impl<'a> GroupMemory<'a> {
    /// Where `len` bytes at `address` are.
    pub fn resolve(&self, address: PhysAddr, len: u64) -> Result<(&'a Arc<dyn Region>, u64), GuestFault> {
        self.memory.slots.resolve(self.group, address, len).map_err(GuestFault::new)
    }

    /// A copy of the structure at `address`.
    pub fn read<T: FromBytes>(&self, address: PhysAddr) -> Result<T, GuestFault> {
        self.read_at(address, 0)
    }

    /// A copy of the structure `lead` bytes after `address`, in the same slot.
    pub fn read_at<T: FromBytes>(&self, address: PhysAddr, lead: u64) -> Result<T, GuestFault> {
        let size = size_of::<T>();
        let (region, offset) = self.resolve(address, lead + size as u64)?;
        // Every structure of the device fits; a larger one would be a mistake of ours, and an error.
        let mut buffer = [0; 256];
        let bytes = buffer.get_mut(..size).ok_or_else(|| GuestFault::new("structure of over 256 bytes"))?;
        region.read(offset + lead, bytes);
        T::read_from_bytes(bytes).map_err(|_| GuestFault::new("structure of another size"))
    }

    /// Copies of `count` structures that follow each other at `address + lead`.
    pub fn read_all<T: FromBytes>(
        &self,
        address: PhysAddr,
        lead: u64,
        count: usize,
    ) -> Result<Vec<T>, GuestFault> {
        let length = count.saturating_mul(size_of::<T>());
        let (region, offset) = self.resolve(address, lead.saturating_add(length as u64))?;
        let mut bytes = Vec::new();
        region.append_to(offset + lead, length, &mut bytes);
        Ok(bytes.chunks_exact(size_of::<T>().max(1)).filter_map(|one| T::read_from_bytes(one).ok()).collect())
    }

    /// A copy of `length` bytes at `address`.
    pub fn bytes(&self, address: PhysAddr, length: usize) -> Result<Vec<u8>, GuestFault> {
        let (region, offset) = self.resolve(address, length as u64)?;
        let mut bytes = Vec::with_capacity(length);
        region.append_to(offset, length, &mut bytes);
        Ok(bytes)
    }

    /// The joined pieces of the list whose first [`DataChunk`] stands `lead` bytes after `address`.
    ///
    /// # Errors
    /// As [`GroupMemory::pieces`].
    pub fn chunks(&self, address: PhysAddr, lead: u64, limit: usize) -> Result<Vec<u8>, GuestFault> {
        let pieces = self.pieces(address, lead, limit)?;
        let mut joined = Vec::with_capacity(pieces.iter().map(|piece| piece.length).sum());
        for piece in pieces {
            piece.region.append_to(piece.offset, piece.length, &mut joined);
        }
        Ok(joined)
    }

    /// The pieces of the list whose first [`DataChunk`] stands `lead` bytes after `address`.
    ///
    /// # Errors
    /// When a piece lies outside its slot, when there are more than `limit` bytes, or when there are so many
    /// pieces for that limit that the list must be a circle.
    pub fn pieces(&self, address: PhysAddr, lead: u64, limit: usize) -> Result<Vec<Piece>, GuestFault> {
        const HEADER: u64 = size_of::<DataChunk>() as u64;
        let (mut address, mut lead) = (address, lead);
        let mut pieces = Vec::new();
        let mut bytes_left = limit;
        let mut pieces_left = 1024 + limit / 512;
        loop {
            let DataChunk { data_size, prev_chunk: _, next_chunk } = self.read_at(address, lead)?;
            let length = data_size.get() as usize;
            bytes_left = bytes_left
                .checked_sub(length)
                .ok_or_else(|| GuestFault::new(format_args!("chunks hold more than {limit} bytes")))?;
            let (region, offset) = self.resolve(address, lead + HEADER + length as u64)?;
            if length > 0 {
                pieces.push(Piece { region: region.clone(), offset: offset + lead + HEADER, length });
            }
            if next_chunk.is_null() {
                return Ok(pieces);
            }
            pieces_left -= 1;
            if pieces_left == 0 {
                return Err(GuestFault::new("data is split into too many chunks, or into a circle of them"));
            }
            (address, lead) = (next_chunk, 0);
        }
    }

    /// Bytes from `address` to the end of its slot.
    pub fn bytes_after(&self, address: PhysAddr) -> Result<u64, GuestFault> {
        self.memory.slots.bytes_after(self.group, address).map_err(GuestFault::new)
    }

    /// The host's name for the byte at `address`.
    pub fn host_address(&self, address: PhysAddr) -> Result<usize, GuestFault> {
        let (region, offset) = self.resolve(address, size_of::<qxl::release::ReleaseInfo>() as u64)?;
        Ok(region.host_address(offset))
    }
}
