//! Opening the sockets that clients come to.

use std::fs;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::os::fd::{AsFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr as UnixAddr, UnixListener};

use rustix::net::{self, AddressFamily, SocketFlags, SocketType, ipproto, sockopt};

use crate::fault::HostError;

/// Connections that the kernel may hold for us.
const BACKLOG: i32 = 128;

/// Which addresses a name may stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Family {
    /// Any.
    #[default]
    Any,
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// TCP.
    Tcp {
        /// Name or address; empty for all of this host.
        host: String,
        /// 0 for one that the system chooses.
        port: u16,
        /// Which addresses `host` may stand for.
        family: Family,
    },
    /// A unix socket; an `@` at the start is Linux's abstract namespace.
    Unix(String),
}

/// A socket that listens.
#[derive(Debug)]
pub enum Listener {
    /// TCP.
    Tcp(TcpListener),
    /// A unix socket.
    Unix(UnixListener),
}

impl Listener {
    /// Opens `endpoint`.
    ///
    /// # Errors
    /// What stands against it, for each address that was tried.
    pub fn open(endpoint: &Endpoint) -> Result<Self, HostError> {
        match endpoint {
            Endpoint::Tcp { host, port, family } => open_tcp(host, *port, *family).map(Self::Tcp),
            Endpoint::Unix(path) => open_unix(path).map(Self::Unix),
        }
    }

    /// Takes over a socket that listens already.
    ///
    /// # Errors
    /// When it is of no family that clients come from.
    pub fn adopt(socket: OwnedFd) -> Result<Self, HostError> {
        match net::getsockname(&socket).map(|address| address.address_family()) {
            Ok(AddressFamily::INET | AddressFamily::INET6) => Ok(Self::Tcp(socket.into())),
            Ok(AddressFamily::UNIX) => Ok(Self::Unix(socket.into())),
            Ok(other) => Err(HostError::new(format_args!("cannot listen on a socket of family {other:?}"))),
            Err(error) => Err(HostError::new(format_args!("cannot listen on the given socket: {error}"))),
        }
    }
}

fn open_tcp(host: &str, port: u16, family: Family) -> Result<TcpListener, HostError> {
    let mut failures = format!("cannot listen on \"{host}\" port {port}");
    for address in resolve(host, port, family)? {
        match bind(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => failures.push_str(&format!("; {address}: {error}")),
        }
    }
    Err(HostError::new(failures))
}

/// The addresses in the order to try them; only the first that works is used, as in the original.
fn resolve(host: &str, port: u16, family: Family) -> Result<Vec<SocketAddr>, HostError> {
    let all: Vec<SocketAddr> = if host.is_empty() {
        vec![([0, 0, 0, 0], port).into(), ([0_u16; 8], port).into()]
    } else {
        (host, port)
            .to_socket_addrs()
            .map_err(|error| HostError::new(format_args!("cannot find the address of \"{host}\": {error}")))?
            .collect()
    };
    Ok(all
        .into_iter()
        .filter(|address| match family {
            Family::Any => true,
            Family::V4 => address.is_ipv4(),
            Family::V6 => address.is_ipv6(),
        })
        .collect())
}

fn bind(address: SocketAddr) -> rustix::io::Result<TcpListener> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = net::socket_with(family, SocketType::STREAM, flags, Some(ipproto::TCP))?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    if address.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, false)?;
    }
    net::bind(&socket, &address)?;
    net::listen(&socket, BACKLOG)?;
    Ok(socket.into())
}

fn open_unix(path: &str) -> Result<UnixListener, HostError> {
    let failed = |error| HostError::new(format_args!("cannot listen on unix socket {path}: {error}"));
    if let Some(name) = path.strip_prefix('@') {
        let address = UnixAddr::from_abstract_name(name).map_err(failed)?;
        return UnixListener::bind_addr(&address).map_err(failed);
    }
    // A socket that an earlier process has left there. Whatever else it is, bind says so.
    if fs::symlink_metadata(path).is_ok_and(|found| is_socket(&found)) {
        fs::remove_file(path).map_err(failed)?;
    }
    UnixListener::bind(path).map_err(failed)
}

fn is_socket(found: &fs::Metadata) -> bool {
    std::os::unix::fs::FileTypeExt::is_socket(&found.file_type())
}

/// Bytes that the kernel may hold and has not sent yet. What it has beyond that could no longer be replaced by something newer,
/// and would hide how much the network carries.
const UNSENT: u32 = 128 << 10;

/// Prepares a client's socket: small messages go out at once, a dead peer is found some day, and bytes wait with us and not in the
/// kernel.
pub(super) fn prepare(socket: &impl AsFd) {
    const KEEPALIVE_AFTER: std::time::Duration = std::time::Duration::from_secs(600);
    // None of these exist for unix sockets, and none is worth refusing a client for.
    let _ = sockopt::set_tcp_nodelay(socket, true);
    let _ = sockopt::set_socket_keepalive(socket, true);
    let _ = sockopt::set_tcp_keepidle(socket, KEEPALIVE_AFTER);
    let _ = socket2::SockRef::from(socket).set_tcp_notsent_lowat(UNSENT);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(host: &str, family: Family) -> Result<Listener, HostError> {
        Listener::open(&Endpoint::Tcp { host: host.to_owned(), port: 0, family })
    }

    #[test]
    fn a_family_rules_addresses_out() {
        assert!(tcp("127.0.0.1", Family::V4).is_ok());
        assert!(tcp("127.0.0.1", Family::V6).is_err());
        assert!(tcp("127.0.0.1", Family::Any).is_ok());
    }

    #[test]
    fn a_taken_port_is_named_in_the_error() {
        let first = tcp("127.0.0.1", Family::V4).unwrap();
        let Listener::Tcp(listener) = &first else { panic!("not tcp") };
        let port = listener.local_addr().unwrap().port();
        let endpoint = Endpoint::Tcp { host: "127.0.0.1".to_owned(), port, family: Family::V4 };
        let error = Listener::open(&endpoint).unwrap_err().to_string();
        assert!(error.contains(&port.to_string()), "{error}");
    }

    #[test]
    fn a_socket_left_behind_is_replaced_but_a_file_is_not() {
        let folder = std::env::temp_dir().join(format!("spice-listener-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let socket = folder.join("s").to_str().unwrap().to_owned();
        drop(Listener::open(&Endpoint::Unix(socket.clone())).unwrap());
        assert!(Listener::open(&Endpoint::Unix(socket)).is_ok());
        let file = folder.join("f").to_str().unwrap().to_owned();
        fs::write(&file, "precious").unwrap();
        assert!(Listener::open(&Endpoint::Unix(file.clone())).is_err());
        assert_eq!(fs::read(&file).unwrap(), b"precious");
        fs::remove_dir_all(folder).unwrap();
    }
}
