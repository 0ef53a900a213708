//! Drawings: the structure that a command of kind [`Draw`](crate::command::CommandKind::Draw) points to.

use zerocopy::little_endian::{I32, U16, U32};

use crate::clip::Clip;
use crate::code::{UnknownCode, codes};
use crate::geometry::{Point, Rect};
use crate::operation::{
    AlphaBlend, CompatAlphaBlend, Composite, Copy, CopyBits, Fill, Mask, Opaque, Rop3, Stroke, Text,
    Transparent, member, put,
};
use crate::release::ReleaseInfo;

/// A dependency of a [`Drawable`] that is not there.
pub const NO_SURFACE: i32 = -1;

codes! {
    /// `QXL_DRAW_*` and `QXL_COPY_BITS`.
    pub enum OperationKind: u8 {
        /// Nothing.
        Nop = 0,
        /// [`Fill`].
        Fill = 1,
        /// [`Opaque`].
        Opaque = 2,
        /// [`Copy`](struct@Copy).
        Copy = 3,
        /// [`CopyBits`].
        CopyBits = 4,
        /// [`Copy`](struct@Copy), which combines with what is there.
        Blend = 5,
        /// [`Mask`]: all bits 0.
        Blackness = 6,
        /// [`Mask`]: all bits 1.
        Whiteness = 7,
        /// [`Mask`]: inverts all bits.
        Invers = 8,
        /// [`Rop3`].
        Rop3 = 9,
        /// [`Stroke`].
        Stroke = 10,
        /// [`Text`].
        Text = 11,
        /// [`Transparent`].
        Transparent = 12,
        /// [`AlphaBlend`].
        AlphaBlend = 13,
        /// [`Composite`].
        Composite = 14,
    }

    /// `QXL_EFFECT_*`: how the result depends on what was there. A device may forget older drawings under
    /// an opaque one.
    pub enum Effect: u8 {
        /// It mixes.
        Blend = 0,
        /// Every pixel inside the clipped bounding box is replaced.
        Opaque = 1,
        /// Twice the same restores what was there.
        RevertOnDup = 2,
        /// Twice the same leaves black.
        BlacknessOnDup = 3,
        /// Twice the same leaves white.
        WhitenessOnDup = 4,
        /// Twice the same is once the same.
        NopOnDup = 5,
        /// Nothing changes.
        Nop = 6,
        /// The brush replaces every pixel.
        OpaqueBrush = 7,
    }
}

device_layout! {
    /// `QXLDrawable`.
    pub struct Drawable: 191 {
        /// What every operation has.
        pub head: DrawableHead,
        /// The operation, a union by `head.kind`.
        pub body: OperationBody = 123,
    }

    /// The fields of `QXLDrawable` before its union.
    pub struct DrawableHead: 123 {
        /// The way back to the driver.
        pub release: ReleaseInfo,
        /// The surface that is drawn on.
        pub surface_id: U32,
        /// [`Effect`].
        pub effect: u8,
        /// [`OperationKind`].
        pub kind: u8,
        /// Not 0 when the operation reads `self_bitmap_area` of its own surface.
        pub self_bitmap: u8,
        /// That area, in pixels of the surface.
        pub self_bitmap_area: Rect = 15,
        /// What is drawn on, inside the surface.
        pub bbox: Rect = 31,
        /// What of it may be touched.
        pub clip: Clip = 47,
        /// When it was drawn, by [`Rom::mm_clock`](crate::rom::Rom::mm_clock).
        pub mm_time: U32 = 59,
        /// Surfaces that the operation reads, or [`NO_SURFACE`].
        pub surface_deps: [I32; 3] = 63,
        /// What it reads of each.
        pub surface_rects: [Rect; 3] = 75,
    }

    /// `QXLCompatDrawable`, from drivers that know only the primary surface.
    pub struct CompatDrawable: 128 {
        /// What every operation has.
        pub head: CompatDrawableHead,
        /// The operation, a union by `head.kind`.
        pub body: OperationBody = 60,
    }

    /// The fields of `QXLCompatDrawable` before its union.
    pub struct CompatDrawableHead: 60 {
        /// The way back to the driver.
        pub release: ReleaseInfo,
        /// [`Effect`].
        pub effect: u8,
        /// [`OperationKind`].
        pub kind: u8,
        /// Not 0 when the operation reads `bitmap_area` of the surface.
        pub bitmap_offset: U16,
        /// That area, in pixels of the surface.
        pub bitmap_area: Rect,
        /// What is drawn on, inside the surface.
        pub bbox: Rect = 28,
        /// What of it may be touched.
        pub clip: Clip = 44,
        /// When it was drawn.
        pub mm_time: U32,
    }

    /// The union at the end of a drawing.
    pub struct OperationBody: 68 {
        /// The bytes of whichever member it is.
        pub bytes: [u8; 68],
    }
}

/// A drawing operation with its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are documented as OperationKind")]
pub enum Operation {
    Nop,
    Fill(Fill),
    Opaque(Opaque),
    Copy(Copy),
    CopyBits(CopyBits),
    Blend(Copy),
    Blackness(Mask),
    Whiteness(Mask),
    Invers(Mask),
    Rop3(Rop3),
    Stroke(Stroke),
    Text(Text),
    Transparent(Transparent),
    AlphaBlend(AlphaBlend),
    Composite(Composite),
}

impl Drawable {
    /// The drawing with the fields of `head` (but for its kind) that does `operation`.
    pub fn new(head: DrawableHead, operation: &Operation) -> Self {
        let (kind, body) = operation.to_parts();
        Self { head: DrawableHead { kind: kind.code(), ..head }, body }
    }

    /// What is drawn, or the code that means nothing.
    pub fn operation(&self) -> Result<Operation, UnknownCode> {
        Ok(Operation::from_parts(OperationKind::try_from(self.head.kind)?, &self.body))
    }
}

impl DrawableHead {
    /// A drawing on `bbox` of a surface, known to the driver by `id`: no clip, no dependencies.
    pub fn new(id: u64, surface_id: u32, bbox: Rect, effect: Effect) -> Self {
        Self {
            release: ReleaseInfo::new(id),
            surface_id: U32::new(surface_id),
            effect: effect.code(),
            bbox,
            surface_deps: [I32::new(NO_SURFACE); 3],
            ..Self::default()
        }
    }
}

impl CompatDrawable {
    /// What is drawn, or the code that means nothing. Compatibility drivers cannot composite, and their
    /// alpha blends have no flags.
    pub fn operation(&self) -> Result<Operation, UnknownCode> {
        match OperationKind::try_from(self.head.kind)? {
            OperationKind::Composite => Err(UnknownCode(u32::from(self.head.kind))),
            OperationKind::AlphaBlend => {
                let CompatAlphaBlend { alpha, source, source_area } = member(&self.body.bytes);
                Ok(Operation::AlphaBlend(AlphaBlend { flags: U16::new(0), alpha, source, source_area }))
            }
            kind => Ok(Operation::from_parts(kind, &self.body)),
        }
    }

    /// The head that a [`Drawable`] with the same meaning has, on the primary surface: with
    /// [`Drawable::new`] and `operation`, which is this drawing's own, it is the whole.
    ///
    /// `CopyBits` reads the surface it draws on, and says so in its dependencies.
    pub fn to_head(&self, operation: &Operation) -> DrawableHead {
        let CompatDrawableHead { release, effect, kind, bitmap_offset, bitmap_area, bbox, clip, mm_time } =
            self.head;
        let mut head = DrawableHead {
            release,
            surface_id: U32::new(0),
            effect,
            kind,
            self_bitmap: u8::from(bitmap_offset.get() != 0),
            self_bitmap_area: bitmap_area,
            bbox,
            clip,
            mm_time,
            surface_deps: [I32::new(NO_SURFACE); 3],
            surface_rects: [Rect::default(); 3],
        };
        if let Operation::CopyBits(CopyBits { source }) = operation {
            let [dependency, ..] = &mut head.surface_deps;
            *dependency = I32::new(0);
            let [area, ..] = &mut head.surface_rects;
            *area = source_area(bbox, *source);
        }
        head
    }
}

/// The rectangle of the size of `bbox` at `source`; edges wrap as the host's arithmetic does.
fn source_area(bbox: Rect, source: Point) -> Rect {
    let (x, y) = (source.x.get(), source.y.get());
    let width = bbox.right.get().wrapping_sub(bbox.left.get());
    let height = bbox.bottom.get().wrapping_sub(bbox.top.get());
    Rect::new(x, y, x.wrapping_add(width), y.wrapping_add(height))
}

impl Operation {
    /// Which operation it is.
    pub fn kind(&self) -> OperationKind {
        self.to_parts().0
    }

    fn from_parts(kind: OperationKind, body: &OperationBody) -> Self {
        let bytes = &body.bytes;
        match kind {
            OperationKind::Nop => Self::Nop,
            OperationKind::Fill => Self::Fill(member(bytes)),
            OperationKind::Opaque => Self::Opaque(member(bytes)),
            OperationKind::Copy => Self::Copy(member(bytes)),
            OperationKind::CopyBits => Self::CopyBits(member(bytes)),
            OperationKind::Blend => Self::Blend(member(bytes)),
            OperationKind::Blackness => Self::Blackness(member(bytes)),
            OperationKind::Whiteness => Self::Whiteness(member(bytes)),
            OperationKind::Invers => Self::Invers(member(bytes)),
            OperationKind::Rop3 => Self::Rop3(member(bytes)),
            OperationKind::Stroke => Self::Stroke(member(bytes)),
            OperationKind::Text => Self::Text(member(bytes)),
            OperationKind::Transparent => Self::Transparent(member(bytes)),
            OperationKind::AlphaBlend => Self::AlphaBlend(member(bytes)),
            OperationKind::Composite => Self::Composite(member(bytes)),
        }
    }

    fn to_parts(self) -> (OperationKind, OperationBody) {
        let mut body = OperationBody::default();
        let bytes = &mut body.bytes;
        let kind = match self {
            Self::Nop => OperationKind::Nop,
            Self::Fill(fill) => {
                put(bytes, &fill);
                OperationKind::Fill
            }
            Self::Opaque(opaque) => {
                put(bytes, &opaque);
                OperationKind::Opaque
            }
            Self::Copy(copy) => {
                put(bytes, &copy);
                OperationKind::Copy
            }
            Self::CopyBits(copy_bits) => {
                put(bytes, &copy_bits);
                OperationKind::CopyBits
            }
            Self::Blend(blend) => {
                put(bytes, &blend);
                OperationKind::Blend
            }
            Self::Blackness(mask) => {
                put(bytes, &mask);
                OperationKind::Blackness
            }
            Self::Whiteness(mask) => {
                put(bytes, &mask);
                OperationKind::Whiteness
            }
            Self::Invers(mask) => {
                put(bytes, &mask);
                OperationKind::Invers
            }
            Self::Rop3(rop3) => {
                put(bytes, &rop3);
                OperationKind::Rop3
            }
            Self::Stroke(stroke) => {
                put(bytes, &stroke);
                OperationKind::Stroke
            }
            Self::Text(text) => {
                put(bytes, &text);
                OperationKind::Text
            }
            Self::Transparent(transparent) => {
                put(bytes, &transparent);
                OperationKind::Transparent
            }
            Self::AlphaBlend(blend) => {
                put(bytes, &blend);
                OperationKind::AlphaBlend
            }
            Self::Composite(composite) => {
                put(bytes, &composite);
                OperationKind::Composite
            }
        };
        (kind, body)
    }
}
