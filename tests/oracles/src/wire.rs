//! Properties of the `wire` crate, for bytes from any client and any server.

use bytes::Bytes;
use wire::frame::{FrameReader, HeaderKind, Received};
use wire::link::{HEADER_SIZE, LinkHeader, LinkMess, LinkReply, MAX_SIZE};
use wire::{WireError, base, cursor, display, inputs, main, playback, port, record, smartcard};

use crate::Oracle;

/// The fuzz targets `wire_*`.
pub const ORACLES: &[Oracle] = &[
    Oracle { name: "wire_link", check: link },
    Oracle { name: "wire_frames", check: frames },
    Oracle { name: "wire_server_messages", check: server_messages },
    Oracle { name: "wire_client_messages", check: client_messages },
];

/// Small, so that a few bytes cannot ask for much memory.
const FRAME_LIMIT: u32 = 1 << 16;

/// A link message or reply is refused, or comes back the same when it is encoded; a header that is let
/// through promises no more than the limit.
pub fn link(bytes: &[u8]) {
    if let Some(header) = bytes.first_chunk::<HEADER_SIZE>().and_then(LinkHeader::decode) {
        assert_eq!(header.encode().first_chunk(), bytes.first_chunk::<HEADER_SIZE>());
        assert!(header.verdict() != wire::link::LinkError::OK || header.size <= MAX_SIZE);
    }
    if let Ok(mess) = LinkMess::decode(bytes) {
        assert_eq!(LinkMess::decode(behind_header(&mess.encode())), Ok(mess));
    }
    if let Ok(reply) = LinkReply::decode(bytes) {
        assert_eq!(LinkReply::decode(behind_header(&reply.encode())), Ok(reply));
    }
}

fn behind_header(bytes: &[u8]) -> &[u8] {
    bytes.get(HEADER_SIZE..).unwrap_or_default()
}

/// Frames do not depend on how their bytes are cut, hold no more than the limit, and their lists of
/// sub-messages lie inside them. The first byte says which header, and how the bytes are cut.
pub fn frames(bytes: &[u8]) {
    let Some((&mode, stream)) = bytes.split_first() else { return };
    let kind = if mode & 1 == 0 { HeaderKind::Mini } else { HeaderKind::Full };
    let cut = usize::from(mode >> 1) + 1;
    let whole = read_frames(kind, stream, stream.len().max(1));
    assert_eq!(read_frames(kind, stream, cut), whole);
    for frame in whole.0 {
        assert!(frame.body.len() <= FRAME_LIMIT as usize);
        for (_, body) in frame.sub_messages().into_iter().flatten() {
            assert!(body.len() <= frame.body.len());
        }
    }
}

/// The frames, and the error that ended them.
fn read_frames(kind: HeaderKind, stream: &[u8], cut: usize) -> (Vec<Received>, Option<WireError>) {
    let mut reader = FrameReader::new(kind, FRAME_LIMIT);
    let mut frames = Vec::new();
    for piece in stream.chunks(cut) {
        reader.feed(piece);
        loop {
            match reader.next() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
    }
    (frames, None)
}

/// The body that is left when a byte chose one of `count` decoders and two more the message's type.
fn choose(bytes: &[u8], count: usize) -> Option<(usize, u16, Bytes)> {
    let (&[choice, low, high], body) = bytes.split_first_chunk()?;
    Some((usize::from(choice) % count, u16::from_le_bytes([low, high]), Bytes::copy_from_slice(body)))
}

/// A message is refused, or comes back the same when it is encoded.
macro_rules! stable {
    ($($message:ty),* $(,)?) => {
        [$(|kind, body: Bytes| {
            if let Ok(message) = <$message>::decode(kind, body) {
                let frame = message.encode();
                assert_eq!(frame.kind(), kind);
                assert_eq!(<$message>::decode(kind, frame.to_body()), Ok(message));
            }
        }),*]
    };
}

/// The channels' messages from the server; the first byte chooses the channel, the next two the type.
pub fn server_messages(bytes: &[u8]) {
    const DECODERS: [fn(u16, Bytes); 9] = stable!(
        display::ServerMessage,
        main::ServerMessage,
        cursor::ServerMessage,
        inputs::ServerMessage,
        playback::ServerMessage,
        record::ServerMessage,
        smartcard::ServerMessage,
        port::ServerMessage,
        base::ServerMessage,
    );
    if let Some((choice, kind, body)) = choose(bytes, DECODERS.len()) {
        DECODERS[choice](kind, body);
    }
}

/// The channels' messages from the client; the first byte chooses the channel, the next two the type.
pub fn client_messages(bytes: &[u8]) {
    const DECODERS: [fn(u16, Bytes); 7] = stable!(
        display::ClientMessage,
        main::ClientMessage,
        inputs::ClientMessage,
        record::ClientMessage,
        smartcard::ClientMessage,
        port::ClientMessage,
        base::ClientMessage,
    );
    if let Some((choice, kind, body)) = choose(bytes, DECODERS.len()) {
        DECODERS[choice](kind, body);
    }
}
