//! Properties of the `canvas` crate: drawables from anybody touch only what they may, and never panic.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use canvas::{Source, draw};
use image::bitmap::{Bitmap, BitmapFormat, Layout, Palette};
use image::geometry::{Point, Rect, Size};
use image::region::Region;
use image::surface::{Surface, SurfaceFormat};
use wire::drawable::{
    AlphaBlend, Brush, Clip, Composite, Copy, Drawable, Fill, FixedPoint, Glyph, GlyphDepth, GlyphString,
    LineStyle, Mask, Opaque, Operation, Path, PathSegment, Rop, Rop3, ScaleMode, Stroke, SurfaceId, Text,
    Transparent,
};

use crate::Oracle;

/// The fuzz targets `canvas_*`.
pub const ORACLES: &[Oracle] = &[Oracle { name: "canvas_draw", check: drawables }];

const SIZE: Size = Size::new(24, 18);
const MAX_DRAWABLES: usize = 16;

/// The bytes choose surfaces and drawables; whatever these are, pixels outside of bounding box and clip keep
/// their colours.
pub fn drawables(bytes: &[u8]) {
    let mut choice = Choice(bytes);
    let formats = [
        SurfaceFormat::Xrgb32,
        SurfaceFormat::Argb32,
        SurfaceFormat::Rgb555,
        SurfaceFormat::A8,
        SurfaceFormat::Rgb565,
        SurfaceFormat::A1,
    ];
    let format = choice.one_of(&formats);
    let Ok(mut target) = Surface::new(format, SIZE) else { return };
    let other = Surface::new(choice.one_of(&formats), SIZE).map(|surface| (SurfaceId(1), surface));
    let others: BTreeMap<_, _> = other.into_iter().collect();
    for _ in 0..MAX_DRAWABLES {
        if choice.0.is_empty() {
            return;
        }
        let drawable = choice.drawable();
        let before = target.clone();
        // An error is an answer as good as pixels.
        let _ = draw(&mut target, &drawable, &others);
        check_untouched(&before, &target, &drawable);
    }
}

fn check_untouched(before: &Surface, after: &Surface, drawable: &Drawable<Source>) {
    let mut outside = Region::from_rect(after.bounds());
    match &drawable.clip {
        Clip::None => outside.subtract_rect(&drawable.bbox),
        Clip::Rects(rects) => {
            for rect in rects.iter() {
                if let Some(inside) = rect.intersection(&drawable.bbox) {
                    outside.subtract_rect(&inside);
                }
            }
        }
    }
    for rect in outside.rects() {
        let colors = |surface: &Surface| {
            let mut rows = Vec::new();
            surface.write_rows(*rect, |_, row| rows.extend_from_slice(row));
            if surface.format() == SurfaceFormat::Xrgb32 {
                // Text and blends clear fourth bytes beyond their clip, as the original does.
                rows.chunks_mut(4).for_each(|pixel| pixel[3] = 0);
            }
            rows
        };
        assert_eq!(colors(before), colors(after), "{drawable:?}");
    }
}

/// Decisions out of bytes; zeros when there are none left.
struct Choice<'a>(&'a [u8]);

impl Choice<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn below(&mut self, limit: u8) -> u8 {
        self.byte() % limit
    }

    fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    fn one_of<T: std::marker::Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::from(self.byte()) % choices.len()]
    }

    fn word(&mut self) -> u32 {
        u32::from_le_bytes([self.byte(), self.byte(), self.byte(), self.byte()])
    }

    /// A coordinate near the surface, or one at the end of the range.
    fn coordinate(&mut self) -> i32 {
        match self.byte() {
            0 => i32::MIN,
            1 => i32::MAX,
            2 => self.word().cast_signed(),
            near => i32::from(near % 40) - 8,
        }
    }

    fn point(&mut self) -> Point {
        Point::new(self.coordinate(), self.coordinate())
    }

    fn rect(&mut self) -> Rect {
        Rect::new(self.coordinate(), self.coordinate(), self.coordinate(), self.coordinate())
    }

    fn bitmap(&mut self, formats: &[BitmapFormat]) -> Arc<Bitmap> {
        let format = self.one_of(formats);
        let size = Size::new(self.below(12).into(), self.below(12).into());
        let stride = u32::try_from(format.row_bytes(size.width)).unwrap_or(0) + u32::from(self.below(3));
        let layout = Layout { format, size, stride, top_down: self.flag() };
        let seed = self.byte();
        let data: Vec<u8> =
            (0..layout.data_bytes()).map(|at| (at as u8).wrapping_mul(seed | 1) ^ (at >> 3) as u8).collect();
        let entries = (0..u32::from(self.below(20))).map(|entry| entry * 0x0011_2233).collect();
        let palette = self.flag().then(|| Arc::new(Palette { unique: 0, entries }));
        Arc::new(Bitmap::new(layout, palette, Bytes::from(data)).expect("a layout that fits its bytes"))
    }

    fn source(&mut self) -> Source {
        const ALL: [BitmapFormat; 10] = [
            BitmapFormat::Mono1Le,
            BitmapFormat::Mono1Be,
            BitmapFormat::Indexed4Le,
            BitmapFormat::Indexed4Be,
            BitmapFormat::Indexed8,
            BitmapFormat::Rgb555,
            BitmapFormat::Rgb24,
            BitmapFormat::Xrgb32,
            BitmapFormat::Argb32,
            BitmapFormat::Alpha8,
        ];
        match self.below(5) {
            0 => Source::Surface(SurfaceId(self.below(3).into())),
            1 => Source::HighBitsSet(self.bitmap(&ALL)),
            2 => Source::Widened(self.bitmap(&ALL)),
            _ => Source::Bitmap(self.bitmap(&ALL)),
        }
    }

    fn brush(&mut self) -> Brush<Source> {
        match self.below(3) {
            0 => Brush::None,
            1 => Brush::Solid(self.word()),
            _ => Brush::Pattern { image: self.source(), origin: self.point() },
        }
    }

    fn mask(&mut self) -> Mask<Source> {
        let bitmap = match self.below(4) {
            0 => Some(Source::Bitmap(self.bitmap(&[BitmapFormat::Mono1Le, BitmapFormat::Mono1Be]))),
            1 => Some(self.source()),
            _ => None,
        };
        Mask { inverse: self.flag(), origin: self.point(), bitmap }
    }

    fn rop(&mut self) -> Rop {
        Rop(u16::from_le_bytes([self.byte(), self.byte()]))
    }

    fn scale(&mut self) -> ScaleMode {
        if self.flag() { ScaleMode::Nearest } else { ScaleMode::Interpolate }
    }

    fn path(&mut self) -> Path {
        let mut path = Path::default();
        for _ in 0..self.below(4) {
            let flags = self.byte();
            let points = (0..self.below(8))
                .map(|_| FixedPoint {
                    x: self.coordinate().saturating_mul(16),
                    y: self.coordinate().saturating_mul(7),
                })
                .collect();
            path.segments.push(PathSegment { flags, points });
        }
        path
    }

    fn glyphs(&mut self) -> GlyphString {
        let depth = self.one_of(&[GlyphDepth::A1, GlyphDepth::A4, GlyphDepth::A8]);
        let glyphs = (0..self.below(4))
            .map(|_| Glyph {
                render_position: self.point(),
                origin: self.point(),
                width: self.below(20).into(),
                height: self.below(20).into(),
                shape: (0..self.byte()).map(|at| at.wrapping_mul(37)).collect(),
            })
            .collect();
        GlyphString { depth, bottom_up: true, glyphs }
    }

    fn operation(&mut self) -> Operation<Source> {
        match self.below(14) {
            0 => Operation::Fill(Fill { brush: self.brush(), rop: self.rop(), mask: self.mask() }),
            1 => Operation::Opaque(Opaque {
                source: self.source(),
                area: self.rect(),
                brush: self.brush(),
                rop: self.rop(),
                scale: self.scale(),
                mask: self.mask(),
            }),
            kind @ (2 | 3) => {
                let copy = Copy {
                    source: self.source(),
                    area: self.rect(),
                    rop: self.rop(),
                    scale: self.scale(),
                    mask: self.mask(),
                };
                if kind == 2 { Operation::Copy(copy) } else { Operation::Blend(copy) }
            }
            4 => Operation::Blackness(self.mask()),
            5 => Operation::Whiteness(self.mask()),
            6 => Operation::Invers(self.mask()),
            7 => Operation::CopyBits { source: self.point() },
            8 => Operation::Rop3(Rop3 {
                source: self.source(),
                area: self.rect(),
                brush: self.brush(),
                rop3: self.byte(),
                scale: self.scale(),
                mask: self.mask(),
            }),
            9 => Operation::Stroke(Stroke {
                path: Arc::new(self.path()),
                line: LineStyle { flags: self.byte(), dashes: vec![self.coordinate(), self.coordinate()] },
                brush: self.brush(),
                fore_mode: self.rop(),
                back_mode: self.rop(),
            }),
            10 => Operation::Text(Text {
                glyphs: Arc::new(self.glyphs()),
                back_area: self.rect(),
                fore_brush: self.brush(),
                back_brush: self.brush(),
                fore_mode: Rop::PUT,
                back_mode: self.rop(),
            }),
            11 => Operation::Transparent(Transparent {
                source: self.source(),
                area: self.rect(),
                source_color: self.word(),
                true_color: self.word(),
            }),
            12 => Operation::AlphaBlend(AlphaBlend {
                dest_has_alpha: self.flag(),
                source_surface_has_alpha: self.flag(),
                alpha: self.byte(),
                source: self.source(),
                area: self.rect(),
            }),
            _ => Operation::Composite(Composite {
                flags: self.word(),
                source: self.source(),
                mask: self.flag().then(|| self.source()),
                source_transform: self.transform(),
                mask_transform: self.transform(),
                source_origin: self.point(),
                mask_origin: self.point(),
            }),
        }
    }

    fn transform(&mut self) -> Option<[i32; 6]> {
        self.flag().then(|| core::array::from_fn(|_| self.word().cast_signed()))
    }

    fn drawable(&mut self) -> Drawable<Source> {
        let bbox = self.rect();
        let clip = match self.below(3) {
            0 => Clip::Rects((0..self.below(5)).map(|_| self.rect()).collect()),
            _ => Clip::None,
        };
        Drawable { surface: SurfaceId(0), bbox, clip, operation: self.operation() }
    }
}
