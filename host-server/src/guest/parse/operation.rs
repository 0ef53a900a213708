//! Drawing operations: from QXL's structures to the shared vocabulary, images left as addresses.

use image::geometry::Point;
use qxl::memslot::PhysAddr;
use qxl::operation::{LineAttributes, Paint, Transform};
use wire::drawable::{
    AlphaBlend, Brush, Composite, Copy, Fill, LineStyle, Mask, Opaque, Operation, Rop, Rop3, ScaleMode,
    Stroke, Text, Transparent,
};
use zerocopy::little_endian::I32;

use super::{glyphs, path, rect};
use crate::fault::GuestFault;
use crate::guest::command::ImageAddress;
use crate::guest::memory::GroupMemory;

/// Reads what the operation's structure points to, apart from images.
pub(super) fn read(
    memory: GroupMemory<'_>,
    operation: &qxl::drawable::Operation,
    colors_are_16_bit: bool,
) -> Result<Operation<ImageAddress>, GuestFault> {
    let brush = |from: qxl::operation::Brush| brush(from, colors_are_16_bit);
    Ok(match *operation {
        qxl::drawable::Operation::Nop => return Err(GuestFault::new("drawing operation nop")),
        qxl::drawable::Operation::Fill(qxl::operation::Fill { brush: from, rop, mask: at }) => {
            Operation::Fill(Fill { brush: brush(from), rop: Rop(rop.get()), mask: mask(at) })
        }
        qxl::drawable::Operation::Opaque(qxl::operation::Opaque {
            source,
            source_area,
            brush: from,
            rop,
            scale_mode,
            mask: at,
        }) => Operation::Opaque(Opaque {
            source: image(source),
            area: rect(source_area),
            brush: brush(from),
            rop: Rop(rop.get()),
            scale: scale(scale_mode),
            mask: mask(at),
        }),
        qxl::drawable::Operation::Copy(from) => Operation::Copy(copy(from)),
        qxl::drawable::Operation::Blend(from) => Operation::Blend(copy(from)),
        qxl::drawable::Operation::CopyBits(qxl::operation::CopyBits { source }) => {
            Operation::CopyBits { source: point(source) }
        }
        qxl::drawable::Operation::Blackness(at) => Operation::Blackness(mask(at)),
        qxl::drawable::Operation::Whiteness(at) => Operation::Whiteness(mask(at)),
        qxl::drawable::Operation::Invers(at) => Operation::Invers(mask(at)),
        qxl::drawable::Operation::Rop3(qxl::operation::Rop3 {
            source,
            source_area,
            brush: from,
            rop3,
            scale_mode,
            mask: at,
        }) => Operation::Rop3(Rop3 {
            source: image(source),
            area: rect(source_area),
            brush: brush(from),
            rop3,
            scale: scale(scale_mode),
            mask: mask(at),
        }),
        qxl::drawable::Operation::Stroke(qxl::operation::Stroke {
            path: at,
            attributes,
            brush: from,
            fore_mode,
            back_mode,
        }) => Operation::Stroke(Stroke {
            path: path::read(memory, at)?.into(),
            line: line_style(memory, attributes)?,
            brush: brush(from),
            fore_mode: Rop(fore_mode.get()),
            back_mode: Rop(back_mode.get()),
        }),
        qxl::drawable::Operation::Text(qxl::operation::Text {
            string,
            back_area,
            fore_brush,
            back_brush,
            fore_mode,
            back_mode,
        }) => Operation::Text(Text {
            glyphs: glyphs::read(memory, string)?.into(),
            back_area: rect(back_area),
            fore_brush: brush(fore_brush),
            back_brush: brush(back_brush),
            fore_mode: Rop(fore_mode.get()),
            back_mode: Rop(back_mode.get()),
        }),
        qxl::drawable::Operation::Transparent(qxl::operation::Transparent {
            source,
            source_area,
            source_color,
            true_color,
        }) => Operation::Transparent(Transparent {
            source: image(source),
            area: rect(source_area),
            source_color: source_color.get(),
            true_color: true_color.get(),
        }),
        qxl::drawable::Operation::AlphaBlend(qxl::operation::AlphaBlend {
            flags,
            alpha,
            source,
            source_area,
        }) => Operation::AlphaBlend(AlphaBlend {
            dest_has_alpha: flags.get() & qxl::operation::AlphaBlend::DEST_HAS_ALPHA != 0,
            source_surface_has_alpha: flags.get() & qxl::operation::AlphaBlend::SOURCE_SURFACE_HAS_ALPHA != 0,
            alpha,
            source: image(source),
            area: rect(source_area),
        }),
        qxl::drawable::Operation::Composite(composite) => {
            Operation::Composite(read_composite(memory, composite)?)
        }
    })
}

fn image(address: PhysAddr) -> ImageAddress {
    ImageAddress { address, is_mask: false }
}

fn brush(brush: qxl::operation::Brush, colors_are_16_bit: bool) -> Brush<ImageAddress> {
    match brush.paint() {
        Paint::None => Brush::None,
        Paint::Solid(color) if colors_are_16_bit => Brush::Solid(color_16_to_32(color)),
        Paint::Solid(color) => Brush::Solid(color),
        Paint::Pattern(pattern) => {
            Brush::Pattern { image: image(pattern.image), origin: point(pattern.position) }
        }
    }
}

/// 0RRRRRGGGGGBBBBB as 0x00RRGGBB, high bits repeated.
pub(in crate::guest) fn color_16_to_32(color: u32) -> u32 {
    let [low, high, ..] = color.to_le_bytes();
    image::pixel::rgb555_to_xrgb(u16::from_le_bytes([low, high]))
}

fn mask(mask: qxl::operation::Mask) -> Mask<ImageAddress> {
    let qxl::operation::Mask { flags, position, bitmap } = mask;
    Mask {
        inverse: flags & qxl::operation::Mask::INVERS != 0,
        origin: point(position),
        bitmap: (!bitmap.is_null()).then_some(ImageAddress { address: bitmap, is_mask: true }),
    }
}

fn copy(copy: qxl::operation::Copy) -> Copy<ImageAddress> {
    let qxl::operation::Copy { source, source_area, rop, scale_mode, mask: at } = copy;
    Copy {
        source: image(source),
        area: rect(source_area),
        rop: Rop(rop.get()),
        scale: scale(scale_mode),
        mask: mask(at),
    }
}

fn scale(mode: u8) -> ScaleMode {
    match qxl::operation::ScaleMode::try_from(mode) {
        Ok(qxl::operation::ScaleMode::Nearest) => ScaleMode::Nearest,
        Ok(qxl::operation::ScaleMode::Interpolate) | Err(_) => ScaleMode::Interpolate,
    }
}

fn line_style(memory: GroupMemory<'_>, line: LineAttributes) -> Result<LineStyle, GuestFault> {
    if line.flags & LineAttributes::STYLED == 0 {
        return Ok(LineStyle { flags: line.flags, dashes: Vec::new() });
    }
    let dashes: Vec<I32> = memory.read_all(line.style, 0, usize::from(line.style_segments))?;
    Ok(LineStyle { flags: line.flags, dashes: dashes.into_iter().map(I32::get).collect() })
}

fn read_composite(
    memory: GroupMemory<'_>,
    composite: qxl::operation::Composite,
) -> Result<Composite<ImageAddress>, GuestFault> {
    let qxl::operation::Composite {
        flags,
        source,
        source_transform,
        mask: at,
        mask_transform,
        source_origin,
        mask_origin,
    } = composite;
    let transform = |address: PhysAddr| -> Result<Option<[i32; 6]>, GuestFault> {
        if address.is_null() {
            return Ok(None);
        }
        let Transform { matrix } = memory.read(address)?;
        Ok(Some(matrix.map(I32::get)))
    };
    Ok(Composite {
        flags: flags.get(),
        source: image(source),
        mask: (!at.is_null()).then(|| image(at)),
        source_transform: transform(source_transform)?,
        mask_transform: transform(mask_transform)?,
        source_origin: point16(source_origin),
        mask_origin: point16(mask_origin),
    })
}

fn point(point: qxl::geometry::Point) -> Point {
    Point::new(point.x.get(), point.y.get())
}

fn point16(point: qxl::geometry::Point16) -> Point {
    Point::new(point.x.get().into(), point.y.get().into())
}
