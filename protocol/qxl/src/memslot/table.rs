//! The host's table of memory slots: what an address of a command leads to, if anything.

use alloc::vec::Vec;

use super::{AddressLayout, PhysAddr};

/// Every slot of every group that the emulator has added, with what each is to the caller.
///
/// `R` is whatever a slot's memory is: a pointer and its length, a mapping, a vector in a test. The table
/// never looks at it.
#[derive(Clone, Debug)]
pub struct SlotTable<R> {
    layout: AddressLayout,
    slots_per_group: u32,
    groups: Vec<Vec<Option<Slot<R>>>>,
}

/// One slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot<R> {
    /// What an address must carry.
    pub generation: u64,
    /// The offset in an address that leads to the region's first byte: 0 for a guest's slots.
    pub first: u64,
    /// Bytes in the region.
    pub len: u64,
    /// The memory.
    pub region: R,
}

/// Why an address leads nowhere. It is the fault of whoever made the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressFault {
    /// The address.
    pub address: PhysAddr,
    /// The group that it was looked up in.
    pub group: u32,
    /// Bytes that were wanted there.
    pub len: u64,
    /// What was wrong.
    pub kind: AddressFaultKind,
}

/// What is wrong with an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressFaultKind {
    /// No such group of slots.
    Group,
    /// The number is above those of all slots.
    Slot(u64),
    /// The slot has not been added, or has been removed.
    Vacant(u64),
    /// The slot was given away and added again since.
    Generation {
        /// What the address carries.
        found: u64,
        /// What the slot has.
        expected: u64,
    },
    /// The bytes end beyond all addresses.
    Overflow,
    /// The bytes begin before the slot or end after it.
    OutOfRange {
        /// Bytes in the slot.
        slot_len: u64,
    },
}

impl core::fmt::Display for AddressFault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { address, group, len, kind } = self;
        write!(f, "address {address:?} of {len} bytes in group {group}: ")?;
        match kind {
            AddressFaultKind::Group => write!(f, "no such group"),
            AddressFaultKind::Slot(slot) => write!(f, "no slot {slot}"),
            AddressFaultKind::Vacant(slot) => write!(f, "slot {slot} is vacant"),
            AddressFaultKind::Generation { found, expected } => {
                write!(f, "generation {found} in place of {expected}")
            }
            AddressFaultKind::Overflow => write!(f, "end is beyond all addresses"),
            AddressFaultKind::OutOfRange { slot_len } => write!(f, "not inside the slot of {slot_len} bytes"),
        }
    }
}

impl core::error::Error for AddressFault {}

/// Why a slot cannot be added. It is the fault of whoever adds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotFault {
    /// No such group of slots.
    Group(u32),
    /// The number is above those of all slots.
    Slot(u32),
}

impl core::fmt::Display for SlotFault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Group(group) => write!(f, "no group {group} of memory slots"),
            Self::Slot(slot) => write!(f, "no memory slot {slot}"),
        }
    }
}

impl core::error::Error for SlotFault {}

impl<R> SlotTable<R> {
    /// A table of `groups` times `slots_per_group` vacant slots, for addresses divided by `layout`.
    pub fn new(layout: AddressLayout, groups: u32, slots_per_group: u32) -> Self {
        Self { layout, slots_per_group, groups: (0..groups).map(|_| Vec::new()).collect() }
    }

    /// How addresses are divided.
    pub fn layout(&self) -> AddressLayout {
        self.layout
    }

    /// Puts a slot into the table, in place of what was there.
    pub fn add(&mut self, group: u32, number: u32, slot: Slot<R>) -> Result<(), SlotFault> {
        let slots = index(group).and_then(|at| self.groups.get_mut(at)).ok_or(SlotFault::Group(group))?;
        let at = index(number).filter(|_| number < self.slots_per_group).ok_or(SlotFault::Slot(number))?;
        if slots.len() <= at {
            slots.resize_with(at.saturating_add(1), || None);
        }
        if let Some(place) = slots.get_mut(at) {
            *place = Some(slot);
        }
        Ok(())
    }

    /// Takes a slot out of the table.
    pub fn remove(&mut self, group: u32, number: u32) -> Option<Slot<R>> {
        self.groups.get_mut(index(group)?)?.get_mut(index(number)?)?.take()
    }

    /// Takes all slots of all groups out of the table.
    pub fn clear(&mut self) {
        self.groups.iter_mut().for_each(Vec::clear);
    }

    /// The slot with that number, if it has been added.
    pub fn slot(&self, group: u32, number: u32) -> Option<&Slot<R>> {
        self.groups.get(index(group)?)?.get(index(number)?)?.as_ref()
    }

    /// Where `len` bytes at `address` are: the slot's region and the offset of their first byte in it.
    /// All of them are inside. No bytes may be wanted at the very end of a region.
    pub fn resolve(&self, group: u32, address: PhysAddr, len: u64) -> Result<(&R, u64), AddressFault> {
        let (slot, offset) = self.place(group, address, len)?;
        let out_of_range = AddressFaultKind::OutOfRange { slot_len: slot.len };
        let kind = match offset.and_then(|offset| Some((offset, offset.checked_add(len)?))) {
            Some((offset, end)) if end <= slot.len => return Ok((&slot.region, offset)),
            None if offset.is_some() => AddressFaultKind::Overflow,
            _ => out_of_range,
        };
        Err(AddressFault { address, group, len, kind })
    }

    /// How many bytes there are from `address` to the end of its slot.
    pub fn bytes_after(&self, group: u32, address: PhysAddr) -> Result<u64, AddressFault> {
        let (slot, offset) = self.place(group, address, 0)?;
        offset.and_then(|offset| slot.len.checked_sub(offset)).ok_or(AddressFault {
            address,
            group,
            len: 0,
            kind: AddressFaultKind::OutOfRange { slot_len: slot.len },
        })
    }

    /// The slot of an address, and the offset in the region unless it would be before its beginning.
    fn place(
        &self,
        group: u32,
        address: PhysAddr,
        len: u64,
    ) -> Result<(&Slot<R>, Option<u64>), AddressFault> {
        let fault = |kind| AddressFault { address, group, len, kind };
        let parts = self.layout.split(address);
        let slots =
            index(group).and_then(|at| self.groups.get(at)).ok_or_else(|| fault(AddressFaultKind::Group))?;
        if parts.slot >= u64::from(self.slots_per_group) {
            return Err(fault(AddressFaultKind::Slot(parts.slot)));
        }
        let slot = usize::try_from(parts.slot)
            .ok()
            .and_then(|at| slots.get(at)?.as_ref())
            .ok_or_else(|| fault(AddressFaultKind::Vacant(parts.slot)))?;
        if parts.generation != slot.generation {
            let kind = AddressFaultKind::Generation { found: parts.generation, expected: slot.generation };
            return Err(fault(kind));
        }
        Ok((slot, parts.offset.checked_sub(slot.first)))
    }
}

fn index(number: u32) -> Option<usize> {
    usize::try_from(number).ok()
}

#[cfg(test)]
mod tests {
    use super::super::AddressParts;
    use super::*;

    const LAYOUT: AddressLayout = AddressLayout::new(8, 8).unwrap();

    fn table() -> SlotTable<&'static str> {
        let mut table = SlotTable::new(LAYOUT, 2, 8);
        let host = Slot { generation: 0, first: 0, len: u64::MAX, region: "host" };
        let ram = Slot { generation: 3, first: 0, len: 0x1000, region: "ram" };
        let shifted = Slot { generation: 0, first: 0x100, len: 0x10, region: "shifted" };
        table.add(0, 0, host).unwrap();
        table.add(1, 1, ram).unwrap();
        table.add(1, 7, shifted).unwrap();
        table
    }

    fn address(slot: u64, generation: u64, offset: u64) -> PhysAddr {
        LAYOUT.compose(AddressParts { slot, generation, offset }).unwrap()
    }

    fn kind(group: u32, address: PhysAddr, len: u64) -> AddressFaultKind {
        table().resolve(group, address, len).unwrap_err().kind
    }

    #[test]
    fn bytes_inside_a_slot_are_found() {
        let table = table();
        assert_eq!(table.resolve(1, address(1, 3, 0), 0x1000), Ok((&"ram", 0)));
        assert_eq!(table.resolve(1, address(1, 3, 0xfff), 1), Ok((&"ram", 0xfff)));
        assert_eq!(table.resolve(1, address(1, 3, 0x1000), 0), Ok((&"ram", 0x1000)));
        assert_eq!(table.resolve(1, address(7, 0, 0x10f), 1), Ok((&"shifted", 0xf)));
        assert_eq!(table.resolve(0, PhysAddr::new(0x7fff_1234_5678), 9), Ok((&"host", 0x7fff_1234_5678)));
        assert_eq!(table.bytes_after(1, address(1, 3, 0xff0)), Ok(16));
    }

    #[test]
    fn bytes_across_either_end_are_refused() {
        let out_of_ram = AddressFaultKind::OutOfRange { slot_len: 0x1000 };
        let out_of_shifted = AddressFaultKind::OutOfRange { slot_len: 0x10 };
        assert_eq!(kind(1, address(1, 3, 0), 0x1001), out_of_ram);
        assert_eq!(kind(1, address(1, 3, 0x1000), 1), out_of_ram);
        assert_eq!(kind(1, address(1, 3, 0x1001), 0), out_of_ram);
        assert_eq!(kind(1, address(7, 0, 0xff), 1), out_of_shifted);
        assert_eq!(kind(1, address(7, 0, 0x110), 1), out_of_shifted);
        assert_eq!(kind(1, address(1, 3, 1), u64::MAX), AddressFaultKind::Overflow);
        assert!(table().bytes_after(1, address(1, 3, 0x1001)).is_err());
    }

    #[test]
    fn wrong_group_slot_and_generation_are_refused() {
        assert_eq!(kind(2, address(1, 3, 0), 1), AddressFaultKind::Group);
        assert_eq!(kind(u32::MAX, address(1, 3, 0), 1), AddressFaultKind::Group);
        assert_eq!(kind(1, address(8, 0, 0), 1), AddressFaultKind::Slot(8));
        assert_eq!(kind(1, PhysAddr::new(u64::MAX), 1), AddressFaultKind::Slot(255));
        assert_eq!(kind(1, address(2, 0, 0), 1), AddressFaultKind::Vacant(2));
        assert_eq!(kind(1, PhysAddr::NULL, 0), AddressFaultKind::Vacant(0));
        let generation = AddressFaultKind::Generation { found: 2, expected: 3 };
        assert_eq!(kind(1, address(1, 2, 0), 1), generation);
    }

    #[test]
    fn slots_come_and_go() {
        let mut table = table();
        let extra = || Slot { generation: 0, first: 0, len: 1, region: "extra" };
        assert_eq!(table.add(1, 8, extra()), Err(SlotFault::Slot(8)));
        assert_eq!(table.add(2, 0, extra()), Err(SlotFault::Group(2)));
        assert!(table.remove(1, 1).is_some());
        assert_eq!(table.resolve(1, address(1, 3, 0), 1).unwrap_err().kind, AddressFaultKind::Vacant(1));
        table.clear();
        assert!(table.slot(0, 0).is_none());
    }
}
