//! A client's end of a channel, on real sockets.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use openssl::rsa::{Padding, Rsa};
use wire::capability::{Capabilities, base};
use wire::channel::{ChannelId, ChannelType};
use wire::frame::{Frame, FrameReader, HeaderKind, Received};
use wire::link::{HEADER_SIZE, LinkError, LinkHeader, LinkMess, LinkReply, TICKET_SIZE};
use wire::main;

use crate::PATIENCE;

/// A client's end of one channel, on any stream.
pub(crate) struct Client<S> {
    stream: S,
    reader: FrameReader,
}

impl<S: Read + Write> Client<S> {
    /// Links; the server's verdict is the error.
    pub(crate) fn link(
        stream: S,
        channel: ChannelType,
        connection_id: u32,
        password: &[u8],
    ) -> Result<Self, LinkError> {
        Self::link_with(stream, channel, connection_id, password, Capabilities::default())
    }

    /// The same, with capabilities for the channel.
    pub(crate) fn link_with(
        mut stream: S,
        channel: ChannelType,
        connection_id: u32,
        password: &[u8],
        specific: Capabilities,
    ) -> Result<Self, LinkError> {
        let common = Capabilities::of([base::AUTH_SELECTION, base::AUTH_TICKET, base::MINI_HEADER]);
        let channel = ChannelId { channel_type: channel, id: 0 };
        stream.write_all(&LinkMess { connection_id, channel, common, specific }.encode()).unwrap();
        let reply = read_reply(&mut stream);
        if reply.error != LinkError::OK {
            return Err(reply.error);
        }
        let mut ticket = [0; TICKET_SIZE];
        let key = Rsa::public_key_from_der(&reply.public_key).unwrap();
        key.public_encrypt(&[password, b"\0"].concat(), &mut ticket, Padding::PKCS1_OAEP).unwrap();
        stream.write_all(&1_u32.to_le_bytes()).unwrap();
        stream.write_all(&ticket).unwrap();
        let mut result = [0; 4];
        stream.read_exact(&mut result).unwrap();
        match LinkError(u32::from_le_bytes(result)) {
            LinkError::OK => Ok(Self { stream, reader: FrameReader::new(HeaderKind::Mini, 1 << 20) }),
            error => Err(error),
        }
    }

    pub(crate) const fn stream(&self) -> &S {
        &self.stream
    }

    pub(crate) fn send(&mut self, frame: &Frame) {
        self.stream.write_all(&frame.mini_header()).unwrap();
        self.stream.write_all(&frame.to_body()).unwrap();
    }

    /// The next message; `None` when the server has closed the connection.
    pub(crate) fn receive(&mut self) -> Option<Received> {
        loop {
            if let Some(message) = self.reader.next().unwrap() {
                return Some(message);
            }
            let mut bytes = [0; 4096];
            match self.stream.read(&mut bytes) {
                Ok(0) | Err(_) => return None,
                Ok(count) => self.reader.feed(&bytes[..count]),
            }
        }
    }

    pub(crate) fn receive_main(&mut self) -> main::ServerMessage {
        let Received { kind, body, .. } = self.receive().expect("the server goes on");
        main::ServerMessage::decode(kind, body).unwrap()
    }
}

fn read_reply(stream: &mut impl Read) -> LinkReply {
    let mut header = [0; HEADER_SIZE];
    stream.read_exact(&mut header).unwrap();
    let header = LinkHeader::decode(&header).unwrap();
    let mut reply = vec![0; header.size as usize];
    stream.read_exact(&mut reply).unwrap();
    LinkReply::decode(&reply).unwrap()
}

/// A connected pair: ours, and the one for the server.
pub(crate) fn pair() -> (UnixStream, OwnedFd) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    ours.set_read_timeout(Some(PATIENCE)).unwrap();
    (ours, theirs.into())
}

pub(crate) fn tcp(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    // A link is several small writes, which would wait for each other's acknowledgement.
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

pub(crate) fn begin<S: Read + Write>(stream: S, password: &[u8]) -> (Client<S>, u32) {
    let mut client = Client::link(stream, ChannelType::MAIN, 0, password).unwrap();
    match client.receive_main() {
        main::ServerMessage::Init(init) => (client, init.session_id),
        other => panic!("{other:?}"),
    }
}
