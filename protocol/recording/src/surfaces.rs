//! Which surface of the replaying device stands for a recorded one.
//!
//! A guest uses the id of a destroyed surface again only when the device has released the command that
//! destroyed it. A replay is faster than the guest was, so ids are given out anew, in turns, and come
//! back when that command is released. As they go round, the ids do not depend on how fast that happens
//! unless nearly all are in use.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::ErrorKind;

/// The recorded form of "no surface".
pub(crate) const NONE: u32 = u32::MAX;

#[derive(Debug)]
pub(crate) struct Surfaces {
    /// How many the device has, the primary one included.
    count: u32,
    /// Recorded to replayed.
    alive: BTreeMap<u32, u32>,
    /// Replayed ids that may not be given out.
    used: BTreeSet<u32>,
    /// The id that was given out last.
    last: u32,
}

impl Surfaces {
    pub(crate) fn new(count: u32) -> Self {
        Self { count, alive: BTreeMap::from([(0, 0)]), used: BTreeSet::from([0]), last: 0 }
    }

    /// What stands for a recorded surface.
    pub(crate) fn find(&self, recorded: u32) -> Result<u32, ErrorKind> {
        match self.alive.get(&recorded) {
            Some(id) => Ok(*id),
            None => Err(ErrorKind::NoSuchSurface(recorded)),
        }
    }

    /// The same, where surfaces that nobody knows are "no surface".
    pub(crate) fn find_or_none(&self, recorded: u32) -> u32 {
        self.alive.get(&recorded).copied().unwrap_or(NONE)
    }

    pub(crate) fn create(&mut self, recorded: u32) -> Result<u32, ErrorKind> {
        let out = ErrorKind::OutOfSurfaces(self.count);
        let id = (self.last.saturating_add(1)..self.count)
            .chain(1..self.count)
            .find(|id| !self.used.contains(id))
            .ok_or(out)?;
        self.last = id;
        self.used.insert(id);
        self.alive.insert(recorded, id);
        Ok(id)
    }

    /// The surface is gone for the recorded guest; its id stays in use until it is released.
    pub(crate) fn destroy(&mut self, recorded: u32) -> Result<u32, ErrorKind> {
        let id = self.find(recorded)?;
        if id != 0 {
            self.alive.remove(&recorded);
        }
        Ok(id)
    }

    /// The device has released the command that destroyed the surface.
    pub(crate) fn release(&mut self, id: u32) {
        if id != 0 && !self.alive.values().any(|alive| *alive == id) {
            self.used.remove(&id);
        }
    }

    /// The device has dropped every surface at once.
    pub(crate) fn clear(&mut self) {
        *self = Self { last: self.last, ..Self::new(self.count) };
    }
}
