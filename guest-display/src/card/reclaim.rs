//! What the device is done with.

use qxl::ioport::IoPort;
use qxl::release::ReleaseInfo;
use qxl::ring::SharedMemory;
use zerocopy::{FromZeros, IntoBytes};

use super::Card;
use crate::bus::Bus;
use crate::fault::Dead;
use crate::heap::Block;
use crate::outstanding::{Keeps, Sent};

impl<B: Bus> Card<B> {
    /// Takes back everything that the device has released, and says whether that was anything.
    ///
    /// Each id that the device names must be of a command that it has, so that there are never more steps than commands.
    pub(crate) fn reclaim(&mut self) -> Result<bool, Dead> {
        let mut any = false;
        while let Some((head, _)) = self.rings.releases.pop()? {
            let mut id = head.get();
            loop {
                let sent = self.outstanding.take(id).ok_or(Dead::UnknownRelease(id))?;
                let mut release = ReleaseInfo::new_zeroed();
                if let Ok(at) = usize::try_from(sent.block.offset()) {
                    self.bus.ram().read(at, release.as_mut_bytes());
                }
                self.dismiss(sent);
                self.statistics.released = self.statistics.released.saturating_add(1);
                any = true;
                match release.next() {
                    Some(next) => id = next.get(),
                    None => break,
                }
            }
        }
        if any {
            self.note_use();
        }
        Ok(any)
    }

    /// Asks the device for memory that it could do without: the last resort, because it draws early whatever it has and
    /// interrupts a client's video.
    pub(crate) fn starve(&mut self) -> Result<(), Dead> {
        // The device does nothing while it has releases that nobody has looked at.
        if !self.reclaim()? {
            self.port(IoPort::NotifyOom, 0);
            self.reclaim()?;
        }
        Ok(())
    }

    /// Memory for a drawing, if need be in place of tiles that nobody uses.
    pub(super) fn allocate(&mut self, len: u64) -> Result<Option<Block>, Dead> {
        if let Some(block) = self.heap.allocate(len) {
            return Ok(Some(block));
        }
        if self.reclaim()?
            && let Some(block) = self.heap.allocate(len)
        {
            return Ok(Some(block));
        }
        while let Some(tile) = self.tiles.evict() {
            self.heap.free(tile);
            self.statistics.tiles_evicted = self.statistics.tiles_evicted.saturating_add(1);
            if let Some(block) = self.heap.allocate(len) {
                return Ok(Some(block));
            }
        }
        self.blocked.memory = true;
        Ok(None)
    }

    /// Memory for a pointer, if need be in place of shapes that nobody uses.
    pub(super) fn allocate_pointer(&mut self, len: u64) -> Result<Option<Block>, Dead> {
        self.reclaim()?;
        loop {
            if let Some(block) = self.pointer_heap.allocate(len) {
                return Ok(Some(block));
            }
            let Some(shape) = self.shapes.evict() else {
                self.blocked.memory = true;
                return Ok(None);
            };
            self.pointer_heap.free(shape);
        }
    }

    /// Gives the memory of a command back.
    pub(super) fn dismiss(&mut self, sent: Sent) {
        let Sent { block, keeps } = sent;
        match keeps {
            Keeps::Drawing => self.heap.free(block),
            Keeps::Image(tile) => {
                self.heap.free(block);
                self.tiles.release(tile);
            }
            Keeps::Gesture => self.pointer_heap.free(block),
            Keeps::Shape(shape) => {
                self.pointer_heap.free(block);
                self.shapes.release(shape);
            }
        }
    }
}
