//! Errors by whose fault they are: that, and nothing else, decides the reaction.

use thiserror::Error;

/// The guest put something invalid into a command or a register. The command is dropped, the guest goes on.
#[derive(Debug, Error)]
#[error("guest fault: {what}")]
pub struct GuestFault {
    what: String,
    /// Whether good drivers do it too, at times.
    pub is_routine: bool,
}

/// A client broke the protocol. That client is disconnected, the others go on.
#[derive(Debug, Error)]
#[error("client fault: {0}")]
pub struct ClientFault(pub String);

/// The host could not do its part: a socket, a file, a setting. The operation fails, the server goes on.
#[derive(Debug, Error)]
#[error("host error: {0}")]
pub struct HostError(pub String);

impl GuestFault {
    /// A fault described by `what`: lower case, with the field and the value.
    pub fn new(what: impl std::fmt::Display) -> Self {
        Self { what: what.to_string(), is_routine: false }
    }

    /// A fault that good drivers commit too, such as drawing on a surface that has just been replaced.
    pub fn routine(what: impl std::fmt::Display) -> Self {
        Self { what: what.to_string(), is_routine: true }
    }
}

impl ClientFault {
    /// A fault described by `what`: lower case, with the message and the value.
    pub fn new(what: impl std::fmt::Display) -> Self {
        Self(what.to_string())
    }
}

impl HostError {
    /// An error described by `what`: lower case, with the remedy where there is one.
    pub fn new(what: impl std::fmt::Display) -> Self {
        Self(what.to_string())
    }
}

impl From<wire::WireError> for ClientFault {
    fn from(error: wire::WireError) -> Self {
        Self::new(error)
    }
}
