//! The one drawing vocabulary: what a QXL command, the display's tree and a display message all say.
//!
//! [`Drawable<I>`] is generic in its images, and only in them: `Drawable<PhysAddr>` is a parsed guest
//! command, `Drawable<Arc<Bitmap>>` owns its pixels, `Drawable<Encoded>` is ready for the wire.
//! [`Drawable::try_map`] goes from one to the next.

use alloc::sync::Arc;
use alloc::vec::Vec;

use image::geometry::{Point, Rect};

/// Which surface of a display; 0 is the primary one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SurfaceId(pub u32);

impl SurfaceId {
    /// The surface that monitors show.
    pub const PRIMARY: Self = Self(0);
}

/// One drawing operation on one surface.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawable<I> {
    /// The surface that is drawn on.
    pub surface: SurfaceId,
    /// What the operation covers before clipping, in pixels of the surface.
    pub bbox: Rect,
    /// What of it may be touched.
    pub clip: Clip,
    /// What is drawn.
    pub operation: Operation<I>,
}

/// The part of a surface that an operation may touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Clip {
    /// All of the bounding box.
    #[default]
    None,
    /// Only these rectangles, in pixels of the surface.
    Rects(Arc<[Rect]>),
}

/// The drawing operations of QXL and of the display channel, with the same fields in both.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation<I> {
    /// Paints a brush.
    Fill(Fill<I>),
    /// Paints an image combined with a brush.
    Opaque(Opaque<I>),
    /// Paints an image.
    Copy(Copy<I>),
    /// Paints an image, combined with what is there.
    Blend(Copy<I>),
    /// Paints all bits 0.
    Blackness(Mask<I>),
    /// Paints all bits 1.
    Whiteness(Mask<I>),
    /// Inverts all bits.
    Invers(Mask<I>),
    /// Moves pixels inside the surface; `source` is the upper left corner they come from.
    CopyBits {
        /// Where the pixels come from.
        source: Point,
    },
    /// Combines image, brush and destination by a ternary raster operation.
    Rop3(Rop3<I>),
    /// Draws lines and curves.
    Stroke(Stroke<I>),
    /// Draws glyphs.
    Text(Text<I>),
    /// Paints an image without the pixels of one colour.
    Transparent(Transparent<I>),
    /// Paints an image with constant or own transparency.
    AlphaBlend(AlphaBlend<I>),
    /// Paints through pixman's compositing operators.
    Composite(Composite<I>),
}

/// Fields of [`Operation::Fill`].
#[derive(Clone, Debug, PartialEq)]
pub struct Fill<I> {
    /// What is painted.
    pub brush: Brush<I>,
    /// How it meets the destination.
    pub rop: Rop,
    /// Where it is painted.
    pub mask: Mask<I>,
}

/// Fields of [`Operation::Opaque`].
#[derive(Clone, Debug, PartialEq)]
pub struct Opaque<I> {
    /// The image.
    pub source: I,
    /// The part of the image that fills the bounding box.
    pub area: Rect,
    /// What is combined with the image.
    pub brush: Brush<I>,
    /// How they meet.
    pub rop: Rop,
    /// How the image is scaled.
    pub scale: ScaleMode,
    /// Where it is painted.
    pub mask: Mask<I>,
}

/// Fields of [`Operation::Copy`] and [`Operation::Blend`].
#[derive(Clone, Debug, PartialEq)]
pub struct Copy<I> {
    /// The image.
    pub source: I,
    /// The part of the image that fills the bounding box.
    pub area: Rect,
    /// How it meets the destination.
    pub rop: Rop,
    /// How the image is scaled.
    pub scale: ScaleMode,
    /// Where it is painted.
    pub mask: Mask<I>,
}

/// Fields of [`Operation::Rop3`].
#[derive(Clone, Debug, PartialEq)]
pub struct Rop3<I> {
    /// The image.
    pub source: I,
    /// The part of the image that fills the bounding box.
    pub area: Rect,
    /// The pattern.
    pub brush: Brush<I>,
    /// The ternary operation: bit `4 * pattern + 2 * source + destination` is the result.
    pub rop3: u8,
    /// How the image is scaled.
    pub scale: ScaleMode,
    /// Where it is painted.
    pub mask: Mask<I>,
}

/// Fields of [`Operation::Stroke`].
#[derive(Clone, Debug, PartialEq)]
pub struct Stroke<I> {
    /// What is drawn.
    pub path: Arc<Path>,
    /// Dashes.
    pub line: LineStyle,
    /// The colour or pattern of the line.
    pub brush: Brush<I>,
    /// How the line meets the destination.
    pub fore_mode: Rop,
    /// How the gaps between dashes meet it.
    pub back_mode: Rop,
}

/// Segments of lines and curves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path {
    /// In the order of drawing.
    pub segments: Vec<PathSegment>,
}

/// One piece of a path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathSegment {
    /// `SPICE_PATH_*` bits: begin 1, end 2, close 8, bezier 16.
    pub flags: u8,
    /// Corners in 28.4 fixed point pixels.
    pub points: Vec<FixedPoint>,
}

/// A position in 28.4 fixed point pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FixedPoint {
    /// Sixteenths of a pixel from the left edge.
    pub x: i32,
    /// Sixteenths of a pixel from the top edge.
    pub y: i32,
}

/// Dashes of a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineStyle {
    /// `SPICE_LINE_FLAGS_*` bits: start with a gap 4, styled 8.
    pub flags: u8,
    /// Lengths of dashes and gaps in 28.4 fixed point pixels; empty unless styled.
    pub dashes: Vec<i32>,
}

/// Fields of [`Operation::Text`].
#[derive(Clone, Debug, PartialEq)]
pub struct Text<I> {
    /// What is written.
    pub glyphs: Arc<GlyphString>,
    /// The rectangle behind the text; empty when nothing is painted there.
    pub back_area: Rect,
    /// The colour of the glyphs.
    pub fore_brush: Brush<I>,
    /// The colour behind them.
    pub back_brush: Brush<I>,
    /// How the glyphs meet the destination.
    pub fore_mode: Rop,
    /// How the background meets it.
    pub back_mode: Rop,
}

/// Glyphs with their shapes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GlyphString {
    /// Bits of each pixel of a glyph's shape.
    pub depth: GlyphDepth,
    /// Whether rows of the shapes run from the bottom to the top.
    pub bottom_up: bool,
    /// In the order of drawing.
    pub glyphs: Vec<Glyph>,
}

/// Bits of each pixel of a glyph's shape.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GlyphDepth {
    /// Drawn or not; 8 pixels a byte, the first in the highest bit.
    #[default]
    A1,
    /// 16 levels; 2 pixels a byte, the first in the high half.
    A4,
    /// 256 levels.
    A8,
}

impl GlyphDepth {
    /// Bytes of one row of `width` pixels.
    pub const fn row_bytes(self, width: u16) -> usize {
        let width = width as usize;
        match self {
            Self::A1 => width.div_ceil(8),
            Self::A4 => width.div_ceil(2),
            Self::A8 => width,
        }
    }
}

/// One glyph: its shape lies at `render_position + origin`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Glyph {
    /// Where the glyph stands, in pixels of the surface.
    pub render_position: Point,
    /// The shape's corner relative to that.
    pub origin: Point,
    /// Columns of the shape.
    pub width: u16,
    /// Rows of the shape.
    pub height: u16,
    /// `height` rows of [`GlyphDepth::row_bytes`] each.
    pub shape: Vec<u8>,
}

/// Fields of [`Operation::Transparent`].
#[derive(Clone, Debug, PartialEq)]
pub struct Transparent<I> {
    /// The image.
    pub source: I,
    /// The part of the image that fills the bounding box.
    pub area: Rect,
    /// The colour that is left out, in the image's format.
    pub source_color: u32,
    /// The same colour as 0x00RRGGBB.
    pub true_color: u32,
}

/// Fields of [`Operation::AlphaBlend`].
#[derive(Clone, Debug, PartialEq)]
pub struct AlphaBlend<I> {
    /// Whether the destination keeps an alpha channel (`SPICE_ALPHA_FLAGS_DEST_HAS_ALPHA` 1).
    pub dest_has_alpha: bool,
    /// Whether the source surface has one (`SPICE_ALPHA_FLAGS_SRC_SURFACE_HAS_ALPHA` 2).
    pub source_surface_has_alpha: bool,
    /// Constant alpha, 255 for opaque.
    pub alpha: u8,
    /// The image.
    pub source: I,
    /// The part of the image that fills the bounding box.
    pub area: Rect,
}

/// Fields of [`Operation::Composite`].
#[derive(Clone, Debug, PartialEq)]
pub struct Composite<I> {
    /// `SPICE_COMPOSITE_*` bits as they stand on the wire: operator, filters, repeats, component alpha.
    pub flags: u32,
    /// The image.
    pub source: I,
    /// The mask, an image as well.
    pub mask: Option<I>,
    /// 3x2 matrix in 16.16 fixed point that takes destination to source pixels.
    pub source_transform: Option<[i32; 6]>,
    /// The same for the mask.
    pub mask_transform: Option<[i32; 6]>,
    /// Where the destination's corner lies in the source.
    pub source_origin: Point,
    /// Where it lies in the mask.
    pub mask_origin: Point,
}

/// What an operation paints with.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Brush<I> {
    /// Nothing.
    #[default]
    None,
    /// One colour, in the surface's format.
    Solid(u32),
    /// A repeated image; `origin` is a point of the surface where a copy begins.
    Pattern {
        /// The image.
        image: I,
        /// Where a copy begins.
        origin: Point,
    },
}

/// The pixels that an operation may touch, by a picture of one bit a pixel.
#[derive(Clone, Debug, PartialEq)]
pub struct Mask<I> {
    /// Whether clear bits are touched, in place of set ones.
    pub inverse: bool,
    /// The picture's point that meets the corner of the bounding box.
    pub origin: Point,
    /// The picture; without one everything is touched.
    pub bitmap: Option<I>,
}

impl<I> Default for Mask<I> {
    fn default() -> Self {
        Self { inverse: false, origin: Point::default(), bitmap: None }
    }
}

/// How an image is scaled to its destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScaleMode {
    /// Smoothly.
    #[default]
    Interpolate,
    /// By the nearest pixel.
    Nearest,
}

/// How source, brush and destination meet: `SPICE_ROPD_*` bits, as they stand in QXL and on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rop(pub u16);

impl Rop {
    /// The source is inverted first.
    pub const INVERS_SRC: Self = Self(1 << 0);
    /// The brush is inverted first.
    pub const INVERS_BRUSH: Self = Self(1 << 1);
    /// The destination is inverted first.
    pub const INVERS_DEST: Self = Self(1 << 2);
    /// The destination is replaced.
    pub const PUT: Self = Self(1 << 3);
    /// Bitwise or.
    pub const OR: Self = Self(1 << 4);
    /// Bitwise and.
    pub const AND: Self = Self(1 << 5);
    /// Bitwise exclusive or.
    pub const XOR: Self = Self(1 << 6);
    /// All bits 0.
    pub const BLACKNESS: Self = Self(1 << 7);
    /// All bits 1.
    pub const WHITENESS: Self = Self(1 << 8);
    /// The destination inverted.
    pub const INVERS: Self = Self(1 << 9);
    /// The result is inverted.
    pub const INVERS_RES: Self = Self(1 << 10);

    /// Whether every bit of `other` is set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl<I> Drawable<I> {
    /// The same drawable with each image replaced by what `convert` makes of it, in the order of the
    /// fields; the first error ends it.
    pub fn try_map<J, E>(self, mut convert: impl FnMut(I) -> Result<J, E>) -> Result<Drawable<J>, E> {
        let Self { surface, bbox, clip, operation } = self;
        Ok(Drawable { surface, bbox, clip, operation: operation.try_map(&mut convert)? })
    }
}

impl<I> Operation<I> {
    /// The images of the operation, in the order of its fields.
    pub fn images(&self) -> impl Iterator<Item = &I> {
        let images = match self {
            Self::Fill(fill) => [fill.brush.image(), fill.mask.bitmap.as_ref(), None],
            Self::Opaque(opaque) => [Some(&opaque.source), opaque.brush.image(), opaque.mask.bitmap.as_ref()],
            Self::Copy(copy) | Self::Blend(copy) => [Some(&copy.source), copy.mask.bitmap.as_ref(), None],
            Self::Blackness(mask) | Self::Whiteness(mask) | Self::Invers(mask) => {
                [mask.bitmap.as_ref(), None, None]
            }
            Self::CopyBits { .. } => [None, None, None],
            Self::Rop3(rop3) => [Some(&rop3.source), rop3.brush.image(), rop3.mask.bitmap.as_ref()],
            Self::Stroke(stroke) => [stroke.brush.image(), None, None],
            Self::Text(text) => [text.fore_brush.image(), text.back_brush.image(), None],
            Self::Transparent(transparent) => [Some(&transparent.source), None, None],
            Self::AlphaBlend(blend) => [Some(&blend.source), None, None],
            Self::Composite(composite) => [Some(&composite.source), composite.mask.as_ref(), None],
        };
        images.into_iter().flatten()
    }

    fn try_map<J, E>(self, f: &mut impl FnMut(I) -> Result<J, E>) -> Result<Operation<J>, E> {
        Ok(match self {
            Self::Fill(Fill { brush, rop, mask }) => {
                Operation::Fill(Fill { brush: brush.try_map(f)?, rop, mask: mask.try_map(f)? })
            }
            Self::Opaque(Opaque { source, area, brush, rop, scale, mask }) => Operation::Opaque(Opaque {
                source: f(source)?,
                area,
                brush: brush.try_map(f)?,
                rop,
                scale,
                mask: mask.try_map(f)?,
            }),
            Self::Copy(copy) => Operation::Copy(copy.try_map(f)?),
            Self::Blend(copy) => Operation::Blend(copy.try_map(f)?),
            Self::Blackness(mask) => Operation::Blackness(mask.try_map(f)?),
            Self::Whiteness(mask) => Operation::Whiteness(mask.try_map(f)?),
            Self::Invers(mask) => Operation::Invers(mask.try_map(f)?),
            Self::CopyBits { source } => Operation::CopyBits { source },
            Self::Rop3(Rop3 { source, area, brush, rop3, scale, mask }) => Operation::Rop3(Rop3 {
                source: f(source)?,
                area,
                brush: brush.try_map(f)?,
                rop3,
                scale,
                mask: mask.try_map(f)?,
            }),
            Self::Stroke(Stroke { path, line, brush, fore_mode, back_mode }) => {
                Operation::Stroke(Stroke { path, line, brush: brush.try_map(f)?, fore_mode, back_mode })
            }
            Self::Text(Text { glyphs, back_area, fore_brush, back_brush, fore_mode, back_mode }) => {
                Operation::Text(Text {
                    glyphs,
                    back_area,
                    fore_brush: fore_brush.try_map(f)?,
                    back_brush: back_brush.try_map(f)?,
                    fore_mode,
                    back_mode,
                })
            }
            Self::Transparent(Transparent { source, area, source_color, true_color }) => {
                Operation::Transparent(Transparent { source: f(source)?, area, source_color, true_color })
            }
            Self::AlphaBlend(AlphaBlend {
                dest_has_alpha,
                source_surface_has_alpha,
                alpha,
                source,
                area,
            }) => Operation::AlphaBlend(AlphaBlend {
                dest_has_alpha,
                source_surface_has_alpha,
                alpha,
                source: f(source)?,
                area,
            }),
            Self::Composite(Composite {
                flags,
                source,
                mask,
                source_transform,
                mask_transform,
                source_origin,
                mask_origin,
            }) => Operation::Composite(Composite {
                flags,
                source: f(source)?,
                mask: mask.map(&mut *f).transpose()?,
                source_transform,
                mask_transform,
                source_origin,
                mask_origin,
            }),
        })
    }
}

impl<I> Copy<I> {
    fn try_map<J, E>(self, f: &mut impl FnMut(I) -> Result<J, E>) -> Result<Copy<J>, E> {
        let Self { source, area, rop, scale, mask } = self;
        Ok(Copy { source: f(source)?, area, rop, scale, mask: mask.try_map(f)? })
    }
}

impl<I> Brush<I> {
    /// The image that is repeated, for a pattern.
    pub fn image(&self) -> Option<&I> {
        match self {
            Self::Pattern { image, .. } => Some(image),
            Self::None | Self::Solid(_) => None,
        }
    }

    fn try_map<J, E>(self, f: &mut impl FnMut(I) -> Result<J, E>) -> Result<Brush<J>, E> {
        Ok(match self {
            Self::None => Brush::None,
            Self::Solid(color) => Brush::Solid(color),
            Self::Pattern { image, origin } => Brush::Pattern { image: f(image)?, origin },
        })
    }
}

impl<I> Mask<I> {
    fn try_map<J, E>(self, f: &mut impl FnMut(I) -> Result<J, E>) -> Result<Mask<J>, E> {
        let Self { inverse, origin, bitmap } = self;
        Ok(Mask { inverse, origin, bitmap: bitmap.map(f).transpose()? })
    }
}
