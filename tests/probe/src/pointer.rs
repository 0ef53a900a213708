//! The pointer as the client has it.

use std::collections::HashMap;

use bytes::Bytes;
use wire::cursor::{Cursor, CursorHeader, Position, ServerMessage};

/// The pointer.
#[derive(Debug, Default)]
pub struct Pointer {
    /// Where the server put it.
    pub position: Position,
    /// Whether it is seen.
    pub visible: bool,
    /// Its shape and the shape's bytes in the layout of its type.
    pub shape: Option<(CursorHeader, Bytes)>,
    /// How many times the shape changed.
    pub changes: u64,
    cache: HashMap<u64, (CursorHeader, Bytes)>,
}

impl Pointer {
    /// Does what a message says. The error is the server's fault.
    pub(crate) fn apply(&mut self, message: ServerMessage) -> Result<(), String> {
        match message {
            ServerMessage::Init(init) => {
                self.cache.clear();
                self.position = init.position;
                self.visible = init.visible;
                return self.set(init.cursor);
            }
            ServerMessage::Set(set) => {
                self.position = set.position;
                self.visible = set.visible;
                return self.set(set.cursor);
            }
            ServerMessage::Reset => {
                self.cache.clear();
                self.visible = false;
                self.shape = None;
            }
            ServerMessage::Move(position) => {
                self.position = position;
                self.visible = true;
            }
            ServerMessage::Hide => self.visible = false,
            ServerMessage::InvalOne(name) => {
                self.cache.remove(&name.id);
            }
            ServerMessage::InvalAll => self.cache.clear(),
            ServerMessage::Trail(_) | ServerMessage::Base(_) => {}
        }
        Ok(())
    }

    fn set(&mut self, cursor: Cursor) -> Result<(), String> {
        self.changes += 1;
        self.shape = match cursor {
            Cursor::None => None,
            Cursor::Cached(header) => {
                let Some(shape) = self.cache.get(&header.unique) else {
                    return Err(format!("cursor {:#x} is not in the cache", header.unique));
                };
                Some(shape.clone())
            }
            Cursor::Shape { header, cache, pixels } => {
                if cache {
                    self.cache.insert(header.unique, (header, pixels.clone()));
                }
                Some((header, pixels))
            }
        };
        Ok(())
    }
}
