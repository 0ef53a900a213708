//! Drawing commands: the fields that all have, and those of each operation.
//!
//! A recording keeps the fields in another order than the structure has them, so the common ones are read
//! first and put together at the end.

use std::io::BufRead;

use crate::arena::{Fields, Place};
use crate::error::{Error, ErrorKind};
use crate::picture::Parts;

/// Bytes of a `QXLDrawable`, whatever its operation.
pub(crate) const SIZE: usize = 191;

const CLIP_RECTS: u32 = 1;
/// `SPICE_LINE_FLAGS_STYLED`.
const STYLED: u8 = 8;
const TRANSFORM_BYTES: u64 = 24;

/// Operations by their number in the structure.
mod operation {
    pub(super) const NOP: u8 = 0;
    pub(super) const FILL: u8 = 1;
    pub(super) const OPAQUE: u8 = 2;
    pub(super) const COPY: u8 = 3;
    pub(super) const COPY_BITS: u8 = 4;
    pub(super) const BLEND: u8 = 5;
    pub(super) const BLACKNESS: u8 = 6;
    pub(super) const WHITENESS: u8 = 7;
    pub(super) const INVERS: u8 = 8;
    pub(super) const ROP3: u8 = 9;
    pub(super) const STROKE: u8 = 10;
    pub(super) const TEXT: u8 = 11;
    pub(super) const TRANSPARENT: u8 = 12;
    pub(super) const ALPHA_BLEND: u8 = 13;
    pub(super) const COMPOSITE: u8 = 14;
}

impl<R: BufRead> Parts<'_, R> {
    /// Reads a drawing command into the structure that was reserved for it.
    pub(crate) fn drawable(&mut self, place: Place) -> Result<(), Error> {
        self.input.marker("drawable")?;
        let mut bbox = Fields::default();
        self.rect("rect bbox", &mut bbox)?;
        let mut clip = Fields::default();
        self.clip(&mut clip)?;
        let effect = self.input.field("effect")?;
        let time = self.input.field("mm_time")?;
        let (first_revision, self_bitmap) = self.input.either("self_bitmap", "bitmap_offset")?;
        if first_revision {
            return Err(self.input.error(ErrorKind::FirstRevision));
        }
        let mut area = Fields::default();
        self.rect("rect self_bitmap_area", &mut area)?;
        let recorded = self.input.field("surface_id")?;
        let surface = self.surfaces.find(recorded).map_err(|kind| self.input.error(kind))?;
        let (mut sources, mut source_areas) = (Fields::default(), Fields::default());
        for _ in 0..3 {
            let recorded = self.input.field("surfaces_dest")?;
            sources.u32(self.surfaces.find_or_none(recorded));
            self.rect("rect surfaces_rects", &mut source_areas)?;
        }
        let kind = self.input.field("type")?;

        let mut fields = Fields::default();
        fields.u64(0).u32(surface).u8(effect).u8(kind).u8(self_bitmap);
        fields.append(area).append(bbox).append(clip).u32(time).append(sources).append(source_areas);
        self.operation(kind, &mut fields)?;
        self.arena.fill(place, fields);
        Ok(())
    }

    fn clip(&mut self, fields: &mut Fields) -> Result<(), Error> {
        let kind = self.input.field("type")?;
        fields.u32(kind);
        if kind != CLIP_RECTS {
            fields.address(None);
            return Ok(());
        }
        let count: u32 = self.input.field("num_rects")?;
        let chain = self.chain("clip_rects", 4)?;
        let mut head = Fields::default();
        head.u32(count);
        self.arena.fill(chain.place, head);
        fields.address(Some(chain.place));
        Ok(())
    }

    fn operation(&mut self, kind: u8, fields: &mut Fields) -> Result<(), Error> {
        match kind {
            operation::NOP => Ok(()),
            operation::FILL => self.fill(fields),
            operation::OPAQUE => self.opaque(fields),
            operation::COPY | operation::BLEND => self.copy(fields),
            operation::COPY_BITS => self.point(fields),
            operation::BLACKNESS | operation::WHITENESS | operation::INVERS => self.mask(fields),
            operation::ROP3 => self.rop3(fields),
            operation::STROKE => self.stroke(fields),
            operation::TEXT => self.text(fields),
            operation::TRANSPARENT => self.transparent(fields),
            operation::ALPHA_BLEND => self.alpha_blend(fields),
            operation::COMPOSITE => self.composite(fields),
            other => Err(self.input.error(ErrorKind::Operation(other))),
        }
    }

    fn fill(&mut self, fields: &mut Fields) -> Result<(), Error> {
        self.brush(fields)?;
        self.u16("rop_descriptor", fields)?;
        self.mask(fields)
    }

    fn source(&mut self, fields: &mut Fields) -> Result<(), Error> {
        self.image_address(fields)?;
        self.rect("rect src_area", fields)
    }

    fn opaque(&mut self, fields: &mut Fields) -> Result<(), Error> {
        self.source(fields)?;
        self.brush(fields)?;
        self.u16("rop_descriptor", fields)?;
        self.u8("scale_mode", fields)?;
        self.mask(fields)
    }

    fn copy(&mut self, fields: &mut Fields) -> Result<(), Error> {
        self.source(fields)?;
        self.u16("rop_descriptor", fields)?;
        self.u8("scale_mode", fields)?;
        self.mask(fields)
    }

    fn rop3(&mut self, fields: &mut Fields) -> Result<(), Error> {
        self.source(fields)?;
        self.brush(fields)?;
        self.u8("rop3", fields)?;
        self.u8("scale_mode", fields)?;
        self.mask(fields)
    }

    fn transparent(&mut self, fields: &mut Fields) -> Result<(), Error> {
        self.source(fields)?;
        self.u32("src_color", fields)?;
        self.u32("true_color", fields)
    }

    fn alpha_blend(&mut self, fields: &mut Fields) -> Result<(), Error> {
        self.u16("alpha_flags", fields)?;
        self.u8("alpha", fields)?;
        self.source(fields)
    }

    fn stroke(&mut self, fields: &mut Fields) -> Result<(), Error> {
        let path = self.chain("path", 4)?;
        let mut head = Fields::default();
        head.u32(self.input.fit("data_size", i128::from(path.bytes))?);
        self.arena.fill(path.place, head);
        fields.address(Some(path.place));
        self.line_style(fields)?;
        self.brush(fields)?;
        self.u16("fore_mode", fields)?;
        self.u16("back_mode", fields)
    }

    /// Flags, joins and ends (not recorded), number of dashes, width and miter limit (not recorded).
    fn line_style(&mut self, fields: &mut Fields) -> Result<(), Error> {
        let flags = self.input.field("attr.flags")?;
        fields.u8(flags).zeros(2);
        if flags & STYLED == 0 {
            fields.zeros(1 + 8).address(None);
            return Ok(());
        }
        let dashes: u8 = self.input.field("attr.style_nseg")?;
        let style = self.flat("style")?;
        self.expect_size("the dashes", u64::from(dashes) * 4, style.bytes)?;
        fields.u8(dashes).zeros(8).address(Some(style.place));
        Ok(())
    }

    fn text(&mut self, fields: &mut Fields) -> Result<(), Error> {
        let string = self.string()?;
        fields.address(Some(string));
        self.rect("rect back_area", fields)?;
        self.brush(fields)?;
        self.brush(fields)?;
        self.u16("fore_mode", fields)?;
        self.u16("back_mode", fields)
    }

    fn string(&mut self) -> Result<Place, Error> {
        let size: u32 = self.input.field("data_size")?;
        let mut head = Fields::default();
        head.u32(size);
        self.u16("length", &mut head)?;
        self.u16("flags", &mut head)?;
        let chain = self.chain("string", 8)?;
        self.expect_size("the string", u64::from(size), chain.bytes)?;
        self.arena.fill(chain.place, head);
        Ok(chain.place)
    }

    fn composite(&mut self, fields: &mut Fields) -> Result<(), Error> {
        self.u32("flags", fields)?;
        self.image_address(fields)?;
        self.transform("src_transform", fields)?;
        if self.input.flag("mask")? {
            self.image_address(fields)?;
        } else {
            fields.address(None);
        }
        self.transform("mask_transform", fields)?;
        for key in ["src_origin", "mask_origin"] {
            let [x, y] = self.input.numbers(key)?;
            fields.u16(self.input.fit(key, x)?).u16(self.input.fit(key, y)?);
        }
        Ok(())
    }

    fn transform(&mut self, key: &'static str, fields: &mut Fields) -> Result<(), Error> {
        if !self.input.flag(key)? {
            fields.address(None);
            return Ok(());
        }
        let matrix = self.flat("transform")?;
        self.expect_size("the transform", TRANSFORM_BYTES, matrix.bytes)?;
        fields.address(Some(matrix.place));
        Ok(())
    }
}
