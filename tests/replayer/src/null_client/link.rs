//! Linking a channel: who we are, what we can do, and the empty ticket.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context, Result, ensure};
use openssl::encrypt::Encrypter;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::rsa::Padding;
use wire::capability::{self, Capabilities};
use wire::channel::{ChannelId, ChannelType};
use wire::link::{self, AuthMechanism, LinkError, LinkHeader, LinkMess, LinkReply};

/// Opens a channel of a session; 0 begins one.
pub(super) fn link(server: SocketAddr, channel_type: ChannelType, session: u32) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(server).with_context(|| format!("cannot connect to {server}"))?;
    // Acknowledgements are small, and the server may wait for them.
    stream.set_nodelay(true)?;
    let message = LinkMess {
        connection_id: session,
        channel: ChannelId { channel_type, id: 0 },
        common: Capabilities::of([
            capability::base::AUTH_SELECTION,
            capability::base::AUTH_TICKET,
            capability::base::MINI_HEADER,
        ]),
        specific: specific(channel_type),
    };
    stream.write_all(&message.encode())?;
    let reply = read_reply(&mut stream)?;
    ensure!(reply.error == LinkError::OK, "the server refused the link: {:?}", reply.error);
    ensure!(reply.common.contains(capability::base::MINI_HEADER), "the server has no mini headers");
    stream.write_all(&AuthMechanism::TICKET.0.to_le_bytes())?;
    stream.write_all(&empty_ticket(&reply.public_key)?)?;
    let mut verdict = [0; 4];
    stream.read_exact(&mut verdict)?;
    let verdict = LinkError(u32::from_le_bytes(verdict));
    ensure!(verdict == LinkError::OK, "the server refused the ticket: {verdict:?}");
    Ok(stream)
}

/// What spice-gtk can do, H.265 aside, which the original has no encoder for.
fn specific(channel_type: ChannelType) -> Capabilities {
    use capability::display;
    if channel_type != ChannelType::DISPLAY {
        return Capabilities::default();
    }
    Capabilities::of([
        display::SIZED_STREAM,
        display::MONITORS_CONFIG,
        display::COMPOSITE,
        display::A8_SURFACE,
        display::STREAM_REPORT,
        display::LZ4_COMPRESSION,
        display::PREF_COMPRESSION,
        display::MULTI_CODEC,
        display::CODEC_MJPEG,
        display::CODEC_VP8,
        display::CODEC_VP9,
        display::CODEC_H264,
    ])
}

fn read_reply(stream: &mut TcpStream) -> Result<LinkReply> {
    let mut header = [0; link::HEADER_SIZE];
    stream.read_exact(&mut header).context("the server does not answer")?;
    let header = LinkHeader::decode(&header).context("this is no SPICE server")?;
    ensure!(header.size <= link::MAX_SIZE, "the server's answer has {} bytes", header.size);
    let mut body = vec![0; header.size as usize];
    stream.read_exact(&mut body)?;
    Ok(LinkReply::decode(&body)?)
}

/// The empty password with its closing 0, encrypted as the protocol wants it: RSA, OAEP with SHA-1.
fn empty_ticket(public_key: &[u8]) -> Result<Vec<u8>> {
    let key = PKey::public_key_from_der(public_key).context("the server's key is damaged")?;
    let mut encrypter = Encrypter::new(&key)?;
    encrypter.set_rsa_padding(Padding::PKCS1_OAEP)?;
    encrypter.set_rsa_oaep_md(MessageDigest::sha1())?;
    let mut ticket = vec![0; encrypter.encrypt_len(&[0])?];
    let length = encrypter.encrypt(&[0], &mut ticket)?;
    ticket.truncate(length);
    Ok(ticket)
}
