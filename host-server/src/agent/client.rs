//! One client as the relay knows it: the message that it is sending, what it may still send, and what it can take.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use vdagent::Message;
use vdagent::assembly::{HEADER_SIZE, RawMessage};
use vdagent::clipboard::ClipboardLayout;
use vdagent::follow::{Follower, Part};
use vdagent::kind;
use vdagent::monitors::MAX_MONITORS;
use wire::main::AGENT_MAX_DATA_SIZE;

use crate::fault::ClientFault;

/// Count and flags, then for each monitor five numbers and its size in millimetres.
const MAX_MONITORS_SIZE: u32 = 8 + MAX_MONITORS * (20 + 4);

/// No client has tokens for more.
const MAX_PIECES: usize = super::MAX_OUTSTANDING as usize;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct AgentClient {
    /// Whether it has said that it talks to the agent that is there.
    pub(super) started: bool,
    follower: Follower,
    fate: Fate,
    /// Messages of its own that the guest has not read.
    pub(super) outstanding: u32,
    /// Tokens that it gets back with the next bunch.
    returning: u32,
    /// Messages of the agent that it can still take.
    tokens: u32,
    /// Whether it has had the beginning of the agent's present message.
    in_step: bool,
    /// Messages that it gets as soon as it can take them, and since when the first of them waits.
    late: VecDeque<Bytes>,
    late_since: Option<Instant>,
}

/// What becomes of the message that a client is sending.
#[derive(Debug, Default)]
enum Fate {
    /// It is dropped.
    #[default]
    Dropped,
    /// It goes to the agent.
    Relayed,
    /// It arranges monitors: its pieces are kept until it is complete.
    Kept(Vec<Bytes>),
}

/// What is to be done with a piece.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sorted {
    /// Nothing.
    Dropped,
    /// It goes to the agent; the message ends here or does not.
    Relayed {
        /// Whether the message ends.
        ends: bool,
    },
    /// It is kept for later.
    Kept,
    /// A whole arrangement of monitors: the body, and the pieces that it came in.
    Monitors {
        /// Behind the message's header.
        body: Bytes,
        /// With the header.
        pieces: Vec<Bytes>,
    },
}

/// How a client takes a message of the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// It gets it now.
    Now,
    /// Later, or not at all.
    NotNow,
    /// It has left too many behind.
    TooLate,
}

impl AgentClient {
    /// How many tokens go back at a time, as in the original.
    const BUNCH: u32 = 5;
    /// Messages that may wait for a client's tokens while others have theirs, as in the original.
    const MAX_LATE: usize = 5;

    /// Sorts the next piece that the client has sent. `passes` says whether a message of a type goes to the agent.
    ///
    /// # Errors
    /// When the piece does not fit the message that it belongs to, or monitors make no sense.
    pub(super) fn sort(
        &mut self,
        piece: &Bytes,
        passes: impl Fn(u32) -> bool,
    ) -> Result<Sorted, ClientFault> {
        if piece.len() > AGENT_MAX_DATA_SIZE {
            return Err(ClientFault::new(format_args!("agent data of {} bytes", piece.len())));
        }
        let part = self.follower.follow(piece).map_err(ClientFault::new)?;
        if part.begins {
            self.fate = Fate::of(&part, passes)?;
        }
        // The agent has no use for it, and a chunk without bytes could confuse it.
        if piece.is_empty() {
            return Ok(Sorted::Dropped);
        }
        match &mut self.fate {
            Fate::Dropped => Ok(Sorted::Dropped),
            Fate::Relayed => Ok(Sorted::Relayed { ends: part.ends }),
            Fate::Kept(pieces) if pieces.len() >= MAX_PIECES => {
                let count = pieces.len();
                Err(ClientFault::new(format_args!("arrangement of monitors in more than {count} pieces")))
            }
            Fate::Kept(pieces) => {
                // A copy: what the client has sent may be a part of something much larger.
                pieces.push(Bytes::copy_from_slice(piece));
                if !part.ends {
                    return Ok(Sorted::Kept);
                }
                let pieces = std::mem::take(pieces);
                self.fate = Fate::Dropped;
                Ok(Sorted::Monitors { body: monitors(&pieces)?, pieces })
            }
        }
    }

    /// The agent is there or gone: what was meant for another one does not reach it.
    pub(super) fn reset(&mut self) {
        self.started = false;
        if matches!(self.fate, Fate::Relayed) {
            self.fate = Fate::Dropped;
        }
        self.late.clear();
        self.late_since = None;
    }

    /// The client talks to the agent, and takes so many messages.
    pub(super) fn start(&mut self, tokens: u32) {
        if !self.started {
            self.started = true;
            self.in_step = false;
            self.outstanding = 0;
            self.returning = 0;
        }
        self.tokens = tokens;
    }

    /// The client takes more messages.
    pub(super) fn grant(&mut self, tokens: u32) {
        self.tokens = self.tokens.saturating_add(tokens);
    }

    /// Messages that it can take now after all.
    pub(super) fn catch_up(&mut self, now: Instant) -> Vec<Bytes> {
        let count = self.late.len().min(usize::try_from(self.tokens).unwrap_or(usize::MAX));
        self.tokens = self.tokens.saturating_sub(u32::try_from(count).unwrap_or(u32::MAX));
        let due: Vec<Bytes> = self.late.drain(..count).collect();
        if self.late.is_empty() {
            self.late_since = None;
        } else if !due.is_empty() {
            self.late_since = Some(now);
        }
        due
    }

    /// Whether it would take a message now.
    pub(super) fn is_ready(&self) -> bool {
        self.started && self.tokens > 0 && self.late.is_empty()
    }

    /// Since when it owes tokens for what waits for it.
    pub(super) const fn late_since(&self) -> Option<Instant> {
        self.late_since
    }

    /// A message of the agent comes for it, or a piece of one.
    pub(super) fn deliver(&mut self, begins: bool, piece: &Bytes, now: Instant) -> Delivery {
        self.in_step |= begins && self.started;
        if !self.started || !self.in_step {
            return Delivery::NotNow;
        }
        if self.is_ready() {
            self.tokens -= 1;
            return Delivery::Now;
        }
        if self.late.len() >= Self::MAX_LATE {
            return Delivery::TooLate;
        }
        self.late.push_back(piece.clone());
        self.late_since.get_or_insert(now);
        Delivery::NotNow
    }

    /// So many of its messages are done with; how many tokens it is to be told of now.
    pub(super) fn give_back(&mut self, messages: u32) -> Option<u32> {
        self.returning = self.returning.saturating_add(messages);
        (self.returning >= Self::BUNCH).then(|| std::mem::take(&mut self.returning))
    }
}

impl Fate {
    fn of(part: &Part, passes: impl Fn(u32) -> bool) -> Result<Self, ClientFault> {
        if part.kind == kind::MONITORS_CONFIG {
            if part.size > MAX_MONITORS_SIZE {
                return Err(ClientFault::new(format_args!("arrangement of monitors of {} bytes", part.size)));
            }
            return Ok(Self::Kept(Vec::new()));
        }
        Ok(if passes(part.kind) { Self::Relayed } else { Self::Dropped })
    }
}

/// The body of an arrangement of monitors. The device reads as many as the count says: all of them must be there.
fn monitors(pieces: &[Bytes]) -> Result<Bytes, ClientFault> {
    let mut message = BytesMut::new();
    pieces.iter().for_each(|piece| message.extend_from_slice(piece));
    let body = message.split_off(HEADER_SIZE.min(message.len())).freeze();
    let raw = RawMessage { kind: kind::MONITORS_CONFIG, opaque: 0, data: body.clone() };
    Message::decode(&raw, ClipboardLayout::default()).map_err(ClientFault::new)?;
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u32, data: &[u8]) -> Bytes {
        RawMessage { kind, opaque: 0, data: Bytes::copy_from_slice(data) }.encode()
    }

    fn monitors_of(count: u32) -> Vec<u8> {
        let mut body = [count.to_le_bytes(), [0; 4]].concat();
        body.resize((8 + count * 20) as usize, 7);
        body
    }

    fn sort(client: &mut AgentClient, piece: &[u8]) -> Result<Sorted, ClientFault> {
        client.sort(&Bytes::copy_from_slice(piece), |kind| kind == 4)
    }

    #[test]
    fn a_count_over_the_monitors_that_are_there_is_the_clients_fault() {
        let refused = |body: &[u8]| sort(&mut AgentClient::default(), &message(2, body)).is_err();
        for (count, size) in [(2_u32, 28), (1, 27), (257, 2000), (u32::MAX, 28)] {
            let mut body = vec![0; size];
            body[..4].copy_from_slice(&count.to_le_bytes());
            assert!(refused(&body), "{count}");
        }
        assert!(refused(&[0; 7]), "not even the count and flags");
        let mut sized = monitors_of(1);
        sized[4] = 2;
        assert!(refused(&sized), "sizes are missing");
        assert!(!refused(&monitors_of(1)));
    }

    #[test]
    fn monitors_come_out_whole_however_they_are_cut() {
        let bytes = message(2, &monitors_of(10));
        for cut in [HEADER_SIZE, HEADER_SIZE + 1, 200] {
            let mut client = AgentClient::default();
            assert_eq!(sort(&mut client, &bytes[..cut]).unwrap(), Sorted::Kept);
            assert_eq!(sort(&mut client, b"").unwrap(), Sorted::Dropped, "an empty piece");
            let pieces = vec![bytes.slice(..cut), bytes.slice(cut..)];
            let whole = Sorted::Monitors { body: monitors_of(10).into(), pieces };
            assert_eq!(sort(&mut client, &bytes[cut..]).unwrap(), whole);
        }
    }

    #[test]
    fn the_largest_arrangement_of_monitors_passes_and_no_larger_one() {
        let mut body = vec![0; MAX_MONITORS_SIZE as usize];
        body[..8].copy_from_slice(&[0, 1, 0, 0, 2, 0, 0, 0]);
        let mut client = AgentClient::default();
        let sorted: Vec<_> =
            message(2, &body).chunks(2048).map(|piece| sort(&mut client, piece).unwrap()).collect();
        assert!(matches!(sorted.as_slice(), [.., Sorted::Monitors { pieces, .. }] if pieces.len() == 4));
        body.push(0);
        assert!(sort(&mut client, &message(2, &body)[..2048]).is_err());
    }

    #[test]
    fn monitors_in_more_pieces_than_there_are_tokens_are_the_clients_fault() {
        let bytes = message(2, &monitors_of(10));
        let mut client = AgentClient::default();
        let pieces = std::iter::once(&bytes[..HEADER_SIZE]).chain(bytes[HEADER_SIZE..].chunks(1));
        let taken = pieces.take_while(|piece| sort(&mut client, piece).is_ok()).count();
        assert_eq!(taken, 20);
    }

    #[test]
    fn messages_keep_their_fate_across_pieces() {
        let mut client = AgentClient::default();
        for (kind, fate) in [(4, Sorted::Relayed { ends: false }), (7, Sorted::Dropped)] {
            let bytes = message(kind, &[1; 100]);
            assert_eq!(sort(&mut client, &bytes[..50]).unwrap(), fate);
            assert_eq!(sort(&mut client, &bytes[50..60]).unwrap(), fate);
            let last = sort(&mut client, &bytes[60..]).unwrap();
            assert_eq!(last, if kind == 4 { Sorted::Relayed { ends: true } } else { Sorted::Dropped });
        }
        let bytes = message(4, &[1; 100]);
        sort(&mut client, &bytes[..50]).unwrap();
        client.reset();
        client.start(1);
        assert_eq!(sort(&mut client, &bytes[50..]).unwrap(), Sorted::Dropped, "was meant for another agent");
        assert_eq!(sort(&mut client, &bytes).unwrap(), Sorted::Relayed { ends: true });
    }

    #[test]
    fn pieces_that_fit_nothing_are_the_clients_fault() {
        let push = |bytes: &[u8]| sort(&mut AgentClient::default(), bytes);
        assert!(push(&[0; 19]).is_err());
        assert!(push(&[0; 20]).is_err(), "protocol 0");
        assert!(push(&[1; AGENT_MAX_DATA_SIZE + 1]).is_err());
        assert!(push(&[&message(4, b"abc"), b"d".as_slice()].concat()).is_err());
    }

    #[test]
    fn a_client_without_tokens_gets_messages_later_and_only_whole_ones() {
        let now = Instant::now();
        let piece = Bytes::from_static(b"x");
        let mut client = AgentClient::default();
        assert_eq!(client.deliver(true, &piece, now), Delivery::NotNow, "it has not started");
        client.start(1);
        assert_eq!(client.deliver(false, &piece, now), Delivery::NotNow, "it has not had the beginning");
        assert_eq!(client.deliver(true, &piece, now), Delivery::Now);
        for _ in 0..AgentClient::MAX_LATE {
            assert_eq!(client.deliver(false, &piece, now), Delivery::NotNow);
        }
        assert_eq!(client.deliver(false, &piece, now), Delivery::TooLate);
        client.grant(2);
        let later = now + std::time::Duration::from_secs(1);
        assert_eq!(client.catch_up(later).len(), 2);
        assert_eq!(client.late_since(), Some(later), "it has gone on");
        client.grant(u32::MAX);
        client.grant(u32::MAX);
        assert_eq!(client.catch_up(later).len(), 3);
        assert_eq!((client.late_since(), client.is_ready()), (None, true));
    }

    #[test]
    fn tokens_go_back_in_bunches() {
        let mut client = AgentClient::default();
        let told: Vec<_> = (0..12).filter_map(|_| client.give_back(1)).collect();
        assert_eq!(told, [5, 5]);
        client.start(1);
        assert_eq!(client.give_back(4), None, "the window is new");
        assert_eq!(client.give_back(7), Some(11));
    }
}
