//! The surfaces of a display: pixels, what waits to be drawn on them, and what the guest has not seen of it.
//!
//! Drawing is lazy. An operation waits in its surface's [`Tree`] until somebody needs pixels: the guest that
//! asks for an area, a client that joins, an operation that reads the surface, or the bound on what waits.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use image::geometry::{Rect, Size};
use image::surface::{Surface, SurfaceFormat};
use wire::drawable::SurfaceId;

use super::backing::Backing;
use super::damage::Damage;
use super::item::{Moment, SharedItem};
use super::render;
use super::tree::{Entry, Tree};
use crate::fault::GuestFault;

/// One surface.
#[derive(Debug)]
pub struct DisplaySurface {
    pixels: Surface,
    tree: Tree,
    backing: Backing,
    /// Drawn since the guest last asked to forget: what an area update reports.
    drawn: Damage,
    /// Drawn, and not yet written to the guest's memory.
    unsaved: Damage,
}

/// All surfaces of a display.
#[derive(Debug, Default)]
pub struct Surfaces {
    /// By their numbers, which the device bounds.
    all: Vec<Option<Box<DisplaySurface>>>,
}

impl Surfaces {
    /// Operations that may wait on one surface; more are drawn.
    const MAX_WAITING: usize = 500;
    /// Bytes of pixels that operations waiting on one surface may keep.
    const MAX_WAITING_BYTES: usize = 8 << 20;

    /// Adds a surface under a number that the device has. Its first pixels are the guest's with `keep`, otherwise zero in both places.
    pub fn create(
        &mut self,
        id: SurfaceId,
        format: SurfaceFormat,
        size: Size,
        backing: Backing,
        keep: bool,
    ) -> Result<(), GuestFault> {
        let mut pixels = Surface::new(format, size)
            .map_err(|error| GuestFault::new(format_args!("surface {}: {error}", id.0)))?;
        let mut unsaved = Damage::default();
        if keep {
            backing.load(&mut pixels);
        } else {
            unsaved = Damage::of(pixels.bounds());
        }
        let surface =
            DisplaySurface { pixels, tree: Tree::default(), backing, drawn: Damage::default(), unsaved };
        let index = id.0 as usize;
        if self.all.len() <= index {
            self.all.resize_with(index + 1, || None);
        }
        if let Some(place) = self.all.get_mut(index) {
            *place = Some(Box::new(surface));
        }
        Ok(())
    }

    /// Removes a surface, after everything that reads it has been drawn.
    pub fn destroy(&mut self, id: SurfaceId) -> bool {
        self.draw_readers(id);
        self.take(id).is_some()
    }

    /// Size and format of a surface.
    pub fn shape(&self, id: SurfaceId) -> Option<(Size, SurfaceFormat)> {
        self.get(id).map(|surface| (surface.pixels.size(), surface.pixels.format()))
    }

    /// The surfaces that exist, the primary one first.
    pub fn ids(&self) -> Vec<SurfaceId> {
        let exists = |(id, surface): (u32, &Option<_>)| surface.is_some().then_some(SurfaceId(id));
        (0..).zip(&self.all).filter_map(exists).collect()
    }

    /// Adds an operation whose surfaces exist. Calls `dropped` with older ones that can no longer be seen.
    pub fn add(&mut self, item: &SharedItem, dropped: impl FnMut(&SharedItem)) {
        let id = item.drawable.surface;
        for source in item.sources() {
            if let Some(read) = self.get_mut(source) {
                read.tree.add_reader(id, item.moment);
            }
        }
        if let Some(surface) = self.get_mut(id) {
            surface.tree.add(item.clone(), dropped);
        }
        self.bound(id);
        for source in item.sources() {
            self.bound(source);
        }
    }

    /// Draws half of what waits on a surface, if that is too much.
    fn bound(&mut self, id: SurfaceId) {
        let Some(surface) = self.get(id) else { return };
        let tree = &surface.tree;
        if tree.len() > Self::MAX_WAITING || tree.bytes() > Self::MAX_WAITING_BYTES {
            let until = tree.median();
            self.draw_until(id, until);
        }
    }

    /// Draws everything that touches `area` of a surface, or all of it.
    pub fn draw(&mut self, id: SurfaceId, area: Option<&Rect>) {
        let newest = self.get(id).and_then(|surface| surface.tree.newest_in(area));
        self.draw_until(id, newest);
    }

    /// Draws every surface and writes all of it to the guest's memory.
    pub fn flush(&mut self) {
        for id in self.ids() {
            self.draw(id, None);
            if let Some(surface) = self.get_mut(id) {
                surface.save(None);
            }
        }
    }

    /// Draws `area` of a surface, writes it to the guest's memory, and returns what was drawn since the last
    /// call that cleared it, as at most `limit` rectangles.
    pub fn update_area(&mut self, id: SurfaceId, area: &Rect, clear: bool, limit: usize) -> Vec<Rect> {
        self.draw(id, Some(area));
        let Some(surface) = self.get_mut(id) else { return Vec::new() };
        surface.save(Some(area));
        let drawn = surface.drawn.rects(limit);
        if clear {
            surface.drawn.clear();
        }
        drawn
    }

    /// The current pixels of `area`.
    pub fn snapshot(&mut self, id: SurfaceId, area: Rect) -> Option<image::bitmap::Bitmap> {
        self.draw(id, Some(&area));
        self.get(id)?.pixels.to_bitmap(area)
    }

    /// The surface with all that touches `area` drawn.
    pub fn current(&mut self, id: SurfaceId, area: &Rect) -> Option<&Surface> {
        self.draw(id, Some(area));
        Some(&self.get(id)?.pixels)
    }

    fn get(&self, id: SurfaceId) -> Option<&DisplaySurface> {
        self.all.get(id.0 as usize)?.as_deref()
    }

    fn get_mut(&mut self, id: SurfaceId) -> Option<&mut DisplaySurface> {
        self.all.get_mut(id.0 as usize)?.as_deref_mut()
    }

    fn take(&mut self, id: SurfaceId) -> Option<Box<DisplaySurface>> {
        self.all.get_mut(id.0 as usize)?.take()
    }

    /// Draws the operations of other surfaces that read this one.
    fn draw_readers(&mut self, id: SurfaceId) {
        while let Some(entry) = self.get_mut(id).and_then(|surface| surface.tree.take_oldest(Moment::MAX)) {
            self.perform(id, entry);
        }
    }

    fn draw_until(&mut self, id: SurfaceId, until: Option<Moment>) {
        let Some(until) = until else { return };
        while let Some(entry) = self.get_mut(id).and_then(|surface| surface.tree.take_oldest(until)) {
            self.perform(id, entry);
        }
    }

    /// Draws one entry. The moments of what is drawn on the way only fall, which ends the recursion; it is as
    /// deep as there are surfaces at the most, for which threads have the stack.
    fn perform(&mut self, id: SurfaceId, entry: Entry) {
        match entry {
            Entry::ReadBy { surface, moment } => self.draw_until(surface, Some(moment)),
            Entry::Draw { item, .. } => {
                for source in item.sources() {
                    self.draw_until(source, Some(item.moment));
                }
                self.paint(id, &item);
            }
        }
    }

    fn paint(&mut self, id: SurfaceId, item: &SharedItem) {
        // The target leaves the table while it is drawn on, so that the others can be read.
        let Some(mut target) = self.take(id) else { return };
        let outcome =
            catch_unwind(AssertUnwindSafe(|| render::paint(&mut target.pixels, &item.drawable, self)));
        target.drawn.add_rect(&item.drawable.bbox);
        target.unsaved.add_rect(&item.region.bounds());
        if let Some(spill) = canvas::spill(&item.drawable) {
            target.unsaved.add_rect(&spill);
        }
        if let Some(place) = self.all.get_mut(id.0 as usize) {
            *place = Some(target);
        }
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(unsupported)) => {
                tracing::debug!(%unsupported, "an operation was left out of the host's picture");
            }
            // The surface is whole again; whoever drew drops the command.
            Err(panic) => resume_unwind(panic),
        }
    }
}

impl canvas::Surfaces for Surfaces {
    fn surface(&self, id: SurfaceId) -> Option<&Surface> {
        self.get(id).map(|surface| &surface.pixels)
    }
}

impl DisplaySurface {
    /// Writes what the guest does not have of `area`, or of everything, to its memory.
    fn save(&mut self, area: Option<&Rect>) {
        for rect in self.unsaved.take(area).rects() {
            self.backing.store(&self.pixels, *rect);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use wire::drawable::{Clip, Copy, Drawable, Mask, Operation, Rop, ScaleMode};

    use super::super::item::Item;
    use super::super::picture::Picture;
    use super::*;
    use crate::guest::region::Region as GuestRegion;

    #[derive(Debug)]
    struct Nowhere;

    impl GuestRegion for Nowhere {
        fn read(&self, _: u64, _: &mut [u8]) {}
        fn write(&self, _: u64, _: &[u8]) {}
        fn host_address(&self, _: u64) -> usize {
            0
        }
    }

    fn surfaces(count: u32) -> Surfaces {
        let mut all = Surfaces::default();
        for id in 0..count {
            let backing = Backing { region: Arc::new(Nowhere), offset: 0, stride: 32, bottom_up: false };
            all.create(SurfaceId(id), SurfaceFormat::Xrgb32, Size::new(8, 8), backing, false).unwrap();
        }
        all
    }

    fn copy(moment: Moment, from: u32, to: u32) -> SharedItem {
        let area = Rect::new(0, 0, 8, 8);
        let source = Picture::Surface(SurfaceId(from));
        let copy = Copy { source, area, rop: Rop::PUT, scale: ScaleMode::Nearest, mask: Mask::default() };
        let operation = Operation::Copy(copy);
        Arc::new(Item::new(
            moment,
            Drawable { surface: SurfaceId(to), bbox: area, clip: Clip::None, operation },
        ))
    }

    #[test]
    fn reading_a_surface_without_end_does_not_fill_the_memory() {
        let mut all = surfaces(2);
        for moment in 1..10_000 {
            all.add(&copy(moment, 1, 0), |_| ());
        }
        assert!(all.get(SurfaceId(1)).unwrap().tree.len() <= Surfaces::MAX_WAITING + 1);
    }

    #[test]
    fn a_chain_over_all_surfaces_fits_the_stack_of_a_thread() {
        const COUNT: u32 = 1024;
        let draw = || {
            let mut all = surfaces(COUNT);
            // Forwards, each surface is read before the one that it was copied from is: drawing the last one
            // draws through all of them.
            for id in 1..COUNT {
                all.add(&copy(id.into(), id, id - 1), |_| ());
            }
            all.draw(SurfaceId(COUNT - 1), None);
            all.destroy(SurfaceId(COUNT - 1));
            let mut back = surfaces(COUNT);
            for id in 1..COUNT {
                back.add(&copy(id.into(), id - 1, id), |_| ());
            }
            back.draw(SurfaceId(COUNT - 1), None);
        };
        crate::thread::spawn_masked("chain", draw).unwrap().join().unwrap();
    }
}
