//! What can be wrong with the bytes of a peer.

/// Bytes that are not a valid message: what is wrong, in which field, and where.
///
/// Offsets count bytes from the start of the message's body (or of the link structure). Who is at fault is
/// always the peer that sent the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The bytes end inside a field.
    #[error("{field} at offset {offset} needs {needed} bytes, {left} are left")]
    Truncated {
        /// The field that is cut.
        field: &'static str,
        /// Where it begins.
        offset: usize,
        /// Bytes it takes.
        needed: u64,
        /// Bytes there are.
        left: usize,
    },
    /// A pointer leads out of the message, or is null where it may not be.
    #[error("{field} at offset {offset} points to {target}, outside the {size} bytes of the message")]
    BadPointer {
        /// The field that holds the pointer.
        field: &'static str,
        /// Where the pointer is.
        offset: usize,
        /// Where it points to.
        target: u32,
        /// Size of the message's body.
        size: usize,
    },
    /// A field has a value without meaning.
    #[error("{field} at offset {offset} has the invalid value {value}")]
    BadValue {
        /// The field.
        field: &'static str,
        /// Where it begins.
        offset: usize,
        /// What stands there.
        value: u64,
    },
    /// A size or count is over its limit.
    #[error("{field} is {size}, over the limit of {limit}")]
    TooLarge {
        /// The field that holds the size.
        field: &'static str,
        /// What it says.
        size: u64,
        /// What is allowed.
        limit: u64,
    },
    /// The channel has no message of this type.
    #[error("{family} have no type {kind}")]
    UnknownMessage {
        /// Which messages were expected, such as "display server messages".
        family: &'static str,
        /// The type that was given.
        kind: u16,
    },
}
