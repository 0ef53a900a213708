//! What tiles have been drawn, by a hash of their content.

use alloc::vec::Vec;

use super::picture::index;
use super::translator::OutOfMemory;

/// Sets of four.
const SETS: usize = 4096;

/// Hashes of the last sixteen thousand tiles or so, in sets in which the least recently used goes first.
pub(super) struct Seen {
    /// A hash's lowest bit is not part of it: it says that the tile was drawn as one that will come again.
    sets: Vec<[u64; 4]>,
}

/// What is known of a content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// It is new, or forgotten.
    First,
    /// It has been drawn.
    Again,
    /// It has been drawn as a tile: the sink probably has it.
    Kept,
}

impl Seen {
    pub(super) fn new() -> Result<Self, OutOfMemory> {
        let mut sets = Vec::new();
        sets.try_reserve_exact(SETS).map_err(|_| OutOfMemory)?;
        sets.resize(SETS, [0; 4]);
        Ok(Self { sets })
    }

    fn set_mut(&mut self, content: u64) -> Option<&mut [u64; 4]> {
        let high = u32::try_from(content >> 32).unwrap_or(0);
        self.sets.get_mut(index(high) % SETS)
    }

    /// Looks it up, and makes it the most recent of its set.
    pub(super) fn note(&mut self, content: u64) -> Sight {
        let Some(set) = self.set_mut(content) else { return Sight::First };
        let known = set.iter().position(|known| known | 1 == content | 1);
        let Some(found) = set.get_mut(..=known.unwrap_or(3)) else { return Sight::First };
        found.rotate_right(1);
        let Some(first) = found.first_mut() else { return Sight::First };
        match known {
            None => {
                *first = content & !1;
                Sight::First
            }
            Some(_) if *first & 1 == 1 => Sight::Kept,
            Some(_) => Sight::Again,
        }
    }

    /// Notes that it has been drawn as a tile.
    pub(super) fn keep(&mut self, content: u64) {
        if let Some(set) = self.set_mut(content) {
            for known in set.iter_mut().filter(|known| **known | 1 == content | 1) {
                *known |= 1;
            }
        }
    }
}
