//! Where a server is, and a connection to it.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, ToSocketAddrs};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A host and a port.
    Tcp(String),
    /// The path of a unix socket.
    Unix(PathBuf),
}

impl Address {
    /// Connects within `timeout`.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn connect(&self, timeout: Duration) -> io::Result<Stream> {
        match self {
            Self::Unix(path) => UnixStream::connect(path).map(Stream::Unix),
            Self::Tcp(host) => {
                let mut error = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
                for address in host.to_socket_addrs()? {
                    match TcpStream::connect_timeout(&address, timeout) {
                        Ok(stream) => {
                            stream.set_nodelay(true)?;
                            return Ok(Stream::Tcp(stream));
                        }
                        Err(refused) => error = refused,
                    }
                }
                Err(error)
            }
        }
    }

    /// Listens there.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn listen(&self) -> io::Result<Listener> {
        Ok(match self {
            Self::Unix(path) => Listener::Unix(UnixListener::bind(path)?),
            Self::Tcp(host) => Listener::Tcp(TcpListener::bind(host)?),
        })
    }
}

/// An absolute or `./` path, `unix:PATH`, `HOST:PORT`, or a port of this machine.
impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return Ok(Self::Unix(path.into()));
        }
        if text.starts_with(['/', '.']) {
            return Ok(Self::Unix(text.into()));
        }
        let host = text.strip_prefix("spice://").unwrap_or(text);
        if host.parse::<u16>().is_ok() {
            return Ok(Self::Tcp(format!("127.0.0.1:{host}")));
        }
        match host.rsplit_once(':') {
            Some((_, port)) if port.parse::<u16>().is_ok() => Ok(Self::Tcp(host.to_owned())),
            _ => Err(format!("\"{text}\" is no HOST:PORT, PORT, unix:PATH or absolute path")),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(host) => out.write_str(host),
            Self::Unix(path) => write!(out, "unix:{}", path.display()),
        }
    }
}

/// A socket that takes connections.
#[derive(Debug)]
pub enum Listener {
    /// Of TCP.
    Tcp(TcpListener),
    /// Of this machine.
    Unix(UnixListener),
}

impl Listener {
    /// Waits for the next connection.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn accept(&self) -> io::Result<Stream> {
        Ok(match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept()?;
                stream.set_nodelay(true)?;
                Stream::Tcp(stream)
            }
            Self::Unix(listener) => Stream::Unix(listener.accept()?.0),
        })
    }
}

/// A connection.
#[derive(Debug)]
pub enum Stream {
    /// Of TCP.
    Tcp(TcpStream),
    /// Of this machine.
    Unix(UnixStream),
}

impl Stream {
    /// Another handle of the same connection.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(match self {
            Self::Tcp(stream) => Self::Tcp(stream.try_clone()?),
            Self::Unix(stream) => Self::Unix(stream.try_clone()?),
        })
    }

    /// Ends both directions, so that a thread which reads wakes up.
    pub fn shutdown(&self) {
        // It fails when the peer was faster, which is as good.
        let _ = match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Both),
            Self::Unix(stream) => stream.shutdown(Shutdown::Both),
        };
    }

    /// Ends the direction to the peer.
    pub fn finish(&self) {
        // As in `shutdown`.
        let _ = match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Self::Unix(stream) => stream.shutdown(Shutdown::Write),
        };
    }

    /// The longest time a read waits; `None` for ever.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.set_read_timeout(timeout),
            Self::Unix(stream) => stream.set_read_timeout(timeout),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buffer),
            Self::Unix(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(bytes),
            Self::Unix(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_apart() {
        assert_eq!("5900".parse(), Ok(Address::Tcp("127.0.0.1:5900".into())));
        assert_eq!("[::1]:5900".parse(), Ok(Address::Tcp("[::1]:5900".into())));
        assert_eq!("unix:a/b".parse(), Ok(Address::Unix("a/b".into())));
        assert_eq!("/run/vm.sock".parse(), Ok(Address::Unix("/run/vm.sock".into())));
        assert!("vm.sock".parse::<Address>().is_err());
    }
}
