//! A drawing operation that has been accepted: valid for the surfaces of its moment, and placed in time.

use std::sync::Arc;

use image::geometry::{Point, Rect};
use image::region::Region;
use wire::drawable::{Brush, Clip, Drawable, Mask, Operation, Rop, SurfaceId};

use super::picture::Picture;

/// The order of operations on a display, over all of its surfaces.
pub type Moment = u64;

/// An operation with all that the tree and the pipes need to know about it.
#[derive(Debug)]
pub struct Item {
    /// When it was added.
    pub moment: Moment,
    /// What is drawn.
    pub drawable: Drawable<Picture>,
    /// What it touches: its bounding box without what is clipped.
    pub region: Region,
    /// Whether nothing of what was there before shows through.
    pub opaque: bool,
    /// The part of its own surface that it reads beside `region`.
    pub reads: Option<Rect>,
    /// Bytes of pixels that live as long as the item does.
    pub bytes: usize,
}

impl Item {
    /// Places `drawable`, whose bounding box lies in its surface, at `moment`.
    pub fn new(moment: Moment, drawable: Drawable<Picture>) -> Self {
        let (region, opaque) = coverage(&drawable);
        let reads = own_source(&drawable);
        let bytes = images(&drawable.operation)
            .map(|picture| match picture {
                Picture::Bitmap(image) => image.bytes(),
                Picture::Surface(_) => 0,
            })
            .sum();
        Self { moment, drawable, region, opaque, reads, bytes }
    }

    /// The other surfaces that the operation reads.
    pub fn sources(&self) -> impl Iterator<Item = SurfaceId> {
        let own = self.drawable.surface;
        images(&self.drawable.operation).filter_map(Picture::surface).filter(move |id| *id != own)
    }
}

/// Every image of an operation.
pub fn images<I>(operation: &Operation<I>) -> impl Iterator<Item = &I> {
    let mut all: [Option<&I>; 4] = [None; 4];
    match operation {
        Operation::Fill(fill) => all = [brush(&fill.brush), mask(&fill.mask), None, None],
        Operation::Opaque(op) => all = [Some(&op.source), brush(&op.brush), mask(&op.mask), None],
        Operation::Copy(op) | Operation::Blend(op) => all = [Some(&op.source), mask(&op.mask), None, None],
        Operation::Blackness(m) | Operation::Whiteness(m) | Operation::Invers(m) => all[0] = mask(m),
        Operation::CopyBits { .. } => {}
        Operation::Rop3(op) => all = [Some(&op.source), brush(&op.brush), mask(&op.mask), None],
        Operation::Stroke(op) => all[0] = brush(&op.brush),
        Operation::Text(op) => all = [brush(&op.fore_brush), brush(&op.back_brush), None, None],
        Operation::Transparent(op) => all[0] = Some(&op.source),
        Operation::AlphaBlend(op) => all[0] = Some(&op.source),
        Operation::Composite(op) => all = [Some(&op.source), op.mask.as_ref(), None, None],
    }
    all.into_iter().flatten()
}

fn brush<I>(brush: &Brush<I>) -> Option<&I> {
    match brush {
        Brush::Pattern { image, .. } => Some(image),
        Brush::None | Brush::Solid(_) => None,
    }
}

fn mask<I>(mask: &Mask<I>) -> Option<&I> {
    mask.bitmap.as_ref()
}

/// What a drawing touches, and whether it replaces all of that, so that nothing before it shows through.
///
/// Of a clip with more detail than is worth following all of the bounding box counts as touched, and nothing
/// as replaced.
pub fn coverage<I>(drawable: &Drawable<I>) -> (Region, bool) {
    /// Rectangles of a clip that are followed: their edges cross in a square of this number.
    const MAX_CLIP: usize = 256;
    /// Rectangles of a region that are followed.
    const MAX_RECTS: usize = 1024;
    let opaque = is_opaque(&drawable.operation);
    let whole = Region::from_rect(drawable.bbox);
    let Clip::Rects(rects) = &drawable.clip else { return (whole, opaque) };
    if rects.len() > MAX_CLIP {
        return (whole, false);
    }
    let region = Region::from_rects(rects.iter().filter_map(|rect| rect.intersection(&drawable.bbox)));
    if region.as_slice().len() > MAX_RECTS { (whole, false) } else { (region, opaque) }
}

/// Whether every pixel of the region gets a value that does not depend on what was there.
fn is_opaque<I>(operation: &Operation<I>) -> bool {
    match operation {
        Operation::Fill(fill) => {
            replaces(fill.rop) && fill.mask.bitmap.is_none() && !matches!(fill.brush, Brush::None)
        }
        Operation::Copy(copy) => replaces(copy.rop) && copy.mask.bitmap.is_none(),
        Operation::Blackness(mask) | Operation::Whiteness(mask) => mask.bitmap.is_none(),
        Operation::CopyBits { .. } => true,
        Operation::Opaque(_)
        | Operation::Blend(_)
        | Operation::Invers(_)
        | Operation::Rop3(_)
        | Operation::Stroke(_)
        | Operation::Text(_)
        | Operation::Transparent(_)
        | Operation::AlphaBlend(_)
        | Operation::Composite(_) => false,
    }
}

fn replaces(rop: Rop) -> bool {
    rop == Rop::PUT
}

/// Where pixels come from that are read from the operation's own surface.
fn own_source(drawable: &Drawable<Picture>) -> Option<Rect> {
    if let Operation::CopyBits { source } = drawable.operation {
        return Some(moved_to(drawable.bbox, source));
    }
    let own = |picture: &Picture| picture.surface() == Some(drawable.surface);
    images(&drawable.operation).any(own).then(|| Rect::new(0, 0, i32::MAX, i32::MAX))
}

/// The rectangle of the same size with its corner at `origin`.
pub fn moved_to(rect: Rect, origin: Point) -> Rect {
    let dx = origin.x.saturating_sub(rect.left);
    let dy = origin.y.saturating_sub(rect.top);
    rect.translate(dx, dy)
}

/// An item that tree and pipes share.
pub type SharedItem = Arc<Item>;
