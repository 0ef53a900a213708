//! Who is at the other end of a socket.

use std::fmt;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::net::{AddressFamily, SocketAddrAny, SocketAddrUnix};

/// One socket, from its arrival to its end. Unique within the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeerId(pub u64);

/// One end of a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// TCP.
    Inet(SocketAddr),
    /// A unix socket: its path, if it has one.
    Unix(Option<PathBuf>),
    /// Something else that the host has injected.
    Unknown,
}

/// A socket's two ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Which socket.
    pub id: PeerId,
    /// Our end.
    pub local: Address,
    /// The peer's end.
    pub remote: Address,
}

impl Peer {
    /// The ends of this socket, under a new id.
    pub fn of(socket: &impl AsFd) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self {
            id: PeerId(NEXT.fetch_add(1, Ordering::Relaxed)),
            local: rustix::net::getsockname(socket).map_or(Address::Unknown, Address::from),
            remote: rustix::net::getpeername(socket).ok().flatten().map_or(Address::Unknown, Address::from),
        }
    }

    /// Whether the socket is a unix socket: then bandwidth is not worth measuring.
    pub const fn is_unix(&self) -> bool {
        matches!(self.local, Address::Unix(_))
    }
}

impl From<SocketAddrAny> for Address {
    fn from(address: SocketAddrAny) -> Self {
        match address.address_family() {
            AddressFamily::UNIX => SocketAddrUnix::try_from(address).map_or(Self::Unix(None), |unix| {
                let path = unix.path().map(|path| PathBuf::from(path.to_string_lossy().into_owned()));
                Self::Unix(path)
            }),
            _ => SocketAddr::try_from(address).map_or(Self::Unknown, Self::Inet),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inet(address) => address.fmt(out),
            Self::Unix(Some(path)) => path.display().fmt(out),
            Self::Unix(None) => out.write_str("a unix socket"),
            Self::Unknown => out.write_str("an injected socket"),
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.remote {
            Address::Unix(None) => self.local.fmt(out),
            remote => remote.fmt(out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_a_socket_pair_are_nameless() {
        let (one, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        let peer = Peer::of(&one);
        assert!(peer.is_unix());
        assert_eq!(peer.to_string(), "a unix socket");
    }
}
