//! Addresses as the driver forms them and as the host resolves them, at any division of the bits.
#![allow(clippy::unwrap_used, reason = "a test stops when something fails")]

use proptest::prelude::*;
use qxl::memslot::{AddressLayout, AddressParts, GuestSlot, PhysAddr, Slot, SlotTable};
use qxl::rom::Rom;

fn layout() -> impl Strategy<Value = AddressLayout> {
    (0..64u8)
        .prop_flat_map(|id_bits| (Just(id_bits), 0..64 - id_bits))
        .prop_map(|(id_bits, generation_bits)| AddressLayout::new(id_bits, generation_bits).unwrap())
}

proptest! {
    #[test]
    fn any_address_is_its_parts(layout in layout(), bits: u64) {
        let address = PhysAddr::new(bits);
        let parts = layout.split(address);
        prop_assert_eq!(layout.compose(parts), Some(address));
        if let Some(beyond) = layout.max_offset().checked_add(1) {
            prop_assert_eq!(layout.compose(AddressParts { offset: beyond, ..parts }), None);
        }
        let beyond = layout.slot_numbers();
        prop_assert_eq!(layout.compose(AddressParts { slot: beyond, ..parts }), None);
        let beyond = layout.generations();
        prop_assert_eq!(layout.compose(AddressParts { generation: beyond, ..parts }), None);
    }

    #[test]
    fn a_drivers_address_leads_where_it_was_meant_to(
        layout in layout(), slot: u8, generation: u8, slot_len: u64, offset: u64, len: u64,
    ) {
        let slot_len = slot_len & layout.max_offset();
        let said = u64::from(slot) < layout.slot_numbers() && u64::from(generation) < layout.generations();
        let guest = GuestSlot::new(layout, slot, generation, slot_len);
        prop_assert_eq!(guest.is_some(), said);
        let Some(guest) = guest else { return Ok(()) };
        let offset = offset % slot_len.max(1);
        let len = len % (slot_len - offset.min(slot_len) + 1);
        let Some(address) = guest.address(offset, len) else { return Ok(()) };
        let mut table = SlotTable::new(layout, 2, 256);
        let entry = Slot { generation: u64::from(generation), first: 0, len: slot_len, region: 'x' };
        table.add(1, u32::from(slot), entry).unwrap();
        prop_assert_eq!(table.resolve(1, address, len), Ok((&'x', offset)));
        prop_assert!(table.resolve(1, address, slot_len - offset + 1).is_err());
        prop_assert!(table.resolve(0, address, len).is_err());
        prop_assert_eq!(guest.address(offset, slot_len - offset + 1), None);
    }

    #[test]
    fn nothing_outside_a_slot_is_resolved(
        bits: u64, len: u64, first in 0..1u64 << 50, slot_len: u64, generation in 0..4u64,
    ) {
        let layout = AddressLayout::new(2, 2).unwrap();
        let mut table = SlotTable::new(layout, 1, 3);
        table.add(0, 2, Slot { generation, first, len: slot_len, region: () }).unwrap();
        let parts = layout.split(PhysAddr::new(bits));
        let reachable = parts.slot == 2 && parts.generation == generation && parts.offset >= first;
        let inside = u128::from(parts.offset) + u128::from(len) <= u128::from(first) + u128::from(slot_len);
        let found = table.resolve(0, PhysAddr::new(bits), len);
        prop_assert_eq!(found.is_ok(), reachable && inside);
    }
}

#[test]
fn a_division_without_offset_bits_is_refused() {
    assert!(AddressLayout::new(32, 31).is_some());
    for (id_bits, generation_bits) in [(32, 32), (64, 0), (0, 64), (255, 255), (128, 128)] {
        assert_eq!(AddressLayout::new(id_bits, generation_bits), None);
    }
    let rom = Rom { slot_id_bits: 8, slot_gen_bits: 8, ..Rom::default() };
    assert_eq!(AddressLayout::of_rom(&rom), AddressLayout::new(8, 8));
}

#[test]
fn faults_say_what_was_wrong() {
    let layout = AddressLayout::new(8, 8).unwrap();
    let mut table = SlotTable::new(layout, 2, 8);
    table.add(1, 1, Slot { generation: 0, first: 0, len: 16, region: () }).unwrap();
    let fault = table.resolve(1, PhysAddr::new(1 << 56 | 8), 9).unwrap_err();
    let expected = "address 0x0100000000000008 of 9 bytes in group 1: not inside the slot of 16 bytes";
    assert_eq!(fault.to_string(), expected);
}
