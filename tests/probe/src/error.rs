//! Why the probe could not do what it was asked for.

use std::io;
use std::time::Duration;

use wire::WireError;
use wire::channel::ChannelId;
use wire::link::LinkError;

/// Why the probe could not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// No connection, or it broke.
    #[error("cannot {action}: {source}")]
    Transport {
        /// What was tried.
        action: String,
        /// What the operating system says.
        source: io::Error,
    },
    /// The server does not speak SPICE, or another version.
    #[error("the server is not a SPICE server of version 2")]
    NotSpice,
    /// The server refused the link.
    #[error("the server refused the link to {channel}: {reason:?}")]
    Refused {
        /// Which channel.
        channel: ChannelId,
        /// What it said.
        reason: LinkError,
    },
    /// The server sent bytes that are not of the protocol.
    #[error("the server sent an invalid link reply: {0}")]
    Wire(#[from] WireError),
    /// The ticket cannot be encrypted.
    #[error("cannot encrypt the ticket: {0}")]
    Ticket(#[from] openssl::error::ErrorStack),
    /// The password is longer than a ticket can hold.
    #[error("the password is longer than 60 bytes")]
    PasswordTooLong,
    /// Something did not happen in time.
    #[error("{what} did not happen within {timeout:?}")]
    Timeout {
        /// What was waited for.
        what: String,
        /// How long.
        timeout: Duration,
    },
    /// The connection ended while something was waited for.
    #[error("the server closed the connection while waiting for {what}: {reason}")]
    Closed {
        /// What was waited for.
        what: String,
        /// How the connection ended.
        reason: String,
    },
    /// The session has no such channel, or it was not asked for.
    #[error("the session has no channel {0}")]
    NoChannel(ChannelId),
    /// The display has no primary surface.
    #[error("display {0} shows nothing")]
    NoPicture(u8),
    /// The text has a character that the keyboard cannot type.
    #[error(transparent)]
    Keyboard(#[from] crate::keyboard::UnknownKey),
    /// The picture cannot be written.
    #[error("cannot write the picture: {0}")]
    Png(#[from] png::EncodingError),
}

impl ProbeError {
    pub(crate) fn transport(action: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let action = action.into();
        move |source| Self::Transport { action, source }
    }
}
