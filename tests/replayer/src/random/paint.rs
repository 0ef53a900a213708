//! Brushes, masks and how pixels meet.

use super::author::Author;
use super::picture::BITS;
use super::script::Area;
use super::surfaces::{Format, Live};

/// Where a pattern may begin: left of and above a point.
pub(super) type Before = (i32, i32);

/// Anywhere.
pub(super) const ANYWHERE: Before = (300, 200);

/// `SPICE_ROPD_OP_PUT`.
const PUT: i32 = 8;

impl Author {
    /// A descriptor of how pixels meet. On surfaces of 1 bit the original can only replace them.
    pub(super) fn rop(&mut self, target: &Live) -> i32 {
        if target.format == Format::A1 {
            return PUT;
        }
        let operation = self.dice.pick(&[PUT, PUT, PUT, 16, 32, 64, 128, 256, 512], PUT);
        operation | self.inversions()
    }

    /// Half of the time none; else any of those of source, brush, destination and result.
    fn inversions(&mut self) -> i32 {
        if self.dice.one_in(2) {
            return 0;
        }
        [1, 2, 4, 1024].into_iter().filter(|_| self.dice.one_in(2)).sum()
    }

    pub(super) fn scale(&mut self) {
        let mode = self.dice.between(0, 2);
        self.script.field("scale_mode", mode);
    }

    /// A colour, a pattern, or nothing.
    pub(super) fn brush(&mut self, target: &Live, (x, y): Before) {
        let pattern = target.format != Format::A1 && self.dice.one_in(3);
        if !pattern {
            return self.color(target);
        }
        self.script.line("type 2");
        let same = |live: &Live| live.number != target.number && live.format.bits() == target.format.bits();
        match self.surfaces.choose(&mut self.dice, same) {
            Some(live) if self.dice.one_in(3) => self.surface(&live),
            _ => self.tile(target),
        }
        let (x, y) = (self.dice.between(0, x), self.dice.between(0, y));
        self.script.point(x, y);
    }

    pub(super) fn tile(&mut self, target: &Live) {
        let (width, height) = (self.dice.between(1, 20), self.dice.between(1, 20));
        self.picture(target, width, height);
    }

    /// A colour, or nothing. On surfaces of 1 bit the original takes the latter for one of 32 bits.
    pub(super) fn color(&mut self, target: &Live) {
        if target.format != Format::A1 && self.dice.one_in(30) {
            return self.script.line("type 0");
        }
        let color = self.dice.color();
        self.script.line(format_args!("type 1\nu.color {color}"));
    }

    pub(super) fn mask(&mut self, Area(_, _, width, height): Area) {
        if !self.dice.one_in(4) {
            return self.script.line("flags 0\npoint 0 0\nimage 0");
        }
        let (x, y) = (self.dice.between(0, 5), self.dice.between(0, 5));
        let inverse = self.dice.between(0, 2);
        self.script.line(format_args!("flags {inverse}\npoint {x} {y}"));
        let bits = |live: &Live| live.format == Format::A1;
        match self.surfaces.choose(&mut self.dice, bits) {
            Some(live) if self.dice.one_in(2) => self.surface(&live),
            _ => self.bitmap(BITS, width + x, height + y),
        }
    }
}
