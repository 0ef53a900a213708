//! Structures against bytes that a C compiler made of `spice/qxl_dev.h`, and against any bytes at all.
#![allow(clippy::unwrap_used, reason = "a test stops when something fails")]

use proptest::prelude::*;
use qxl::clip::Clip;
use qxl::cursor::{CursorAction, CursorCommand, CursorSet};
use qxl::drawable::{CompatDrawable, Drawable, DrawableHead, Operation};
use qxl::geometry::{Point, Point16, Rect};
use qxl::image::{Bitmap, BitmapFormat, ImageDescriptor, ImageKind};
use qxl::memslot::PhysAddr;
use qxl::operation::{
    AlphaBlend, Brush, Composite, Fill, LineAttributes, Mask, Paint, Pattern, Rop3, Stroke,
};
use qxl::release::ReleaseInfo;
use qxl::surface::{KEEP_DATA, SurfaceCommand, SurfaceCommandKind, SurfaceFormat, SurfaceShape};
use zerocopy::little_endian::{I32, U16, U32, U64};
use zerocopy::{FromBytes, IntoBytes};

/// Bytes as hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const ID: u64 = 0x0102_0304_0506_0708;

#[test]
fn a_fill_with_a_pattern() {
    let pattern = Pattern { image: PhysAddr::new(0x4142_4344_4546_4748), position: Point::new(-9, 10) };
    let mask = Mask {
        flags: Mask::INVERS,
        position: Point::new(11, -12),
        bitmap: PhysAddr::new(0x6162_6364_6566_6768),
    };
    let fill = Fill { brush: Brush::new(Paint::Pattern(pattern)), rop: U16::new(0x5152), mask };
    let rect = |top| Rect::new(top + 1, top, top + 3, top + 2);
    let head = DrawableHead {
        release: ReleaseInfo::new(ID),
        surface_id: U32::new(0x1112_1314),
        effect: 1,
        kind: 0,
        self_bitmap: 1,
        self_bitmap_area: Rect::new(2, 1, 4, 3),
        bbox: Rect::new(6, -5, 8, 7),
        clip: Clip { kind: U32::new(1), data: PhysAddr::new(0x2122_2324_2526_2728) },
        mm_time: U32::new(0x3132_3334),
        surface_deps: [-1, 0, 1].map(I32::new),
        surface_rects: [0, 10, 20].map(rect),
    };
    let expected = concat!(
        "08070605040302011413121101010101000000020000000300000004000000fbffffff060000000700000008000000",
        "01000000282726252423222134333231ffffffff000000000100000000000000010000000200000003000000",
        "0a0000000b0000000c0000000d00000014000000150000001600000017000000",
        "020000004847464544434241f7ffffff0a0000005251010b000000f4ffffff6867666564636261",
        "0000000000000000000000000000000000000000000000000000000000",
    );
    assert_eq!(hex(Drawable::new(head, &Operation::Fill(fill)).as_bytes()), expected);
}

#[test]
fn a_cursor_that_is_set() {
    let shape = PhysAddr::new(0x1112_1314_1516_1718);
    let set = CursorSet { position: Point16::new(-1, 2), visible: 1, shape };
    let command = CursorCommand::new(ID, CursorAction::Set(set));
    let expected = format!("{}{}", "080706050403020100ffff0200011817161514131211", "00".repeat(128));
    assert_eq!(hex(command.as_bytes()), expected);
}

#[test]
fn an_image_with_a_bitmap() {
    let descriptor = ImageDescriptor {
        id: U64::new(ID),
        kind: ImageKind::Bitmap.code(),
        flags: ImageDescriptor::CACHE,
        width: U32::new(0x1112_1314),
        height: U32::new(0x2122_2324),
    };
    let bitmap = Bitmap {
        format: BitmapFormat::Bit32.code(),
        flags: Bitmap::DIRECT | Bitmap::TOP_DOWN,
        width: U32::new(0x3132_3334),
        height: U32::new(0x4142_4344),
        stride: U32::new(0x5152_5354),
        palette: PhysAddr::new(0x6162_6364_6566_6768),
        data: PhysAddr::new(0x7172_7374_7576_7778),
    };
    let expected = concat!(
        "080706050403020100011413121124232221",
        "080534333231444342415453525168676665646362617877767574737271",
    );
    assert_eq!(hex(&[descriptor.as_bytes(), bitmap.as_bytes()].concat()), expected);
}

#[test]
fn a_surface_that_is_destroyed() {
    let command = SurfaceCommand {
        release: ReleaseInfo::new(ID),
        surface_id: U32::new(0x1112_1314),
        kind: SurfaceCommandKind::Destroy.code(),
        flags: U32::new(KEEP_DATA),
        shape: SurfaceShape {
            format: U32::new(SurfaceFormat::Rgb565.code()),
            width: U32::new(0x2122_2324),
            height: U32::new(0x3132_3334),
            stride: I32::new(-64),
            data: PhysAddr::new(0x4142_4344_4546_4748),
        },
    };
    let expected = "0807060504030201141312110101000000500000002423222134333231c0ffffff4847464544434241";
    assert_eq!(hex(command.as_bytes()), expected);
}

#[test]
fn the_members_of_the_union() {
    let stroke = Stroke {
        path: PhysAddr::new(ID),
        attributes: LineAttributes {
            flags: 1,
            join_style: 2,
            end_style: 3,
            style_segments: 4,
            width: I32::new(-5),
            miter_limit: I32::new(6),
            style: PhysAddr::new(0x1112_1314_1516_1718),
        },
        brush: Brush::new(Paint::Solid(0x2122_2324)),
        fore_mode: U16::new(0x3132),
        back_mode: U16::new(0x4142),
    };
    let expected = concat!(
        "080706050403020101020304fbffffff060000001817161514131211",
        "010000002423222100000000000000000000000032314241",
    );
    assert_eq!(hex(stroke.as_bytes()), expected);

    let composite = Composite {
        flags: U32::new(0x0102_0304),
        source: PhysAddr::new(0x11),
        source_transform: PhysAddr::new(0x22),
        mask: PhysAddr::new(0x33),
        mask_transform: PhysAddr::new(0x44),
        source_origin: Point16::new(-1, 2),
        mask_origin: Point16::new(3, -4),
    };
    let expected = concat!(
        "0403020111000000000000002200000000000000",
        "33000000000000004400000000000000ffff02000300fcff",
    );
    assert_eq!(hex(composite.as_bytes()), expected);

    let rop3 = Rop3 {
        source: PhysAddr::new(0x11),
        source_area: Rect::new(2, 1, 4, 3),
        brush: Brush::new(Paint::Solid(5)),
        rop3: 6,
        scale_mode: 7,
        mask: Mask { flags: 8, ..Mask::default() },
    };
    let expected = concat!(
        "11000000000000000100000002000000030000000400000001000000050000000000000000000000",
        "0000000006070800000000000000000000000000000000",
    );
    assert_eq!(hex(rop3.as_bytes()), expected);
}

#[test]
fn a_compatibility_alpha_blend_has_no_flags() {
    let mut bytes = [0; size_of::<CompatDrawable>()];
    bytes[9] = 13;
    bytes[60] = 200;
    bytes[61] = 0x11;
    let compat = CompatDrawable::read_from_bytes(&bytes).unwrap();
    let expected = AlphaBlend { alpha: 200, source: PhysAddr::new(0x11), ..AlphaBlend::default() };
    assert_eq!(compat.operation(), Ok(Operation::AlphaBlend(expected)));
}

macro_rules! any_bytes_come_back {
    ($($test:ident: $($layout:ty),+;)*) => {
        proptest! {
            $(#[test]
            fn $test(bytes in prop::collection::vec(any::<u8>(), 1..1500)) {
                $(
                    let repeated: Vec<u8> =
                        bytes.iter().copied().cycle().take(size_of::<$layout>()).collect();
                    let value = <$layout>::read_from_bytes(&repeated).unwrap();
                    prop_assert_eq!(value.as_bytes(), repeated);
                )+
            })*
        }
    };
}

any_bytes_come_back! {
    memory_structures_come_back: qxl::rom::Rom, qxl::rom::ClientMonitorsConfig, qxl::modes::Mode,
        qxl::modes::ModesHeader, qxl::ram::RingHeader, qxl::ram::SlotRange, qxl::ram::PrimarySurface,
        qxl::ram::CommandRingLayout, qxl::ram::ReleaseRingLayout, qxl::monitors::MonitorsConfig,
        qxl::monitors::Head, qxl::ram::RamHeader;
    command_structures_come_back: qxl::command::Command, qxl::command::CommandExt,
        qxl::command::UpdateCommand, qxl::command::CompatUpdateCommand, qxl::command::Message,
        qxl::cursor::CursorCommand, qxl::cursor::Cursor, qxl::cursor::CursorSet,
        qxl::cursor::CursorTrail, qxl::surface::SurfaceCommand, qxl::release::ReleaseInfo,
        qxl::chunk::DataChunk, qxl::drawable::Drawable, qxl::drawable::CompatDrawable;
    operation_structures_come_back: qxl::operation::Fill, qxl::operation::Opaque, qxl::operation::Copy,
        qxl::operation::Transparent, qxl::operation::AlphaBlend, qxl::operation::CompatAlphaBlend,
        qxl::operation::CopyBits, qxl::operation::Rop3, qxl::operation::Stroke, qxl::operation::Text,
        qxl::operation::Composite, qxl::operation::Transform, qxl::operation::Mask;
    data_structures_come_back: qxl::image::ImageDescriptor, qxl::image::Bitmap,
        qxl::image::PaletteHeader, qxl::image::SurfaceImage, qxl::image::CompressedImage,
        qxl::path::Path, qxl::path::PathSegment, qxl::text::GlyphString, qxl::text::RasterGlyph,
        qxl::clip::Clip, qxl::clip::ClipRects, qxl::geometry::FixedPoint, qxl::geometry::UnsignedRect;
}

proptest! {
    #[test]
    fn an_operation_comes_back_from_its_drawing(kind in 0..15u8, body: [u8; 32], more: [u8; 32]) {
        let mut drawable = Drawable::default();
        drawable.head.kind = kind;
        drawable.body.bytes[..32].copy_from_slice(&body);
        drawable.body.bytes[32..64].copy_from_slice(&more);
        let operation = drawable.operation().unwrap();
        prop_assert_eq!(operation.kind().code(), kind);
        prop_assert_eq!(Drawable::new(drawable.head, &operation).operation(), Ok(operation));
    }

    #[test]
    fn an_unknown_operation_is_refused(kind in 15..=u8::MAX) {
        let mut drawable = Drawable::default();
        drawable.head.kind = kind;
        prop_assert!(drawable.operation().is_err());
    }
}
