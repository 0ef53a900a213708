//! Any drawing operation, with any images.

use std::sync::Arc;

use bytes::Bytes;
use image::bitmap::{BitmapFormat, Layout, Palette};
use image::geometry::{Point, Size};
use proptest::collection::vec;
use proptest::prelude::*;
use wire::drawable::{
    AlphaBlend, Brush, Clip, Composite, Copy, Drawable, Fill, FixedPoint, Glyph, GlyphDepth, GlyphString,
    LineStyle, Mask, Opaque, Operation, Path, PathSegment, Rop, Rop3, ScaleMode, Stroke, Text, Transparent,
};
use wire::image::{Bitmap, Image, ImageBody, LzPalette, PaletteSource};

use super::{Any, one};

newtypes!(Rop);

structures! {
    FixedPoint { x, y }
    Path { segments }
    PathSegment { flags, points }
    Fill<Image> { brush, rop, mask }
    Opaque<Image> { source, area, brush, rop, scale, mask }
    Copy<Image> { source, area, rop, scale, mask }
    Rop3<Image> { source, area, brush, rop3, scale, mask }
    Stroke<Image> { path, line, brush, fore_mode, back_mode }
    Text<Image> { glyphs, back_area, fore_brush, back_brush, fore_mode, back_mode }
    Transparent<Image> { source, area, source_color, true_color }
    AlphaBlend<Image> { dest_has_alpha, source_surface_has_alpha, alpha, source, area }
    Mask<Image> { inverse, origin, bitmap }
    Drawable<Image> { surface, bbox, clip, operation }
    Image { id, flags, size, body }
    Size { width, height }
    LzPalette { top_down, palette, data }
    Palette { unique, entries }
}

impl<T: Any + 'static> Any for Arc<T> {
    fn any() -> BoxedStrategy<Self> {
        T::any().prop_map(Arc::new).boxed()
    }
}

impl Any for Clip {
    fn any() -> BoxedStrategy<Self> {
        prop_oneof![Just(Self::None), Vec::any().prop_map(|rects: Vec<_>| Self::Rects(rects.into()))].boxed()
    }
}

impl Any for ScaleMode {
    fn any() -> BoxedStrategy<Self> {
        prop::sample::select(vec![Self::Interpolate, Self::Nearest]).boxed()
    }
}

impl Any for Brush<Image> {
    fn any() -> BoxedStrategy<Self> {
        prop_oneof![
            Just(Self::None),
            Any::any().prop_map(Self::Solid),
            (Any::any(), Any::any()).prop_map(|(image, origin)| Self::Pattern { image, origin }),
        ]
        .boxed()
    }
}

impl Any for LineStyle {
    fn any() -> BoxedStrategy<Self> {
        prop_oneof![Just(Self::default()), Vec::any().prop_map(|dashes| Self { flags: 8 | 4, dashes })]
            .boxed()
    }
}

impl Any for GlyphString {
    fn any() -> BoxedStrategy<Self> {
        let depth = prop::sample::select(vec![GlyphDepth::A1, GlyphDepth::A4, GlyphDepth::A8]);
        (depth, any::<bool>())
            .prop_flat_map(|(depth, bottom_up)| {
                vec(glyph(depth), 0..4).prop_map(move |glyphs| Self { depth, bottom_up, glyphs })
            })
            .boxed()
    }
}

fn glyph(depth: GlyphDepth) -> impl Strategy<Value = Glyph> {
    (0..20_u16, 0..4_u16).prop_flat_map(move |(width, height)| {
        let size = depth.row_bytes(width) * usize::from(height);
        (Point::any(), Point::any(), vec(any::<u8>(), size)).prop_map(
            move |(render_position, origin, shape)| Glyph { render_position, origin, width, height, shape },
        )
    })
}

impl Any for Composite<Image> {
    fn any() -> BoxedStrategy<Self> {
        let transform = || proptest::option::of(any::<[i32; 6]>());
        let origin = || any::<(i16, i16)>().prop_map(|(x, y)| Point::new(x.into(), y.into()));
        (0..1_u32 << 19, Image::any(), Option::<Image>::any(), transform(), transform(), origin(), origin())
            .prop_map(
                |(operator, source, mask, source_transform, mask_transform, source_origin, mask_origin)| {
                    let present = u32::from(mask.is_some())
                        | u32::from(source_transform.is_some()) << 1
                        | u32::from(mask_transform.is_some()) << 2;
                    let flags = operator | present << 19;
                    Self { flags, source, mask, source_transform, mask_transform, source_origin, mask_origin }
                },
            )
            .boxed()
    }
}

impl Any for Operation<Image> {
    fn any() -> BoxedStrategy<Self> {
        prop_oneof![
            Any::any().prop_map(Self::Fill),
            Any::any().prop_map(Self::Opaque),
            Any::any().prop_map(Self::Copy),
            Any::any().prop_map(Self::Blend),
            Any::any().prop_map(Self::Blackness),
            Any::any().prop_map(Self::Whiteness),
            Any::any().prop_map(Self::Invers),
            Any::any().prop_map(|source| Self::CopyBits { source }),
            Any::any().prop_map(Self::Rop3),
            Any::any().prop_map(Self::Stroke),
            Any::any().prop_map(Self::Text),
            Any::any().prop_map(Self::Transparent),
            Any::any().prop_map(Self::AlphaBlend),
            Any::any().prop_map(Self::Composite),
        ]
        .boxed()
    }
}

impl Any for PaletteSource {
    fn any() -> BoxedStrategy<Self> {
        prop_oneof![
            Just(Self::None),
            (Any::any(), Any::any()).prop_map(|(palette, cache)| Self::Inline { palette, cache }),
            Any::any().prop_map(Self::Cached),
        ]
        .boxed()
    }
}

impl Any for Bitmap {
    fn any() -> BoxedStrategy<Self> {
        let format = (1..=10_u8).prop_map(|number| BitmapFormat::try_from(number).unwrap());
        (format, 0..20_u32, 0..4_u32, 0..40_u32, any::<bool>(), PaletteSource::any())
            .prop_flat_map(|(format, width, height, stride, top_down, palette)| {
                let layout = Layout { format, size: Size::new(width, height), stride, top_down };
                vec(any::<u8>(), (stride * height) as usize).prop_map(move |data| Self {
                    layout,
                    palette: palette.clone(),
                    data: Bytes::from(data),
                })
            })
            .boxed()
    }
}

impl Any for ImageBody {
    fn any() -> BoxedStrategy<Self> {
        prop_oneof![
            Any::any().prop_map(Self::Bitmap),
            Any::any().prop_map(Self::Quic),
            Any::any().prop_map(Self::LzRgb),
            Any::any().prop_map(Self::LzPalette),
            Any::any().prop_map(Self::GlzRgb),
            (Any::any(), Any::any()).prop_map(|(glz_size, data)| Self::ZlibGlz { glz_size, data }),
            Any::any().prop_map(Self::Jpeg),
            (Any::any(), Any::any(), Any::any()).prop_map(|(top_down, jpeg_size, data)| Self::JpegAlpha {
                top_down,
                jpeg_size,
                data
            }),
            Any::any().prop_map(Self::Lz4),
            Just(Self::FromCache),
            Just(Self::FromCacheLossless),
            Any::any().prop_map(Self::Surface),
        ]
        .boxed()
    }
}
