//! Properties of the `vdagent` crate, for bytes from any guest and any client.

use bytes::Bytes;
use vdagent::assembly::{Assembler, RawMessage};
use vdagent::clipboard::ClipboardLayout;
use vdagent::follow::Follower;
use vdagent::pieces::PieceReader;
use vdagent::port::{Chunk, ChunkReader, MAX_CHUNK_SIZE, Peer};
use vdagent::{AgentError, Message};

use crate::Oracle;

/// The fuzz targets `vdagent_*`.
pub const ORACLES: &[Oracle] = &[
    Oracle { name: "vdagent_port", check: port },
    Oracle { name: "vdagent_messages", check: messages },
    Oracle { name: "vdagent_pieces", check: pieces },
];

/// Small, so that a few bytes cannot ask for much memory.
const LIMIT: u32 = 1 << 16;

/// Messages from a port do not depend on how its bytes are cut, and hold no more than the limit. The first
/// byte says how they are cut.
pub fn port(bytes: &[u8]) {
    let Some((&cut, stream)) = bytes.split_first() else { return };
    let whole = read(stream, stream.len().max(1));
    assert_eq!(read(stream, usize::from(cut) + 1), whole);
    assert!(whole.0.iter().all(|message| message.data.len() <= LIMIT as usize));
}

/// The messages, and the error that ended them.
fn read(stream: &[u8], cut: usize) -> (Vec<RawMessage>, Option<AgentError>) {
    let mut reader = ChunkReader::new(LIMIT);
    let mut assembler = Assembler::new(LIMIT);
    let mut messages = Vec::new();
    for piece in stream.chunks(cut) {
        reader.feed(piece);
        loop {
            match reader.next().and_then(|chunk| chunk.map(|chunk| assembler.push(&chunk.data)).transpose()) {
                Ok(Some(message)) => messages.extend(message),
                Ok(None) => break,
                Err(error) => return (messages, Some(error)),
            }
        }
    }
    (messages, None)
}

/// A message is refused, or comes back the same when it is encoded. The first byte says the layout of
/// clipboard messages, the second one the type.
pub fn messages(bytes: &[u8]) {
    let Some((&[mode, kind], data)) = bytes.split_first_chunk() else { return };
    let layout = ClipboardLayout { selection: mode & 1 != 0, grab_serial: mode & 2 != 0 };
    let raw = RawMessage { kind: kind.into(), opaque: 0, data: Bytes::copy_from_slice(data) };
    if let Ok(message) = Message::decode(&raw, layout) {
        let again = Assembler::new(u32::MAX).push(&message.encode(layout));
        let again = again.ok().flatten().map(|raw| Message::decode(&raw, layout));
        assert_eq!(again, Some(Ok(message)));
    }
}

/// What a relay sees of a port does not depend on how its bytes are cut; each piece is bounded and not empty; and pieces
/// are followed as an assembler joins them. The first byte says how they are cut.
pub fn pieces(bytes: &[u8]) {
    let Some((&cut, stream)) = bytes.split_first() else { return };
    let (whole, error) = read_pieces(stream, stream.len().max(1));
    assert_eq!(read_pieces(stream, usize::from(cut) + 1), (whole.clone(), error));
    let held: usize = whole.iter().map(|piece| piece.data.len()).sum();
    assert!(held <= stream.len());
    let (mut follower, mut assembler) = (Follower::new(), Assembler::new(u32::MAX));
    for piece in whole.iter().filter(|piece| piece.peer == Peer::Client) {
        assert!((1..=MAX_CHUNK_SIZE).contains(&piece.data.len()));
        let pending = assembler.pending();
        let Ok(part) = follower.follow(&piece.data) else { return };
        let message = assembler.push(&piece.data);
        assert_eq!(part.begins, pending == 0);
        let joined = message.as_ref().ok().and_then(Option::as_ref).map(|raw| (raw.kind, raw.data.len()));
        let ended = part.ends.then(|| (part.kind, usize::try_from(part.size).unwrap_or(usize::MAX)));
        assert_eq!(joined, ended);
    }
}

/// The pieces, and the error that ended them.
fn read_pieces(stream: &[u8], cut: usize) -> (Vec<Chunk>, Option<AgentError>) {
    let mut reader = PieceReader::new();
    let mut pieces = Vec::new();
    for mut read in stream.chunks(cut) {
        while !read.is_empty() {
            assert_ne!(reader.wants(), 0);
            match reader.take(&mut read) {
                Ok(piece) => pieces.extend(piece),
                Err(error) => return (pieces, Some(error)),
            }
        }
    }
    (pieces, None)
}
