//! What a client has only approximately, because photographs were sent to it with loss.
//!
//! Most operations may build on approximate pixels: what is drawn over them covers them, and what is moved stays as good as
//! it was. Where an operation would make a small difference a large one, as an exclusive or does, the client gets the pixels
//! without loss first. Which operations these are was measured of the original.
//!
//! A client's drawings are noted when they are queued and not when they are sent, because only then are the host's
//! surfaces as the drawing finds them. So a region here may be larger than the truth, when something was dropped out of
//! the queue or came out short enough without loss, but never smaller.

use std::collections::BTreeMap;

use image::geometry::{Point, Rect};
use image::region::Region;
use wire::drawable::{Brush, Operation, Rop, SurfaceId};

use super::item::{Item, Moment};
use super::picture::Picture;

/// One client's approximate pixels.
#[derive(Debug, Default)]
pub struct Loss {
    surfaces: BTreeMap<SurfaceId, Region>,
    /// Queued drawings whose image may go out with loss, and their surfaces.
    noted: BTreeMap<Moment, SurfaceId>,
}

/// The image of an operation that need not be exact. It is the first that the operation has.
pub const fn may_be_approximate<I>(operation: &Operation<I>) -> Option<&I> {
    match operation {
        Operation::Copy(copy) if !combines(copy.rop) => Some(&copy.source),
        Operation::Opaque(opaque) if !combines(opaque.rop) => Some(&opaque.source),
        Operation::AlphaBlend(blend) => Some(&blend.source),
        _ => None,
    }
}

impl Loss {
    /// Rectangles of a surface's region beyond which all is replaced by the smallest one around them. More of them than
    /// elsewhere, because what is exact in between would be sent again and again.
    const MAX_RECTS: usize = 1024;

    /// What has to be sent without loss before the operation.
    pub fn needed(&self, item: &Item) -> Vec<(SurfaceId, Region)> {
        let mut needed = Vec::new();
        if self.surfaces.is_empty() {
            return needed;
        }
        let own = item.drawable.surface;
        if combines_with_surface(&item.drawable.operation) {
            needed.push((own, self.within(own, &item.region)));
        }
        for (surface, area) in exact_sources(&item.drawable.operation) {
            needed.push((surface, self.within(surface, &Region::from_rect(area))));
        }
        needed.retain(|(_, region)| !region.is_empty());
        needed
    }

    /// An operation has been queued, whose image may be sent with loss if it `loses`.
    pub fn draw(&mut self, item: &Item, loses: bool) {
        if loses {
            self.noted.insert(item.moment, item.drawable.surface);
        } else if self.surfaces.is_empty() {
            return;
        }
        let own = item.drawable.surface;
        let brought = if loses { item.region.clone() } else { self.brought(item) };
        if item.opaque && self.surfaces.get(&own).is_some_and(|lossy| lossy.intersects(&item.region)) {
            self.change(own, |lossy| lossy.subtract(&item.region));
        }
        if !brought.is_empty() {
            self.surfaces.entry(own).or_default();
            self.change(own, |lossy| lossy.union(&brought));
        }
    }

    /// Whether the operation of this moment may be sent with loss. Those before it have been sent, or will never be.
    pub fn is_noted(&mut self, moment: Moment) -> bool {
        while self.noted.first_key_value().is_some_and(|(first, _)| *first < moment) {
            self.noted.pop_first();
        }
        self.noted.remove(&moment).is_some()
    }

    /// An operation has been dropped out of the queue.
    pub fn dropped(&mut self, moment: Moment) {
        self.noted.remove(&moment);
    }

    /// All operations have been dropped out of the queue.
    pub fn dropped_all(&mut self) {
        self.noted.clear();
    }

    /// Pixels have been queued that are sent without loss.
    pub fn exact(&mut self, surface: SurfaceId, area: &Rect) {
        self.change(surface, |lossy| lossy.subtract_rect(area));
    }

    /// The surface is gone; what was to be drawn on it is not sent, or exactly.
    pub fn forget(&mut self, surface: SurfaceId) {
        self.surfaces.remove(&surface);
        self.noted.retain(|_, noted| *noted != surface);
    }

    /// Changes the region of a surface that has one, and keeps it short.
    fn change(&mut self, surface: SurfaceId, change: impl FnOnce(&mut Region)) {
        let Some(lossy) = self.surfaces.get_mut(&surface) else { return };
        change(lossy);
        if lossy.is_empty() {
            self.surfaces.remove(&surface);
        } else if lossy.as_slice().len() > Self::MAX_RECTS {
            *lossy = Region::from_rect(lossy.bounds());
        }
    }

    fn within(&self, surface: SurfaceId, area: &Region) -> Region {
        let Some(lossy) = self.surfaces.get(&surface).filter(|lossy| lossy.intersects(area)) else {
            return Region::new();
        };
        let mut within = area.clone();
        within.intersect(lossy);
        within
    }

    /// The part of an operation that gets approximate pixels of surfaces.
    fn brought(&self, item: &Item) -> Region {
        let (bbox, own) = (item.drawable.bbox, item.drawable.surface);
        let (surface, area) = match &item.drawable.operation {
            Operation::CopyBits { source } => (own, super::item::moved_to(bbox, *source)),
            Operation::Copy(op) => match op.source {
                Picture::Surface(surface) => (surface, op.area),
                Picture::Bitmap(_) => return Region::new(),
            },
            Operation::AlphaBlend(op) => match op.source {
                Picture::Surface(surface) => (surface, op.area),
                Picture::Bitmap(_) => return Region::new(),
            },
            Operation::Opaque(op) => match op.source {
                Picture::Surface(surface) => (surface, op.area),
                Picture::Bitmap(_) => return Region::new(),
            },
            _ => return Region::new(),
        };
        let mut brought = self.within(surface, &Region::from_rect(area));
        if brought.is_empty() {
            return brought;
        }
        if area.size() != bbox.size() {
            return item.region.clone();
        }
        let Point { x, y } = area.origin();
        brought.translate(bbox.left.saturating_sub(x), bbox.top.saturating_sub(y));
        brought.intersect(&item.region);
        brought
    }
}

/// Whether the result depends on every bit of what is combined.
const fn combines(rop: Rop) -> bool {
    rop.contains(Rop::OR) || rop.contains(Rop::AND) || rop.contains(Rop::XOR)
}

/// Whether an operation combines what is there, bit by bit or by a compositing operator. Inverting it, and blending over
/// it, leaves it as approximate as it was. In lines and text the original takes no notice of how they meet the surface.
const fn combines_with_surface<I>(operation: &Operation<I>) -> bool {
    match operation {
        Operation::Fill(fill) => combines(fill.rop),
        Operation::Copy(copy) => combines(copy.rop),
        Operation::Stroke(stroke) => combines(stroke.fore_mode) || combines(stroke.back_mode),
        Operation::Text(text) => combines(text.fore_mode) || combines(text.back_mode),
        Operation::Blend(_) | Operation::Rop3(_) | Operation::Composite(_) => true,
        Operation::Opaque(_)
        | Operation::Blackness(_)
        | Operation::Whiteness(_)
        | Operation::Invers(_)
        | Operation::CopyBits { .. }
        | Operation::Transparent(_)
        | Operation::AlphaBlend(_) => false,
    }
}

/// The parts of surfaces that an operation reads and that have to be exact.
fn exact_sources(operation: &Operation<Picture>) -> impl Iterator<Item = (SurfaceId, Rect)> {
    /// All of a surface.
    const ALL: Rect = Rect::new(0, 0, i32::MAX, i32::MAX);
    let brush = |brush: &Brush<Picture>| match brush {
        Brush::Pattern { image, .. } => image.surface().map(|surface| (surface, ALL)),
        Brush::None | Brush::Solid(_) => None,
    };
    let source = |picture: &Picture, area: Rect| picture.surface().map(|surface| (surface, area));
    let sources = match operation {
        Operation::Fill(fill) => [brush(&fill.brush), None],
        Operation::Copy(op) if combines(op.rop) => [source(&op.source, op.area), None],
        Operation::Opaque(op) if combines(op.rop) => [source(&op.source, op.area), brush(&op.brush)],
        Operation::Opaque(op) => [brush(&op.brush), None],
        Operation::Blend(op) => [source(&op.source, op.area), None],
        Operation::Transparent(op) => [source(&op.source, op.area), None],
        Operation::Rop3(op) => [source(&op.source, op.area), brush(&op.brush)],
        Operation::Stroke(op) => [brush(&op.brush), None],
        Operation::Text(op) => [brush(&op.fore_brush), brush(&op.back_brush)],
        Operation::Composite(op) => {
            [source(&op.source, ALL), op.mask.as_ref().and_then(|mask| source(mask, ALL))]
        }
        Operation::Copy(_)
        | Operation::Blackness(_)
        | Operation::Whiteness(_)
        | Operation::Invers(_)
        | Operation::CopyBits { .. }
        | Operation::AlphaBlend(_) => [None, None],
    };
    sources.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use image::bitmap::{Bitmap, BitmapFormat, Layout};
    use image::geometry::Size;
    use wire::drawable::{AlphaBlend, Clip, Copy, Drawable, Fill, Mask, ScaleMode, Transparent};

    use super::super::picture::Image;
    use super::*;

    const OTHER: SurfaceId = SurfaceId(7);
    const WHOLE: Rect = Rect::new(0, 0, 100, 100);

    fn item(moment: Moment, surface: SurfaceId, bbox: Rect, operation: Operation<Picture>) -> Item {
        Item::new(moment, Drawable { surface, bbox, clip: Clip::None, operation })
    }

    fn bitmap() -> Picture {
        let layout = Layout::packed(BitmapFormat::Xrgb32, Size::new(1, 1)).unwrap();
        Picture::Bitmap(Arc::new(Image::new(Bitmap::new(layout, None, vec![0; 4].into()).unwrap())))
    }

    fn copy(source: Picture, area: Rect, rop: Rop) -> Operation<Picture> {
        Operation::Copy(Copy { source, area, rop, scale: ScaleMode::Nearest, mask: Mask::default() })
    }

    fn fill(rop: Rop) -> Operation<Picture> {
        Operation::Fill(Fill { brush: Brush::Solid(1), rop, mask: Mask::default() })
    }

    /// A client whose primary surface is approximate in `area`.
    fn lossy(area: Rect) -> Loss {
        let mut loss = Loss::default();
        let picture = copy(bitmap(), Rect::new(0, 0, 1, 1), Rop::PUT);
        loss.draw(&item(1, SurfaceId::PRIMARY, area, picture), true);
        loss
    }

    /// What is approximate of the primary surface.
    fn region(loss: &Loss) -> Region {
        loss.within(SurfaceId::PRIMARY, &Region::from_rect(WHOLE))
    }

    fn primary(bbox: Rect, operation: Operation<Picture>) -> Item {
        item(2, SurfaceId::PRIMARY, bbox, operation)
    }

    #[test]
    fn nothing_is_needed_where_nothing_was_lost() {
        let mut loss = Loss::default();
        let xor = primary(WHOLE, fill(Rop::XOR));
        assert!(loss.needed(&xor).is_empty());
        loss.draw(&xor, false);
        assert!(loss.surfaces.is_empty() && loss.noted.is_empty());
    }

    #[test]
    fn what_combines_bits_needs_the_approximate_part_of_what_it_touches() {
        let loss = lossy(Rect::new(10, 10, 50, 50));
        let area = Rect::new(40, 40, 60, 60);
        let part = Region::from_rect(Rect::new(40, 40, 50, 50));
        for rop in [Rop::XOR, Rop::AND, Rop::OR, Rop(Rop::XOR.0 | Rop::INVERS_DEST.0)] {
            assert_eq!(
                loss.needed(&primary(area, fill(rop))),
                [(SurfaceId::PRIMARY, part.clone())],
                "{rop:?}"
            );
        }
        for harmless in [fill(Rop::PUT), fill(Rop::INVERS), Operation::Invers(Mask::default())] {
            assert!(loss.needed(&primary(area, harmless)).is_empty());
        }
        assert!(loss.needed(&primary(Rect::new(60, 60, 70, 70), fill(Rop::XOR))).is_empty());
    }

    #[test]
    fn opaque_drawing_and_exact_pixels_end_the_loss_of_what_they_cover() {
        let mut loss = lossy(Rect::new(10, 10, 50, 50));
        loss.draw(&primary(Rect::new(0, 0, 30, 100), fill(Rop::PUT)), false);
        assert_eq!(region(&loss), Region::from_rect(Rect::new(30, 10, 50, 50)));
        loss.draw(&primary(WHOLE, fill(Rop::XOR)), false);
        loss.draw(&primary(WHOLE, Operation::Invers(Mask::default())), false);
        assert_eq!(region(&loss), Region::from_rect(Rect::new(30, 10, 50, 50)));
        loss.exact(SurfaceId::PRIMARY, &Rect::new(0, 0, 100, 49));
        assert_eq!(region(&loss), Region::from_rect(Rect::new(30, 49, 50, 50)));
        loss.exact(SurfaceId::PRIMARY, &WHOLE);
        assert!(loss.surfaces.is_empty());
    }

    #[test]
    fn scattered_drawing_ends_the_loss_under_it_and_the_region_stays_bounded() {
        let mut loss = lossy(Rect::new(0, 0, 100, 100));
        let dots = |count: i32| {
            (0..count).map(|dot| Rect::new(dot % 49 * 2, dot / 49 * 2, dot % 49 * 2 + 1, dot / 49 * 2 + 1))
        };
        for dot in dots(200) {
            loss.draw(&primary(dot, fill(Rop::PUT)), false);
        }
        assert_eq!(region(&loss).area(), 100 * 100 - 200);
        for dot in dots(49 * 49) {
            loss.draw(&primary(dot, fill(Rop::PUT)), false);
            assert!(region(&loss).as_slice().len() <= Loss::MAX_RECTS);
        }
    }

    #[test]
    fn moved_pixels_stay_as_they_were() {
        let mut loss = lossy(Rect::new(0, 0, 20, 20));
        // Source 10,10 to 40,40, of which 10,10 to 20,20 is approximate.
        loss.draw(
            &primary(Rect::new(15, 15, 45, 45), Operation::CopyBits { source: Point::new(10, 10) }),
            false,
        );
        let mut expected = Region::from_rect(Rect::new(0, 0, 20, 20));
        expected.union_rect(&Rect::new(15, 15, 25, 25));
        assert_eq!(region(&loss), expected);
        // Exact pixels take the place of approximate ones.
        loss.draw(
            &primary(Rect::new(0, 0, 30, 30), Operation::CopyBits { source: Point::new(60, 60) }),
            false,
        );
        assert!(region(&loss).is_empty());
    }

    #[test]
    fn surfaces_bring_their_loss_along_or_are_needed_exactly() {
        let loss = || {
            let mut loss = Loss::default();
            let picture = copy(bitmap(), Rect::new(0, 0, 1, 1), Rop::PUT);
            loss.draw(&item(1, OTHER, Rect::new(0, 0, 10, 10), picture), true);
            loss
        };
        let from = Rect::new(5, 5, 25, 25);
        let to = Rect::new(50, 50, 70, 70);
        let copied = primary(to, copy(Picture::Surface(OTHER), from, Rop::PUT));
        let mut all = loss();
        assert!(all.needed(&copied).is_empty());
        all.draw(&copied, false);
        assert_eq!(region(&all), Region::from_rect(Rect::new(50, 50, 55, 55)));

        let scaled = primary(WHOLE, copy(Picture::Surface(OTHER), from, Rop::PUT));
        let mut all = loss();
        all.draw(&scaled, false);
        assert_eq!(region(&all), Region::from_rect(WHOLE));

        let lossy_part = Region::from_rect(Rect::new(5, 5, 10, 10));
        let transparent = Operation::Transparent(Transparent {
            source: Picture::Surface(OTHER),
            area: from,
            source_color: 0,
            true_color: 0,
        });
        for exact in [copy(Picture::Surface(OTHER), from, Rop::XOR), transparent] {
            assert_eq!(loss().needed(&primary(to, exact)), [(OTHER, lossy_part.clone())]);
        }
        let mut all = loss();
        all.forget(OTHER);
        assert!(all.surfaces.is_empty());
    }

    #[test]
    fn blended_pictures_add_loss_and_never_end_it() {
        let blend = |source| {
            let area = Rect::new(0, 0, 1, 1);
            Operation::AlphaBlend(AlphaBlend {
                dest_has_alpha: false,
                source_surface_has_alpha: false,
                alpha: 9,
                source,
                area,
            })
        };
        let mut loss = lossy(Rect::new(0, 0, 10, 10));
        loss.draw(&primary(Rect::new(0, 0, 30, 5), blend(bitmap())), false);
        assert_eq!(region(&loss), Region::from_rect(Rect::new(0, 0, 10, 10)));
        loss.draw(&primary(Rect::new(0, 0, 30, 5), blend(bitmap())), true);
        assert_eq!(region(&loss).area(), 30 * 5 + 10 * 5);
    }

    #[test]
    fn only_pictures_that_are_put_may_be_approximate() {
        let area = Rect::new(0, 0, 1, 1);
        assert!(may_be_approximate(&copy(bitmap(), area, Rop::PUT)).is_some());
        assert!(may_be_approximate(&copy(bitmap(), area, Rop::XOR)).is_none());
        assert!(may_be_approximate(&fill(Rop::PUT)).is_none());
    }

    #[test]
    fn a_moment_is_noted_until_it_is_sent() {
        let mut loss = Loss::default();
        for moment in [3, 4, 6] {
            let picture = copy(bitmap(), Rect::new(0, 0, 1, 1), Rop::PUT);
            loss.draw(&item(moment, SurfaceId::PRIMARY, WHOLE, picture), true);
        }
        assert!(!loss.is_noted(2));
        assert!(loss.is_noted(4));
        assert!(!loss.is_noted(4) && !loss.is_noted(5));
        assert_eq!(loss.noted.len(), 1);
        loss.dropped(6);
        assert!(loss.noted.is_empty());
    }

    #[test]
    fn what_is_dropped_is_not_remembered() {
        let mut loss = Loss::default();
        let picture =
            |moment, surface| item(moment, surface, WHOLE, copy(bitmap(), Rect::new(0, 0, 1, 1), Rop::PUT));
        loss.draw(&picture(1, OTHER), true);
        loss.draw(&picture(2, SurfaceId::PRIMARY), true);
        loss.forget(OTHER);
        assert_eq!(loss.noted.len(), 1);
        loss.dropped_all();
        assert!(loss.noted.is_empty());
    }
}
