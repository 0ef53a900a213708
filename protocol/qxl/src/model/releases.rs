//! Commands on their way back to the driver, in any order.

use alloc::vec::Vec;

use zerocopy::little_endian::U64;

use super::guest::{Footprint, Place};
use super::memory::MemoryView;
use super::random::Random;
use super::violation::Violation;
use crate::memslot::PhysAddr;
use crate::ring::{Producer, PushError, ReleaseRing, Wake};

/// The most commands that wait for a bunch, as in QEMU.
const BUNCH: usize = 32;

/// A command that the device has.
#[derive(Debug)]
pub(super) struct Held {
    /// Its address, by which it is told from others.
    pub(super) address: PhysAddr,
    /// The driver's name for it.
    pub(super) id: u64,
    /// Where its release information is.
    pub(super) place: Place,
    /// Its bytes.
    pub(super) footprint: Footprint,
}

/// Commands that the device is done with, and that the driver has not been told of yet.
#[derive(Debug, Default)]
pub(super) struct Releases {
    done: Vec<Held>,
}

impl Releases {
    /// Takes a command, and checks that the driver left it alone.
    pub(super) fn add(&mut self, held: Held) -> Result<(), Violation> {
        let unchanged = held.footprint.is_unchanged();
        let id = held.id;
        self.done.push(held);
        if unchanged { Ok(()) } else { Err(Violation::ChangedWhileOwned { id }) }
    }

    /// Commands that wait.
    pub(super) fn len(&self) -> usize {
        self.done.len()
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.done.clear();
    }

    /// Whether it is time for a bunch: certainly when it is full, otherwise by chance.
    pub(super) fn is_due(&self, random: &mut Random) -> bool {
        self.done.len() >= BUNCH || (!self.done.is_empty() && random.below(BUNCH) < self.done.len())
    }

    /// Pushes one bunch of all that wait, shuffled and chained. The addresses that are free again come
    /// back, and whether the driver is to be interrupted.
    ///
    /// One element of the ring always stays free: QEMU builds the next bunch in it.
    pub(super) fn push(
        &mut self,
        ring: &mut Producer<ReleaseRing, MemoryView>,
        random: &mut Random,
    ) -> Result<(Vec<PhysAddr>, Wake), Violation> {
        if self.done.is_empty() || ring.free()? <= 1 {
            return Ok((Vec::new(), Wake(false)));
        }
        let mut bunch = core::mem::take(&mut self.done);
        random.shuffle(&mut bunch);
        let following = bunch.iter().skip(1).map(|held| held.id).chain([0]);
        for (held, next) in bunch.iter().zip(following) {
            // The place was inside its BAR when the command came, and BARs stay.
            let _ = held.place.memory.put(held.place.at, &U64::new(next));
        }
        let head = bunch.first().map_or(0, |held| held.id);
        let wake = match ring.push(&U64::new(head)) {
            Ok(wake) => wake,
            Err(PushError::Fault(fault)) => return Err(fault.into()),
            Err(PushError::Full) => Wake(false),
        };
        Ok((bunch.into_iter().map(|held| held.address).collect(), wake))
    }
}
