//! The link: round trips, limits, and bytes that nobody should send.

#![allow(clippy::unwrap_used, reason = "a failed test")]

use proptest::prelude::*;
use wire::WireError;
use wire::capability::Capabilities;
use wire::channel::{ChannelId, ChannelType};
use wire::link::{HEADER_SIZE, LinkError, LinkHeader, LinkMess, LinkReply, MAX_SIZE, PUBLIC_KEY_SIZE};

fn capabilities() -> impl Strategy<Value = Capabilities> {
    proptest::collection::vec(any::<u32>(), 0..4).prop_map(Capabilities::from_words)
}

fn split(bytes: &[u8]) -> (LinkHeader, &[u8]) {
    let (header, body) = bytes.split_first_chunk::<HEADER_SIZE>().unwrap();
    (LinkHeader::decode(header).unwrap(), body)
}

proptest! {
    #[test]
    fn a_link_message_comes_back(connection_id in any::<u32>(), kind in any::<u8>(), id in any::<u8>(),
                                 common in capabilities(), specific in capabilities()) {
        let channel = ChannelId { channel_type: ChannelType(kind), id };
        let mess = LinkMess { connection_id, channel, common, specific };
        let bytes = mess.encode();
        let (header, body) = split(&bytes);
        prop_assert_eq!(header.verdict(), LinkError::OK);
        prop_assert_eq!(header.size as usize, body.len());
        prop_assert_eq!(LinkMess::decode(body), Ok(mess));
    }

    #[test]
    fn a_reply_comes_back(error in any::<u32>(), key in any::<u8>(),
                          common in capabilities(), specific in capabilities()) {
        let reply = LinkReply {
            error: LinkError(error), public_key: [key; PUBLIC_KEY_SIZE], common, specific,
        };
        let bytes = reply.encode();
        let (header, body) = split(&bytes);
        prop_assert_eq!(header.size as usize, body.len());
        prop_assert_eq!(LinkReply::decode(body), Ok(reply));
    }

    #[test]
    fn no_bytes_panic(header in any::<[u8; HEADER_SIZE]>(),
                      body in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = LinkHeader::decode(&header).map(|header| header.verdict());
        let _ = LinkMess::decode(&body);
        let _ = LinkReply::decode(&body);
    }

    /// Counts and the offset are what a peer attacks with: none of them reaches outside the message.
    #[test]
    fn hostile_counts_are_errors(common in any::<u32>(), specific in any::<u32>(), offset in any::<u32>()) {
        let mut body = vec![0; 6];
        for word in [common, specific, offset] {
            body.extend_from_slice(&word.to_le_bytes());
        }
        let decoded = LinkMess::decode(&body);
        prop_assert_eq!(decoded.is_ok(), common == 0 && specific == 0);
    }
}

#[test]
fn the_header_is_judged_before_the_message() {
    assert_eq!(LinkHeader { major: 1, minor: 0, size: 18 }.verdict(), LinkError::VERSION_MISMATCH);
    assert_eq!(LinkHeader::new(17).verdict(), LinkError::INVALID_DATA);
    assert_eq!(LinkHeader::new(MAX_SIZE + 1).verdict(), LinkError::INVALID_DATA);
    assert_eq!(LinkHeader::decode(b"RFB 003.008\n1234"), None);
}

#[test]
fn a_message_over_the_limit_is_refused() {
    let body = vec![0; MAX_SIZE as usize + 1];
    assert!(matches!(LinkMess::decode(&body), Err(WireError::TooLarge { .. })));
}
