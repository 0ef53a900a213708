//! Images, and what uses them: brushes and masks.

use std::io::BufRead;

use crate::arena::{Arena, Fields, Place};
use crate::chunk::{self, Chain};
use crate::error::{Error, ErrorKind};
use crate::input::Input;
use crate::surfaces::Surfaces;

/// `SPICE_IMAGE_TYPE_*`: the ones that a guest may send and the format records.
const BITMAP: u8 = 0;
const QUIC: u8 = 1;
const SURFACE: u8 = 104;

/// `QXL_BITMAP_DIRECT`: the pixels lie in one piece, without chunks.
const DIRECT: u8 = 1;

const DESCRIPTOR_SIZE: usize = 18;
const IMAGE_SIZE: usize = DESCRIPTOR_SIZE + 30;
const BRUSH_PATTERN: u32 = 2;
const BRUSH_SOLID: u32 = 1;
/// Room of a brush for its colour or pattern.
const BRUSH_UNION: usize = 16;

/// What the readers of a command's parts share.
pub(crate) struct Parts<'a, R> {
    pub(crate) input: &'a mut Input<R>,
    pub(crate) arena: &'a mut Arena,
    pub(crate) surfaces: &'a mut Surfaces,
}

impl<R: BufRead> Parts<'_, R> {
    pub(crate) fn reserve(&mut self, size: usize) -> Result<Place, Error> {
        let limit = self.input.limits.command_bytes;
        self.arena.reserve(size, limit).map_err(|kind| self.input.error(kind))
    }

    pub(crate) fn chain(&mut self, name: &'static str, before: usize) -> Result<Chain, Error> {
        chunk::read(self.input, self.arena, name, before)
    }

    pub(crate) fn flat(&mut self, name: &'static str) -> Result<Chain, Error> {
        chunk::flat(self.input, self.arena, name)
    }

    pub(crate) fn expect_size(&self, what: &'static str, expected: u64, found: u64) -> Result<(), Error> {
        if expected == found {
            return Ok(());
        }
        Err(self.input.error(ErrorKind::Size { what, expected, found }))
    }

    /// Reads a point into two numbers of 32 bits.
    pub(crate) fn point(&mut self, fields: &mut Fields) -> Result<(), Error> {
        let [x, y] = self.input.numbers("point")?;
        fields.i32s(&[self.input.fit("x", x)?, self.input.fit("y", y)?]);
        Ok(())
    }

    /// Reads a rectangle: top, left, bottom, right, as the device has them.
    pub(crate) fn rect(&mut self, key: &'static str, fields: &mut Fields) -> Result<(), Error> {
        let edges: [i128; 4] = self.input.numbers(key)?;
        for edge in edges {
            fields.i32s(&[self.input.fit(key, edge)?]);
        }
        Ok(())
    }

    pub(crate) fn u8(&mut self, key: &'static str, fields: &mut Fields) -> Result<(), Error> {
        fields.u8(self.input.field(key)?);
        Ok(())
    }

    pub(crate) fn u16(&mut self, key: &'static str, fields: &mut Fields) -> Result<(), Error> {
        fields.u16(self.input.field(key)?);
        Ok(())
    }

    pub(crate) fn u32(&mut self, key: &'static str, fields: &mut Fields) -> Result<(), Error> {
        fields.u32(self.input.field(key)?);
        Ok(())
    }

    /// Reads an image and puts its address.
    pub(crate) fn image_address(&mut self, fields: &mut Fields) -> Result<(), Error> {
        let image = self.image()?;
        fields.address(image);
        Ok(())
    }

    /// Reads an image, which may be missing.
    pub(crate) fn image(&mut self) -> Result<Option<Place>, Error> {
        if !self.input.flag("image")? {
            return Ok(None);
        }
        let mut fields = Fields::default();
        fields.u64(self.input.field("descriptor.id")?);
        let kind = self.input.field("descriptor.type")?;
        fields.u8(kind);
        self.u8("descriptor.flags", &mut fields)?;
        self.u32("descriptor.width", &mut fields)?;
        self.u32("descriptor.height", &mut fields)?;
        match kind {
            BITMAP => self.bitmap(fields),
            QUIC => self.quic(fields),
            SURFACE => self.surface_image(fields),
            other => Err(self.input.error(ErrorKind::Image(other))),
        }
        .map(Some)
    }

    fn bitmap(&mut self, mut fields: Fields) -> Result<Place, Error> {
        self.u8("bitmap.format", &mut fields)?;
        let flags: u8 = self.input.field("bitmap.flags")?;
        fields.u8(flags);
        self.u32("bitmap.x", &mut fields)?;
        let rows: u32 = self.input.field("bitmap.y")?;
        let stride: u32 = self.input.field("bitmap.stride")?;
        fields.u32(rows).u32(stride);
        let place = self.reserve(IMAGE_SIZE)?;
        let palette = if self.input.flag("has_palette")? { Some(self.palette()?) } else { None };
        let Chain { place: pixels, bytes } =
            if flags & DIRECT != 0 { self.flat("image_data_flat")? } else { self.chain("bitmap.data", 0)? };
        self.expect_size("the bitmap", u64::from(rows) * u64::from(stride), bytes)?;
        fields.address(palette).address(Some(pixels));
        self.arena.fill(place, fields);
        Ok(place)
    }

    fn palette(&mut self) -> Result<Place, Error> {
        let entries: u16 = self.input.field("qp.num_ents")?;
        let mut fields = Fields::default();
        fields.u64(self.input.field("unique")?).u16(entries);
        for _ in 0..entries {
            self.u32("ents", &mut fields)?;
        }
        let place = self.reserve(10 + usize::from(entries) * 4)?;
        self.arena.fill(place, fields);
        Ok(place)
    }

    fn quic(&mut self, mut fields: Fields) -> Result<Place, Error> {
        let size: u32 = self.input.field("quic.data_size")?;
        fields.u32(size);
        let Chain { place, bytes } = self.chain("quic.data", DESCRIPTOR_SIZE + 4)?;
        self.expect_size("the QUIC image", u64::from(size), bytes)?;
        self.arena.fill(place, fields);
        Ok(place)
    }

    fn surface_image(&mut self, mut fields: Fields) -> Result<Place, Error> {
        let recorded = self.input.field("surface_image.surface_id")?;
        let id = self.surfaces.find(recorded).map_err(|kind| self.input.error(kind))?;
        fields.u32(id);
        let place = self.reserve(IMAGE_SIZE)?;
        self.arena.fill(place, fields);
        Ok(place)
    }

    pub(crate) fn brush(&mut self, fields: &mut Fields) -> Result<(), Error> {
        let kind = self.input.field("type")?;
        fields.u32(kind);
        match kind {
            BRUSH_SOLID => {
                self.u32("u.color", fields)?;
                fields.zeros(BRUSH_UNION - 4);
            }
            BRUSH_PATTERN => {
                self.image_address(fields)?;
                self.point(fields)?;
            }
            _ => {
                fields.zeros(BRUSH_UNION);
            }
        }
        Ok(())
    }

    pub(crate) fn mask(&mut self, fields: &mut Fields) -> Result<(), Error> {
        self.u8("flags", fields)?;
        self.point(fields)?;
        self.image_address(fields)
    }
}
