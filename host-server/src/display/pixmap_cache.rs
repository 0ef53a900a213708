//! What of a client's image cache is filled, as the server that alone decides about it knows.

use std::collections::{BTreeMap, HashMap};

/// Images that one client keeps, by the guest's names for them.
#[derive(Debug, Default)]
pub struct PixmapCache {
    capacity: u64,
    used: u64,
    entries: HashMap<u64, Entry>,
    /// Names by their last use.
    order: BTreeMap<u64, u64>,
    clock: u64,
}

#[derive(Debug)]
struct Entry {
    pixels: u64,
    last_use: u64,
    kept: Kept,
}

/// How a client has an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Every pixel as it is.
    Exactly,
    /// Sent with loss.
    WithLoss,
}

impl PixmapCache {
    /// Entries at the most: a guest could otherwise name an image for every pixel of the capacity.
    const MAX_ENTRIES: usize = 16_384;

    /// An empty cache of as many pixels as the client has room for.
    pub fn new(capacity: u64) -> Self {
        Self { capacity, ..Self::default() }
    }

    /// Whether the client has the image, and how; a use of it.
    pub fn hit(&mut self, id: u64) -> Option<Kept> {
        let entry = self.entries.get_mut(&id)?;
        self.clock += 1;
        self.order.remove(&entry.last_use);
        entry.last_use = self.clock;
        self.order.insert(self.clock, id);
        Some(entry.kept)
    }

    /// Notes how an image has been sent, if it is kept.
    pub fn sent(&mut self, id: u64, kept: Kept) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.kept = kept;
        }
    }

    /// Makes room for an image of so many pixels and notes it. Returns whether it is kept, and what the
    /// client must forget before. Images that are `in_use`, which have just been hit or inserted, stay.
    pub fn insert(&mut self, id: u64, pixels: u64, in_use: &[u64]) -> (bool, Vec<u64>) {
        if pixels > self.capacity || self.entries.contains_key(&id) {
            return (false, Vec::new());
        }
        let mut forgotten = Vec::new();
        while self.used + pixels > self.capacity || self.entries.len() >= Self::MAX_ENTRIES {
            let Some((&last_use, &oldest)) = self.order.first_key_value() else { break };
            if in_use.contains(&oldest) {
                return (false, forgotten);
            }
            self.order.remove(&last_use);
            if let Some(entry) = self.entries.remove(&oldest) {
                self.used = self.used.saturating_sub(entry.pixels);
                forgotten.push(oldest);
            }
        }
        self.clock += 1;
        self.used += pixels;
        self.entries.insert(id, Entry { pixels, last_use: self.clock, kept: Kept::Exactly });
        self.order.insert(self.clock, id);
        (true, forgotten)
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::new(self.capacity);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_image_makes_room() {
        let mut cache = PixmapCache::new(10);
        assert_eq!(cache.insert(1, 4, &[]), (true, vec![]));
        assert_eq!(cache.insert(2, 4, &[]), (true, vec![]));
        assert!(cache.hit(1).is_some());
        assert_eq!(cache.insert(3, 4, &[]), (true, vec![2]));
        assert_eq!([1, 2, 3].map(|id| cache.hit(id).is_some()), [true, false, true]);
        assert_eq!(cache.insert(4, 11, &[]), (false, vec![]));
        cache.clear();
        assert_eq!(cache.hit(1), None);
    }

    #[test]
    fn an_image_is_kept_as_it_was_last_sent() {
        let mut cache = PixmapCache::new(10);
        cache.sent(1, Kept::WithLoss);
        assert_eq!(cache.hit(1), None);
        cache.insert(1, 4, &[]);
        cache.sent(1, Kept::WithLoss);
        assert_eq!(cache.hit(1), Some(Kept::WithLoss));
        cache.sent(1, Kept::Exactly);
        assert_eq!(cache.hit(1), Some(Kept::Exactly));
    }

    #[test]
    fn an_image_of_the_same_drawing_is_not_pushed_out() {
        let mut cache = PixmapCache::new(10);
        assert_eq!(cache.insert(1, 6, &[]), (true, vec![]));
        assert_eq!(cache.insert(2, 4, &[]), (true, vec![]));
        assert!(cache.hit(1).is_some());
        assert_eq!(cache.insert(3, 6, &[1]), (false, vec![2]));
        assert!(cache.hit(1).is_some());
    }
}
