//! The surfaces that there are while a sequence of commands is made up.

use super::dice::Dice;
use super::script::{Area, Script};

/// `SPICE_SURFACE_FMT_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    A1 = 1,
    A8 = 8,
    Rgb555 = 16,
    Rgb565 = 80,
    Xrgb = 32,
    Argb = 96,
}

impl Format {
    const ALL: [Self; 6] = [Self::A1, Self::A8, Self::Rgb555, Self::Rgb565, Self::Xrgb, Self::Argb];

    pub(super) const fn bits(self) -> i32 {
        self as i32 & 0x3f
    }

    /// Whether the original draws images with a palette on such a surface; on others they end its process.
    pub(super) const fn takes_palettes(self) -> bool {
        matches!(self, Self::Rgb555 | Self::Xrgb | Self::Argb)
    }
}

/// A surface that exists.
#[derive(Clone, Copy, Debug)]
pub(super) struct Live {
    pub(super) number: i32,
    pub(super) format: Format,
    pub(super) width: i32,
    pub(super) height: i32,
    /// In the original, it has kept the transform of an operation that read it.
    pub(super) bent: bool,
}

impl Live {
    /// A part that is not empty.
    pub(super) fn area(&self, dice: &mut Dice, (most_wide, most_high): (i32, i32)) -> Area {
        let width = dice.between(1, self.width.min(most_wide) + 1);
        let height = dice.between(1, self.height.min(most_high) + 1);
        self.area_of(dice, width, height)
    }

    /// A part of that size, which fits.
    pub(super) fn area_of(&self, dice: &mut Dice, width: i32, height: i32) -> Area {
        let x = dice.between(0, self.width - width + 1);
        let y = dice.between(0, self.height - height + 1);
        Area(x, y, width, height)
    }
}

/// All that exist, the primary one first.
pub(super) struct Surfaces {
    live: Vec<Live>,
    last: i32,
}

impl Surfaces {
    const MOST: usize = 10;

    pub(super) fn new(width: i32, height: i32) -> Self {
        let primary = Live { number: 0, format: Format::Xrgb, width, height, bent: false };
        Self { live: vec![primary], last: 0 }
    }

    /// What is drawn on next: half of the time the primary surface.
    pub(super) fn target(&self, dice: &mut Dice) -> Live {
        let primary = Live { number: 0, format: Format::Xrgb, width: 1, height: 1, bent: false };
        let primary = self.live.first().copied().unwrap_or(primary);
        if dice.one_in(2) { primary } else { dice.pick(&self.live, primary) }
    }

    /// One that `suits`, if there is any.
    pub(super) fn choose(&self, dice: &mut Dice, suits: impl Fn(&Live) -> bool) -> Option<Live> {
        let suitable: Vec<Live> = self.live.iter().copied().filter(suits).collect();
        let first = *suitable.first()?;
        Some(dice.pick(&suitable, first))
    }

    /// The original forgets a surface's transform, or keeps one.
    pub(super) fn bend(&mut self, number: i32, bent: bool) {
        for live in self.live.iter_mut().filter(|live| live.number == number) {
            live.bent = bent;
        }
    }

    /// Whether it is time for a surface to come or to go: writes the command.
    pub(super) fn change(&mut self, dice: &mut Dice, script: &mut Script) -> Option<String> {
        let few = self.live.len() < Self::MOST;
        if few && dice.one_in(if self.live.len() < 5 { 3 } else { 12 }) {
            return Some(self.create(dice, script));
        }
        if self.live.len() > 2 && dice.one_in(25) {
            let gone = dice.between(1, i32::try_from(self.live.len()).unwrap_or(i32::MAX));
            let Live { number, .. } = self.live.remove(usize::try_from(gone).unwrap_or(1));
            script.line(format_args!("surface_cmd\nsurface_id {number}\ntype 1\nflags 0"));
            return Some(format!("destroy surface {number}"));
        }
        None
    }

    fn create(&mut self, dice: &mut Dice, script: &mut Script) -> String {
        self.last += 1;
        let format = dice.pick(&Format::ALL, Format::Argb);
        let (width, height) = (dice.between(1, 200), dice.between(1, 150));
        self.live.push(Live { number: self.last, format, width, height, bent: false });
        let stride = (width * format.bits() + 31) / 32 * 4 + dice.pick(&[0, 0, 8], 0);
        let keep = dice.one_in(2);
        script.line(format_args!("surface_cmd\nsurface_id {}\ntype 0\nflags {}", self.last, i32::from(keep)));
        script.field("u.surface_create.format", format as i32);
        script.field("u.surface_create.width", width);
        script.field("u.surface_create.height", height);
        script.field("u.surface_create.stride", stride);
        if keep {
            script.block("data", &dice.bytes(stride * height));
        }
        format!("create surface {} {format:?}", self.last)
    }
}
