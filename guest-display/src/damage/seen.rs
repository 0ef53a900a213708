//! What tiles have been drawn, by a hash of their content.

use alloc::vec::Vec;

use super::picture::index;
use super::translator::OutOfMemory;

/// Sets of four.
const SETS: usize = 4096;

/// The bits of an entry that are not part of the hash: how often it was seen, or [`KEPT`].
const TIMES: u64 = 15;

/// It was drawn as a tile.
const KEPT: u64 = 15;

/// Hashes of the last sixteen thousand tiles or so, in sets in which the least recently used goes first.
pub(super) struct Seen {
    sets: Vec<[u64; 4]>,
}

/// What is known of a content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// It is new, or forgotten.
    First,
    /// It has been drawn so many times, at least.
    Again(u32),
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
        let known = set.iter().position(|known| known | TIMES == content | TIMES);
        let Some(found) = set.get_mut(..=known.unwrap_or(3)) else { return Sight::First };
        found.rotate_right(1);
        let Some(first) = found.first_mut() else { return Sight::First };
        let times = known.map_or(0, |_| *first & TIMES);
        match times {
            KEPT => Sight::Kept,
            _ => {
                *first = content & !TIMES | times.saturating_add(1).min(KEPT - 1);
                u32::try_from(times).ok().filter(|times| *times > 0).map_or(Sight::First, Sight::Again)
            }
        }
    }

    /// Whether it has been drawn as a tile.
    pub(super) fn is_kept(&mut self, content: u64) -> bool {
        self.set_mut(content).is_some_and(|set| set.contains(&(content | KEPT)))
    }

    /// Notes that it has been drawn as a tile.
    pub(super) fn keep(&mut self, content: u64) {
        if let Some(set) = self.set_mut(content) {
            for known in set.iter_mut().filter(|known| **known | TIMES == content | TIMES) {
                *known |= KEPT;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Seen, Sight};

    #[test]
    fn the_oldest_of_a_set_is_forgotten() {
        let mut seen = Seen::new().unwrap();
        let content = |n: u64| n << 48 | 7 << 32 | 0x100;
        for n in 0..4 {
            assert_eq!(seen.note(content(n)), Sight::First);
        }
        assert_eq!(seen.note(content(0)), Sight::Again(1));
        seen.keep(content(0));
        assert_eq!(seen.note(content(4)), Sight::First);
        assert_eq!(seen.note(content(0)), Sight::Kept);
        assert_eq!(seen.note(content(1)), Sight::First, "it was the oldest");
    }
}
