//! The two halves of a ring. Only [`super::GuestRings`] and [`super::HostRings`] make them.

use core::marker::PhantomData;
use core::mem::offset_of;

use zerocopy::{FromZeros, IntoBytes};

use super::{PushError, Ring, RingFault, SharedMemory, Wake};
use crate::ram::RingHeader;

/// Bytes of the ring `R`, as its layout has them.
pub(super) const fn bytes_of<R: Ring>() -> usize {
    size_of::<RingHeader>() + R::ITEMS as usize * size_of::<R::Item>()
}

/// A ring's words in shared memory.
#[derive(Debug)]
pub(super) struct Words<R, M> {
    header: M,
    ring: PhantomData<R>,
}

impl<R: Ring, M: SharedMemory> Words<R, M> {
    const PROD: usize = R::OFFSET + offset_of!(RingHeader, prod);
    const NOTIFY_ON_PROD: usize = R::OFFSET + offset_of!(RingHeader, notify_on_prod);
    const CONS: usize = R::OFFSET + offset_of!(RingHeader, cons);
    const NOTIFY_ON_CONS: usize = R::OFFSET + offset_of!(RingHeader, notify_on_cons);

    /// Both indices, checked.
    fn indices(&self) -> Result<(u32, u32), RingFault> {
        let (prod, cons) = (self.header.load(Self::PROD), self.header.load(Self::CONS));
        filled::<R>(prod, cons).map(|_| (prod, cons))
    }

    /// Where the element with that index is. The remainder keeps it inside the ring.
    fn item(index: u32) -> usize {
        let place = index & (R::ITEMS - 1);
        R::OFFSET + size_of::<RingHeader>() + place as usize * size_of::<R::Item>()
    }
}

/// Elements in a ring with these indices.
fn filled<R: Ring>(prod: u32, cons: u32) -> Result<u32, RingFault> {
    let filled = prod.wrapping_sub(cons);
    if filled <= R::ITEMS { Ok(filled) } else { Err(RingFault { prod, cons }) }
}

/// Sets a ring up, empty.
pub(super) fn reset<R: Ring, M: SharedMemory>(header: M) -> Words<R, M> {
    header.store(R::OFFSET + offset_of!(RingHeader, num_items), R::ITEMS);
    header.store(Words::<R, M>::PROD, 0);
    header.store(Words::<R, M>::CONS, 0);
    header.store(Words::<R, M>::NOTIFY_ON_PROD, 1);
    header.store(Words::<R, M>::NOTIFY_ON_CONS, 0);
    header.barrier();
    Words { header, ring: PhantomData }
}

/// The half that puts elements in.
#[derive(Debug)]
pub struct Producer<R, M> {
    words: Words<R, M>,
    /// Invariant: equals the shared `prod` unless the peer wrote there.
    prod: u32,
}

impl<R: Ring, M: SharedMemory> Producer<R, M> {
    pub(super) fn new(words: Words<R, M>) -> Self {
        Self { words, prod: 0 }
    }

    pub(super) fn attach(header: M) -> Result<Self, RingFault> {
        let words = Words { header, ring: PhantomData };
        let (prod, _) = words.indices()?;
        Ok(Self { words, prod })
    }

    /// Elements that can be pushed now.
    pub fn free(&self) -> Result<u32, RingFault> {
        Ok(R::ITEMS.saturating_sub(self.filled()?))
    }

    /// Whether the consumer has taken everything.
    pub fn is_drained(&self) -> Result<bool, RingFault> {
        Ok(self.filled()? == 0)
    }

    /// Puts an element in, and says whether the consumer is to be woken.
    pub fn push(&mut self, item: &R::Item) -> Result<Wake, PushError> {
        if self.filled()? == R::ITEMS {
            return Err(PushError::Full);
        }
        let header = &self.words.header;
        header.write(Words::<R, M>::item(self.prod), item.as_bytes());
        header.barrier();
        self.prod = self.prod.wrapping_add(1);
        header.store(Words::<R, M>::PROD, self.prod);
        header.barrier();
        Ok(Wake(header.load(Words::<R, M>::NOTIFY_ON_PROD) == self.prod))
    }

    /// Whether to sleep for want of room. The consumer then wakes this half when it takes an element.
    pub fn must_wait(&self) -> Result<bool, RingFault> {
        let cons = self.words.header.load(Words::<R, M>::CONS);
        if filled::<R>(self.prod, cons)? < R::ITEMS {
            return Ok(false);
        }
        self.words.header.store(Words::<R, M>::NOTIFY_ON_CONS, cons.wrapping_add(1));
        self.words.header.barrier();
        Ok(self.filled()? == R::ITEMS)
    }

    fn filled(&self) -> Result<u32, RingFault> {
        filled::<R>(self.prod, self.words.header.load(Words::<R, M>::CONS))
    }
}

/// The half that takes elements out.
#[derive(Debug)]
pub struct Consumer<R, M> {
    words: Words<R, M>,
    /// Invariant: equals the shared `cons` unless the peer wrote there.
    cons: u32,
}

impl<R: Ring, M: SharedMemory> Consumer<R, M> {
    pub(super) fn new(words: Words<R, M>) -> Self {
        Self { words, cons: 0 }
    }

    pub(super) fn attach(header: M) -> Result<Self, RingFault> {
        let words = Words { header, ring: PhantomData };
        let (_, cons) = words.indices()?;
        Ok(Self { words, cons })
    }

    /// Elements that can be taken now.
    pub fn available(&self) -> Result<u32, RingFault> {
        filled::<R>(self.words.header.load(Words::<R, M>::PROD), self.cons)
    }

    /// Takes an element out, if there is one, and says whether the producer is to be woken.
    pub fn pop(&mut self) -> Result<Option<(R::Item, Wake)>, RingFault> {
        if self.available()? == 0 {
            return Ok(None);
        }
        let header = &self.words.header;
        header.barrier();
        let mut item = R::Item::new_zeroed();
        header.read(Words::<R, M>::item(self.cons), item.as_mut_bytes());
        header.barrier();
        self.cons = self.cons.wrapping_add(1);
        header.store(Words::<R, M>::CONS, self.cons);
        header.barrier();
        Ok(Some((item, Wake(header.load(Words::<R, M>::NOTIFY_ON_CONS) == self.cons))))
    }

    /// Whether to sleep for want of elements. The producer then wakes this half when it pushes one.
    pub fn must_wait(&self) -> Result<bool, RingFault> {
        let header = &self.words.header;
        let prod = header.load(Words::<R, M>::PROD);
        if filled::<R>(prod, self.cons)? > 0 {
            return Ok(false);
        }
        header.store(Words::<R, M>::NOTIFY_ON_PROD, prod.wrapping_add(1));
        header.barrier();
        Ok(self.available()? == 0)
    }
}
