//! Rings at every index, with a peer that keeps the rules and with one that does not.
#![allow(clippy::unwrap_used, reason = "a test stops when something fails")]

use std::collections::VecDeque;

use proptest::prelude::*;
use qxl::command::{Command, CommandKind};
use qxl::memslot::PhysAddr;
use qxl::model::{Memory, MemoryView};
use qxl::ram::{RamHeader, RingHeader};
use qxl::ring::{
    CommandRing, CursorRing, GuestRings, HostRings, PushError, ReleaseRing, Ring, RingFault, SharedMemory,
    Wake,
};
use zerocopy::little_endian::U64;

const PROD: usize = core::mem::offset_of!(RingHeader, prod);
const CONS: usize = core::mem::offset_of!(RingHeader, cons);
const NUM_ITEMS: usize = core::mem::offset_of!(RingHeader, num_items);

/// Fresh rings whose indices all stand at `start`.
fn rings(start: u32) -> (MemoryView, GuestRings<MemoryView>, HostRings<MemoryView>) {
    let header = Memory::new(size_of::<RamHeader>()).view(0);
    HostRings::reset(&header);
    for ring in [CommandRing::OFFSET, CursorRing::OFFSET, ReleaseRing::OFFSET] {
        header.store(ring + PROD, start);
        header.store(ring + CONS, start);
    }
    let (guest, host) = (GuestRings::attach(&header).unwrap(), HostRings::attach(&header).unwrap());
    (header, guest, host)
}

fn command(number: u64) -> Command {
    Command::new(CommandKind::Draw, PhysAddr::new(number))
}

proptest! {
    #[test]
    fn elements_come_out_once_and_in_order(
        start in prop_oneof![Just(0), u32::MAX - 40..=u32::MAX, any::<u32>()],
        pushes in prop::collection::vec(any::<bool>(), 0..200),
    ) {
        let (_, mut guest, mut host) = rings(start);
        let (mut inside, mut next) = (VecDeque::new(), 0);
        for push in pushes {
            if push {
                next += 1;
                match guest.commands.push(&command(next)) {
                    Ok(_) => inside.push_back(next),
                    Err(error) => {
                        prop_assert_eq!(error, PushError::Full);
                        prop_assert_eq!(inside.len(), 32);
                    }
                }
            } else {
                let popped = host.commands.pop().unwrap().map(|(command, _)| command.data.bits());
                prop_assert_eq!(popped, inside.pop_front());
            }
            prop_assert_eq!(guest.commands.free().unwrap() as usize, 32 - inside.len());
            prop_assert_eq!(host.commands.available().unwrap() as usize, inside.len());
            prop_assert_eq!(guest.commands.is_drained().unwrap(), inside.is_empty());
        }
    }

    #[test]
    fn impossible_distances_are_faults_and_change_nothing(start: u32, distance in 33..=u32::MAX) {
        let (header, mut guest, mut host) = rings(start);
        let prod = start.wrapping_add(distance);
        header.store(CommandRing::OFFSET + PROD, prod);
        let fault = RingFault { prod, cons: start };
        prop_assert_eq!(host.commands.pop(), Err(fault));
        prop_assert_eq!(host.commands.must_wait(), Err(fault));
        prop_assert_eq!(host.commands.available(), Err(fault));

        let cons = start.wrapping_sub(distance);
        header.store(CommandRing::OFFSET + CONS, cons);
        let fault = RingFault { prod: start, cons };
        prop_assert_eq!(guest.commands.push(&command(1)), Err(PushError::Fault(fault)));
        prop_assert_eq!(guest.commands.must_wait(), Err(fault));
        prop_assert_eq!(guest.commands.free(), Err(fault));
        prop_assert_eq!(header.load(CommandRing::OFFSET + PROD), prod);

        header.store(CommandRing::OFFSET + PROD, start);
        header.store(CommandRing::OFFSET + CONS, start);
        prop_assert!(guest.commands.push(&command(2)).is_ok());
        prop_assert_eq!(host.commands.pop().unwrap().unwrap().0, command(2));
    }

    #[test]
    fn a_half_believes_neither_its_own_shared_index_nor_the_length(nonsense: u32) {
        let (header, mut guest, mut host) = rings(5);
        header.store(CommandRing::OFFSET + NUM_ITEMS, nonsense);
        for number in 0..32 {
            header.store(CommandRing::OFFSET + PROD, nonsense);
            prop_assert!(guest.commands.push(&command(number)).is_ok());
        }
        prop_assert_eq!(guest.commands.push(&command(99)), Err(PushError::Full));
        for number in 0..32 {
            header.store(CommandRing::OFFSET + CONS, nonsense);
            prop_assert_eq!(host.commands.pop().unwrap().unwrap().0, command(number));
        }
    }
}

#[test]
fn fresh_rings_wake_for_the_first_element_only() {
    let header = Memory::new(size_of::<RamHeader>()).view(0);
    let mut host = HostRings::reset(&header);
    let mut guest = GuestRings::attach(&header).unwrap();
    assert_eq!(guest.commands.push(&command(1)), Ok(Wake(true)));
    assert_eq!(guest.commands.push(&command(2)), Ok(Wake(false)));
    assert_eq!(host.releases.push(&U64::new(1)), Ok(Wake(true)));
    assert_eq!(host.releases.push(&U64::new(2)), Ok(Wake(false)));
    assert_eq!(host.commands.pop().unwrap().unwrap().1, Wake(false));
}

#[test]
fn a_consumer_that_waits_is_woken_once() {
    let (_, mut guest, host) = rings(u32::MAX);
    assert_eq!(host.commands.must_wait(), Ok(true));
    assert_eq!(guest.commands.push(&command(1)), Ok(Wake(true)));
    assert_eq!(guest.commands.push(&command(2)), Ok(Wake(false)));
    assert_eq!(host.commands.must_wait(), Ok(false));
}

#[test]
fn a_producer_that_waits_is_woken_by_the_first_room() {
    let (_, mut guest, mut host) = rings(u32::MAX - 3);
    assert_eq!(guest.cursor.must_wait(), Ok(false));
    for number in 0..32 {
        assert!(guest.cursor.push(&command(number)).is_ok());
    }
    assert_eq!(guest.cursor.must_wait(), Ok(true));
    assert_eq!(host.cursor.pop().unwrap().unwrap().1, Wake(true));
    assert_eq!(host.cursor.pop().unwrap().unwrap().1, Wake(false));
    assert_eq!(guest.cursor.must_wait(), Ok(false));
}

#[test]
fn rings_of_a_device_gone_wrong_are_not_attached() {
    let (header, ..) = rings(0);
    header.store(ReleaseRing::OFFSET + PROD, 9);
    let fault = RingFault { prod: 9, cons: 0 };
    assert_eq!(GuestRings::attach(&header).err(), Some(fault));
    assert_eq!(HostRings::attach(&header).err(), Some(fault));
}

#[test]
fn halves_in_two_threads_lose_nothing() {
    const COUNT: u64 = 20_000;
    let (_, mut guest, mut host) = rings(u32::MAX - 1000);
    let producer = std::thread::spawn(move || {
        for number in 0..COUNT {
            while guest.commands.push(&command(number)).is_err() {
                std::thread::yield_now();
            }
        }
    });
    for number in 0..COUNT {
        let taken = loop {
            match host.commands.pop().unwrap() {
                Some((taken, _)) => break taken,
                None => std::thread::yield_now(),
            }
        };
        assert_eq!(taken, command(number));
    }
    producer.join().unwrap();
}
