//! The link: what both ends say before the first frame.
//!
//! In order: the client's header and [`LinkMess`], the server's header and [`LinkReply`], the client's
//! [`AuthMechanism`] when both ends can select one, its encrypted ticket or the SASL exchange, and the
//! server's [`LinkError`] as a result. All of it comes from a peer that has not proved anything yet, so each
//! size has a limit before anything is kept.

use alloc::vec::Vec;

use bytes::Bytes;

use crate::capability::Capabilities;
use crate::channel::{ChannelId, ChannelType};
use crate::error::WireError;
use crate::message::{Wire, numbers};
use crate::read::Reader;

/// The first four bytes of either direction.
pub const MAGIC: [u8; 4] = *b"REDQ";

/// The protocol's major version; another one cannot be talked to.
pub const VERSION_MAJOR: u32 = 2;

/// The protocol's minor version; another one is fine.
pub const VERSION_MINOR: u32 = 2;

/// Size of a [`LinkHeader`].
pub const HEADER_SIZE: usize = 16;

/// Size of the server's public key: an RSA key of 1024 bits as a `SubjectPublicKeyInfo`.
pub const PUBLIC_KEY_SIZE: usize = 162;

/// Size of an encrypted ticket.
pub const TICKET_SIZE: usize = 128;

/// Longest password, in bytes; it is encrypted together with a terminating 0.
pub const MAX_PASSWORD_SIZE: usize = 60;

/// Largest link message or reply.
pub const MAX_SIZE: u32 = 4096;

/// Size of the fixed part of a [`LinkMess`]; the original's capabilities begin here.
const MESS_SIZE: u32 = 18;

/// Size of the fixed part of a [`LinkReply`].
const REPLY_SIZE: u32 = 178;

numbers! {
    /// How a link ends, and why a channel disconnects.
    pub struct LinkError(u32) {
        /// All is well.
        OK = 0,
        /// Something else.
        ERROR = 1,
        /// The peer does not speak SPICE.
        INVALID_MAGIC = 2,
        /// A size or field makes no sense.
        INVALID_DATA = 3,
        /// Another major version.
        VERSION_MISMATCH = 4,
        /// The channel is only served over TLS.
        NEED_SECURED = 5,
        /// The channel is only served without TLS.
        NEED_UNSECURED = 6,
        /// Wrong ticket.
        PERMISSION_DENIED = 7,
        /// No session has the connection id.
        BAD_CONNECTION_ID = 8,
        /// The server has no such channel.
        CHANNEL_NOT_AVAILABLE = 9,
    }

    /// How the client proves who it is.
    pub struct AuthMechanism(u32) {
        /// By a ticket encrypted with the server's key.
        TICKET = 1,
        /// Through SASL.
        SASL = 2,
    }
}

/// The header of a link message or reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkHeader {
    /// The sender's major version.
    pub major: u32,
    /// The sender's minor version.
    pub minor: u32,
    /// Bytes that follow.
    pub size: u32,
}

impl LinkHeader {
    /// A header of this version.
    #[must_use]
    pub const fn new(size: u32) -> Self {
        Self { major: VERSION_MAJOR, minor: VERSION_MINOR, size }
    }

    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; HEADER_SIZE] {
        let mut bytes = [0; HEADER_SIZE];
        let words =
            [u32::from_le_bytes(MAGIC), self.major, self.minor, self.size].into_iter().map(u32::to_le_bytes);
        for (place, word) in bytes.chunks_exact_mut(4).zip(words) {
            place.copy_from_slice(&word);
        }
        bytes
    }

    /// The header in these bytes. The version is not judged here: see [`LinkHeader::verdict`].
    #[must_use]
    pub fn decode(bytes: &[u8; HEADER_SIZE]) -> Option<Self> {
        let (magic, rest) = bytes.split_first_chunk()?;
        let (major, rest) = rest.split_first_chunk()?;
        let (minor, rest) = rest.split_first_chunk()?;
        let size = rest.first_chunk()?;
        (*magic == MAGIC).then(|| Self {
            major: u32::from_le_bytes(*major),
            minor: u32::from_le_bytes(*minor),
            size: u32::from_le_bytes(*size),
        })
    }

    /// What a server answers to a client with this header: [`LinkError::OK`] when it may go on.
    #[must_use]
    pub const fn verdict(&self) -> LinkError {
        if self.major != VERSION_MAJOR {
            LinkError::VERSION_MISMATCH
        } else if self.size < MESS_SIZE || self.size > MAX_SIZE {
            LinkError::INVALID_DATA
        } else {
            LinkError::OK
        }
    }
}

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkMess {
    /// The session; 0 for a new one, which only the main channel can begin.
    pub connection_id: u32,
    /// The channel.
    pub channel: ChannelId,
    /// What the client can do on any channel.
    pub common: Capabilities,
    /// What it can do on this one.
    pub specific: Capabilities,
}

impl LinkMess {
    /// Header and message.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let Self { connection_id, channel, common, specific } = self;
        let mut body = Vec::new();
        body.extend_from_slice(&connection_id.to_le_bytes());
        body.extend_from_slice(&[channel.channel_type.0, channel.id]);
        put_capabilities(&mut body, MESS_SIZE, common, specific);
        with_header(&body)
    }

    /// The message in the bytes behind a header; as many as the header said, at most [`MAX_SIZE`].
    ///
    /// # Errors
    /// What is wrong with it; the answer to the client is [`LinkError::INVALID_DATA`].
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let body = copy_within_limit(bytes)?;
        let mut from = Reader::new(&body);
        let connection_id = u32::take(&mut from, "connection id")?;
        let channel_type = ChannelType::take(&mut from, "channel type")?;
        let id = u8::take(&mut from, "channel id")?;
        let (common, specific) = take_capabilities(&mut from, MESS_SIZE)?;
        Ok(Self { connection_id, channel: ChannelId { channel_type, id }, common, specific })
    }
}

/// What a server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkReply {
    /// Whether the link goes on.
    pub error: LinkError,
    /// The key that the ticket is encrypted with.
    pub public_key: [u8; PUBLIC_KEY_SIZE],
    /// What the server can do on any channel.
    pub common: Capabilities,
    /// What it can do on this one.
    pub specific: Capabilities,
}

impl LinkReply {
    /// An answer that ends the link. The original sends the fixed part with all else 0.
    #[must_use]
    pub fn refusal(error: LinkError) -> Self {
        Self {
            error,
            public_key: [0; PUBLIC_KEY_SIZE],
            common: Capabilities::default(),
            specific: Capabilities::default(),
        }
    }

    /// Header and reply.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let Self { error, public_key, common, specific } = self;
        let mut body = Vec::new();
        body.extend_from_slice(&error.0.to_le_bytes());
        body.extend_from_slice(public_key);
        put_capabilities(&mut body, REPLY_SIZE, common, specific);
        with_header(&body)
    }

    /// The reply in the bytes behind a header; as many as the header said, at most [`MAX_SIZE`].
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let body = copy_within_limit(bytes)?;
        let mut from = Reader::new(&body);
        let error = LinkError::take(&mut from, "link error")?;
        let public_key = from.array("public key")?;
        let (common, specific) = take_capabilities(&mut from, REPLY_SIZE)?;
        Ok(Self { error, public_key, common, specific })
    }
}

fn with_header(body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len()).unwrap_or(u32::MAX);
    let mut bytes = LinkHeader::new(size).encode().to_vec();
    bytes.extend_from_slice(body);
    bytes
}

fn copy_within_limit(bytes: &[u8]) -> Result<Bytes, WireError> {
    if bytes.len() > MAX_SIZE as usize {
        let size = bytes.len() as u64;
        return Err(WireError::TooLarge { field: "link message", size, limit: MAX_SIZE.into() });
    }
    Ok(Bytes::copy_from_slice(bytes))
}

/// Two counts, the offset of the words, and the words; `fixed` bytes come before them.
fn put_capabilities(body: &mut Vec<u8>, fixed: u32, common: &Capabilities, specific: &Capabilities) {
    for set in [common, specific] {
        let count = u32::try_from(set.words().len()).unwrap_or(u32::MAX);
        body.extend_from_slice(&count.to_le_bytes());
    }
    body.extend_from_slice(&fixed.to_le_bytes());
    for word in common.words().iter().chain(specific.words()) {
        body.extend_from_slice(&word.to_le_bytes());
    }
}

fn take_capabilities(from: &mut Reader<'_>, fixed: u32) -> Result<(Capabilities, Capabilities), WireError> {
    let common = u32::take(from, "count of common capabilities")?;
    let specific = u32::take(from, "count of channel capabilities")?;
    let offset = u32::take(from, "offset of capabilities")?;
    if common == 0 && specific == 0 {
        return Ok(Default::default());
    }
    if offset < fixed {
        return Err(from.bad_value("offset of capabilities", 4, offset.into()));
    }
    let mut words = from.start();
    words.bytes(offset.into(), "offset of capabilities")?;
    let common = words.list(common.into(), "common capabilities")?;
    let specific = words.list(specific.into(), "channel capabilities")?;
    Ok((Capabilities::from_words(common), Capabilities::from_words(specific)))
}
