//! The model's pointer: its shape's command is kept until another shape takes its place.

use super::guest::{Reader, offset_by};
use super::releases::Held;
use super::violation::Violation;
use crate::cursor::{Cursor, CursorAction, CursorCommand, CursorHeader, CursorShapeKind};
use crate::geometry::Point16;
use crate::memslot::PhysAddr;

/// What is shown of the pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointerState {
    /// The id of the command that set the shape, if there is a shape.
    pub shape: Option<u64>,
    /// The `unique` of the shape.
    pub unique: u64,
    /// Where the hot spot is.
    pub position: Point16,
    /// Whether the pointer can be seen.
    pub visible: bool,
}

/// The pointer and the command of its shape.
#[derive(Debug)]
pub(super) struct Pointer {
    state: PointerState,
    shape: Option<Held>,
}

impl Default for Pointer {
    fn default() -> Self {
        let state = PointerState { shape: None, unique: 0, position: Point16::new(0, 0), visible: true };
        Self { state, shape: None }
    }
}

/// A checked command of the cursor ring.
#[derive(Debug)]
pub(super) struct Gesture {
    action: Option<CursorAction>,
    unique: u64,
}

/// Reads and checks the cursor command at `address`.
pub(super) fn gesture(reader: &mut Reader<'_>, address: PhysAddr) -> Result<Gesture, Violation> {
    let command: CursorCommand = reader.structure(address)?;
    let action = command.action();
    let unique = match &action {
        Some(CursorAction::Set(set)) => shape(reader, set.shape)?,
        _ => 0,
    };
    Ok(Gesture { action, unique })
}

/// Checks the shape at `address`, and returns what it is known by.
fn shape(reader: &mut Reader<'_>, address: PhysAddr) -> Result<u64, Violation> {
    let cursor: Cursor = reader.structure(address)?;
    let data = reader.chunks(offset_by(address, core::mem::offset_of!(Cursor, chunk)))?;
    let found = u64::from(cursor.data_size.get()).min(u64::try_from(data.len()).unwrap_or(u64::MAX));
    let kind = cursor.header.kind.get();
    match CursorShapeKind::try_from(kind) {
        Ok(known) if found >= shape_bytes(known, &cursor.header) => Ok(cursor.header.unique.get()),
        _ => Err(Violation::CursorShape { kind, found }),
    }
}

/// Bytes that a shape needs.
fn shape_bytes(kind: CursorShapeKind, header: &CursorHeader) -> u64 {
    let (width, height) = (u64::from(header.width.get()), u64::from(header.height.get()));
    let mask = width.div_ceil(8) * height;
    match kind {
        CursorShapeKind::Alpha => 4 * width * height,
        CursorShapeKind::Mono => 2 * mask,
        CursorShapeKind::Color4 => width.div_ceil(2) * height + 4 * 16 + mask,
        CursorShapeKind::Color8 => width * height + 4 * 256 + mask,
        CursorShapeKind::Color16 => 2 * width * height + mask,
        CursorShapeKind::Color24 => 3 * width * height + mask,
        CursorShapeKind::Color32 => 4 * width * height + mask,
    }
}

impl Pointer {
    pub(super) fn state(&self) -> PointerState {
        self.state
    }

    /// Carries a command out. The command that is done with comes back.
    pub(super) fn act(&mut self, gesture: &Gesture, held: Held) -> Option<Held> {
        match &gesture.action {
            Some(CursorAction::Set(set)) => {
                self.state.visible = set.visible != 0;
                self.state.position = set.position;
                self.state.unique = gesture.unique;
                self.state.shape = Some(held.id);
                return self.shape.replace(held);
            }
            Some(CursorAction::Move(position)) => {
                self.state.visible = true;
                self.state.position = *position;
            }
            Some(CursorAction::Hide) => self.state.visible = false,
            Some(CursorAction::Trail(_)) | None => {}
        }
        Some(held)
    }

    /// Forgets the shape, whose command comes back.
    pub(super) fn reset(&mut self) -> Option<Held> {
        core::mem::take(self).shape
    }
}
