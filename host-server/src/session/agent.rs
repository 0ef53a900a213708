//! What a client sends to the guest's agent. The agent is not relayed yet; one message needs none.
//!
//! A client's wish for monitors goes to the display devices when all of them can take it, so that a guest
//! with a driver but without an agent follows the size of the client's window. Everything else is dropped.

use bytes::Bytes;
use vdagent::Message;
use vdagent::assembly::{HEADER_SIZE, PROTOCOL, RawMessage};
use vdagent::clipboard::ClipboardLayout;
use vdagent::monitors::MAX_MONITORS;
use wire::main::AGENT_MAX_DATA_SIZE;

use crate::fault::ClientFault;

/// Type of the message that arranges monitors.
const MONITORS_CONFIG: u32 = 2;
/// Count and flags, then for each monitor five numbers and its size in millimetres.
const MAX_MONITORS_SIZE: u32 = 8 + MAX_MONITORS * (20 + 4);

/// Puts a client's agent messages together again from their pieces. Unlike an assembler it keeps only those
/// that matter here: a client may send files of any size to an agent that is not there.
#[derive(Debug, Default)]
pub(super) struct AgentStream {
    /// Bytes of the current message that have not come yet.
    left: u32,
    /// The body so far, if it is one that is kept.
    kept: Option<Vec<u8>>,
}

impl AgentStream {
    /// Takes the next piece; gives the body of an arrangement of monitors when it is complete.
    ///
    /// # Errors
    /// When the piece does not fit the message that it belongs to.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<Option<Bytes>, ClientFault> {
        if piece.len() > AGENT_MAX_DATA_SIZE {
            return Err(ClientFault::new(format_args!("agent data of {} bytes", piece.len())));
        }
        let body = if self.left > 0 { piece } else { self.begin(piece)? };
        let size = u32::try_from(body.len()).unwrap_or(u32::MAX);
        self.left = self.left.checked_sub(size).ok_or_else(|| {
            ClientFault::new(format_args!("agent data of {size} bytes where {} were left", self.left))
        })?;
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(body);
        }
        if self.left > 0 {
            return Ok(None);
        }
        self.kept.take().map(check_monitors).transpose()
    }

    fn begin<'a>(&mut self, piece: &'a [u8]) -> Result<&'a [u8], ClientFault> {
        let Some((header, body)) = piece.split_first_chunk::<HEADER_SIZE>() else {
            return Err(ClientFault::new("agent data with an incomplete header"));
        };
        let (protocol, kind, size) = (word(header, 0), word(header, 4), word(header, 16));
        if protocol != PROTOCOL {
            return Err(ClientFault::new(format_args!("agent protocol {protocol}")));
        }
        if kind == MONITORS_CONFIG && size > MAX_MONITORS_SIZE {
            return Err(ClientFault::new(format_args!("arrangement of monitors of {size} bytes")));
        }
        self.left = size;
        self.kept = (kind == MONITORS_CONFIG).then(Vec::new);
        Ok(body)
    }
}

/// The device reads as many monitors as the count says: all of them must be there.
fn check_monitors(body: Vec<u8>) -> Result<Bytes, ClientFault> {
    let raw = RawMessage { kind: MONITORS_CONFIG, opaque: 0, data: body.into() };
    Message::decode(&raw, ClipboardLayout::default()).map_err(ClientFault::new)?;
    Ok(raw.data)
}

/// The number at `at`, or 0 where there is none.
fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |word| u32::from_le_bytes(*word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u32, body: &[u8]) -> Vec<u8> {
        let size = u32::try_from(body.len()).unwrap();
        let mut bytes = Vec::new();
        bytes.extend(PROTOCOL.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend([0; 8]);
        bytes.extend(size.to_le_bytes());
        bytes.extend(body);
        bytes
    }

    fn monitors(count: u32) -> Vec<u8> {
        let mut body = [count.to_le_bytes(), [0; 4]].concat();
        body.resize((8 + count * 20) as usize, 7);
        body
    }

    #[test]
    fn a_count_over_the_monitors_that_are_there_is_the_clients_fault() {
        for (count, size) in [(2_u32, 28), (1, 27), (257, 5148), (u32::MAX, 28)] {
            let mut body = vec![0; size];
            body[..4].copy_from_slice(&count.to_le_bytes());
            assert!(check_monitors(body).is_err(), "{count}");
        }
        assert!(check_monitors(vec![0; 7]).is_err(), "not even the count and flags");
        let mut sized = monitors(1);
        sized[4] = 2;
        assert!(check_monitors(sized).is_err(), "sizes are missing");
    }

    #[test]
    fn monitors_come_out_whole_however_they_are_cut() {
        let body = monitors(10);
        let bytes = message(MONITORS_CONFIG, &body);
        for cut in [HEADER_SIZE, HEADER_SIZE + 1, 200] {
            let mut stream = AgentStream::default();
            assert_eq!(stream.push(&bytes[..cut]).unwrap(), None);
            assert_eq!(stream.push(&bytes[cut..]).unwrap().as_deref(), Some(body.as_slice()));
        }
    }

    #[test]
    fn other_messages_are_dropped_whole() {
        let mut stream = AgentStream::default();
        let bytes = message(4, &[1; 100]);
        assert_eq!(stream.push(&bytes[..50]).unwrap(), None);
        assert_eq!(stream.push(&bytes[50..]).unwrap(), None);
        assert!(stream.push(&message(MONITORS_CONFIG, &monitors(1))).unwrap().is_some());
    }

    #[test]
    fn sizes_that_do_not_fit_are_the_clients_fault() {
        let push = |bytes: &[u8]| AgentStream::default().push(bytes);
        assert!(push(&[0; 19]).is_err());
        assert!(push(&[0; 20]).is_err(), "protocol 0");
        assert!(push(&[1; AGENT_MAX_DATA_SIZE + 1]).is_err());
        let mut long = message(4, b"abc");
        long.push(0);
        assert!(push(&long).is_err());
        let mut huge = message(MONITORS_CONFIG, b"");
        huge[16..20].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(push(&huge).is_err());
    }
}
