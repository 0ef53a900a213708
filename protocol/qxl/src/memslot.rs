//! Memory slots: how a command says where its data is.
//!
//! A [`PhysAddr`] (`QXLPHYSICAL`) is, from the highest bit down, the number of a slot, the slot's
//! generation and an offset into it. How wide the first two are, the ROM says. A driver forms addresses
//! with a [`GuestSlot`]; the host resolves them with a [`SlotTable`], which is where every one of them is
//! checked.

#[cfg(feature = "alloc")]
mod table;

use zerocopy::little_endian::U64;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

#[cfg(feature = "alloc")]
pub use table::{AddressFault, AddressFaultKind, Slot, SlotFault, SlotTable};

use crate::rom::Rom;

/// `QXLPHYSICAL`: an address in a command. It means nothing without an [`AddressLayout`] and a table.
#[derive(
    Clone, Copy, Default, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(transparent)]
pub struct PhysAddr(U64);

impl PhysAddr {
    /// No address.
    pub const NULL: Self = Self::new(0);

    /// The address with these 64 bits.
    pub const fn new(bits: u64) -> Self {
        Self(U64::new(bits))
    }

    /// All 64 bits.
    pub const fn bits(self) -> u64 {
        self.0.get()
    }

    /// Whether it is [`PhysAddr::NULL`].
    pub const fn is_null(self) -> bool {
        self.bits() == 0
    }
}

impl core::fmt::Debug for PhysAddr {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:#018x}", self.bits())
    }
}

/// How a [`PhysAddr`] is divided. Slot number and generation together leave at least one bit of offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressLayout {
    id_bits: u8,
    generation_bits: u8,
}

/// The parts of a [`PhysAddr`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressParts {
    /// The number of the slot.
    pub slot: u64,
    /// The generation of the slot.
    pub generation: u64,
    /// Bytes into the slot.
    pub offset: u64,
}

impl AddressLayout {
    /// `id_bits` of slot number above `generation_bits` of generation; `None` when they leave no offset.
    pub const fn new(id_bits: u8, generation_bits: u8) -> Option<Self> {
        if id_bits.saturating_add(generation_bits) < 64 {
            Some(Self { id_bits, generation_bits })
        } else {
            None
        }
    }

    /// The division that a ROM prescribes.
    pub const fn of_rom(rom: &Rom) -> Option<Self> {
        Self::new(rom.slot_id_bits, rom.slot_gen_bits)
    }

    /// Bits of offset.
    pub const fn offset_bits(self) -> u8 {
        64u8.wrapping_sub(self.reserved_bits())
    }

    /// The largest offset.
    pub const fn max_offset(self) -> u64 {
        u64::MAX.unbounded_shr(self.reserved_bits() as u32)
    }

    /// How many slot numbers can be said; at least 1.
    pub const fn slot_numbers(self) -> u64 {
        1u64.unbounded_shl(self.id_bits as u32)
    }

    /// How many generations can be said; at least 1.
    pub const fn generations(self) -> u64 {
        1u64.unbounded_shl(self.generation_bits as u32)
    }

    /// Bits above the offset; below 64 by construction.
    const fn reserved_bits(self) -> u8 {
        self.id_bits.wrapping_add(self.generation_bits)
    }

    /// The address of those parts, or `None` when one is too large.
    pub const fn compose(self, parts: AddressParts) -> Option<PhysAddr> {
        let AddressParts { slot, generation, offset } = parts;
        if offset > self.max_offset() || generation >= self.generations() || slot >= self.slot_numbers() {
            return None;
        }
        let number = slot.unbounded_shl(self.generation_bits as u32) | generation;
        Some(PhysAddr::new(number.unbounded_shl(self.offset_bits() as u32) | offset))
    }

    /// The parts of an address. Every address has them.
    pub const fn split(self, address: PhysAddr) -> AddressParts {
        let bits = address.bits();
        let number = bits.unbounded_shr(self.offset_bits() as u32);
        AddressParts {
            slot: number.unbounded_shr(self.generation_bits as u32),
            generation: number & self.generations().wrapping_sub(1),
            offset: bits & self.max_offset(),
        }
    }
}

/// A slot as its driver knows it, which forms addresses that the host accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuestSlot {
    first: PhysAddr,
    len: u64,
}

impl GuestSlot {
    /// The slot number `slot` of `len` bytes; `None` when an address cannot say all of it.
    pub const fn new(layout: AddressLayout, slot: u8, generation: u8, len: u64) -> Option<Self> {
        if len > layout.max_offset() {
            return None;
        }
        let parts = AddressParts { slot: slot as u64, generation: generation as u64, offset: 0 };
        match layout.compose(parts) {
            Some(first) => Some(Self { first, len }),
            None => None,
        }
    }

    /// Bytes in the slot.
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The address of `len` bytes from `offset`, or `None` when they are not all inside the slot.
    pub const fn address(&self, offset: u64, len: u64) -> Option<PhysAddr> {
        match offset.checked_add(len) {
            Some(end) if end <= self.len => Some(PhysAddr::new(self.first.bits() | offset)),
            _ => None,
        }
    }

    /// The offset of an address in this slot, or `None` when it is of another one.
    pub const fn offset(&self, address: PhysAddr) -> Option<u64> {
        match address.bits().checked_sub(self.first.bits()) {
            Some(offset) if offset < self.len => Some(offset),
            _ => None,
        }
    }
}
