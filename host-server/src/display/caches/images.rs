//! What of a client's image cache is filled, as the server that alone decides about it knows.

use std::collections::{BTreeMap, HashMap};

use super::serials::{Serials, ShareId};

/// Images that one client keeps, by the guest's names for them.
#[derive(Debug, Default)]
pub(super) struct ImageCache {
    capacity: u64,
    used: u64,
    entries: HashMap<u64, Entry>,
    /// Names by their last use.
    order: BTreeMap<u64, u64>,
    clock: u64,
    /// Each display's last message that the cache had a part in.
    uses: Serials,
    /// The message that emptied the cache, and the displays that need not wait for it any more.
    emptied: Option<((ShareId, u64), Vec<ShareId>)>,
    /// The messages that have thrown images out, by the images' names, and each display's last one of those that are not in mind
    /// by name any more.
    thrown_out: HashMap<u64, (ShareId, u64)>,
    thrown_out_before: Serials,
    /// Whether what the client has is not known: the cache has to be emptied before it is used.
    must_empty: bool,
    /// Whether an image has been sent with loss.
    has_lost: bool,
}

#[derive(Debug)]
struct Entry {
    pixels: u64,
    last_use: u64,
    kept: Kept,
    /// Each display's last message that refers to the image.
    uses: Serials,
}

/// How a client has an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Every pixel as it is.
    Exactly,
    /// Sent with loss.
    WithLoss,
}

/// What images that make room have for a consequence.
#[derive(Debug, Default)]
pub(super) struct Evicted {
    /// Their names.
    pub names: Vec<u64>,
    /// The messages that have to be handled before.
    pub after: Serials,
}

impl ImageCache {
    /// Entries at the most: a guest could otherwise name an image for every pixel of the capacity.
    const MAX_ENTRIES: usize = 16_384;

    /// An empty cache of as many pixels as the client has room for.
    pub(super) fn new(capacity: u64) -> Self {
        Self { capacity, ..Self::default() }
    }

    /// Whether the client has the image, or will have it.
    pub(super) fn has(&self, id: u64) -> bool {
        self.entries.contains_key(&id) && !self.must_empty
    }

    /// Whether the client has the image, and how; a use of it.
    pub(super) fn hit(&mut self, id: u64) -> Option<Kept> {
        let entry = self.entries.get_mut(&id)?;
        self.clock += 1;
        self.order.remove(&entry.last_use);
        entry.last_use = self.clock;
        self.order.insert(self.clock, id);
        Some(entry.kept)
    }

    /// Notes how an image has been sent, if it is kept.
    pub(super) fn sent(&mut self, id: u64, kept: Kept) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.kept = kept;
            self.has_lost |= kept == Kept::WithLoss;
        }
    }

    /// Whether images have been sent with loss: a client may have yet to put the exact one in the place of one.
    pub(super) const fn has_lost(&self) -> bool {
        self.has_lost
    }

    /// Makes room for an image of so many pixels and notes it. Returns whether it is kept. Images that are `in_use`, which have
    /// just been hit or inserted, stay.
    pub(super) fn insert(&mut self, id: u64, pixels: u64, in_use: &[u64], evicted: &mut Evicted) -> bool {
        if pixels > self.capacity || self.entries.contains_key(&id) {
            return false;
        }
        while self.used + pixels > self.capacity || self.entries.len() >= Self::MAX_ENTRIES {
            let Some((&last_use, &oldest)) = self.order.first_key_value() else { break };
            if in_use.contains(&oldest) {
                return false;
            }
            self.order.remove(&last_use);
            if let Some(entry) = self.entries.remove(&oldest) {
                self.used = self.used.saturating_sub(entry.pixels);
                evicted.names.push(oldest);
                evicted.after.merge(&entry.uses);
            }
        }
        self.clock += 1;
        self.used += pixels;
        let kept = Kept::Exactly;
        self.entries.insert(id, Entry { pixels, last_use: self.clock, kept, uses: Serials::default() });
        self.order.insert(self.clock, id);
        true
    }

    /// The messages that refer to an image.
    pub(super) fn uses_of(&self, id: u64) -> Serials {
        self.entries.get(&id).map(|entry| entry.uses.clone()).unwrap_or_default()
    }

    /// These images are thrown out by this message.
    pub(super) fn note_thrown_out(&mut self, names: &[u64], by: ShareId, serial: u64) {
        if self.thrown_out.len() + names.len() > Self::MAX_ENTRIES {
            let known = std::mem::take(&mut self.thrown_out);
            known.into_values().for_each(|(by, serial)| self.thrown_out_before.note(by, serial));
        }
        self.thrown_out.extend(names.iter().map(|name| (*name, (by, serial))));
    }

    /// The messages that have to be handled before an image of this name may be kept again: a late one would throw it out.
    pub(super) fn before_return_of(&mut self, id: u64) -> Serials {
        let mut before = self.thrown_out_before.clone();
        if let Some((by, serial)) = self.thrown_out.remove(&id) {
            before.note(by, serial);
        }
        before
    }

    /// These images are used by this message.
    pub(super) fn stamp(&mut self, images: &[u64], by: ShareId, serial: u64) {
        for id in images {
            if let Some(entry) = self.entries.get_mut(id) {
                entry.uses.note(by, serial);
            }
        }
    }

    /// The cache has a part in this message.
    pub(super) fn note_use(&mut self, by: ShareId, serial: u64) {
        self.uses.note(by, serial);
    }

    /// The cache has to be emptied before it is used again.
    pub(super) const fn condemn(&mut self) {
        self.must_empty = true;
    }

    /// Forgets everything, if it has to. Returns the messages that have to be handled before.
    pub(super) fn empty_if_condemned(&mut self) -> Option<Serials> {
        if !self.must_empty {
            return None;
        }
        // Earlier ones still count: should the last one be lost with its display, those before it are not.
        *self = Self { uses: std::mem::take(&mut self.uses), ..Self::new(self.capacity) };
        Some(self.uses.clone())
    }

    /// No display uses the cache any more.
    pub(super) fn abandon(&mut self) {
        *self = Self { must_empty: true, ..Self::new(self.capacity) };
    }

    /// The message that has emptied the cache.
    pub(super) fn emptied_by(&mut self, by: ShareId, serial: u64) {
        self.emptied = Some(((by, serial), vec![by]));
    }

    /// The message that this display has to wait for before its first use of the emptied cache.
    pub(super) fn emptied_for(&mut self, share: ShareId) -> Option<(ShareId, u64)> {
        let (message, aware) = self.emptied.as_mut()?;
        if aware.contains(&share) {
            return None;
        }
        aware.push(share);
        Some(*message)
    }

    /// A display goes, of whose messages the client is known to have handled those up to a serial.
    pub(super) fn leave(&mut self, share: ShareId, handled: u64) {
        self.must_empty |= self.uses.get(share) > handled;
        self.uses.forget(share);
        self.thrown_out.retain(|_, (by, _)| *by != share);
        self.thrown_out_before.forget(share);
        self.entries.values_mut().for_each(|entry| entry.uses.forget(share));
        if let Some(((by, _), aware)) = &mut self.emptied {
            aware.retain(|other| *other != share);
            if *by == share {
                // Either it has been handled, or the cache is emptied once more.
                self.emptied = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an image makes the client forget, if it is kept.
    fn insert(cache: &mut ImageCache, id: u64, pixels: u64, in_use: &[u64]) -> (bool, Vec<u64>) {
        let mut evicted = Evicted::default();
        let kept = cache.insert(id, pixels, in_use, &mut evicted);
        (kept, evicted.names)
    }

    #[test]
    fn the_least_recently_used_image_makes_room() {
        let mut cache = ImageCache::new(10);
        assert_eq!(insert(&mut cache, 1, 4, &[]), (true, vec![]));
        assert_eq!(insert(&mut cache, 2, 4, &[]), (true, vec![]));
        assert!(cache.hit(1).is_some());
        assert_eq!(insert(&mut cache, 3, 4, &[]), (true, vec![2]));
        assert_eq!([1, 2, 3].map(|id| cache.hit(id).is_some()), [true, false, true]);
        assert_eq!(insert(&mut cache, 4, 11, &[]), (false, vec![]));
        cache.condemn();
        assert!(!cache.has(1));
        assert!(cache.empty_if_condemned().is_some());
        assert_eq!(cache.hit(1), None);
        assert!(cache.empty_if_condemned().is_none());
    }

    #[test]
    fn an_image_is_kept_as_it_was_last_sent() {
        let mut cache = ImageCache::new(10);
        cache.sent(1, Kept::WithLoss);
        assert_eq!(cache.hit(1), None);
        insert(&mut cache, 1, 4, &[]);
        cache.sent(1, Kept::WithLoss);
        assert_eq!(cache.hit(1), Some(Kept::WithLoss));
        cache.sent(1, Kept::Exactly);
        assert_eq!(cache.hit(1), Some(Kept::Exactly));
    }

    #[test]
    fn an_image_of_the_same_drawing_is_not_pushed_out() {
        let mut cache = ImageCache::new(10);
        assert_eq!(insert(&mut cache, 1, 6, &[]), (true, vec![]));
        assert_eq!(insert(&mut cache, 2, 4, &[]), (true, vec![]));
        assert!(cache.hit(1).is_some());
        assert_eq!(insert(&mut cache, 3, 6, &[1]), (false, vec![2]));
        assert!(cache.hit(1).is_some());
    }
}
