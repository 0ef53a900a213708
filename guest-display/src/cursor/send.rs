//! The commands of the pointer.

use qxl::chunk::DataChunk;
use qxl::cursor::{
    Cursor as DeviceCursor, CursorAction, CursorCommand, CursorHeader, CursorSet, CursorShapeKind,
};
use zerocopy::IntoBytes;
use zerocopy::little_endian::{U16, U32, U64};

use super::{Cursor, Shape, Told};
use crate::bus::Bus;
use crate::card::Card;
use crate::damage::Progress;
use crate::fault::Dead;

impl Cursor {
    /// Tells the device what it does not know yet, if there is room.
    pub(crate) fn emit<B: Bus>(&mut self, card: &mut Card<B>) -> Result<Progress, Dead> {
        let Some(shape) = self.shape.filter(|_| !self.is_hidden) else {
            return self.emit_hidden(card);
        };
        if self.told.shape != Some(shape) {
            return self.emit_shape(shape, card);
        }
        if self.told.is_visible && self.told.position == Some(self.position) {
            return Ok(Progress::Done);
        }
        // A move also shows a pointer that was hidden.
        if !card.send_gesture(CursorAction::Move(self.position))? {
            return Ok(Progress::Pending);
        }
        self.told = Told { position: Some(self.position), is_visible: true, ..self.told };
        Ok(Progress::Done)
    }

    fn emit_hidden<B: Bus>(&mut self, card: &mut Card<B>) -> Result<Progress, Dead> {
        if !self.told.is_visible {
            return Ok(Progress::Done);
        }
        if !card.send_gesture(CursorAction::Hide)? {
            return Ok(Progress::Pending);
        }
        self.told.is_visible = false;
        Ok(Progress::Done)
    }

    // Of its own, for the sake of small stacks: it is rare, and large.
    #[inline(never)]
    fn emit_shape<B: Bus>(&mut self, shape: Shape, card: &mut Card<B>) -> Result<Progress, Dead> {
        let pixels = self.rows(&shape.content);
        let header = CursorHeader {
            // 0 is a shape that is not to be kept.
            unique: U64::new(shape.content.hash.max(1)),
            kind: U16::new(CursorShapeKind::Alpha.code()),
            width: narrow(shape.content.width),
            height: narrow(shape.content.height),
            hot_spot_x: narrow(shape.hot_spot.x),
            hot_spot_y: narrow(shape.hot_spot.y),
        };
        let bytes = U32::new(u32::try_from(size_of_val(pixels)).unwrap_or_default());
        let chunk = DataChunk { data_size: bytes, ..DataChunk::default() };
        let cursor = DeviceCursor { header, data_size: bytes, chunk };
        let Some((resident, at)) =
            card.resident_shape(shape.content, cursor.as_bytes(), pixels.as_bytes())?
        else {
            return Ok(Progress::Pending);
        };
        let len = (size_of::<DeviceCursor>() as u64).saturating_add(u64::from(bytes.get()));
        let Some(address) = card.address(at, len) else { return Ok(Progress::Pending) };
        let set = CursorSet { position: self.position, visible: 1, shape: address };
        if !card.send_shape(resident, &CursorCommand::new(0, CursorAction::Set(set)))? {
            return Ok(Progress::Pending);
        }
        self.told = Told { shape: Some(shape), position: Some(self.position), is_visible: true };
        Ok(Progress::Done)
    }
}

/// A side of a shape, which is at most [`MAX_CURSOR`](super::MAX_CURSOR).
fn narrow(side: u32) -> U16 {
    U16::new(u16::try_from(side).unwrap_or(u16::MAX))
}
