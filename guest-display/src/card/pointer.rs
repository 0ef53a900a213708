//! The pointer's commands, and the shapes that stay in the device's memory.

use qxl::cursor::{CursorAction, CursorCommand};
use qxl::ring::SharedMemory;

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
                if let Some(stale) = self.shapes.release(shape) {
                    self.pointer_heap.free(stale);
                }
                refused.map(|_| false)
            }
        }
    }

    /// The shape with this content, where it is, and whether it was written just now. The bytes before `fixed` are a
    /// number that each shape has of its own: they do not count when shapes are compared.
    pub(crate) fn resident_shape(
        &mut self,
        content: Content,
        header: &[u8],
        fixed: usize,
        pixels: &[u8],
    ) -> Result<Option<(u32, u64, bool)>, Dead> {
        let pixels_at = |at: u64| at.saturating_add(len_of(header));
        if let Some((shape, at)) = self.shapes.find(&content) {
            let same = header.get(fixed..).is_some_and(|bytes| {
                let at = usize::try_from(at).unwrap_or(usize::MAX).saturating_add(fixed);
                self.has_bytes(at, bytes)
            });
            if same && usize::try_from(pixels_at(at)).is_ok_and(|at| self.has_bytes(at, pixels)) {
                self.statistics.shapes_reused = self.statistics.shapes_reused.saturating_add(1);
                return Ok(Some((shape, at, false)));
            }
            if let Some(block) = self.shapes.disown(shape) {
                self.pointer_heap.free(block);
            }
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
        self.write(pixels_at(at), pixels);
        let shape = match self.shapes.insert(content, block) {
            Ok(shape) => shape,
            Err(block) => {
                self.pointer_heap.free(block);
                return Ok(None);
            }
        };
        self.statistics.bytes = self.statistics.bytes.saturating_add(len);
        self.statistics.shapes_written = self.statistics.shapes_written.saturating_add(1);
        Ok(Some((shape, at, true)))
    }

    /// Whether RAM has these bytes at `at`.
    fn has_bytes(&self, mut at: usize, bytes: &[u8]) -> bool {
        let mut found = [0; 256];
        for piece in bytes.chunks(found.len()) {
            let Some(found) = found.get_mut(..piece.len()) else { return false };
            self.bus.ram().read(at, found);
            if found != piece {
                return false;
            }
            at = at.saturating_add(piece.len());
        }
        true
    }
}
