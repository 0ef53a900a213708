//! The pointer's commands, and the shapes that stay in the device's memory.

use qxl::cursor::{CursorAction, CursorCommand};

use super::Card;
use super::send::len_of;
use crate::bus::Bus;
use crate::fault::Dead;
use crate::outstanding::{Keeps, Sent};
use crate::resident::Content;

/// Bytes of a command of the pointer.
const COMMAND: u64 = size_of::<CursorCommand>() as u64;

impl<B: Bus> Card<B> {
    /// Sends a command that needs no shape.
    pub(crate) fn send_gesture(&mut self, action: CursorAction) -> Result<bool, Dead> {
        if !self.has_pointer_room()? {
            return Ok(false);
        }
        let Some(block) = self.allocate_pointer(COMMAND)? else { return Ok(false) };
        let sent = self.send(Sent { block, keeps: Keeps::Gesture }, &CursorCommand::new(0, action))?;
        if sent {
            self.statistics.gestures = self.statistics.gestures.saturating_add(1);
        }
        Ok(sent)
    }

    /// Sends a command that sets a resident shape.
    pub(crate) fn send_shape(&mut self, shape: u32, command: &CursorCommand) -> Result<bool, Dead> {
        if !self.has_pointer_room()? {
            return Ok(false);
        }
        self.shapes.hold(shape);
        match self.allocate_pointer(COMMAND) {
            Ok(Some(block)) => self.send(Sent { block, keeps: Keeps::Shape(shape) }, command),
            refused => {
                self.shapes.release(shape);
                refused.map(|_| false)
            }
        }
    }

    /// The shape with this content, and where it is; it is written when it is not there yet.
    pub(crate) fn resident_shape(
        &mut self,
        content: Content,
        header: &[u8],
        pixels: &[u8],
    ) -> Result<Option<(u32, u64)>, Dead> {
        if let Some((shape, at)) = self.shapes.find(&content) {
            self.statistics.shapes_reused = self.statistics.shapes_reused.saturating_add(1);
            return Ok(Some((shape, at)));
        }
        if self.shapes.is_full() {
            self.reclaim()?;
            let Some(block) = self.shapes.evict() else {
                self.blocked.memory = true;
                return Ok(None);
            };
            self.pointer_heap.free(block);
        }
        let len = len_of(header).saturating_add(len_of(pixels));
        let Some(block) = self.allocate_pointer(len)? else { return Ok(None) };
        let at = block.offset();
        self.write(at, header);
        self.write(at.saturating_add(len_of(header)), pixels);
        let shape = match self.shapes.insert(content, block) {
            Ok(shape) => shape,
            Err(block) => {
                self.pointer_heap.free(block);
                return Ok(None);
            }
        };
        self.statistics.bytes = self.statistics.bytes.saturating_add(len);
        self.statistics.shapes_written = self.statistics.shapes_written.saturating_add(1);
        Ok(Some((shape, at)))
    }
}
