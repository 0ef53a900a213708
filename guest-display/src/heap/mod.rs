//! The heap for command memory: which parts of a stretch of device memory are taken.
//!
//! The [card](crate::card) has one for drawings and one for pointer shapes. The device gives memory back in any order and
//! keeps some of it for ever, so this is no ring. Free blocks are found by size class ([`bins`]) and merged with their
//! neighbours when they come back; both take the same few steps however full the heap is. The book-keeping is in
//! ordinary memory and of a size that is fixed at the start, so that the device cannot spoil it and no frame allocates.

mod bins;

use alloc::vec::Vec;

use self::bins::{BINS, Bins, NONE};
use crate::damage::OutOfMemory;

/// Blocks begin at multiples of this many bytes from the heap's start, and are as long.
pub(crate) const GRANULE: u64 = 64;

/// Memory that is taken. Whoever has it gives it back with [`Heap::free`], once.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block {
    node: u32,
    granules: u32,
    offset: u64,
}

impl Block {
    /// Where it begins, in bytes from the start of RAM.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Bytes that it takes.
    pub(crate) fn len(&self) -> u64 {
        u64::from(self.granules) * GRANULE
    }
}

/// Part of the heap, taken or free. Lengths and places are in granules.
#[derive(Clone, Copy, Debug)]
struct Node {
    at: u32,
    len: u32,
    is_free: bool,
    /// Neighbours in memory.
    below: u32,
    above: u32,
    /// Neighbours in the bin; `next` also links nodes that stand for nothing.
    previous: u32,
    next: u32,
}

const UNUSED: Node =
    Node { at: 0, len: 0, is_free: false, below: NONE, above: NONE, previous: NONE, next: NONE };

/// A stretch of device memory.
#[derive(Debug)]
pub(crate) struct Heap {
    start: u64,
    granules: u32,
    taken: u32,
    nodes: Vec<Node>,
    /// The first node that stands for nothing.
    spare: u32,
    /// The first free block of each bin. Not an array, which would pass over small stacks by value.
    heads: Vec<u32>,
    bins: Bins,
}

impl Heap {
    /// `len` bytes from `start`, in at most `blocks` pieces. What does not fill a granule is left alone.
    pub(crate) fn new(start: u64, len: u64, blocks: u32) -> Result<Self, OutOfMemory> {
        let mut nodes = Vec::new();
        let count = usize::try_from(blocks).map_err(|_| OutOfMemory)?;
        nodes.try_reserve_exact(count).map_err(|_| OutOfMemory)?;
        nodes.resize(count, UNUSED);
        let mut heads = Vec::new();
        heads.try_reserve_exact(BINS).map_err(|_| OutOfMemory)?;
        heads.resize(BINS, NONE);
        let granules = u32::try_from(len / GRANULE).unwrap_or(u32::MAX);
        let mut heap = Self { start, granules, taken: 0, nodes, spare: NONE, heads, bins: Bins::default() };
        heap.clear();
        Ok(heap)
    }

    /// Takes everything back, whoever has it.
    pub(crate) fn clear(&mut self) {
        self.taken = 0;
        self.heads.fill(NONE);
        self.bins = Bins::default();
        for (next, node) in (1..).zip(&mut self.nodes) {
            *node = Node { next, ..UNUSED };
        }
        if let Some(last) = self.nodes.last_mut() {
            last.next = NONE;
        }
        self.spare = if self.nodes.is_empty() { NONE } else { 0 };
        if let Some(whole) = self.adopt(Node { len: self.granules, ..UNUSED }) {
            self.put_in_bin(whole);
        }
    }

    /// Bytes in all.
    pub(crate) fn len(&self) -> u64 {
        u64::from(self.granules) * GRANULE
    }

    /// Bytes that are taken.
    pub(crate) fn taken(&self) -> u64 {
        u64::from(self.taken) * GRANULE
    }

    /// Takes `len` bytes, if there are as many in one piece.
    pub(crate) fn allocate(&mut self, len: u64) -> Option<Block> {
        let wanted = u32::try_from(len.div_ceil(GRANULE)).ok()?.max(1);
        let number = self.fitting(wanted)?;
        self.take_from_bin(number);
        let Node { at, len, above, .. } = self.node(number)?;
        let rest = len.saturating_sub(wanted);
        let rest = Node { at: at.saturating_add(wanted), len: rest, below: number, above, ..UNUSED };
        // Without a node for what is left over, the block is longer than it needs to be.
        if rest.len > 0
            && let Some(upper) = self.adopt(rest)
        {
            self.change(above, |node| node.below = upper);
            self.change(number, |node| {
                node.len = wanted;
                node.above = upper;
            });
            self.put_in_bin(upper);
        }
        let granules = self.node(number)?.len;
        self.taken = self.taken.saturating_add(granules);
        Some(Block { node: number, granules, offset: self.start.saturating_add(u64::from(at) * GRANULE) })
    }

    /// Gives a block of this heap back.
    #[expect(clippy::needless_pass_by_value, reason = "who gives a block back has it no more")]
    pub(crate) fn free(&mut self, block: Block) {
        let Block { node: number, .. } = block;
        let Some(node) = self.node(number) else { return };
        self.taken = self.taken.saturating_sub(node.len);
        let number = match self.free_at(node.below) {
            Some(_) => self.merge(node.below),
            None => number,
        };
        if self.node(number).and_then(|node| self.free_at(node.above)).is_some() {
            self.merge(number);
        }
        self.put_in_bin(number);
    }

    /// A free block of at least `wanted` granules. The class that is rounded up holds only such; the first of the class
    /// that is rounded down may be one, which keeps memory together when equal sizes come again and again.
    fn fitting(&self, wanted: u32) -> Option<u32> {
        let near = self.heads.get(bins::below(wanted)).copied().unwrap_or(NONE);
        if self.node(near).is_some_and(|node| node.len >= wanted) {
            return Some(near);
        }
        let bin = self.bins.first_from(bins::above(wanted))?;
        self.heads.get(bin).copied().filter(|number| *number != NONE)
    }

    /// Makes one of a block and the one above it, neither of which is taken any more.
    fn merge(&mut self, lower: u32) -> u32 {
        let Some(upper) = self.node(lower).map(|node| node.above) else { return lower };
        let Some(gone) = self.node(upper) else { return lower };
        for number in [lower, upper] {
            if self.free_at(number).is_some() {
                self.take_from_bin(number);
            }
        }
        self.change(lower, |node| {
            node.len = node.len.saturating_add(gone.len);
            node.above = gone.above;
        });
        self.change(gone.above, |node| node.below = lower);
        let spare = self.spare;
        self.change(upper, |node| *node = Node { next: spare, ..UNUSED });
        self.spare = upper;
        lower
    }

    fn put_in_bin(&mut self, number: u32) {
        let Some(bin) = self.node(number).map(|node| bins::below(node.len)) else { return };
        let first = self.heads.get(bin).copied().unwrap_or(NONE);
        self.change(first, |node| node.previous = number);
        self.change(number, |node| {
            node.is_free = true;
            node.previous = NONE;
            node.next = first;
        });
        if let Some(head) = self.heads.get_mut(bin) {
            *head = number;
        }
        self.bins.set(bin, true);
    }

    fn take_from_bin(&mut self, number: u32) {
        let Some(Node { len, previous, next, .. }) = self.node(number) else { return };
        self.change(next, |node| node.previous = previous);
        self.change(previous, |node| node.next = next);
        self.change(number, |node| node.is_free = false);
        let bin = bins::below(len);
        if previous == NONE
            && let Some(head) = self.heads.get_mut(bin)
        {
            *head = next;
            self.bins.set(bin, next != NONE);
        }
    }

    /// Takes a node that stands for nothing, if one is left.
    fn adopt(&mut self, node: Node) -> Option<u32> {
        let number = self.spare;
        self.spare = self.node(number)?.next;
        self.change(number, |place| *place = node);
        Some(number)
    }

    fn free_at(&self, number: u32) -> Option<Node> {
        self.node(number).filter(|node| node.is_free)
    }

    fn node(&self, number: u32) -> Option<Node> {
        self.nodes.get(usize::try_from(number).ok()?).copied()
    }

    fn change(&mut self, number: u32, change: impl FnOnce(&mut Node)) {
        if let Some(node) = usize::try_from(number).ok().and_then(|at| self.nodes.get_mut(at)) {
            change(node);
        }
    }
}

#[cfg(test)]
mod tests;
