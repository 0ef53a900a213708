//! What a relay sees of a port: pieces of a bounded size, and where each stands in its message.

#![allow(clippy::unwrap_used, reason = "a failed test")]

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use vdagent::AgentError;
use vdagent::assembly::{Assembler, HEADER_SIZE, PROTOCOL, RawMessage};
use vdagent::follow::{Follower, Part};
use vdagent::pieces::PieceReader;
use vdagent::port::{Chunk, MAX_CHUNK_SIZE, Peer};

fn chunk(peer: Peer, data: &[u8]) -> Vec<u8> {
    let chunk = Chunk { peer, data: Bytes::copy_from_slice(data) };
    [&chunk.header(), data].concat()
}

/// All pieces of a stream that comes in reads of these sizes, over and over.
fn pieces(stream: &[u8], reads: &[usize]) -> Result<Vec<Chunk>, AgentError> {
    let mut reader = PieceReader::new();
    let mut pieces = Vec::new();
    let mut rest = stream;
    for size in reads.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (mut read, behind) = rest.split_at((*size).min(rest.len()));
        rest = behind;
        while !read.is_empty() {
            assert!((1..=MAX_CHUNK_SIZE).contains(&reader.wants()));
            pieces.extend(reader.take(&mut read)?);
        }
    }
    Ok(pieces)
}

fn messages() -> impl Strategy<Value = Vec<RawMessage>> {
    let message = (any::<u32>(), any::<u64>(), vec(any::<u8>(), 0..9000));
    vec(message.prop_map(|(kind, opaque, data)| RawMessage { kind, opaque, data: data.into() }), 1..5)
}

proptest! {
    #[test]
    fn pieces_do_not_depend_on_reads_and_make_the_messages(
        messages in messages(),
        chunk_size in 20..20_000_usize,
        reads in vec(1..5000_usize, 1..5),
    ) {
        let mut stream = Vec::new();
        for message in &messages {
            message.encode().chunks(chunk_size).for_each(|data| stream.extend(chunk(Peer::Client, data)));
        }
        let (mut follower, mut assembler) = (Follower::new(), Assembler::new(u32::MAX));
        let mut received = Vec::new();
        for piece in pieces(&stream, &reads).unwrap() {
            prop_assert!((1..=MAX_CHUNK_SIZE).contains(&piece.data.len()));
            let part = follower.follow(&piece.data).unwrap();
            let pending = assembler.pending();
            let message = assembler.push(&piece.data).unwrap();
            prop_assert_eq!((part.begins, part.ends), (pending == 0, message.is_some()));
            prop_assert_eq!(part.offset as usize, pending.saturating_sub(HEADER_SIZE));
            let expected = &messages[received.len()];
            prop_assert_eq!((part.kind, part.size as usize), (expected.kind, expected.data.len()));
            received.extend(message);
        }
        prop_assert_eq!(received, messages);
    }
}

#[test]
fn a_chunk_of_4_gib_comes_in_pieces() {
    let mut reader = PieceReader::new();
    let header = [1_u32.to_le_bytes(), u32::MAX.to_le_bytes()].concat();
    assert_eq!(reader.take(&mut header.as_slice()), Ok(None));
    let mut left = u64::from(u32::MAX);
    while left > 0 {
        let mut bytes = &[7; MAX_CHUNK_SIZE][..reader.wants()];
        let piece = reader.take(&mut bytes).unwrap().unwrap();
        left -= piece.data.len() as u64;
    }
    assert_eq!(reader.wants(), 8, "a header follows");
}

#[test]
fn chunks_without_bytes_are_passed_over_and_unknown_ports_are_not() {
    let stream = [chunk(Peer::Client, &[]), chunk(Peer::Server, b"abc"), chunk(Peer::Client, &[])].concat();
    let data = Bytes::from_static(b"abc");
    assert_eq!(pieces(&stream, &[5]), Ok(vec![Chunk { peer: Peer::Server, data }]));
    for port in [0_u8, 3, 0xff] {
        let refused = pieces(&[port, 0, 0, 0, 0, 0, 0, 0], &[1]);
        assert_eq!(refused, Err(AgentError::BadValue { field: "chunk port", value: port.into() }));
    }
}

#[test]
fn pieces_that_fit_no_message_are_refused() {
    let message = RawMessage { kind: 4, opaque: 0, data: Bytes::from_static(b"abc") }.encode();
    let follow = |piece: &[u8]| Follower::new().follow(piece);
    assert!(matches!(follow(&message[..19]), Err(AgentError::Truncated { .. })));
    assert!(matches!(follow(&[]), Err(AgentError::Truncated { .. })));
    assert_eq!(follow(&[0; 20]), Err(AgentError::UnknownProtocol(0)));
    let long = [message.as_ref(), b"de"].concat();
    assert_eq!(follow(&long), Err(AgentError::ChunkBeyondMessage { excess: 2 }));

    let mut follower = Follower::new();
    let first = follower.follow(&message[..21]).unwrap();
    assert_eq!(first, Part { kind: 4, begins: true, ends: false, offset: 0, size: 3 });
    assert!(follower.is_within());
    assert_eq!(follower.follow(b"").unwrap().offset, 1, "nothing is a piece, too");
    assert_eq!(follower.follow(b"bcd"), Err(AgentError::ChunkBeyondMessage { excess: 1 }));
    let last_but_one = follower.follow(b"b").unwrap();
    assert_eq!(last_but_one, Part { kind: 4, begins: false, ends: false, offset: 1, size: 3 });
    let last = follower.follow(b"c").unwrap();
    assert_eq!(last, Part { kind: 4, begins: false, ends: true, offset: 2, size: 3 });
    assert!(!follower.is_within());
}

#[test]
fn a_message_without_data_ends_where_it_begins() {
    let header = RawMessage { kind: 13, opaque: 9, data: Bytes::new() }.header();
    assert_eq!(header[..4], PROTOCOL.to_le_bytes());
    let part = Follower::new().follow(&header).unwrap();
    assert_eq!(part, Part { kind: 13, begins: true, ends: true, offset: 0, size: 0 });
    assert_eq!(part.header_size(), HEADER_SIZE);
}
