//! Who may link to what: the part of the server's settings that peers meet before they are clients.
//!
//! The main loop's thread writes it, the network thread reads it at each step of a link, so that a ticket
//! set while a link is under way already counts.

use std::collections::BTreeMap;
use std::time::Instant;

use wire::capability::{self, Capabilities};
use wire::channel::{ChannelId, ChannelType};
use wire::link::LinkError;

use super::refusal::Refusal;
use super::ticket::Password;

/// How peers prove who they are.
#[derive(Clone, Debug, Default)]
pub enum Authentication {
    /// Tickets are checked, and there is none: nobody gets in.
    #[default]
    NoTicketYet,
    /// Tickets are checked against this password.
    Ticket {
        /// What the client must know.
        password: Password,
        /// When it is worth nothing any more; `None` for never.
        expires: Option<Instant>,
    },
    /// Every ticket is good.
    Disabled,
}

impl Authentication {
    /// Whether a ticket says anything about the peer.
    pub const fn checks_tickets(&self) -> bool {
        !matches!(self, Self::Disabled)
    }

    /// Judges the password in a peer's ticket.
    ///
    /// # Errors
    /// Why it is not good enough.
    pub fn check(&self, given: &[u8], now: Instant) -> Result<(), Refusal> {
        match self {
            Self::Disabled => Ok(()),
            Self::NoTicketYet => Err(Refusal::NoTicketSet),
            Self::Ticket { expires: Some(expires), .. } if *expires <= now => Err(Refusal::TicketExpired),
            Self::Ticket { password, .. } if password.matches(given) => Ok(()),
            Self::Ticket { .. } => Err(Refusal::WrongTicket),
        }
    }
}

/// Whether a channel may be used without TLS, with it, or both (`SPICE_CHANNEL_SECURITY_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Security {
    /// Without TLS.
    pub plain: bool,
    /// With TLS.
    pub tls: bool,
}

impl Security {
    /// Either way.
    pub const ANY: Self = Self { plain: true, tls: true };
}

/// What a link is judged by.
#[derive(Clone, Debug)]
pub struct Policy {
    /// How peers prove who they are.
    pub authentication: Authentication,
    /// The channels there are.
    pub channels: Vec<ChannelId>,
    /// For channels that have no rule of their own.
    pub default_security: Security,
    /// Rules for channels of one type.
    pub security: BTreeMap<ChannelType, Security>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            authentication: Authentication::default(),
            channels: Vec::new(),
            default_security: Security::ANY,
            security: BTreeMap::new(),
        }
    }
}

impl Policy {
    /// Judges the channel that a peer without TLS asks for.
    ///
    /// # Errors
    /// Why it cannot have it.
    pub fn check_channel(&self, channel: ChannelId) -> Result<(), Refusal> {
        let security = self.security.get(&channel.channel_type).unwrap_or(&self.default_security);
        if !security.plain {
            return Err(Refusal::NeedsTls(channel));
        }
        if !self.channels.contains(&channel) {
            return Err(Refusal::NoSuchChannel(channel));
        }
        Ok(())
    }
}

/// What this server can do on every channel.
pub fn common_capabilities() -> Capabilities {
    use capability::base::{AUTH_SELECTION, AUTH_TICKET, MINI_HEADER};
    Capabilities::of([AUTH_SELECTION, AUTH_TICKET, MINI_HEADER])
}

/// What this server can do on channels of a type. The original also offers migration (main) and video
/// streams (display), which this one does not have.
pub fn channel_capabilities(channel_type: ChannelType) -> Capabilities {
    match channel_type {
        ChannelType::DISPLAY => {
            use capability::display::{MONITORS_CONFIG, PREF_COMPRESSION};
            Capabilities::of([MONITORS_CONFIG, PREF_COMPRESSION])
        }
        ChannelType::INPUTS => Capabilities::of([capability::inputs::KEY_SCANCODE]),
        _ => Capabilities::default(),
    }
}

/// The code that tells a peer of a refusal.
impl From<&Refusal> for LinkError {
    fn from(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::InvalidMagic | Refusal::WebSocket => Self::INVALID_MAGIC,
            Refusal::Version { .. } => Self::VERSION_MISMATCH,
            Refusal::BadSize(_) | Refusal::Malformed(_) | Refusal::UnknownMechanism(_) => Self::INVALID_DATA,
            Refusal::NeedsTls(_) => Self::NEED_SECURED,
            Refusal::NoSuchChannel(_) => Self::CHANNEL_NOT_AVAILABLE,
            Refusal::UnknownConnection(_) => Self::BAD_CONNECTION_ID,
            Refusal::NoTicketSet | Refusal::TicketExpired | Refusal::WrongTicket | Refusal::BadTicket => {
                Self::PERMISSION_DENIED
            }
            Refusal::ChannelTaken(_)
            | Refusal::TooSlow
            | Refusal::MadeWay
            | Refusal::TooMany(_)
            | Refusal::Left(_)
            | Refusal::Host(_) => Self::ERROR,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_ticket_is_good_until_it_expires() {
        let now = Instant::now();
        let authentication = Authentication::Ticket {
            password: Password::new(b"secret").unwrap(),
            expires: Some(now + Duration::from_secs(1)),
        };
        assert!(authentication.check(b"secret", now).is_ok());
        assert!(matches!(authentication.check(b"guess", now), Err(Refusal::WrongTicket)));
        let later = now + Duration::from_secs(1);
        assert!(matches!(authentication.check(b"secret", later), Err(Refusal::TicketExpired)));
        assert!(matches!(Authentication::NoTicketYet.check(b"", now), Err(Refusal::NoTicketSet)));
        assert!(Authentication::Disabled.check(b"anything", now).is_ok());
    }

    #[test]
    fn a_rule_for_a_type_comes_before_the_default() {
        let channel = |channel_type| ChannelId { channel_type, id: 0 };
        let mut policy = Policy {
            channels: vec![channel(ChannelType::MAIN), channel(ChannelType::INPUTS)],
            ..Policy::default()
        };
        policy.default_security.plain = false;
        policy.security.insert(ChannelType::MAIN, Security::ANY);
        assert!(policy.check_channel(channel(ChannelType::MAIN)).is_ok());
        let refused = policy.check_channel(channel(ChannelType::INPUTS));
        assert!(matches!(refused, Err(Refusal::NeedsTls(_))));
        policy.default_security = Security::ANY;
        let refused = policy.check_channel(channel(ChannelType::RECORD));
        assert!(matches!(refused, Err(Refusal::NoSuchChannel(_))));
    }
}
