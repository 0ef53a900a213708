//! Paths and text.

use super::author::Author;
use super::paint::ANYWHERE;
use super::script::Area;
use super::surfaces::{Format, Live};

impl Author {
    pub(super) fn stroke(&mut self, target: &Live) {
        let mut path = Vec::new();
        for _ in 0..self.dice.between(1, 4) {
            self.figure(target, &mut path);
        }
        self.script.chunk("path", &path);
        self.line_style();
        // A surface as the pattern of a stroke makes the original read what is no image.
        self.brush_of_pixels(target);
        let mode = self.rop(target);
        self.script.line(format_args!("fore_mode {mode}\nback_mode 8"));
    }

    /// A line, or dashes, which may begin with a gap.
    fn line_style(&mut self) {
        const START_WITH_GAP: i32 = 4;
        const STYLED: i32 = 8;
        if !self.dice.one_in(3) {
            return self.script.line("attr.flags 0");
        }
        let gap = self.dice.pick(&[0, START_WITH_GAP], 0);
        let count = self.dice.between(1, 5);
        self.script.field("attr.flags", STYLED | gap);
        self.script.field("attr.style_nseg", count);
        let lengths = (0..count).flat_map(|_| self.dice.between(16, 400).to_le_bytes()).collect::<Vec<u8>>();
        self.script.block("style", &lengths);
    }

    /// Lines, curves, or lines and then curves; open or closed.
    fn figure(&mut self, target: &Live, path: &mut Vec<u8>) {
        const BEGIN: i32 = 1;
        const END: i32 = 2;
        const CLOSE: i32 = 8;
        const BEZIER: i32 = 16;
        let end = self.dice.pick(&[END, END | CLOSE], END);
        let (lines, curves) = (self.dice.between(2, 8), self.dice.between(1, 3) * 3);
        match self.dice.between(0, 3) {
            0 => self.segment(target, path, BEGIN | end, lines),
            1 => self.segment(target, path, BEGIN | end | BEZIER, curves + 1),
            _ => {
                self.segment(target, path, BEGIN, lines);
                self.segment(target, path, end | BEZIER, curves);
            }
        }
    }

    fn segment(&mut self, target: &Live, path: &mut Vec<u8>, flags: i32, count: i32) {
        path.extend([flags, count].into_iter().flat_map(i32::to_le_bytes));
        for _ in 0..count {
            let point = [self.dice.between(0, target.width * 16), self.dice.between(0, target.height * 16)];
            path.extend(point.into_iter().flat_map(i32::to_le_bytes));
        }
    }

    pub(super) fn glyphs(&mut self, target: &Live, area: Area) {
        // Of glyphs of 8 bits the original draws each row in the place of the next, and the first from what
        // lies behind them.
        let (depth_flag, bits) = self.dice.pick(&[(1, 1), (2, 4)], (2, 4));
        let Area(x, y, width, height) = area;
        let count = self.dice.between(1, 6);
        let mut string = Vec::new();
        for _ in 0..count {
            let place = [self.dice.between(x, x + width), self.dice.between(y, y + height), -1, -2];
            let (columns, rows) = (self.dice.between(1, 14), self.dice.between(1, 16));
            string.extend(place.into_iter().flat_map(i32::to_le_bytes));
            string.extend([columns, rows].into_iter().flat_map(|size| (size as u16).to_le_bytes()));
            string.extend(self.dice.bytes((columns * bits + 7) / 8 * rows));
        }
        self.script.line(format_args!("data_size {}\nlength {count}\nflags {depth_flag}", string.len()));
        self.script.chunk("string", &string);
        // With a back area only PUT draws anything.
        let (back, mode) = match self.dice.one_in(2) {
            true => (area, 8),
            false => (Area(0, 0, 0, 0), self.dice.pick(&[8, 8, 16, 32, 64, 512], 8)),
        };
        self.script.rect("back_area", back);
        self.ink(target);
        self.brush(target, ANYWHERE);
        self.script.line(format_args!("fore_mode {mode}\nback_mode 8"));
    }

    /// What glyphs are written with: also surfaces of other depths, which are bent by it.
    fn ink(&mut self, target: &Live) {
        if target.format == Format::A1 || !self.dice.one_in(6) {
            return self.brush_of_pixels(target);
        }
        match self.surfaces.choose(&mut self.dice, |live| live.number != target.number) {
            Some(live) => {
                self.script.line("type 2");
                self.surface(&live);
                self.surfaces.bend(live.number, true);
                let (x, y) = (self.dice.between(0, 300), self.dice.between(0, 200));
                self.script.point(x, y);
            }
            None => self.color(target),
        }
    }

    fn brush_of_pixels(&mut self, target: &Live) {
        if target.format == Format::A1 || !self.dice.one_in(3) {
            return self.color(target);
        }
        self.script.line("type 2");
        self.tile(target);
        let (x, y) = (self.dice.between(0, 300), self.dice.between(0, 200));
        self.script.point(x, y);
    }
}
