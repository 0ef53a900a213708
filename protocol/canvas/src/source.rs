//! What the images of a drawable are when it is drawn, and where other surfaces come from.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;

use image::bitmap::Bitmap;
use image::surface::Surface;
use wire::drawable::{Brush, Mask, Operation, SurfaceId};

/// An image of a drawable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Pixels.
    Bitmap(Arc<Bitmap>),
    /// Pixels whose unused bits count as set (`SPICE_IMAGE_FLAGS_HIGH_BITS_SET`).
    HighBitsSet(Arc<Bitmap>),
    /// Pixels of 32 bits that had 16 where a guest compressed them: the original blends these as such of 16 bits.
    Widened(Arc<Bitmap>),
    /// Whatever a surface holds at that time.
    Surface(SurfaceId),
}

impl From<Arc<Bitmap>> for Source {
    fn from(bitmap: Arc<Bitmap>) -> Self {
        Self::Bitmap(bitmap)
    }
}

/// Where the canvas finds surfaces that are images.
pub trait Surfaces {
    /// The surface of that number.
    fn surface(&self, id: SurfaceId) -> Option<&Surface>;
}

/// No surfaces besides the one drawn on.
impl Surfaces for () {
    fn surface(&self, _: SurfaceId) -> Option<&Surface> {
        None
    }
}

impl Surfaces for BTreeMap<SurfaceId, Surface> {
    fn surface(&self, id: SurfaceId) -> Option<&Surface> {
        self.get(&id)
    }
}

/// The images of an operation in the order of its fields.
pub(crate) fn images<I>(operation: &Operation<I>) -> [Option<&I>; 3] {
    match operation {
        Operation::Fill(fill) => [pattern(&fill.brush), mask(&fill.mask), None],
        Operation::Opaque(opaque) => [Some(&opaque.source), pattern(&opaque.brush), mask(&opaque.mask)],
        Operation::Copy(copy) | Operation::Blend(copy) => [Some(&copy.source), mask(&copy.mask), None],
        Operation::Blackness(only) | Operation::Whiteness(only) | Operation::Invers(only) => {
            [mask(only), None, None]
        }
        Operation::CopyBits { .. } => [None; 3],
        Operation::Rop3(rop3) => [Some(&rop3.source), pattern(&rop3.brush), mask(&rop3.mask)],
        Operation::Stroke(stroke) => [pattern(&stroke.brush), None, None],
        Operation::Text(text) => [pattern(&text.fore_brush), pattern(&text.back_brush), None],
        Operation::Transparent(transparent) => [Some(&transparent.source), None, None],
        Operation::AlphaBlend(blend) => [Some(&blend.source), None, None],
        Operation::Composite(composite) => [Some(&composite.source), composite.mask.as_ref(), None],
    }
}

fn pattern<I>(brush: &Brush<I>) -> Option<&I> {
    match brush {
        Brush::Pattern { image, .. } => Some(image),
        Brush::None | Brush::Solid(_) => None,
    }
}

fn mask<I>(mask: &Mask<I>) -> Option<&I> {
    mask.bitmap.as_ref()
}
