//! Makes up one command after the other.

use super::dice::Dice;
use super::paint::ANYWHERE;
use super::picture::From;
use super::script::{Area, Script};
use super::surfaces::{Format, Live, Surfaces};

pub(super) const WIDTH: i32 = 320;
pub(super) const HEIGHT: i32 = 240;

/// `QXL_DRAW_*` by name.
pub(super) const OPERATIONS: [(u8, &str); 14] = [
    (1, "fill"),
    (2, "opaque"),
    (3, "copy"),
    (4, "copy bits"),
    (5, "blend"),
    (6, "blackness"),
    (7, "whiteness"),
    (8, "invers"),
    (9, "rop3"),
    (10, "stroke"),
    (11, "text"),
    (12, "transparent"),
    (13, "alpha blend"),
    (14, "composite"),
];

/// The state that makes up commands. A command never asks for what the original server takes as a reason to end
/// the process.
pub(super) struct Author {
    pub(super) dice: Dice,
    pub(super) surfaces: Surfaces,
    /// Images so far.
    pub(super) images: u64,
    /// The command that is being written.
    pub(super) script: Script,
    /// The surfaces that it reads.
    pub(super) sources: Vec<Live>,
    /// The part of its target that images of it may be, in place of pixels.
    pub(super) own_area: Option<Area>,
}

impl Author {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            dice: Dice::new(seed),
            surfaces: Surfaces::new(WIDTH, HEIGHT),
            images: 0,
            script: Script::default(),
            sources: Vec::new(),
            own_area: None,
        }
    }

    /// The next command: the text of an event, and its name.
    pub(super) fn command(&mut self) -> (Vec<u8>, String) {
        let mut script = Script::default();
        if let Some(name) = self.surfaces.change(&mut self.dice, &mut script) {
            let mut text = b"event 0 0 5 0\n".to_vec();
            text.extend(script.into_bytes());
            return (text, name);
        }
        let target = self.surfaces.target(&mut self.dice);
        let area = target.area(&mut self.dice, (120, 90));
        let (kind, name) = loop {
            let (kind, name) = self.dice.pick(&OPERATIONS, (1, "fill"));
            if can_be_drawn(kind, target.format) {
                break (kind, name);
            }
        };
        self.own_area = self.own_area(&target, area, kind);
        self.sources.clear();
        self.script = Script::default();
        self.clip(area);
        let clip = std::mem::take(&mut self.script).into_bytes();
        self.operation(&target, kind, area);
        let operation = std::mem::take(&mut self.script).into_bytes();
        let mut text = self.drawable(&target, area, &clip);
        text.extend(format!("type {kind}\n").into_bytes());
        text.extend(operation);
        (text, format!("{name} on {:?} {}", target.format, target.number))
    }

    fn drawable(&self, target: &Live, area: Area, clip: &[u8]) -> Vec<u8> {
        let mut script = Script::default();
        script.line("event 0 0 1 0\ndrawable");
        script.rect("bbox", area);
        let mut text = script.into_bytes();
        text.extend_from_slice(clip);
        let mut script = Script::default();
        script.line("effect 0\nmm_time 0");
        script.field("self_bitmap", i32::from(self.own_area.is_some()));
        script.rect("self_bitmap_area", self.own_area.unwrap_or(Area(0, 0, 0, 0)));
        script.field("surface_id", target.number);
        for index in 0..3 {
            match self.sources.get(index) {
                Some(source) => {
                    script.field("surfaces_dest", source.number);
                    script.rect("surfaces_rects", Area(0, 0, source.width, source.height));
                }
                None => script.line("surfaces_dest -1\nrect surfaces_rects 0 0 0 0"),
            }
        }
        text.extend(script.into_bytes());
        text
    }

    /// A part of the target that stands for images which are not given.
    fn own_area(&mut self, target: &Live, Area(_, _, width, height): Area, kind: u8) -> Option<Area> {
        // With these two the original takes no notice of it.
        let takes = !matches!(kind, 3 | 5) && !matches!(target.format, Format::A1 | Format::Rgb565);
        let (width, height) = (width + 4, height + 4);
        let fits = target.width >= width && target.height >= height;
        (takes && fits && self.dice.one_in(5)).then(|| target.area_of(&mut self.dice, width, height))
    }

    fn clip(&mut self, Area(x, y, width, height): Area) {
        if !self.dice.one_in(3) {
            return self.script.line("type 0");
        }
        // Side by side, so that they do not overlap.
        let count = self.dice.between(1, 4);
        let mut bytes = Vec::new();
        for column in 0..count {
            let (left, right) = (x + width * column / count, x + width * (column + 1) / count);
            let top = self.dice.between(y, y + height);
            let bottom = self.dice.between(top, y + height) + 1;
            bytes.extend([top, left, bottom, right].into_iter().flat_map(i32::to_le_bytes));
        }
        self.script.line(format_args!("type 1\nnum_rects {count}"));
        self.script.chunk("clip_rects", &bytes);
    }

    fn operation(&mut self, target: &Live, kind: u8, area: Area) {
        match kind {
            1 => {
                self.brush(target, ANYWHERE);
                let rop = self.rop(target);
                self.script.field("rop_descriptor", rop);
                self.mask(area);
            }
            2 => {
                self.source(target, area, From::SameDepth);
                self.brush(target, ANYWHERE);
                self.end(target, area);
            }
            3 | 5 if target.format == Format::A1 => {
                self.source_of(target, area, From::AnySurface, true);
                self.end(target, area);
            }
            3 | 5 => {
                self.source(target, area, From::SameDepth);
                self.end(target, area);
            }
            4 => {
                let Area(_, _, width, height) = area;
                let Area(x, y, ..) = target.area_of(&mut self.dice, width, height);
                self.script.point(x, y);
            }
            9 => {
                self.source(target, area, From::SameDepth);
                // With a pattern that begins further right or lower the original reads what lies before it.
                let Area(x, y, _, _) = area;
                self.brush(target, (x + 1, y + 1));
                let rop3 = self.rop3();
                self.script.field("rop3", rop3);
                self.scale();
                self.mask(area);
            }
            10 => self.stroke(target),
            11 => self.glyphs(target, area),
            12 => {
                self.source(target, area, From::SameDepth);
                let color = self.dice.color();
                self.script.line(format_args!("src_color {color}\ntrue_color {color}"));
            }
            13 => self.alpha_blend(target, area),
            14 => self.composite(target, area),
            _ => self.mask(area),
        }
    }

    /// How an image meets what is there.
    fn end(&mut self, target: &Live, area: Area) {
        let rop = self.rop(target);
        self.script.field("rop_descriptor", rop);
        self.scale();
        self.mask(area);
    }

    /// A ternary operation on which pattern, source and destination all have a say: the original ends the
    /// process for any other.
    fn rop3(&mut self) -> i32 {
        loop {
            let rop3 = self.dice.between(0, 256);
            let (pattern, source, destination) = (rop3 >> 4 ^ rop3, rop3 >> 2 ^ rop3, rop3 >> 1 ^ rop3);
            if pattern & 0x0f != 0 && source & 0x33 != 0 && destination & 0x55 != 0 {
                return rop3;
            }
        }
    }
}

/// Whether the original survives an operation on a surface of that format.
fn can_be_drawn(kind: u8, format: Format) -> bool {
    match format {
        Format::A1 => matches!(kind, 1 | 3 | 5 | 6 | 7 | 10 | 11 | 13),
        // Ternary operations know 16 and 32 bits.
        Format::A8 => kind != 9,
        _ => true,
    }
}
