//! What waits to be written to the agent's port.
//!
//! The relay fills it and hands it to the port as far as the guest reads. Messages of one client go one after the
//! other, and no client's message begins inside another's: on the port they could not be told apart. What is in it is
//! bounded by the relay, by numbers of messages.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::display::handle::ClientId;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    waiting: VecDeque<Entry>,
    /// What is being written, and how much of it is left.
    current: Option<(Entry, Bytes)>,
    /// The client whose message has begun on the port and not ended.
    within: Option<ClientId>,
}

/// Chunks that belong together.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) from: Origin,
    /// With their headers.
    pub(super) chunks: Bytes,
    /// How many tokens go back to the client when they are written.
    pub(super) price: u32,
    /// Whether a message of the client ends with them.
    pub(super) ends: bool,
    /// Whether it is still to be decided if they are written at all.
    pub(super) held: bool,
}

/// Whose chunks they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A client that is there.
    Client(ClientId),
    /// The server. One of its messages is here at a time.
    Server,
    /// The server, to say that clients have gone.
    Farewell,
    /// A client that has gone in the middle of a chunk.
    Nobody,
}

impl Outbox {
    /// Appends.
    pub(super) fn push(&mut self, entry: Entry) {
        self.waiting.push_back(entry);
    }

    /// Puts what says that clients have gone before everything else, once.
    pub(super) fn push_farewell(&mut self, chunks: Bytes) {
        if self.waiting.iter().all(|entry| entry.from != Origin::Farewell) {
            let from = Origin::Farewell;
            self.waiting.push_front(Entry { from, chunks, price: 0, ends: true, held: false });
        }
    }

    /// Whether a message of the server's own is here.
    pub(super) fn has_server(&self) -> bool {
        let current = self.current.iter().map(|(entry, _)| entry);
        current.chain(&self.waiting).any(|entry| entry.from == Origin::Server)
    }

    /// The bytes that are to be written next.
    pub(super) fn next(&mut self) -> Option<Bytes> {
        if self.current.is_none() {
            let index = self.waiting.iter().position(|entry| self.may_go(entry))?;
            let entry = self.waiting.remove(index)?;
            if let Origin::Client(client) = entry.from {
                self.within = (!entry.ends).then_some(client);
            }
            let chunks = entry.chunks.clone();
            self.current = Some((entry, chunks));
        }
        self.current.as_ref().map(|(_, left)| left.clone())
    }

    fn may_go(&self, entry: &Entry) -> bool {
        let Origin::Client(client) = entry.from else { return true };
        let first = self.waiting.iter().find(|other| other.from == entry.from);
        self.within.is_none_or(|within| within == client) && first.is_some_and(|first| !first.held)
    }

    /// So many bytes of [`Outbox::next`] are written; gives what is written whole.
    pub(super) fn wrote(&mut self, count: usize) -> Option<Entry> {
        let (_, left) = self.current.as_mut()?;
        let _ = left.split_to(count.min(left.len()));
        if !left.is_empty() {
            return None;
        }
        self.current.take().map(|(entry, _)| entry)
    }

    /// It is decided about the first entry of this client that was held: it is written, or comes back.
    pub(super) fn decide(&mut self, client: ClientId, write: bool) -> Option<Entry> {
        let is_it = |entry: &Entry| entry.held && entry.from == Origin::Client(client);
        let index = self.waiting.iter().position(is_it)?;
        if !write {
            return self.waiting.remove(index);
        }
        if let Some(entry) = self.waiting.get_mut(index) {
            entry.held = false;
        }
        None
    }

    /// The client has gone: what it had here is not written, but for a chunk that has begun. Whether the port is left
    /// inside a message.
    pub(super) fn remove(&mut self, client: ClientId) -> bool {
        let gone = Origin::Client(client);
        self.waiting.retain(|entry| entry.from != gone);
        if let Some((entry, _)) = self.current.as_mut().filter(|(entry, _)| entry.from == gone) {
            entry.from = Origin::Nobody;
        }
        let inside = self.within == Some(client);
        if inside {
            self.within = None;
        }
        inside
    }

    /// The client that others wait for, because it has begun a message and does not go on with it.
    pub(super) fn stuck(&self) -> Option<ClientId> {
        let within = self.within?;
        let is_its = |entry: &Entry| entry.from == Origin::Client(within);
        let others = |entry: &Entry| matches!(entry.from, Origin::Client(client) if client != within);
        let goes_on = self.current.is_some() || self.waiting.iter().any(is_its);
        (!goes_on && self.waiting.iter().any(others)).then_some(within)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: ClientId = ClientId(1);
    const BERT: ClientId = ClientId(2);

    fn entry(client: ClientId, chunks: &'static str, ends: bool) -> Entry {
        let chunks = Bytes::from_static(chunks.as_bytes());
        Entry { from: Origin::Client(client), chunks, price: 1, ends, held: false }
    }

    /// All that can be written now, by a port that takes this many bytes at a time.
    fn written(outbox: &mut Outbox, at_a_time: usize) -> String {
        let mut text = String::new();
        while let Some(left) = outbox.next() {
            let taken = at_a_time.min(left.len());
            text.push_str(std::str::from_utf8(&left[..taken]).unwrap());
            outbox.wrote(taken);
        }
        text
    }

    #[test]
    fn messages_of_two_clients_are_not_mixed() {
        for at_a_time in 1..5 {
            let mut outbox = Outbox::default();
            outbox.push(entry(ANNA, "a1", false));
            outbox.push(entry(BERT, "b1", false));
            outbox.push(entry(ANNA, "a2", false));
            assert_eq!(written(&mut outbox, at_a_time), "a1a2");
            assert_eq!(outbox.stuck(), Some(ANNA));
            outbox.push(entry(BERT, "b2", true));
            outbox.push(entry(ANNA, "a3", true));
            assert_eq!(outbox.stuck(), None);
            outbox.push(entry(ANNA, "a4", true));
            assert_eq!(written(&mut outbox, at_a_time), "a3b1b2a4");
        }
    }

    #[test]
    fn what_is_held_keeps_its_place_until_it_is_decided() {
        for write in [true, false] {
            let mut outbox = Outbox::default();
            outbox.push(Entry { held: true, ..entry(ANNA, "held", true) });
            outbox.push(entry(ANNA, "a", true));
            outbox.push(entry(BERT, "b", true));
            assert_eq!(written(&mut outbox, 9), "b");
            assert_eq!(outbox.decide(ANNA, write).is_none(), write);
            assert_eq!(written(&mut outbox, 9), if write { "helda" } else { "a" });
            assert!(outbox.decide(ANNA, true).is_none(), "there is none any more");
        }
    }

    #[test]
    fn a_client_that_goes_leaves_whole_chunks() {
        let mut outbox = Outbox::default();
        outbox.push(entry(ANNA, "a1", false));
        outbox.push(entry(ANNA, "a2", true));
        outbox.push(entry(BERT, "b", true));
        outbox.next();
        assert!(outbox.wrote(1).is_none());
        assert!(outbox.remove(ANNA), "in the middle of a message");
        outbox.push_farewell(Bytes::from_static(b"bye"));
        outbox.push_farewell(Bytes::from_static(b"bye"));
        assert_eq!(written(&mut outbox, 9), "1byeb");
        assert!(!outbox.remove(BERT));
        assert_eq!(outbox.stuck(), None);
    }

    #[test]
    fn more_than_is_left_is_not_written() {
        let mut outbox = Outbox::default();
        assert!(outbox.wrote(5).is_none(), "nothing was to be written");
        outbox.push(entry(ANNA, "abc", true));
        outbox.next();
        let whole = outbox.wrote(usize::MAX).map(|entry| (entry.from, entry.price));
        assert_eq!(whole, Some((Origin::Client(ANNA), 1)));
        assert!(outbox.next().is_none());
    }
}
