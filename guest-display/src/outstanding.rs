//! The commands that the device has: what an id that it releases stands for.
//!
//! The [card](crate::card) issues an id with each command and takes it back when the device says so. An id is a place in
//! this table and how often the place was used before. It is never an address, so that a device that invents ids,
//! repeats them or chains them in a circle gets a fault and nothing else.

use alloc::vec::Vec;

use crate::damage::OutOfMemory;
use crate::heap::Block;

/// The end of the list of free places.
const NONE: u32 = u32::MAX;

/// A command that the device has.
#[derive(Debug)]
pub(crate) struct Sent {
    /// Its own memory. The first eight bytes are its release information.
    pub(crate) block: Block,
    /// What else has to stay for as long.
    pub(crate) keeps: Keeps,
}

/// Memory that a command needs beside its own, and which heap its own is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keeps {
    /// A drawing that has all in one piece.
    Drawing,
    /// A drawing of a resident image.
    Image(u32),
    /// A pointer's move, or that it is hidden.
    Gesture,
    /// A pointer's resident shape.
    Shape(u32),
}

/// The table.
#[derive(Debug)]
pub(crate) struct Outstanding {
    places: Vec<Place>,
    free: u32,
    count: usize,
}

#[derive(Debug)]
struct Place {
    /// How many commands were here before.
    turn: u32,
    sent: Option<Sent>,
    next: u32,
}

impl Outstanding {
    /// Room for that many.
    pub(crate) fn new(capacity: u32) -> Result<Self, OutOfMemory> {
        let mut places = Vec::new();
        places
            .try_reserve_exact(usize::try_from(capacity).map_err(|_| OutOfMemory)?)
            .map_err(|_| OutOfMemory)?;
        places.extend((0..capacity).map(|_| Place { turn: 0, sent: None, next: NONE }));
        let mut table = Self { places, free: NONE, count: 0 };
        table.clear();
        Ok(table)
    }

    /// Forgets everything: the device was reset. Ids from before stay wrong.
    pub(crate) fn clear(&mut self) {
        let mut next = NONE;
        for (number, place) in (0..).zip(&mut self.places) {
            if place.sent.take().is_some() {
                place.turn = place.turn.wrapping_add(1);
            }
            place.next = next;
            next = number;
        }
        self.free = next;
        self.count = 0;
    }

    /// Commands that the device has.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Whether one more has no room.
    pub(crate) fn is_full(&self) -> bool {
        self.free == NONE
    }

    /// The id for a command, or the command when there is no room.
    pub(crate) fn issue(&mut self, sent: Sent) -> Result<u64, Sent> {
        let number = self.free;
        let Some(place) = usize::try_from(number).ok().and_then(|at| self.places.get_mut(at)) else {
            return Err(sent);
        };
        self.free = place.next;
        place.sent = Some(sent);
        self.count = self.count.saturating_add(1);
        // The number is below u32::MAX, which is the end of the list: an id is never 0.
        Ok(u64::from(place.turn) << 32 | u64::from(number.saturating_add(1)))
    }

    /// The command with that id, if the device has it.
    pub(crate) fn take(&mut self, id: u64) -> Option<Sent> {
        let turn = u32::try_from(id >> 32).ok()?;
        let number = u32::try_from(id & u64::from(u32::MAX)).ok()?.checked_sub(1)?;
        let place = self.places.get_mut(usize::try_from(number).ok()?).filter(|place| place.turn == turn)?;
        let sent = place.sent.take()?;
        place.turn = place.turn.wrapping_add(1);
        place.next = self.free;
        self.free = number;
        self.count = self.count.saturating_sub(1);
        Some(sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::Heap;

    fn sent(heap: &mut Heap) -> Sent {
        Sent { block: heap.allocate(64).unwrap(), keeps: Keeps::Drawing }
    }

    #[test]
    fn an_id_is_good_once() {
        let mut heap = Heap::new(0, 4096, 64).unwrap();
        let mut table = Outstanding::new(2).unwrap();
        let first = table.issue(sent(&mut heap)).unwrap();
        let second = table.issue(sent(&mut heap)).unwrap();
        assert!(first != 0 && second != 0 && first != second);
        assert!(table.issue(sent(&mut heap)).is_err() && table.is_full());
        assert!(table.take(first).is_some());
        assert!(table.take(first).is_none());
        let third = table.issue(sent(&mut heap)).unwrap();
        assert!(third != first && table.take(first).is_none());
        assert_eq!(table.len(), 2);
        for wrong in [0, u64::MAX, 3, 1 << 32] {
            assert!(table.take(wrong).is_none(), "{wrong}");
        }
        table.clear();
        assert!(table.take(second).is_none() && table.take(third).is_none());
        assert_eq!(table.len(), 0);
    }
}
