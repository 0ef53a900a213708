//! What is encoded decodes to the same, for every message; and no bytes make a decoder panic.

#![allow(clippy::unwrap_used, reason = "a failed test")]

mod strategies;

use bytes::Bytes;
use proptest::prelude::*;
use strategies::Any;
use wire::frame::{Frame, FrameReader, HeaderKind};
use wire::{base, cursor, display, inputs, main, playback, port, record, smartcard};

macro_rules! round_trips {
    ($($test:ident: $message:ty,)*) => {
        proptest! {
            $(
                #[test]
                fn $test(message in <$message>::any()) {
                    let frame = message.encode();
                    let body = frame.to_body();
                    prop_assert_eq!(frame.size() as usize, body.len());
                    prop_assert_eq!(frame.kind(), message.kind());
                    prop_assert_eq!(<$message>::decode(frame.kind(), body), Ok(message));
                }
            )*
        }

        /// All decoders, for bytes that no encoder made.
        fn decode_everything(kind: u16, body: &Bytes) {
            $(let _ = <$message>::decode(kind, body.clone());)*
        }
    };
}

round_trips! {
    base_server: base::ServerMessage,
    base_client: base::ClientMessage,
    main_server: main::ServerMessage,
    main_client: main::ClientMessage,
    display_server: display::ServerMessage,
    display_client: display::ClientMessage,
    cursor_server: cursor::ServerMessage,
    inputs_server: inputs::ServerMessage,
    inputs_client: inputs::ClientMessage,
    playback_server: playback::ServerMessage,
    record_server: record::ServerMessage,
    record_client: record::ClientMessage,
    smartcard_server: smartcard::ServerMessage,
    smartcard_client: smartcard::ClientMessage,
    stream_server: port::StreamServerMessage,
    stream_client: port::StreamClientMessage,
    port_server: port::ServerMessage,
    port_client: port::ClientMessage,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn drawables(drawable in strategies::drawable()) {
        let frame = drawable.encode();
        let message = display::ServerMessage::decode(frame.kind(), frame.to_body());
        prop_assert_eq!(message, Ok(display::ServerMessage::Draw(drawable)));
    }

    #[test]
    fn a_cut_drawable_is_an_error_or_another_one(drawable in strategies::drawable(), keep in 0.0..1.0) {
        let frame = drawable.encode();
        let body = frame.to_body();
        let kept = (body.len() as f64 * keep) as usize;
        let decoded = display::ServerMessage::decode(frame.kind(), body.slice(..kept));
        prop_assert!(decoded != Ok(display::ServerMessage::Draw(drawable)));
    }

    #[test]
    fn no_bytes_panic(kind in prop_oneof![0..10_u16, 95..130_u16, 195..205_u16, 300..325_u16],
                      body in proptest::collection::vec(any::<u8>(), 0..300)) {
        decode_everything(kind, &body.into());
    }

    #[test]
    fn small_numbers_do_not_panic(kind in prop_oneof![100..130_u16, 300..325_u16],
                                  body in proptest::collection::vec(0..40_u8, 0..300)) {
        decode_everything(kind, &body.into());
    }
}

proptest! {
    /// However the bytes are cut, the reader gives the frames that were sent.
    #[test]
    fn frames(messages in proptest::collection::vec(main::ServerMessage::any(), 1..5),
              cut in 1..50_usize, full in any::<bool>()) {
        let kind = if full { HeaderKind::Full } else { HeaderKind::Mini };
        let mut stream = Vec::new();
        for (frame, serial) in messages.iter().map(main::ServerMessage::encode).zip(1..) {
            match kind {
                HeaderKind::Full => stream.extend_from_slice(&frame.full_header(serial)),
                HeaderKind::Mini => stream.extend_from_slice(&frame.mini_header()),
            }
            frame.parts().for_each(|part| stream.extend_from_slice(part));
        }
        let mut reader = FrameReader::new(kind, 1 << 20);
        let mut received = Vec::new();
        for piece in stream.chunks(cut) {
            reader.feed(piece);
            while let Some(frame) = reader.next().unwrap() {
                received.push(main::ServerMessage::decode(frame.kind, frame.body).unwrap());
            }
        }
        prop_assert_eq!(received, messages);
        prop_assert_eq!(reader.pending(), 0);
    }

    #[test]
    fn sub_messages(before in proptest::collection::vec(base::ServerMessage::any(), 0..4),
                    message in main::ServerMessage::any(), mini in any::<bool>()) {
        let frames: Vec<Frame> = before.iter().map(base::ServerMessage::encode).collect();
        let (kind, frame) = if mini {
            (HeaderKind::Mini, Frame::list(&frames))
        } else {
            (HeaderKind::Full, message.encode().with_sub_messages(&frames))
        };
        let mut reader = FrameReader::new(kind, 1 << 20);
        if mini { reader.feed(&frame.mini_header()) } else { reader.feed(&frame.full_header(1)) }
        frame.parts().for_each(|part| reader.feed(part));
        let received = reader.next().unwrap().unwrap();
        let subs: Vec<_> = received.sub_messages().unwrap().into_iter()
            .map(|(kind, body)| base::ServerMessage::decode(kind, body).unwrap()).collect();
        prop_assert_eq!(subs, before);
    }
}

#[test]
fn a_body_over_the_limit_is_refused_at_its_header() {
    let mut reader = FrameReader::new(HeaderKind::Mini, 100);
    reader.feed(&[1, 0, 101, 0, 0, 0]);
    assert!(matches!(reader.next(), Err(wire::WireError::TooLarge { size: 101, limit: 100, .. })));
}
