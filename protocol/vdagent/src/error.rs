//! What can be wrong with the bytes of a peer.

/// Bytes that are not a valid chunk or message. At fault is the peer that sent them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgentError {
    /// The message ends inside a field.
    #[error("agent message ends inside {field} at offset {offset}")]
    Truncated {
        /// The field that is cut.
        field: &'static str,
        /// Where it begins, in bytes from the start of the message's data.
        offset: usize,
    },
    /// A field has a value without meaning.
    #[error("{field} of an agent message has the invalid value {value}")]
    BadValue {
        /// The field.
        field: &'static str,
        /// What stands there.
        value: u64,
    },
    /// A size is over the limit.
    #[error("{field} is {size} bytes, over the limit of {limit}")]
    TooLarge {
        /// What is too large.
        field: &'static str,
        /// What it says.
        size: u64,
        /// What is allowed.
        limit: u64,
    },
    /// The protocol's number is not 1.
    #[error("agent protocol {0} is not known")]
    UnknownProtocol(u32),
    /// There is no message of this type. Not an error of the peer: a newer one may send it, and a relay
    /// passes it on.
    #[error("agent message type {0} is not known")]
    UnknownMessage(u32),
    /// A chunk goes on after the end of the message that it belongs to.
    #[error("agent chunk is {excess} bytes longer than the rest of its message")]
    ChunkBeyondMessage {
        /// Bytes after the end of the message.
        excess: usize,
    },
}
