//! Messages of several displays, by their serials: on each channel the first message has the serial 1.

/// A display that shares its client's caches. Never given out twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ShareId(pub u64);

/// Of each display at most one message: the last one that something is about.
#[derive(Clone, Debug, Default)]
pub(super) struct Serials(Vec<(ShareId, u64)>);

impl Serials {
    /// Notes a message, unless a later one is known.
    pub(super) fn note(&mut self, share: ShareId, serial: u64) {
        match self.0.iter_mut().find(|(known, _)| *known == share) {
            Some((_, last)) => *last = serial.max(*last),
            None => self.0.push((share, serial)),
        }
    }

    /// Notes all messages of another list.
    pub(super) fn merge(&mut self, other: &Self) {
        other.iter().for_each(|(share, serial)| self.note(share, serial));
    }

    /// A display's message; 0 when there is none.
    pub(super) fn get(&self, share: ShareId) -> u64 {
        self.0.iter().find(|(known, _)| *known == share).map_or(0, |(_, serial)| *serial)
    }

    /// Forgets a display.
    pub(super) fn forget(&mut self, share: ShareId) {
        self.0.retain(|(known, _)| *known != share);
    }

    /// Whether there are none.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All messages.
    pub(super) fn iter(&self) -> impl Iterator<Item = (ShareId, u64)> {
        self.0.iter().copied()
    }
}
