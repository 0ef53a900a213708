//! The server's side of one link, as a state machine over bytes.
//!
//! The transport feeds what it reads, calls [`Handshake::advance`], writes what [`Handshake::take_output`]
//! gives, and acts on the [`Step`]. In order: header, link message, our reply with a key, the mechanism (if
//! the client can select one), the encrypted ticket. The result is not sent here but by whoever knows
//! whether the session has a place for the channel.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wire::capability::{Capabilities, base};
use wire::channel::ChannelId;
use wire::frame::HeaderKind;
use wire::link::{self, AuthMechanism, LinkError, LinkHeader, LinkMess, LinkReply, TICKET_SIZE};

use super::policy::{Policy, channel_capabilities, common_capabilities};
use super::refusal::Refusal;
use super::ticket::TicketKey;

/// What a browser or a gateway says in place of the magic.
const HTTP_GET: [u8; 4] = *b"GET ";

/// What it is told.
const HTTP_REFUSAL: &[u8] = b"HTTP/1.1 501 Not Implemented\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// A peer that has proved itself, and what it wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkRequest {
    /// 0 for a new session, otherwise the session's number.
    pub connection_id: u32,
    /// The channel.
    pub channel: ChannelId,
    /// What the client can do on any channel.
    pub common: Capabilities,
    /// What it can do on this one.
    pub specific: Capabilities,
    /// The header of frames, as both ends can.
    pub header: HeaderKind,
}

/// What the transport has to do next.
#[derive(Debug)]
pub enum Step {
    /// Feed more bytes.
    Read,
    /// Call [`Handshake::provide_key`].
    NeedKey,
    /// Ask the session, send its verdict, and go on in frames.
    Linked(LinkRequest),
    /// Write the output and end the connection.
    Refused(Refusal),
}

/// One link under way.
#[derive(Debug)]
pub struct Handshake {
    state: State,
    /// Whether the host vouches for the peer (`add_client` with `skip_auth`).
    trusted: bool,
    deadline: Instant,
    input: Vec<u8>,
    output: Vec<u8>,
}

#[derive(Debug)]
enum State {
    Header,
    Message(LinkHeader),
    Key(LinkMess),
    Mechanism(LinkMess, Arc<TicketKey>),
    Ticket(LinkMess, Arc<TicketKey>),
    /// Nothing more is read: linked or refused.
    Over,
}

impl Handshake {
    /// Time that a link may take.
    pub const PATIENCE: Duration = Duration::from_secs(10);

    /// Most bytes that are ever kept: no state needs more.
    const MAX_INPUT: usize = link::MAX_SIZE as usize;

    /// A link that begins `now`.
    pub fn new(trusted: bool, now: Instant) -> Self {
        let deadline = now + Self::PATIENCE;
        Self { state: State::Header, trusted, deadline, input: Vec::new(), output: Vec::new() }
    }

    /// When the peer has to be done.
    pub const fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Appends bytes from the peer; [`Handshake::advance`] must be called before the next ones.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
    }

    /// Bytes that the transport may read before it feeds them, so that memory stays bounded.
    pub const fn read_limit() -> usize {
        Self::MAX_INPUT
    }

    /// What has to be written.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// What the peer sent beyond its link.
    pub fn into_rest(self) -> Vec<u8> {
        self.input
    }

    /// Goes on with the key for the peer's ticket.
    pub fn provide_key(&mut self, key: Arc<TicketKey>) {
        let State::Key(message) = std::mem::replace(&mut self.state, State::Over) else { return };
        let reply = LinkReply {
            error: LinkError::OK,
            public_key: *key.public(),
            common: common_capabilities(),
            specific: channel_capabilities(message.channel.channel_type),
        };
        self.output.extend(reply.encode());
        self.state = if message.common.contains(base::AUTH_SELECTION) {
            State::Mechanism(message, key)
        } else {
            State::Ticket(message, key)
        };
    }

    /// Takes as many steps as the bytes allow.
    pub fn advance(&mut self, policy: &Policy, now: Instant) -> Step {
        loop {
            match self.step(policy, now) {
                Ok(Some(step)) => return step,
                Ok(None) if matches!(self.state, State::Key(_)) => return Step::NeedKey,
                Ok(None) => {}
                Err(refusal) => return self.refuse(refusal),
            }
        }
    }

    fn step(&mut self, policy: &Policy, now: Instant) -> Result<Option<Step>, Refusal> {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Header => self.header(),
            State::Message(header) => self.message(header, policy),
            State::Key(message) => {
                self.state = State::Key(message);
                Ok(None)
            }
            State::Mechanism(message, key) => self.mechanism(message, key),
            State::Ticket(message, key) => self.ticket(message, key, policy, now),
            State::Over => Ok(Some(Step::Read)),
        }
    }

    fn header(&mut self) -> Result<Option<Step>, Refusal> {
        match self.input.first_chunk() {
            Some(&link::MAGIC) | None => {}
            Some(&HTTP_GET) => return Err(Refusal::WebSocket),
            Some(_) => return Err(Refusal::InvalidMagic),
        }
        let Some(bytes) = self.take_array() else { return self.wait(State::Header) };
        let header = LinkHeader::decode(&bytes).ok_or(Refusal::InvalidMagic)?;
        match header.verdict() {
            LinkError::OK => self.state = State::Message(header),
            LinkError::VERSION_MISMATCH => {
                return Err(Refusal::Version { major: header.major, minor: header.minor });
            }
            _ => return Err(Refusal::BadSize(header.size)),
        }
        Ok(None)
    }

    fn message(&mut self, header: LinkHeader, policy: &Policy) -> Result<Option<Step>, Refusal> {
        let size = usize::try_from(header.size).unwrap_or(usize::MAX);
        if self.input.len() < size {
            return self.wait(State::Message(header));
        }
        let rest = self.input.split_off(size);
        let bytes = std::mem::replace(&mut self.input, rest);
        let message = LinkMess::decode(&bytes).map_err(Refusal::Malformed)?;
        policy.check_channel(message.channel)?;
        self.state = State::Key(message);
        Ok(None)
    }

    fn mechanism(&mut self, message: LinkMess, key: Arc<TicketKey>) -> Result<Option<Step>, Refusal> {
        let Some(bytes) = self.take_array() else { return self.wait(State::Mechanism(message, key)) };
        match AuthMechanism(u32::from_le_bytes(bytes)) {
            AuthMechanism::TICKET => self.state = State::Ticket(message, key),
            other => return Err(Refusal::UnknownMechanism(other.0)),
        }
        Ok(None)
    }

    fn ticket(
        &mut self,
        message: LinkMess,
        key: Arc<TicketKey>,
        policy: &Policy,
        now: Instant,
    ) -> Result<Option<Step>, Refusal> {
        let Some(ticket) = self.take_array::<TICKET_SIZE>() else {
            return self.wait(State::Ticket(message, key));
        };
        let password = key.decrypt(&ticket).ok_or(Refusal::BadTicket)?;
        if !self.trusted {
            policy.authentication.check(&password, now)?;
        }
        let LinkMess { connection_id, channel, common, specific } = message;
        let header = if common.contains(base::MINI_HEADER) { HeaderKind::Mini } else { HeaderKind::Full };
        Ok(Some(Step::Linked(LinkRequest { connection_id, channel, common, specific, header })))
    }

    /// Stays in `state` until more bytes come.
    fn wait(&mut self, state: State) -> Result<Option<Step>, Refusal> {
        self.state = state;
        Ok(Some(Step::Read))
    }

    /// Tells the peer in the form that it waits for: HTTP, a reply, or a result after the reply.
    fn refuse(&mut self, refusal: Refusal) -> Step {
        let error = LinkError::from(&refusal);
        match &refusal {
            Refusal::WebSocket => self.output.extend_from_slice(HTTP_REFUSAL),
            // As the original: a peer that says version 0 gets no answer.
            Refusal::Version { major: 0, .. } => {}
            _ if error == LinkError::PERMISSION_DENIED => {
                self.output.extend_from_slice(&error.0.to_le_bytes());
            }
            _ => self.output.extend(LinkReply::refusal(error).encode()),
        }
        self.state = State::Over;
        self.input = Vec::new();
        Step::Refused(refusal)
    }

    fn take_array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let array = *self.input.first_chunk()?;
        self.input.drain(..N);
        Some(array)
    }
}

#[cfg(test)]
mod tests {
    use wire::channel::ChannelType;

    use super::*;
    use crate::link::policy::Authentication;
    use crate::link::ticket::{Password, tests::encrypt};

    fn main_channel() -> ChannelId {
        ChannelId { channel_type: ChannelType::MAIN, id: 0 }
    }

    fn policy(authentication: Authentication) -> Policy {
        Policy { authentication, channels: vec![main_channel()], ..Policy::default() }
    }

    fn with_password() -> Policy {
        let password = Password::new(b"secret").unwrap();
        policy(Authentication::Ticket { password, expires: None })
    }

    fn hello(channel: ChannelId, common: &[u32]) -> Vec<u8> {
        let common = Capabilities::of(common.iter().copied());
        LinkMess { connection_id: 0, channel, common, specific: Capabilities::default() }.encode()
    }

    fn modern() -> Vec<u8> {
        hello(main_channel(), &[base::AUTH_SELECTION, base::MINI_HEADER])
    }

    /// Plays a peer that sends `first`, then (after our reply) mechanism and password, `step` bytes at a time.
    fn play(first: &[u8], then: impl Fn(&[u8]) -> Vec<u8>, policy: &Policy, step: usize) -> (Step, Vec<u8>) {
        let now = Instant::now();
        let mut handshake = Handshake::new(false, now);
        let (mut to_send, mut output) = (first.to_vec(), Vec::new());
        loop {
            match handshake.advance(policy, now) {
                Step::Read if to_send.is_empty() => return (Step::Read, output),
                Step::Read => {
                    let rest = to_send.split_off(step.min(to_send.len()));
                    handshake.feed(&std::mem::replace(&mut to_send, rest));
                }
                Step::NeedKey => {
                    let key = Arc::new(TicketKey::generate().unwrap());
                    to_send.extend(then(key.public()));
                    handshake.provide_key(key);
                }
                last => {
                    output.extend(handshake.take_output());
                    return (last, output);
                }
            }
            output.extend(handshake.take_output());
        }
    }

    fn ticket(password: &'static [u8]) -> impl Fn(&[u8]) -> Vec<u8> {
        move |key| [1_u32.to_le_bytes().as_slice(), &encrypt(key, password)].concat()
    }

    fn reply_error(output: &[u8]) -> LinkError {
        LinkReply::decode(&output[link::HEADER_SIZE..]).unwrap().error
    }

    #[test]
    fn a_good_ticket_links_in_pieces_of_any_size() {
        for step in [1, 3, 16, 4096] {
            let (last, output) = play(&modern(), ticket(b"secret"), &with_password(), step);
            let Step::Linked(request) = last else { panic!("{last:?}") };
            assert_eq!((request.channel, request.header), (main_channel(), HeaderKind::Mini));
            let reply = LinkReply::decode(&output[link::HEADER_SIZE..]).unwrap();
            assert_eq!(reply.error, LinkError::OK);
            assert!(reply.common.contains(base::MINI_HEADER) && reply.common.contains(base::AUTH_TICKET));
        }
    }

    #[test]
    fn an_old_client_sends_its_ticket_without_a_mechanism() {
        let old = |key: &[u8]| encrypt(key, b"secret").to_vec();
        let (last, _) = play(&hello(main_channel(), &[]), old, &with_password(), 4096);
        assert!(matches!(last, Step::Linked(LinkRequest { header: HeaderKind::Full, .. })), "{last:?}");
    }

    #[test]
    fn tickets_are_refused_with_a_result() {
        let expired = Password::new(b"secret").unwrap();
        let expired = Authentication::Ticket { password: expired, expires: Some(Instant::now()) };
        let cases = [
            (with_password(), Refusal::WrongTicket),
            (policy(Authentication::NoTicketYet), Refusal::NoTicketSet),
            (policy(expired), Refusal::TicketExpired),
        ];
        for (policy, expected) in cases {
            let (last, output) = play(&modern(), ticket(b"guess"), &policy, 4096);
            let Step::Refused(refusal) = last else { panic!("{last:?}") };
            assert_eq!(refusal, expected);
            assert!(output.ends_with(&LinkError::PERMISSION_DENIED.0.to_le_bytes()));
        }
    }

    #[test]
    fn a_ticket_of_noise_is_refused_even_without_ticketing() {
        let noise = |_: &[u8]| [1_u32.to_le_bytes().as_slice(), &[0xaa; TICKET_SIZE]].concat();
        let (last, _) = play(&modern(), noise, &policy(Authentication::Disabled), 4096);
        assert!(matches!(last, Step::Refused(Refusal::BadTicket)), "{last:?}");
    }

    #[test]
    fn a_peer_that_the_host_vouches_for_needs_no_password() {
        let now = Instant::now();
        let policy = policy(Authentication::NoTicketYet);
        let mut handshake = Handshake::new(true, now);
        handshake.feed(&modern());
        assert!(matches!(handshake.advance(&policy, now), Step::NeedKey));
        let key = Arc::new(TicketKey::generate().unwrap());
        let answer = ticket(b"")(key.public());
        handshake.provide_key(key);
        handshake.feed(&answer);
        assert!(matches!(handshake.advance(&policy, now), Step::Linked(_)));
    }

    #[test]
    fn what_follows_the_link_is_kept_for_the_frames() {
        let policy = policy(Authentication::Disabled);
        let now = Instant::now();
        let mut handshake = Handshake::new(false, now);
        handshake.feed(&modern());
        assert!(matches!(handshake.advance(&policy, now), Step::NeedKey));
        let key = Arc::new(TicketKey::generate().unwrap());
        let answer = ticket(b"")(key.public());
        handshake.provide_key(key);
        handshake.feed(&[answer.as_slice(), b"frames"].concat());
        assert!(matches!(handshake.advance(&policy, now), Step::Linked(_)));
        assert_eq!(handshake.into_rest(), b"frames");
    }

    #[test]
    fn first_bytes_of_other_protocols_are_told_so() {
        let never = |_: &[u8]| Vec::new();
        let (last, output) = play(b"GET / HTTP/1.1\r\n", never, &with_password(), 4);
        assert!(matches!(last, Step::Refused(Refusal::WebSocket)));
        assert!(output.starts_with(b"HTTP/1.1 501"));
        let (last, output) = play(&[0x16, 3, 1, 2], never, &with_password(), 4);
        assert!(matches!(last, Step::Refused(Refusal::InvalidMagic)));
        assert_eq!(reply_error(&output), LinkError::INVALID_MAGIC);
    }

    #[test]
    fn headers_out_of_bounds_are_refused() {
        let never = |_: &[u8]| Vec::new();
        let header = |major, size| LinkHeader { major, minor: 2, size }.encode();
        for (bytes, expected) in [
            (header(1, 100), LinkError::VERSION_MISMATCH),
            (header(2, 17), LinkError::INVALID_DATA),
            (header(2, 4097), LinkError::INVALID_DATA),
            (header(2, u32::MAX), LinkError::INVALID_DATA),
        ] {
            let (last, output) = play(&bytes, never, &with_password(), 4096);
            assert!(matches!(last, Step::Refused(_)));
            assert_eq!(reply_error(&output), expected);
        }
        let (last, output) = play(&header(0, 100), never, &with_password(), 4096);
        assert!(matches!(last, Step::Refused(Refusal::Version { major: 0, .. })));
        assert!(output.is_empty());
    }

    #[test]
    fn capabilities_out_of_the_message_are_refused() {
        let never = |_: &[u8]| Vec::new();
        for place in [link::HEADER_SIZE + 6, link::HEADER_SIZE + 10, link::HEADER_SIZE + 14] {
            for value in [1_000_u32, 0x4000_0001, u32::MAX] {
                let mut bytes = modern();
                bytes[place..place + 4].copy_from_slice(&value.to_le_bytes());
                let (last, output) = play(&bytes, never, &with_password(), 4096);
                assert!(matches!(last, Step::Refused(Refusal::Malformed(_))), "{place} {value} {last:?}");
                assert_eq!(reply_error(&output), LinkError::INVALID_DATA);
            }
        }
    }

    #[test]
    fn unknown_channels_and_mechanisms_are_refused() {
        let record = ChannelId { channel_type: ChannelType::RECORD, id: 0 };
        let (last, output) = play(&hello(record, &[]), |_| Vec::new(), &with_password(), 4096);
        assert!(matches!(last, Step::Refused(Refusal::NoSuchChannel(_))));
        assert_eq!(reply_error(&output), LinkError::CHANNEL_NOT_AVAILABLE);
        let sasl = |_: &[u8]| 2_u32.to_le_bytes().to_vec();
        let (last, _) = play(&modern(), sasl, &with_password(), 4096);
        assert!(matches!(last, Step::Refused(Refusal::UnknownMechanism(2))));
    }

    #[test]
    fn half_a_message_waits_at_every_length() {
        let bytes = modern();
        for length in 0..bytes.len() {
            let (last, output) = play(&bytes[..length], |_| Vec::new(), &with_password(), 4096);
            assert!(matches!(last, Step::Read), "{length}");
            assert!(output.is_empty());
        }
    }
}
