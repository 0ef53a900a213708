//! One linked channel without its socket: frames in, acknowledgements and pongs out.

use wire::WireError;
use wire::base::{self, AckSync, Pong};
use wire::frame::{Frame, FrameReader, HeaderKind, Received};

/// Largest message that the probe takes; a lossless 8K picture has 133 MB.
const MAX_MESSAGE_SIZE: u32 = 512 << 20;

/// Types of the two messages that are answered here.
const SET_ACK: u16 = 3;
const PING: u16 = 4;

/// What a channel has received and owes.
#[derive(Debug)]
pub(crate) struct Connection {
    frames: FrameReader,
    /// Messages between two acknowledgements; 0 for none.
    window: u32,
    /// Messages until the next one.
    until_ack: u32,
    answers: Vec<Frame>,
}

impl Connection {
    pub(crate) fn new(header: HeaderKind) -> Self {
        let frames = FrameReader::new(header, MAX_MESSAGE_SIZE);
        Self { frames, window: 0, until_ack: 0, answers: Vec::new() }
    }

    /// Bytes from the server.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.frames.feed(bytes);
    }

    /// The next message; those that only ask for an answer are answered and given as well.
    pub(crate) fn next(&mut self) -> Result<Option<Received>, WireError> {
        let Some(received) = self.frames.next()? else {
            return Ok(None);
        };
        self.count();
        if matches!(received.kind, SET_ACK | PING) {
            self.answer(&received)?;
        }
        Ok(Some(received))
    }

    /// Answers that are to be sent, in order.
    pub(crate) fn take_answers(&mut self) -> Vec<Frame> {
        std::mem::take(&mut self.answers)
    }

    fn count(&mut self) {
        if self.window == 0 {
            return;
        }
        self.until_ack -= 1;
        if self.until_ack == 0 {
            self.until_ack = self.window;
            self.answers.push(base::ClientMessage::Ack.encode());
        }
    }

    fn answer(&mut self, received: &Received) -> Result<(), WireError> {
        match base::ServerMessage::decode(received.kind, received.body.clone())? {
            base::ServerMessage::SetAck(set) => {
                self.window = set.window;
                self.until_ack = set.window;
                let sync = AckSync { generation: set.generation };
                self.answers.push(base::ClientMessage::AckSync(sync).encode());
            }
            base::ServerMessage::Ping(ping) => {
                let pong = Pong { id: ping.id, timestamp: ping.timestamp };
                self.answers.push(base::ClientMessage::Pong(pong).encode());
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use wire::base::{Ping, ServerMessage, SetAck};

    use super::*;

    fn feed(connection: &mut Connection, message: &ServerMessage) {
        let frame = message.encode();
        connection.feed(&frame.mini_header());
        connection.feed(&frame.to_body());
    }

    fn answers(connection: &mut Connection) -> Vec<base::ClientMessage> {
        while connection.next().unwrap().is_some() {}
        let decode = |frame: Frame| base::ClientMessage::decode(frame.kind(), frame.to_body()).unwrap();
        connection.take_answers().into_iter().map(decode).collect()
    }

    #[test]
    fn every_window_is_acknowledged_once() {
        let mut connection = Connection::new(HeaderKind::Mini);
        feed(&mut connection, &ServerMessage::SetAck(SetAck { generation: 7, window: 2 }));
        let sync = base::ClientMessage::AckSync(AckSync { generation: 7 });
        assert_eq!(answers(&mut connection), [sync]);
        let ping = Ping { id: 1, timestamp: 2, padding: Bytes::new() };
        let pong = base::ClientMessage::Pong(Pong { id: 1, timestamp: 2 });
        for expected in [vec![pong.clone()], vec![base::ClientMessage::Ack, pong]] {
            feed(&mut connection, &ServerMessage::Ping(ping.clone()));
            assert_eq!(answers(&mut connection), expected);
        }
    }
}
