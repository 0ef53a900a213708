//! Where the pointer is and what it looks like.

use std::sync::Arc;

use image::geometry::Point;

use crate::guest::command::{CursorCommand, CursorShape};

/// The pointer of one display. Revisions count the changes, so that a client can be told what is new to it.
#[derive(Clone, Debug)]
pub struct PointerState {
    /// Where the hot spot is.
    pub position: Point,
    /// Whether the pointer is shown.
    pub visible: bool,
    /// What it looks like.
    pub shape: Option<Arc<CursorShape>>,
    /// Shadows behind it and milliseconds between them.
    pub trail: (u16, u16),
    /// Revisions of the above.
    pub revision: Revision,
}

/// How often each part of the state has changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Revision {
    /// Resets.
    pub reset: u64,
    /// Shapes.
    pub shape: u64,
    /// Positions.
    pub position: u64,
    /// Times that it was hidden.
    pub hidden: u64,
    /// Trails.
    pub trail: u64,
}

impl Default for PointerState {
    /// A device begins with a pointer that is shown but has no shape.
    fn default() -> Self {
        Self {
            position: Point::default(),
            visible: true,
            shape: None,
            trail: (0, 0),
            revision: Revision::default(),
        }
    }
}

impl PointerState {
    /// Takes over a command. In client mode the client moves its pointer itself and is not told of moves.
    pub fn apply(&mut self, command: CursorCommand, client_mode: bool) {
        match command {
            CursorCommand::Set { position, visible, shape } => {
                self.position = position;
                self.visible = visible;
                self.shape = Some(Arc::new(shape));
                self.revision.shape += 1;
            }
            CursorCommand::Move(position) => {
                let shown_again = !self.visible;
                self.position = position;
                self.visible = true;
                if !client_mode || shown_again {
                    self.revision.position += 1;
                }
            }
            CursorCommand::Hide => {
                self.visible = false;
                self.revision.hidden += 1;
            }
            CursorCommand::Trail { length, frequency } => {
                self.trail = (length, frequency);
                self.revision.trail += 1;
            }
        }
    }

    /// No shape, as after a reset of the device.
    pub fn reset(&mut self) {
        let revision = Revision { reset: self.revision.reset + 1, ..self.revision };
        *self = Self { revision, ..Self::default() };
    }
}

#[test]
fn a_reset_shows_the_pointer_without_its_shape() {
    let mut pointer = PointerState::default();
    pointer.apply(CursorCommand::Hide, false);
    pointer.reset();
    assert!(pointer.visible && pointer.shape.is_none());
    assert_eq!((pointer.revision.reset, pointer.revision.hidden), (1, 1));
}
