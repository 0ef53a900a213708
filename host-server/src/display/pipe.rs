//! What one client has still to be sent, in order.
//!
//! Operations of which nothing can be seen any more leave the pipe again, wherever in it they stand: those that
//! others cover, and those on a surface that ends.

use std::collections::VecDeque;
use std::sync::Arc;

use image::geometry::{Rect, Size};
use image::surface::SurfaceFormat;
use wire::drawable::SurfaceId;

use super::item::{Moment, SharedItem, images};
use super::monitors::Monitors;
use super::picture::{Image, Picture};
use super::stream::StreamShape;

/// One step towards the picture that the client should have.
#[derive(Clone, Debug)]
pub enum PipeItem {
    /// Draw.
    Draw(SharedItem),
    /// Replace pixels.
    Pixels {
        /// The surface.
        surface: SurfaceId,
        /// Where on it.
        area: Rect,
        /// The pixels.
        image: Arc<Image>,
    },
    /// A surface comes to be.
    Create {
        /// Its name.
        surface: SurfaceId,
        /// Its size in pixels.
        size: Size,
        /// Its pixels' format.
        format: SurfaceFormat,
    },
    /// A surface goes.
    Destroy(SurfaceId),
    /// The primary surface may be shown.
    Mark,
    /// The monitors have been arranged.
    Monitors(Arc<Monitors>),
    /// Palettes that the client keeps are void.
    ForgetPalettes,
    /// Images that the client keeps are void.
    ForgetImages,
    /// A video begins.
    StreamCreate(StreamShape),
    /// A video ends.
    StreamDestroy(u32),
    /// The client gets the scanout of this number, if it is still the newest.
    Scanout(u64),
    /// The scanout has changed there.
    ScanoutDraw(Rect),
}

/// The queue of one client.
#[derive(Debug, Default)]
pub struct Pipe {
    items: VecDeque<Slot>,
    drawings: usize,
    changes: usize,
    bytes: usize,
}

/// A place in the queue. Those of dropped operations stay empty until they reach the front.
#[derive(Debug)]
struct Slot {
    moment: Moment,
    item: Option<PipeItem>,
}

impl Pipe {
    /// Operations and pixels that wait.
    pub const fn drawings(&self) -> usize {
        self.drawings
    }

    /// Bytes of pixels that waiting operations keep in memory.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Items that are not drawings and cannot be dropped.
    pub const fn changes(&self) -> usize {
        self.changes
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Appends what happened at `moment`, which is not before that of the last item.
    pub fn push(&mut self, moment: Moment, item: PipeItem) {
        if let PipeItem::Destroy(surface) = item {
            self.drop_drawings_on(surface);
        }
        if let PipeItem::StreamDestroy(id) = item
            && self.drop_stream(id)
        {
            return;
        }
        match drawing_bytes(&item) {
            Some(bytes) => {
                self.drawings += 1;
                self.bytes += bytes;
            }
            None => self.changes += 1,
        }
        self.items.push_back(Slot { moment, item: Some(item) });
    }

    /// The oldest items.
    pub fn ahead(&self) -> impl Iterator<Item = &PipeItem> {
        self.items.iter().filter_map(|slot| slot.item.as_ref())
    }

    /// Takes the oldest item.
    pub fn pop(&mut self) -> Option<PipeItem> {
        loop {
            let slot = self.items.pop_front()?;
            if let Some(item) = slot.item {
                self.forget(&item);
                return Some(item);
            }
        }
    }

    /// Drops an operation that can no longer be seen, if it is still here.
    pub fn drop_item(&mut self, dropped: &SharedItem) {
        let start = self.items.partition_point(|slot| slot.moment < dropped.moment);
        for index in start..self.items.len() {
            let Some(slot) = self.items.get_mut(index) else { return };
            if slot.moment != dropped.moment {
                return;
            }
            if matches!(&slot.item, Some(PipeItem::Draw(item)) if item.moment == dropped.moment)
                && let Some(item) = slot.item.take()
            {
                self.forget(&item);
                break;
            }
        }
        self.close_gaps();
    }

    /// Drops what waits to be drawn on a surface, down to what another surface still has to read.
    fn drop_drawings_on(&mut self, surface: SurfaceId) {
        let mut dropped = Vec::new();
        for slot in self.items.iter_mut().rev() {
            let on_it = match &slot.item {
                Some(PipeItem::Draw(item)) if item.drawable.surface == surface => true,
                Some(PipeItem::Draw(item)) if item.sources().any(|source| source == surface) => break,
                Some(PipeItem::Pixels { surface: target, .. }) => *target == surface,
                _ => false,
            };
            if on_it {
                dropped.extend(slot.item.take());
            }
        }
        dropped.iter().for_each(|item| self.forget(item));
        self.close_gaps();
    }

    /// Drops the beginning of a video that ends before the client has heard of it; `false` when there is none.
    fn drop_stream(&mut self, id: u32) -> bool {
        let begins =
            |slot: &&mut Slot| matches!(&slot.item, Some(PipeItem::StreamCreate(shape)) if shape.id == id);
        let Some(create) = self.items.iter_mut().rev().find(begins).and_then(|slot| slot.item.take()) else {
            return false;
        };
        self.forget(&create);
        self.close_gaps();
        true
    }

    /// Closes the gaps that dropped operations have left, when they are most of the queue.
    fn close_gaps(&mut self) {
        if self.items.len() > 64 + 2 * (self.drawings + self.changes) {
            self.items.retain(|slot| slot.item.is_some());
        }
    }

    /// Takes out every operation and all pixels; what changes the client's surfaces stays, in order.
    pub fn drain_drawings(&mut self) -> Vec<PipeItem> {
        let mut drawings = Vec::with_capacity(self.drawings);
        self.items.retain_mut(|slot| match slot.item.take_if(|item| drawing_bytes(item).is_some()) {
            Some(drawing) => {
                drawings.push(drawing);
                false
            }
            None => slot.item.is_some(),
        });
        self.drawings = 0;
        self.bytes = 0;
        drawings
    }

    fn forget(&mut self, item: &PipeItem) {
        match drawing_bytes(item) {
            Some(bytes) => {
                self.drawings = self.drawings.saturating_sub(1);
                self.bytes = self.bytes.saturating_sub(bytes);
            }
            None => self.changes = self.changes.saturating_sub(1),
        }
    }
}

impl PipeItem {
    /// The pixels of their own that come with the item.
    pub fn images(&self) -> impl Iterator<Item = &Arc<Image>> {
        let (draw, pixels) = match self {
            Self::Draw(item) => (Some(item), None),
            Self::Pixels { image, .. } => (None, Some(image)),
            _ => (None, None),
        };
        let pictures = draw.into_iter().flat_map(|item| images(&item.drawable.operation));
        pictures.filter_map(Picture::bitmap).chain(pixels)
    }
}

/// Bytes of pixels of an item that can be dropped and made up for later; `None` for all others.
fn drawing_bytes(item: &PipeItem) -> Option<usize> {
    match item {
        PipeItem::Draw(item) => Some(item.bytes),
        PipeItem::Pixels { image, .. } => Some(image.bytes()),
        PipeItem::Create { .. }
        | PipeItem::Destroy(_)
        | PipeItem::Mark
        | PipeItem::Monitors(_)
        | PipeItem::ForgetPalettes
        | PipeItem::ForgetImages
        | PipeItem::StreamCreate(_)
        | PipeItem::StreamDestroy(_)
        | PipeItem::Scanout(_)
        | PipeItem::ScanoutDraw(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use wire::drawable::{Clip, Copy, Drawable, Mask, Operation, Rop, ScaleMode};

    use super::super::item::Item;
    use super::super::picture::Picture;
    use super::*;

    fn draw(moment: Moment) -> SharedItem {
        let bbox = Rect::new(0, 0, 1, 1);
        let operation = Operation::Invers(Mask::default());
        Arc::new(Item::new(
            moment,
            Drawable { surface: SurfaceId::PRIMARY, bbox, clip: Clip::None, operation },
        ))
    }

    /// A copy of the primary surface to another.
    fn copy_to(surface: SurfaceId, moment: Moment) -> SharedItem {
        let area = Rect::new(0, 0, 1, 1);
        let source = Picture::Surface(SurfaceId::PRIMARY);
        let copy = Copy { source, area, rop: Rop::PUT, scale: ScaleMode::Nearest, mask: Mask::default() };
        let operation = Operation::Copy(copy);
        Arc::new(Item::new(moment, Drawable { surface, bbox: area, clip: Clip::None, operation }))
    }

    #[test]
    fn a_dropped_operation_is_not_sent_and_not_counted() {
        let mut pipe = Pipe::default();
        let (first, second) = (draw(1), draw(2));
        pipe.push(1, PipeItem::Draw(first.clone()));
        pipe.push(1, PipeItem::Mark);
        pipe.push(2, PipeItem::Draw(second.clone()));
        pipe.drop_item(&first);
        pipe.drop_item(&draw(9));
        assert_eq!(pipe.drawings(), 1);
        assert!(matches!(pipe.pop(), Some(PipeItem::Mark)));
        assert!(matches!(pipe.pop(), Some(PipeItem::Draw(item)) if item.moment == 2));
        assert!(pipe.pop().is_none());
        assert_eq!(pipe.drawings(), 0);
    }

    #[test]
    fn dropped_operations_do_not_fill_the_queue() {
        let mut pipe = Pipe::default();
        pipe.push(0, PipeItem::Mark);
        for moment in 1..10_000 {
            let item = draw(moment);
            pipe.push(moment, PipeItem::Draw(item.clone()));
            pipe.drop_item(&item);
        }
        assert!(pipe.items.len() < 100);
        assert_eq!((pipe.drawings(), pipe.changes()), (0, 1));
    }

    #[test]
    fn what_is_drawn_on_a_surface_that_ends_is_not_sent_unless_another_reads_it() {
        let mut pipe = Pipe::default();
        let shape = PipeItem::Create {
            surface: SurfaceId::PRIMARY,
            size: Size::new(1, 1),
            format: SurfaceFormat::Xrgb32,
        };
        pipe.push(0, shape);
        pipe.push(1, PipeItem::Draw(draw(1)));
        pipe.push(2, PipeItem::Draw(copy_to(SurfaceId(1), 2)));
        pipe.push(3, PipeItem::Draw(draw(3)));
        pipe.push(4, PipeItem::Destroy(SurfaceId::PRIMARY));
        assert_eq!((pipe.drawings(), pipe.changes()), (2, 2));
        let moments: Vec<_> = std::iter::from_fn(|| pipe.pop())
            .filter_map(|item| if let PipeItem::Draw(item) = item { Some(item.moment) } else { None })
            .collect();
        assert_eq!(moments, [1, 2]);
    }

    #[test]
    fn a_video_that_ends_before_the_client_hears_of_it_leaves_nothing() {
        let mut pipe = Pipe::default();
        let shape = |unique_id| StreamShape { id: 3, unique_id, area: Rect::new(0, 0, 9, 9) };
        pipe.push(1, PipeItem::StreamDestroy(3));
        for moment in 2..10_000 {
            pipe.push(moment, PipeItem::StreamCreate(shape(1)));
            pipe.push(moment, PipeItem::StreamDestroy(3));
        }
        assert_eq!(pipe.changes(), 1);
        assert!(pipe.items.len() < 100);
        assert!(matches!(pipe.pop(), Some(PipeItem::StreamDestroy(3))) && pipe.pop().is_none());
    }

    #[test]
    fn draining_leaves_what_changes_surfaces() {
        let mut pipe = Pipe::default();
        pipe.push(1, PipeItem::Draw(draw(1)));
        pipe.push(2, PipeItem::Destroy(SurfaceId(3)));
        pipe.push(3, PipeItem::Draw(draw(3)));
        assert_eq!(pipe.drain_drawings().len(), 2);
        assert!(matches!(pipe.pop(), Some(PipeItem::Destroy(SurfaceId(3)))));
        assert!(pipe.is_empty());
    }
}
