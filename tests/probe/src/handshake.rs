//! The link of one channel, from the client's side.

use std::io::{Read, Write};

use openssl::encrypt::Encrypter;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Public};
use openssl::rsa::Padding;
use wire::capability::{self, Capabilities};
use wire::channel::{ChannelId, ChannelType};
use wire::frame::HeaderKind;
use wire::link::{
    AuthMechanism, HEADER_SIZE, LinkError, LinkHeader, LinkMess, LinkReply, MAX_PASSWORD_SIZE, MAX_SIZE,
};

use crate::error::ProbeError;

/// What a client says of itself.
#[derive(Clone, Debug)]
pub(crate) struct Introduction<'a> {
    /// The session; 0 for a new one.
    pub connection_id: u32,
    /// The channel.
    pub channel: ChannelId,
    /// The ticket.
    pub password: &'a str,
    /// Whether the client can do with small headers.
    pub mini_header: bool,
    /// What a display can do beside what the probe decodes.
    pub display: &'a [u32],
}

/// What the probe can do on a channel of this type.
fn capabilities(channel: ChannelType) -> Capabilities {
    match channel {
        ChannelType::MAIN => {
            Capabilities::of([capability::main::NAME_AND_UUID, capability::main::AGENT_CONNECTED_TOKENS])
        }
        ChannelType::DISPLAY => Capabilities::of([
            capability::display::SIZED_STREAM,
            capability::display::MONITORS_CONFIG,
            capability::display::A8_SURFACE,
            capability::display::LZ4_COMPRESSION,
            capability::display::PREF_COMPRESSION,
        ]),
        ChannelType::INPUTS => Capabilities::of([capability::inputs::KEY_SCANCODE]),
        _ => Capabilities::default(),
    }
}

/// Links a channel over a fresh connection; gives the header of all its frames.
pub(crate) fn link(
    stream: &mut (impl Read + Write),
    introduction: &Introduction<'_>,
) -> Result<HeaderKind, ProbeError> {
    let Introduction { connection_id, channel, password, mini_header, display } = *introduction;
    let mut common = Capabilities::of([capability::base::AUTH_SELECTION, capability::base::AUTH_TICKET]);
    if mini_header {
        common.insert(capability::base::MINI_HEADER);
    }
    let mut specific = capabilities(channel.channel_type);
    if channel.channel_type == ChannelType::DISPLAY {
        display.iter().for_each(|bit| specific.insert(*bit));
    }
    let mess = LinkMess { connection_id, channel, common, specific };
    stream.write_all(&mess.encode()).map_err(ProbeError::transport("send the link message"))?;

    let reply = read_reply(stream)?;
    if reply.error != LinkError::OK {
        return Err(ProbeError::Refused { channel, reason: reply.error });
    }
    let mut proof = Vec::new();
    if reply.common.contains(capability::base::AUTH_SELECTION) {
        proof.extend_from_slice(&AuthMechanism::TICKET.0.to_le_bytes());
    }
    proof.extend_from_slice(&encrypted_ticket(&reply.public_key, password)?);
    stream.write_all(&proof).map_err(ProbeError::transport("send the ticket"))?;

    let mut result = [0; 4];
    stream.read_exact(&mut result).map_err(ProbeError::transport("read the result of the link"))?;
    match LinkError(u32::from_le_bytes(result)) {
        LinkError::OK => {}
        reason => return Err(ProbeError::Refused { channel, reason }),
    }
    let small = mini_header && reply.common.contains(capability::base::MINI_HEADER);
    Ok(if small { HeaderKind::Mini } else { HeaderKind::Full })
}

fn read_reply(stream: &mut impl Read) -> Result<LinkReply, ProbeError> {
    let mut header = [0; HEADER_SIZE];
    stream.read_exact(&mut header).map_err(ProbeError::transport("read the link reply"))?;
    let header = LinkHeader::decode(&header).ok_or(ProbeError::NotSpice)?;
    if header.major != wire::link::VERSION_MAJOR || header.size > MAX_SIZE {
        return Err(ProbeError::NotSpice);
    }
    let mut body = vec![0; header.size as usize];
    stream.read_exact(&mut body).map_err(ProbeError::transport("read the link reply"))?;
    Ok(LinkReply::decode(&body)?)
}

/// The password with a 0 at its end, by RSA with OAEP padding over SHA-1.
fn encrypted_ticket(public_key: &[u8], password: &str) -> Result<Vec<u8>, ProbeError> {
    if password.len() > MAX_PASSWORD_SIZE {
        return Err(ProbeError::PasswordTooLong);
    }
    let mut plain = password.as_bytes().to_vec();
    plain.push(0);
    let key: PKey<Public> = PKey::public_key_from_der(public_key)?;
    let mut encrypter = Encrypter::new(&key)?;
    encrypter.set_rsa_padding(Padding::PKCS1_OAEP)?;
    encrypter.set_rsa_oaep_md(MessageDigest::sha1())?;
    let mut ticket = vec![0; encrypter.encrypt_len(&plain)?];
    let size = encrypter.encrypt(&plain, &mut ticket)?;
    ticket.truncate(size);
    Ok(ticket)
}
