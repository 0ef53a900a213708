//! Strings of glyphs with their shapes.

use image::geometry::Point;
use qxl::memslot::PhysAddr;
use qxl::text::RasterGlyph;
use wire::drawable::{Glyph, GlyphDepth, GlyphString};
use zerocopy::FromBytes;

use crate::fault::GuestFault;
use crate::guest::memory::GroupMemory;

/// Bytes of one string.
const MAX_BYTES: usize = 8 << 20;

/// Reads the string at `address`.
pub(super) fn read(memory: GroupMemory<'_>, address: PhysAddr) -> Result<GlyphString, GuestFault> {
    let string: qxl::text::GlyphString = memory.read(address)?;
    let (bits, depth) = match string.bits() {
        Some(1) => (1, GlyphDepth::A1),
        Some(4) => (4, GlyphDepth::A4),
        Some(8) => (8, GlyphDepth::A8),
        _ => return Err(GuestFault::new(format_args!("text with flags {:#x}", string.flags.get()))),
    };
    let lead = std::mem::offset_of!(qxl::text::GlyphString, chunk) as u64;
    let data = memory.chunks(address, lead, MAX_BYTES)?;
    let mut rest = data.as_slice();
    let mut glyphs = Vec::with_capacity(usize::from(string.length.get()));
    for index in 0..string.length.get() {
        let cut = || GuestFault::new(format_args!("text is cut in glyph {index}"));
        let (head, after) = RasterGlyph::read_from_prefix(rest).map_err(|_| cut())?;
        let bytes = usize::try_from(head.shape_bytes(bits)).map_err(|_| cut())?;
        let (shape, next) = after.split_at_checked(bytes).ok_or_else(cut)?;
        glyphs.push(Glyph {
            render_position: Point::new(head.render_position.x.get(), head.render_position.y.get()),
            origin: Point::new(head.origin.x.get(), head.origin.y.get()),
            width: head.width.get(),
            height: head.height.get(),
            shape: shape.to_vec(),
        });
        rest = next;
    }
    let bottom_up = string.flags.get() & qxl::text::GlyphString::TOP_DOWN == 0;
    Ok(GlyphString { depth, bottom_up, glyphs })
}
