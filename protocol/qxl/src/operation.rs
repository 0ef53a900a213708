//! The structures of the drawing operations: the members of the union that ends a
//! [`Drawable`](crate::drawable::Drawable), and what they are made of.

use zerocopy::little_endian::{I32, U16, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::code::codes;
use crate::geometry::{Point, Point16, Rect};
use crate::memslot::PhysAddr;

codes! {
    /// `SPICE_BRUSH_TYPE_*`.
    pub enum BrushKind: u32 {
        /// Nothing is painted.
        None = 0,
        /// One colour.
        Solid = 1,
        /// A repeated image.
        Pattern = 2,
    }

    /// `SPICE_IMAGE_SCALE_MODE_*`.
    pub enum ScaleMode: u8 {
        /// Smoothly.
        Interpolate = 0,
        /// By the nearest pixel.
        Nearest = 1,
    }
}

/// `SPICE_ROPD_*`: bits that say how source, brush and destination meet.
pub mod rop {
    /// The source is inverted first.
    pub const INVERS_SRC: u16 = 1 << 0;
    /// The brush is inverted first.
    pub const INVERS_BRUSH: u16 = 1 << 1;
    /// The destination is inverted first.
    pub const INVERS_DEST: u16 = 1 << 2;
    /// The destination is replaced.
    pub const PUT: u16 = 1 << 3;
    /// Bitwise or.
    pub const OR: u16 = 1 << 4;
    /// Bitwise and.
    pub const AND: u16 = 1 << 5;
    /// Bitwise exclusive or.
    pub const XOR: u16 = 1 << 6;
    /// All bits 0.
    pub const BLACKNESS: u16 = 1 << 7;
    /// All bits 1.
    pub const WHITENESS: u16 = 1 << 8;
    /// The destination inverted.
    pub const INVERS: u16 = 1 << 9;
    /// The result is inverted.
    pub const INVERS_RES: u16 = 1 << 10;
}

device_layout! {
    /// `QXLPattern`.
    pub struct Pattern: 16 {
        /// The [image](crate::image).
        pub image: PhysAddr,
        /// A point of the surface where a copy of it begins.
        pub position: Point,
    }

    /// `QXLBrush`.
    pub struct Brush: 20 {
        /// [`BrushKind`]; the device takes an unknown one for [`BrushKind::None`].
        pub kind: U32,
        /// A union: a colour in the first four bytes, or a [`Pattern`].
        pub body: BrushBody = 4,
    }

    /// The union in a [`Brush`].
    pub struct BrushBody: 16 {
        /// The bytes of whichever member it is.
        pub bytes: [u8; 16],
    }

    /// `QXLQMask`.
    pub struct Mask: 17 {
        /// [`Mask::INVERS`].
        pub flags: u8,
        /// The mask's point that meets the corner of the bounding box.
        pub position: Point = 1,
        /// An [image](crate::image) of one bit a pixel, or null for no mask.
        pub bitmap: PhysAddr = 9,
    }

    /// `QXLFill`.
    pub struct Fill: 39 {
        /// What is painted.
        pub brush: Brush,
        /// [`rop`].
        pub rop: U16,
        /// Where it is painted.
        pub mask: Mask,
    }

    /// `QXLOpaque`.
    pub struct Opaque: 64 {
        /// The [image](crate::image).
        pub source: PhysAddr,
        /// The part of it that fills the bounding box.
        pub source_area: Rect,
        /// What is combined with it.
        pub brush: Brush,
        /// [`rop`].
        pub rop: U16,
        /// [`ScaleMode`].
        pub scale_mode: u8,
        /// Where it is painted.
        pub mask: Mask = 47,
    }

    /// `QXLCopy` and `QXLBlend`.
    pub struct Copy: 44 {
        /// The [image](crate::image); not null.
        pub source: PhysAddr,
        /// The part of it that fills the bounding box; inside the image.
        pub source_area: Rect,
        /// [`rop`].
        pub rop: U16,
        /// [`ScaleMode`].
        pub scale_mode: u8,
        /// Where it is painted.
        pub mask: Mask = 27,
    }

    /// `QXLTransparent`.
    pub struct Transparent: 32 {
        /// The [image](crate::image).
        pub source: PhysAddr,
        /// The part of it that fills the bounding box.
        pub source_area: Rect,
        /// The colour that is left out, in the image's format.
        pub source_color: U32,
        /// The same as 0x00RRGGBB.
        pub true_color: U32,
    }

    /// `QXLAlphaBlend`.
    pub struct AlphaBlend: 27 {
        /// [`AlphaBlend::DEST_HAS_ALPHA`] and the other.
        pub flags: U16,
        /// 255 for opaque.
        pub alpha: u8,
        /// The [image](crate::image).
        pub source: PhysAddr,
        /// The part of it that fills the bounding box.
        pub source_area: Rect,
    }

    /// `QXLCompatAlphaBlend`.
    pub struct CompatAlphaBlend: 25 {
        /// 255 for opaque.
        pub alpha: u8,
        /// The [image](crate::image).
        pub source: PhysAddr,
        /// The part of it that fills the bounding box.
        pub source_area: Rect,
    }

    /// `QXLCopyBits`.
    pub struct CopyBits: 8 {
        /// The upper left corner, in the same surface, of what moves to the bounding box.
        pub source: Point,
    }

    /// `QXLRop3`.
    pub struct Rop3: 63 {
        /// The [image](crate::image).
        pub source: PhysAddr,
        /// The part of it that fills the bounding box.
        pub source_area: Rect,
        /// The pattern.
        pub brush: Brush,
        /// Bit `4 * pattern + 2 * source + destination` is the result.
        pub rop3: u8,
        /// [`ScaleMode`].
        pub scale_mode: u8,
        /// Where it is painted.
        pub mask: Mask = 46,
    }

    /// `QXLLineAttr`.
    pub struct LineAttributes: 20 {
        /// [`LineAttributes::START_WITH_GAP`] and the other.
        pub flags: u8,
        /// Not used.
        pub join_style: u8,
        /// Not used.
        pub end_style: u8,
        /// How many lengths `style` holds.
        pub style_segments: u8,
        /// Not used.
        pub width: I32,
        /// Not used.
        pub miter_limit: I32,
        /// Lengths of dashes and gaps in turn, 32-bit 28.4 fixed point pixels in one piece.
        pub style: PhysAddr,
    }

    /// `QXLStroke`.
    pub struct Stroke: 52 {
        /// The [path](crate::path::Path).
        pub path: PhysAddr,
        /// Dashes.
        pub attributes: LineAttributes,
        /// The colour of the line.
        pub brush: Brush,
        /// [`rop`] of the line.
        pub fore_mode: U16,
        /// [`rop`] of the gaps.
        pub back_mode: U16,
    }

    /// `QXLText`.
    pub struct Text: 68 {
        /// The [glyphs](crate::text::GlyphString).
        pub string: PhysAddr,
        /// What is painted behind them; empty for nothing.
        pub back_area: Rect,
        /// The colour of the glyphs.
        pub fore_brush: Brush,
        /// The colour behind them.
        pub back_brush: Brush,
        /// [`rop`] of the glyphs.
        pub fore_mode: U16,
        /// [`rop`] of what is behind them.
        pub back_mode: U16,
    }

    /// `QXLTransform`: a 3x2 matrix in 16.16 fixed point, row by row, from destination to source pixels.
    pub struct Transform: 24 {
        /// The six numbers.
        pub matrix: [I32; 6],
    }

    /// `QXLComposite`.
    pub struct Composite: 44 {
        /// Operator in bits 0-7, source filter 8-10, mask filter 11-13, source repeat 14-15, mask repeat
        /// 16-17, component alpha 18. Values are those of pixman.
        pub flags: U32,
        /// The [image](crate::image).
        pub source: PhysAddr,
        /// The source's [`Transform`], or null.
        pub source_transform: PhysAddr,
        /// An image as well, or null.
        pub mask: PhysAddr,
        /// The mask's [`Transform`], or null.
        pub mask_transform: PhysAddr,
        /// Where the corner of the bounding box lies in the source.
        pub source_origin: Point16,
        /// Where it lies in the mask.
        pub mask_origin: Point16,
    }
}

impl Mask {
    /// `SPICE_MASK_FLAGS_INVERS`: clear bits are painted, in place of set ones.
    pub const INVERS: u8 = 1 << 0;
}

impl AlphaBlend {
    /// The destination keeps an alpha channel.
    pub const DEST_HAS_ALPHA: u16 = 1 << 0;
    /// The source surface has one.
    pub const SOURCE_SURFACE_HAS_ALPHA: u16 = 1 << 1;
}

impl LineAttributes {
    /// The line starts with a gap.
    pub const START_WITH_GAP: u8 = 1 << 2;
    /// The line has dashes.
    pub const STYLED: u8 = 1 << 3;
}

/// What a [`Brush`] paints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// Nothing.
    None,
    /// One colour, in the surface's format.
    Solid(u32),
    /// A repeated image.
    Pattern(Pattern),
}

impl Brush {
    /// The brush that paints `paint`.
    pub fn new(paint: Paint) -> Self {
        let (kind, mut body) = (BrushKind::None, BrushBody::default());
        let kind = match paint {
            Paint::None => kind,
            Paint::Solid(color) => {
                body.put(&U32::new(color));
                BrushKind::Solid
            }
            Paint::Pattern(pattern) => {
                body.put(&pattern);
                BrushKind::Pattern
            }
        };
        Self { kind: U32::new(kind.code()), body }
    }

    /// What the brush paints; nothing when its kind is unknown.
    pub fn paint(&self) -> Paint {
        match BrushKind::try_from(self.kind.get()) {
            Ok(BrushKind::Solid) => Paint::Solid(self.body.member::<U32>().get()),
            Ok(BrushKind::Pattern) => Paint::Pattern(self.body.member()),
            Ok(BrushKind::None) | Err(_) => Paint::None,
        }
    }
}

impl BrushBody {
    fn member<T: FromBytes + Default>(&self) -> T {
        member(&self.bytes)
    }

    fn put<T: IntoBytes + Immutable>(&mut self, member: &T) {
        put(&mut self.bytes, member);
    }
}

/// The member of type `T` of a union of `N` bytes. Members are at most as large as their union, so that
/// the default never comes out.
pub(crate) fn member<T: FromBytes + Default, const N: usize>(bytes: &[u8; N]) -> T {
    const { assert!(size_of::<T>() <= N) }
    T::read_from_prefix(bytes).map_or_else(|_| T::default(), |(member, _)| member)
}

/// Writes a member into a union of `N` bytes.
pub(crate) fn put<T: IntoBytes + Immutable, const N: usize>(bytes: &mut [u8; N], member: &T) {
    const { assert!(size_of::<T>() <= N) }
    for (to, from) in bytes.iter_mut().zip(member.as_bytes()) {
        *to = *from;
    }
}
