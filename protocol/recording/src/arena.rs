//! The memory of one command: structures of the device in one block, with the addresses inside relative
//! to its beginning until it is placed.
//!
//! The command's own structure lies first. All parts begin at multiples of [`ALIGNMENT`], as a C
//! allocator would give them, because pixels are read as 32 bit words.

use crate::error::ErrorKind;

/// What each part of a block, and the block itself, is aligned to.
const ALIGNMENT: usize = 16;

/// The place of a structure in its block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(usize);

/// A block under construction.
#[derive(Debug, Default)]
pub(crate) struct Arena {
    pub(crate) bytes: Vec<u8>,
    addresses: Vec<Address>,
}

/// An address inside a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Address {
    /// Where the 8 bytes of the address lie.
    at: usize,
    /// What it points to.
    target: usize,
}

impl Arena {
    /// Begins a part of `size` bytes, all 0, at an aligned place.
    pub(crate) fn reserve(&mut self, size: usize, limit: usize) -> Result<Place, ErrorKind> {
        let start = self.bytes.len().next_multiple_of(ALIGNMENT);
        let end = start.checked_add(size).filter(|end| *end <= limit);
        self.bytes.resize(end.ok_or(ErrorKind::TooLarge { limit })?, 0);
        Ok(Place(start))
    }

    /// Writes the fields of a structure to the beginning of a reserved part; what does not fit is cut.
    pub(crate) fn fill(&mut self, place: Place, fields: Fields) {
        let Fields { bytes, addresses } = fields;
        for (target, byte) in self.bytes.iter_mut().skip(place.0).zip(bytes) {
            *target = byte;
        }
        let absolute = addresses.into_iter().map(|(at, Place(target))| Address { at: place.0 + at, target });
        self.addresses.extend(absolute);
    }

    /// Writes a number of 32 bits to `at` bytes behind the beginning of a part.
    pub(crate) fn set_u32(&mut self, place: Place, at: usize, value: u32) {
        let start = place.0.saturating_add(at);
        if let Some(field) = self.bytes.get_mut(start..).and_then(|rest| rest.first_chunk_mut()) {
            *field = value.to_le_bytes();
        }
    }

    /// Makes the 8 bytes that lie `at` bytes behind the beginning of a part point to another part.
    pub(crate) fn link(&mut self, place: Place, at: usize, target: Place) {
        self.addresses.push(Address { at: place.0.saturating_add(at), target: target.0 });
    }

    pub(crate) fn finish(self) -> Layout {
        Layout { bytes: self.bytes, addresses: self.addresses }
    }
}

/// The fields of one packed structure, in their order.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    bytes: Vec<u8>,
    addresses: Vec<(usize, Place)>,
}

impl Fields {
    pub(crate) fn u8(&mut self, value: u8) -> &mut Self {
        self.bytes.push(value);
        self
    }

    pub(crate) fn u16(&mut self, value: u16) -> &mut Self {
        self.raw(&value.to_le_bytes())
    }

    pub(crate) fn u32(&mut self, value: u32) -> &mut Self {
        self.raw(&value.to_le_bytes())
    }

    pub(crate) fn i32s(&mut self, values: &[i32]) -> &mut Self {
        self.bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        self
    }

    pub(crate) fn u64(&mut self, value: u64) -> &mut Self {
        self.raw(&value.to_le_bytes())
    }

    /// An address, 0 for nothing.
    pub(crate) fn address(&mut self, target: Option<Place>) -> &mut Self {
        if let Some(target) = target {
            self.addresses.push((self.bytes.len(), target));
        }
        self.u64(0)
    }

    /// Bytes that stay 0.
    pub(crate) fn zeros(&mut self, count: usize) -> &mut Self {
        self.bytes.resize(self.bytes.len() + count, 0);
        self
    }

    /// The fields of another structure behind these.
    pub(crate) fn append(&mut self, other: Self) -> &mut Self {
        let start = self.bytes.len();
        self.addresses.extend(other.addresses.into_iter().map(|(at, target)| (start + at, target)));
        self.raw(&other.bytes)
    }

    fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(bytes);
        self
    }
}

/// The structures of one command, not yet bound to an address. The command's own structure lies first
/// and begins with the 8 bytes of its release information.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    bytes: Vec<u8>,
    addresses: Vec<Address>,
}

impl Layout {
    /// How many bytes the structures take.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Writes the structures to the beginning of `memory`, which lies at `base` in the address space of
    /// the reader: each address inside becomes `base` plus its offset. `release_id` is what the device
    /// gives back when it needs the command no longer.
    ///
    /// `base` should be a multiple of 16. Returns false, and writes nothing, if `memory` is too small.
    pub fn place(&self, memory: &mut [u8], base: u64, release_id: u64) -> bool {
        let Some(memory) = memory.get_mut(..self.bytes.len()) else { return false };
        memory.copy_from_slice(&self.bytes);
        for Address { at, target } in &self.addresses {
            if let Some(field) = memory.get_mut(*at..).and_then(|rest| rest.first_chunk_mut()) {
                *field = base.wrapping_add(*target as u64).to_le_bytes();
            }
        }
        if let Some(field) = memory.first_chunk_mut() {
            *field = release_id.to_le_bytes();
        }
        true
    }

    /// Puts the structures on the heap of this process, with the addresses that hold there.
    pub fn into_memory(self, release_id: u64) -> Memory {
        let mut memory = Memory::zeroed(self.bytes.len());
        let base = memory.address();
        self.place(memory.bytes_mut(), base, release_id);
        memory
    }
}

/// A block on the heap that a device reads, and may write, by its address.
///
/// As long as the device knows the address, it is the device's: nothing here touches the bytes until the
/// block is dropped.
#[derive(Debug)]
pub struct Memory {
    /// Longer than asked for, so that an aligned beginning lies inside.
    bytes: Vec<u8>,
    start: usize,
    size: usize,
}

impl Memory {
    /// A block of `size` bytes, all 0, aligned to 16 bytes.
    pub fn zeroed(size: usize) -> Self {
        let bytes = vec![0; size + ALIGNMENT];
        let start = bytes.as_ptr().addr().next_multiple_of(ALIGNMENT) - bytes.as_ptr().addr();
        Self { bytes, start, size }
    }

    /// Where the block lies in this process. The pointer's provenance is exposed: foreign code may read
    /// and write [`Memory::size`] bytes there until the block is dropped.
    pub fn address(&mut self) -> u64 {
        self.bytes_mut().as_mut_ptr().expose_provenance() as u64
    }

    /// How many bytes belong to the block.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The bytes, for who knows that no device does.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        self.bytes.get_mut(self.start..self.start + self.size).unwrap_or_default()
    }
}
