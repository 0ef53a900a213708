//! Alpha blends and composites.

use super::author::Author;
use super::picture::From;
use super::script::Area;
use super::surfaces::{Format, Live};

const SOURCE_FILTER: i32 = 8;
const MASK_FILTER: i32 = 11;
const SOURCE_REPEAT: i32 = 14;
const MASK_REPEAT: i32 = 16;
const COMPONENT_ALPHA: i32 = 1 << 18;
const SOURCE_OPAQUE: i32 = 1 << 22;
const DEST_OPAQUE: i32 = 1 << 23;

impl Author {
    pub(super) fn alpha_blend(&mut self, target: &Live, area: Area) {
        let flags = self.dice.between(0, 4);
        let alpha = if self.dice.one_in(3) { 255 } else { self.dice.between(0, 256) };
        self.script.line(format_args!("alpha_flags {flags}\nalpha {alpha}"));
        self.source(target, area, From::StraightSurface);
    }

    /// Any operator of pixman, source and mask of any size and kind, transformed, filtered and repeated in any way.
    pub(super) fn composite(&mut self, target: &Live, area: Area) {
        let mut flags = self.operator();
        flags |= self.dice.between(0, 4) << SOURCE_REPEAT | self.dice.between(0, 4) << MASK_REPEAT;
        flags |= self.dice.between(0, 5) << SOURCE_FILTER | self.dice.between(0, 5) << MASK_FILTER;
        for flag in [COMPONENT_ALPHA, SOURCE_OPAQUE, DEST_OPAQUE] {
            flags |= if self.dice.one_in(4) { flag } else { 0 };
        }
        if target.format == Format::A8 {
            // The original ends its process.
            flags &= !DEST_OPAQUE;
        }
        self.script.field("flags", flags);
        let Area(_, _, width, height) = area;
        let opaque = flags & SOURCE_OPAQUE != 0;
        let source =
            self.composed(target, area, |live| !opaque || !matches!(live.format, Format::A1 | Format::A8));
        self.transform("src_transform", source.is_some());
        let mask = self.dice.one_in(2);
        self.script.field("mask", i32::from(mask));
        let masked_by =
            if mask { self.composed(target, area, |live| Some(live.number) != source) } else { None };
        if mask {
            self.transform("mask_transform", masked_by.is_some());
        } else {
            self.script.line("mask_transform 0");
        }
        for number in [source, masked_by].into_iter().flatten() {
            self.surfaces.bend(number, true);
        }
        let mut origin = || (self.dice.between(0, width), self.dice.between(0, height));
        let ((x, y), (mask_x, mask_y)) = (origin(), origin());
        self.script.line(format_args!("src_origin {x} {y}\nmask_origin {mask_x} {mask_y}"));
    }

    fn operator(&mut self) -> i32 {
        match self.dice.between(0, 4) {
            0 => self.dice.between(0x10, 0x1c),
            1 => self.dice.between(0x20, 0x2c),
            2 => self.dice.between(0x30, 0x3f),
            _ => self.dice.between(0, 14),
        }
    }

    /// A source or a mask: the number of a surface that suits, or pixels.
    fn composed(
        &mut self,
        target: &Live,
        Area(_, _, width, height): Area,
        suits: impl Fn(&Live) -> bool,
    ) -> Option<i32> {
        let suits = |live: &Live| live.number != target.number && suits(live);
        if self.dice.one_in(3)
            && let Some(live) = self.surfaces.choose(&mut self.dice, suits)
        {
            self.surface(&live);
            return Some(live.number);
        }
        let (columns, rows) = (self.dice.between(1, width + 1), self.dice.between(1, height + 1));
        self.picture(target, columns, rows);
        None
    }

    /// A matrix, mostly one that a desktop may use. Surfaces always have one: the original keeps it for later.
    fn transform(&mut self, key: &str, always: bool) {
        const ONE: i32 = 1 << 16;
        let wanted = self.dice.one_in(2);
        self.script.field(key, i32::from(wanted || always));
        if !wanted && !always {
            return;
        }
        let mut matrix = [ONE, 0, 0, 0, ONE, 0];
        let shift = [self.dice.between(-20, 20) * ONE, self.dice.between(-20, 20) * ONE];
        match if wanted { self.dice.between(0, 5) } else { 5 } {
            0 => [matrix[2], matrix[5]] = shift,
            1 => {
                [matrix[2], matrix[5]] = [self.dice.between(-ONE, ONE), self.dice.between(-ONE, ONE)];
            }
            2 => [matrix[0], matrix[4]] = [self.dice.between(1, 3 * ONE), self.dice.between(1, 3 * ONE)],
            3 => matrix = [0, ONE, shift[0], -ONE, 0, shift[1]],
            4 => {
                for (place, entry) in matrix.iter_mut().enumerate() {
                    let reach = if place % 3 == 2 { 30 * ONE } else { 2 * ONE };
                    *entry = self.dice.between(-reach, reach);
                }
            }
            _ => {}
        }
        let bytes: Vec<u8> = matrix.into_iter().flat_map(i32::to_le_bytes).collect();
        self.script.block("transform", &bytes);
    }
}
