//! Things that stay in the device's memory after their command came back, because they will be needed again: images of
//! tiles, shapes of the pointer.
//!
//! The [card](crate::card) keeps one table of each. A thing is found by a hash of its content, which for tiles is made with a
//! secret, so that no program can draw two that share one. What no command uses waits in a list, from the last used to the
//! first, and the first is what goes when memory is short.

use alloc::vec::Vec;

use crate::damage::OutOfMemory;
use crate::heap::Block;

/// The end of a list.
const NONE: u32 = u32::MAX;

/// What is known of a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    /// A hash of it.
    pub(crate) hash: u64,
    /// Pixels from edge to edge.
    pub(crate) width: u32,
    /// Pixels from edge to edge.
    pub(crate) height: u32,
}

/// A thing, free or in memory.
#[derive(Debug)]
struct Slot {
    content: Content,
    block: Option<Block>,
    /// Commands that the device has and that need it.
    users: u32,
    /// The next of the same bucket, or of the free list.
    chain: u32,
    /// Neighbours among those without users.
    newer: u32,
    older: u32,
}

impl Slot {
    fn len(&self) -> u64 {
        self.block.as_ref().map_or(0, Block::len)
    }
}

/// The table.
#[derive(Debug)]
pub(crate) struct Residents {
    slots: Vec<Slot>,
    /// As many as slots, rounded up to a power of two.
    buckets: Vec<u32>,
    free: u32,
    newest: u32,
    oldest: u32,
    /// Bytes of those without users.
    idle: u64,
}

impl Residents {
    /// Room for that many.
    pub(crate) fn new(capacity: u32) -> Result<Self, OutOfMemory> {
        let count = usize::try_from(capacity).map_err(|_| OutOfMemory)?;
        let (mut slots, mut buckets) = (Vec::new(), Vec::new());
        slots.try_reserve_exact(count).map_err(|_| OutOfMemory)?;
        buckets.try_reserve_exact(count.next_power_of_two()).map_err(|_| OutOfMemory)?;
        slots.extend((0..capacity).map(|_| Slot {
            content: Content { hash: 0, width: 0, height: 0 },
            block: None,
            users: 0,
            chain: NONE,
            newer: NONE,
            older: NONE,
        }));
        buckets.resize(count.next_power_of_two(), NONE);
        let mut table = Self { slots, buckets, free: NONE, newest: NONE, oldest: NONE, idle: 0 };
        table.clear();
        Ok(table)
    }

    /// Forgets everything, with the heap that it was in.
    pub(crate) fn clear(&mut self) {
        self.buckets.fill(NONE);
        let mut next = NONE;
        for (number, slot) in (0..).zip(&mut self.slots) {
            slot.block = None;
            slot.users = 0;
            slot.chain = next;
            next = number;
        }
        self.free = next;
        self.newest = NONE;
        self.oldest = NONE;
        self.idle = 0;
    }

    /// Bytes that things without users take: what [evicting](Self::evict) all of them would give.
    pub(crate) fn idle(&self) -> u64 {
        self.idle
    }

    /// The thing with that content, and where it begins in RAM.
    pub(crate) fn find(&self, content: &Content) -> Option<(u32, u64)> {
        let mut number = *self.buckets.get(self.bucket(content))?;
        // A chain is never longer than the table.
        for _ in 0..self.slots.len() {
            let slot = self.slot(number)?;
            if slot.content == *content {
                return Some((number, slot.block.as_ref()?.offset()));
            }
            number = slot.chain;
        }
        None
    }

    /// Whether one more has no room until one is [evicted](Self::evict).
    pub(crate) fn is_full(&self) -> bool {
        self.free == NONE
    }

    /// Keeps what is in `block`, used by nobody yet, or gives the block back when there is no room.
    pub(crate) fn insert(&mut self, content: Content, block: Block) -> Result<u32, Block> {
        let number = self.free;
        let bucket = self.bucket(&content);
        let first = self.buckets.get(bucket).copied().unwrap_or(NONE);
        let Some(slot) = self.slot_mut(number) else { return Err(block) };
        let free = slot.chain;
        *slot = Slot { content, block: Some(block), users: 0, chain: first, newer: NONE, older: NONE };
        self.free = free;
        if let Some(head) = self.buckets.get_mut(bucket) {
            *head = number;
        }
        self.put_in_line(number);
        Ok(number)
    }

    /// A command needs it.
    pub(crate) fn hold(&mut self, number: u32) {
        let Some(slot) = self.slot_mut(number) else { return };
        slot.users = slot.users.saturating_add(1);
        if slot.users == 1 {
            self.leave_line(number);
        }
    }

    /// A command that needed it came back.
    pub(crate) fn release(&mut self, number: u32) {
        let Some(slot) = self.slot_mut(number) else { return };
        slot.users = slot.users.saturating_sub(1);
        if slot.users == 0 {
            self.put_in_line(number);
        }
    }

    /// The memory of what nobody has used for the longest time, if there is anything without a user.
    pub(crate) fn evict(&mut self) -> Option<Block> {
        let number = self.oldest;
        self.slot(number)?;
        self.leave_bucket(number);
        self.leave_line(number);
        self.vacate(number)
    }

    fn bucket(&self, content: &Content) -> usize {
        let Content { hash, width, height } = *content;
        let mixed = hash ^ u64::from(width) << 32 ^ u64::from(height);
        // The bits of a good hash are as good as each other; those of a bad one are mixed a little.
        let mixed = (mixed ^ mixed >> 29).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let mask = self.buckets.len().saturating_sub(1);
        usize::try_from(mixed).unwrap_or_default() & mask
    }

    fn slot(&self, number: u32) -> Option<&Slot> {
        self.slots.get(usize::try_from(number).ok()?)
    }

    fn slot_mut(&mut self, number: u32) -> Option<&mut Slot> {
        self.slots.get_mut(usize::try_from(number).ok()?)
    }

    /// Puts a slot back among the free ones.
    fn vacate(&mut self, number: u32) -> Option<Block> {
        let free = self.free;
        let slot = self.slot_mut(number)?;
        let block = slot.block.take();
        slot.chain = free;
        self.free = number;
        block
    }

    fn leave_bucket(&mut self, number: u32) {
        let Some(slot) = self.slot(number) else { return };
        let (bucket, after) = (self.bucket(&slot.content), slot.chain);
        let Some(head) = self.buckets.get_mut(bucket) else { return };
        if *head == number {
            *head = after;
            return;
        }
        let mut at = *head;
        for _ in 0..self.slots.len() {
            let Some(slot) = self.slot_mut(at) else { return };
            if slot.chain == number {
                slot.chain = after;
                return;
            }
            at = slot.chain;
        }
    }

    fn put_in_line(&mut self, number: u32) {
        let older = self.newest;
        if let Some(slot) = self.slot_mut(number) {
            slot.newer = NONE;
            slot.older = older;
            let len = slot.len();
            self.idle = self.idle.saturating_add(len);
        }
        match self.slot_mut(older) {
            Some(slot) => slot.newer = number,
            None => self.oldest = number,
        }
        self.newest = number;
    }

    fn leave_line(&mut self, number: u32) {
        let Some(slot) = self.slot(number) else { return };
        let (newer, older) = (slot.newer, slot.older);
        self.idle = self.idle.saturating_sub(slot.len());
        match self.slot_mut(newer) {
            Some(slot) => slot.older = older,
            None => self.newest = older,
        }
        match self.slot_mut(older) {
            Some(slot) => slot.newer = newer,
            None => self.oldest = newer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::Heap;

    fn content(hash: u64) -> Content {
        Content { hash, width: 8, height: 8 }
    }

    fn filled(count: u32) -> (Heap, Residents) {
        let mut heap = Heap::new(0, 1 << 16, 256).unwrap();
        let mut table = Residents::new(count).unwrap();
        for hash in 0..u64::from(count) {
            let block = heap.allocate(64).unwrap();
            assert!(table.insert(content(hash), block).is_ok());
        }
        (heap, table)
    }

    #[test]
    fn the_longest_unused_goes_first_and_the_used_stay() {
        let (mut heap, mut table) = filled(4);
        assert!(table.is_full());
        assert_eq!((table.idle(), heap.taken()), (4 * 64, 4 * 64));
        let (first, place) = table.find(&content(0)).unwrap();
        assert_eq!(place, 0);
        table.hold(first);
        let (second, _) = table.find(&content(1)).unwrap();
        table.hold(second);
        table.release(second);
        assert_eq!(table.idle(), 3 * 64);
        for gone in [2, 3, 1] {
            let block = table.evict().unwrap();
            assert_eq!(block.offset(), 64 * gone);
            assert!(table.find(&content(gone)).is_none());
            heap.free(block);
        }
        assert_eq!((table.evict(), table.idle()), (None, 0));
        table.release(first);
        heap.free(table.evict().unwrap());
        assert_eq!(heap.taken(), 0);
    }

    #[test]
    fn what_several_commands_need_waits_for_the_last() {
        let (mut heap, mut table) = filled(1);
        let (number, _) = table.find(&content(0)).unwrap();
        table.hold(number);
        table.hold(number);
        table.release(number);
        assert_eq!(table.evict(), None);
        table.release(number);
        heap.free(table.evict().unwrap());
        let again = heap.allocate(64).unwrap();
        assert!(table.insert(content(9), again).is_ok() && table.find(&content(9)).is_some());
    }

    #[test]
    fn a_full_table_gives_the_block_back() {
        let (mut heap, mut table) = filled(2);
        let block = heap.allocate(64).unwrap();
        assert!(table.insert(content(7), block).is_err());
    }
}
