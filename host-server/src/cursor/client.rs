//! One client's cursor channel.

use std::collections::VecDeque;

use bytes::Bytes;
use wire::base;
use wire::cursor::{Cursor, CursorHeader, CursorType, Init, Position, ServerMessage, Set, Trail};
use wire::display::CacheId;
use wire::frame::Frame;

use super::state::{PointerState, Revision};
use crate::channel::window::AckWindow;
use crate::fault::ClientFault;
use crate::guest::command::CursorShape;

/// What one client knows of the pointer.
#[derive(Debug)]
pub struct CursorClient {
    window: AckWindow,
    ready: VecDeque<Frame>,
    /// What the client has been told; nothing before its first message.
    told: Option<Revision>,
    /// Names of shapes that the client keeps, the least recently used first.
    kept: VecDeque<u64>,
}

impl Default for CursorClient {
    fn default() -> Self {
        Self::new()
    }
}

impl CursorClient {
    /// Shapes that a client keeps.
    const KEPT: usize = 128;

    /// A client that has just linked.
    pub fn new() -> Self {
        let window = AckWindow::new(AckWindow::LAN);
        let (generation, size) = window.announcement();
        let announce = base::ServerMessage::SetAck(base::SetAck { generation, window: size });
        Self { window, ready: VecDeque::from([announce.encode()]), told: None, kept: VecDeque::new() }
    }

    /// Handles a message of the client.
    pub fn handle(&mut self, message: &base::ClientMessage) -> Result<(), ClientFault> {
        match message {
            base::ClientMessage::AckSync(sync) => self.window.on_ack_sync(sync.generation),
            base::ClientMessage::Ack => {
                self.window.on_ack();
            }
            _ => {}
        }
        Ok(())
    }

    /// The next frame that brings the client closer to `pointer`.
    pub fn next_frame(&mut self, pointer: &PointerState) -> Option<Frame> {
        if self.ready.is_empty() && self.window.is_open() {
            self.tell(pointer);
        }
        let frame = self.ready.pop_front()?;
        self.window.on_sent();
        Some(frame)
    }

    fn tell(&mut self, pointer: &PointerState) {
        let Some(told) = self.told.replace(pointer.revision) else {
            let init = self.init(pointer);
            self.ready.push_back(init.encode());
            return;
        };
        let new = pointer.revision;
        if new.reset != told.reset {
            self.kept.clear();
            self.ready.push_back(ServerMessage::Reset.encode());
            // A client that was reset takes nothing before it is set up again.
            let init = self.init(pointer);
            self.ready.push_back(init.encode());
            return;
        }
        if new.trail != told.trail {
            let (length, frequency) = pointer.trail;
            self.ready.push_back(ServerMessage::Trail(Trail { length, frequency }).encode());
        }
        let position = wire_position(pointer);
        if new.shape != told.shape {
            let cursor = self.cursor(pointer.shape.as_deref());
            let set = Set { position, visible: pointer.visible, cursor };
            self.ready.push_back(ServerMessage::Set(set).encode());
        } else if !pointer.visible && new.hidden != told.hidden {
            self.ready.push_back(ServerMessage::Hide.encode());
        } else if pointer.visible && new.position != told.position {
            self.ready.push_back(ServerMessage::Move(position).encode());
        }
    }

    fn init(&mut self, pointer: &PointerState) -> ServerMessage {
        let (trail_length, trail_frequency) = pointer.trail;
        ServerMessage::Init(Init {
            position: wire_position(pointer),
            trail_length,
            trail_frequency,
            visible: pointer.visible,
            cursor: self.cursor(pointer.shape.as_deref()),
        })
    }

    /// The shape, by its name when the client keeps it.
    fn cursor(&mut self, shape: Option<&CursorShape>) -> Cursor {
        let Some(shape) = shape else { return Cursor::None };
        let header = CursorHeader {
            unique: shape.unique,
            cursor_type: CursorType(u8::try_from(shape.kind).unwrap_or(u8::MAX)),
            width: shape.width,
            height: shape.height,
            hot_spot_x: shape.hot_spot.0,
            hot_spot_y: shape.hot_spot.1,
        };
        let pixels: Bytes = shape.data.clone();
        if shape.unique == 0 {
            return Cursor::Shape { header, cache: false, pixels };
        }
        if let Some(at) = self.kept.iter().position(|name| *name == shape.unique) {
            self.kept.remove(at);
            self.kept.push_back(shape.unique);
            return Cursor::Cached(header);
        }
        if self.kept.len() >= Self::KEPT
            && let Some(id) = self.kept.pop_front()
        {
            self.ready.push_back(ServerMessage::InvalOne(CacheId { id }).encode());
        }
        self.kept.push_back(shape.unique);
        Cursor::Shape { header, cache: true, pixels }
    }
}

fn wire_position(pointer: &PointerState) -> Position {
    let clamp = |value: i32| i16::try_from(value).unwrap_or(if value < 0 { i16::MIN } else { i16::MAX });
    Position { x: clamp(pointer.position.x), y: clamp(pointer.position.y) }
}

#[cfg(test)]
mod tests {
    use image::geometry::Point;

    use super::*;
    use crate::guest::command::CursorCommand;

    fn shape(unique: u64) -> CursorShape {
        CursorShape {
            unique,
            kind: 0,
            width: 1,
            height: 1,
            hot_spot: (0, 0),
            data: Bytes::from_static(&[0; 4]),
        }
    }

    fn told(client: &mut CursorClient, pointer: &PointerState) -> Vec<ServerMessage> {
        let frames = std::iter::from_fn(|| client.next_frame(pointer));
        frames.map(|frame| ServerMessage::decode(frame.kind(), frame.to_body()).unwrap()).collect()
    }

    #[test]
    fn a_client_that_fell_behind_is_told_the_latest_state_only() {
        let mut pointer = PointerState::default();
        let mut client = CursorClient::new();
        told(&mut client, &pointer);
        for x in 0..100 {
            pointer.apply(CursorCommand::Move(Point::new(x, 0)), false);
        }
        let messages = told(&mut client, &pointer);
        assert_eq!(messages, [ServerMessage::Move(Position { x: 99, y: 0 })]);
        assert!(told(&mut client, &pointer).is_empty());
    }

    #[test]
    fn a_shape_that_the_client_keeps_is_named_only() {
        let mut pointer = PointerState::default();
        let mut client = CursorClient::new();
        told(&mut client, &pointer);
        for unique in [7, 8, 7] {
            let position = Point::default();
            pointer.apply(CursorCommand::Set { position, visible: true, shape: shape(unique) }, false);
            let messages = told(&mut client, &pointer);
            let [ServerMessage::Set(set)] = &messages[..] else { panic!("{messages:?}") };
            assert_eq!(matches!(set.cursor, Cursor::Cached(_)), pointer.revision.shape == 3);
        }
    }

    #[test]
    fn a_reset_sets_the_client_up_again_before_anything_else() {
        let mut pointer = PointerState::default();
        let mut client = CursorClient::new();
        told(&mut client, &pointer);
        pointer.reset();
        let messages = told(&mut client, &pointer);
        assert!(matches!(messages[..], [ServerMessage::Reset, ServerMessage::Init(_)]), "{messages:?}");
        pointer.apply(CursorCommand::Move(Point::new(3, 4)), false);
        assert_eq!(told(&mut client, &pointer), [ServerMessage::Move(Position { x: 3, y: 4 })]);
    }

    #[test]
    fn moves_are_not_told_while_the_client_moves_the_pointer() {
        let mut pointer = PointerState::default();
        let mut client = CursorClient::new();
        told(&mut client, &pointer);
        pointer.apply(CursorCommand::Move(Point::new(5, 5)), true);
        assert!(told(&mut client, &pointer).is_empty());
        pointer.apply(CursorCommand::Hide, true);
        assert_eq!(told(&mut client, &pointer), [ServerMessage::Hide]);
    }
}
