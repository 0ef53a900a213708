//! The device as an operating system's driver sees it.

use qxl::ram::interrupt;

use crate::bus::Bus;
use crate::card::Card;
use crate::cursor::{Cursor, CursorPixels, CursorSize};
use crate::damage::{Framebuffer, Progress, Refused, Run, Translator};
use crate::fault::{Dead, ScreenError, StartError};
use crate::geometry::{Point, Rect};
use crate::interrupts::Interrupts;
use crate::monitors::{self, Wishes};
use crate::primary::{Head, Screen};
use crate::statistics::Statistics;

/// How often the device may find fault with the driver and be taken up again, under one screen.
const ERRORS: u32 = 8;

/// How often room is found again right after there was none, in one go. A device that takes commands as fast as they
/// come needs a few; one that plays with its indices does not keep the driver for ever.
const ROUNDS: u32 = 1000;

/// A device with what it shows. A driver calls it under a lock of its own; only [`Interrupts`] needs none.
pub struct Device<B: Bus> {
    card: Card<B>,
    /// What the screen shall show, from the first screen on.
    picture: Option<Translator>,
    screen: Screen,
    cursor: Cursor,
    /// For hashes of what programs draw.
    secret: u64,
    /// Why nothing is done.
    down: Option<Dead>,
    errors: u32,
}

impl<B: Bus> Device<B> {
    /// Resets the device, checks its memory, adds its memory slot and takes up the rings.
    pub fn start(bus: B) -> Result<Self, StartError> {
        let secret = u64::from(bus.random()) << 32 | u64::from(bus.random());
        let cursor = Cursor::new(secret)?;
        let card = Card::start(bus)?;
        Ok(Self { card, picture: None, screen: Screen::default(), cursor, secret, down: None, errors: 0 })
    }

    /// The interrupt handler's part.
    pub fn interrupts(&self) -> Interrupts<B::Ram> {
        Interrupts::new(self.card.header.clone())
    }

    /// What the device is reached by.
    pub fn bus(&mut self) -> &mut B {
        &mut self.card.bus
    }

    /// The bytes that all heads together may take, 4 for each pixel of the smallest rectangle around them.
    pub fn primary_bytes(&self) -> u64 {
        self.card.layout.primary.len
    }

    /// Whether the device passes on what a client asks for, and takes more than one head.
    pub fn has_monitors(&self) -> bool {
        self.card.layout.has_monitors
    }

    /// Shows these heads; none turns the screen off. What heads show stays where it was on the screen, and is black
    /// where there was none, as is what no head shows. When it is refused, the screen is what it was; a device that is dead takes no other one.
    pub fn set_screen(&mut self, heads: &[Head]) -> Result<Progress, ScreenError> {
        self.alive()?;
        let screen = Screen::new(heads, self.primary_bytes())?;
        if screen == self.screen {
            return Ok(self.flush()?);
        }
        let is_same_size = (screen.width(), screen.height()) == (self.screen.width(), self.screen.height());
        if !screen.is_off() && !is_same_size {
            match &mut self.picture {
                // A screen that comes back as it was needs no memory.
                Some(picture) if picture.is_sized(screen.width(), screen.height()) => (),
                Some(picture) => picture.resize(screen.width(), screen.height())?,
                none => *none = Some(Translator::new(screen.width(), screen.height(), self.secret)?),
            }
        }
        let before = core::mem::replace(&mut self.screen, screen);
        if let Some(picture) = &mut self.picture {
            let black = Black { width: screen.width(), height: screen.height() };
            screen.each_gap(&mut |gap| picture.merge(&black, Point::default(), &[gap]));
        }
        if self.card.was_reset() {
            self.restart()?;
        } else if is_same_size {
            self.card.configure_monitors(&self.screen);
        } else {
            if !before.is_off() {
                self.card.destroy_primary();
            }
            self.show_screen();
        }
        self.errors = 0;
        Ok(self.flush()?)
    }

    /// Shows what is damaged of a head's frame. Damage is in pixels from the frame's corner; what is outside of it or of
    /// the head is nothing.
    pub fn update<F: Framebuffer>(
        &mut self,
        head: usize,
        frame: &F,
        damage: &[Rect],
    ) -> Result<Progress, Dead> {
        self.alive()?;
        if let (Some(area), Some(picture)) = (self.screen.head(head), &mut self.picture) {
            let clipped = Clipped { frame, width: area.width(), height: area.height() };
            picture.merge(&clipped, Point { x: area.left, y: area.top }, damage);
        }
        self.flush()
    }

    /// Draws what is left of earlier damage, as far as there is room.
    ///
    /// After [`Progress::Pending`] the display or cursor interrupt comes when there is more. When it has not come for
    /// 100 milliseconds, call [`starve`](Self::starve).
    pub fn flush(&mut self) -> Result<Progress, Dead> {
        self.alive()?;
        if self.card.was_reset() {
            self.restart()?;
        }
        let end = match self.emit() {
            // Indices that jump are how a reset looks in the middle of something.
            Err(_) if self.card.was_reset() => {
                self.restart()?;
                self.emit()
            }
            other => other,
        };
        end.inspect_err(|dead| self.down = Some(*dead))
    }

    /// Nothing has come back from the device for a long time: asks for memory if that is what is missing, and goes on.
    pub fn starve(&mut self) -> Result<Progress, Dead> {
        self.alive()?;
        if self.card.is_starving() && !self.card.was_reset() {
            self.card.starve().inspect_err(|dead| self.down = Some(*dead))?;
        }
        self.flush()
    }

    /// Does what the [bits](interrupt) that [`Interrupts::take`] told ask for. A client's new arrangement is for the
    /// caller to [look at](Self::client_monitors).
    pub fn interrupted(&mut self, bits: u32) -> Result<Progress, Dead> {
        self.alive()?;
        if bits & interrupt::ERROR != 0 {
            // It does nothing any more until it is reset.
            self.errors = self.errors.saturating_add(1);
            if self.errors > ERRORS {
                self.down = Some(Dead::TooManyErrors);
                return Err(Dead::TooManyErrors);
            }
            self.restart()?;
        }
        self.flush()
    }

    /// Shows another pointer. The hot spot is in pixels from the shape's corner.
    pub fn set_cursor<C: CursorPixels>(
        &mut self,
        pixels: &C,
        hot_spot: Point,
    ) -> Result<Progress, CursorError> {
        self.alive()?;
        self.cursor.set(pixels, hot_spot)?;
        Ok(self.flush()?)
    }

    /// Moves the pointer's hot spot, in pixels from the corner of the screen.
    pub fn move_cursor(&mut self, x: i32, y: i32) -> Result<Progress, Dead> {
        self.alive()?;
        let Point { x: left, y: top } = self.screen.corner();
        let relative = |at: i32, edge: u32| at.saturating_sub(i32::try_from(edge).unwrap_or(i32::MAX));
        if !self.cursor.move_to(relative(x, left), relative(y, top)) {
            let dropped = &mut self.card.statistics.moves_dropped;
            *dropped = dropped.saturating_add(1);
            return Ok(if self.card.is_expecting() { Progress::Pending } else { Progress::Done });
        }
        self.flush()
    }

    /// Shows no pointer.
    pub fn hide_cursor(&mut self) -> Result<Progress, Dead> {
        self.alive()?;
        self.cursor.hide();
        self.flush()
    }

    /// What a client asks for; nothing when none does.
    pub fn client_monitors(&self) -> Option<Wishes> {
        if self.has_monitors() { monitors::read(&self.card.bus) } else { None }
    }

    /// The checksum of what a head shall show; 0 without one.
    pub fn checksum(&self, head: usize) -> u32 {
        match (&self.picture, self.screen.head(head)) {
            (Some(picture), Some(area)) => picture.checksum(area),
            _ => 0,
        }
    }

    /// Takes everything back and leaves the device as after a reset. [`resume`](Self::resume) undoes it.
    pub fn suspend(&mut self) {
        self.card.abandon();
        self.cursor.forget();
        self.down = Some(Dead::Suspended);
    }

    /// Takes the device up again, with the screen, pointer and picture that it had, also when it was dead.
    pub fn resume(&mut self) -> Result<Progress, Dead> {
        self.down = None;
        self.errors = 0;
        self.restart()?;
        self.flush()
    }

    /// Leaves the device as it was found: VGA's text is visible.
    pub fn shut_down(&mut self) {
        self.suspend();
    }

    /// What was done so far.
    pub fn statistics(&self) -> &Statistics {
        &self.card.statistics
    }

    fn alive(&self) -> Result<(), Dead> {
        self.down.map_or(Ok(()), Err)
    }

    /// Takes the device up from the start, and has everything drawn again.
    fn restart(&mut self) -> Result<(), Dead> {
        if let Err(error) = self.card.restart() {
            let dead = Dead::Restart(error);
            self.down = Some(dead);
            return Err(dead);
        }
        let restarts = &mut self.card.statistics.restarts;
        *restarts = restarts.saturating_add(1);
        self.show_screen();
        Ok(())
    }

    /// Creates the primary surface on a device that has none.
    fn show_screen(&mut self) {
        self.cursor.forget();
        if self.screen.is_off() {
            return;
        }
        self.card.create_primary(&self.screen);
        self.card.configure_monitors(&self.screen);
        if let Some(picture) = &mut self.picture {
            picture.invalidate(self.screen.all());
        }
    }

    /// Draws as much as there is room for.
    fn emit(&mut self) -> Result<Progress, Dead> {
        self.card.reclaim()?;
        let Some(picture) = self.picture.as_mut().filter(|_| !self.screen.is_off()) else {
            self.card.expect(0);
            return Ok(Progress::Done);
        };
        self.card.look_at_clock();
        for _ in 0..ROUNDS {
            let drawn = match picture.emit(&mut self.card) {
                Ok(progress) => progress,
                Err(Refused::Full) => Progress::Pending,
                Err(Refused::Dead) => return Err(self.card.dead().unwrap_or(Dead::Suspended)),
            };
            let pointed = self.cursor.emit(&mut self.card)?;
            self.card.notify();
            if (drawn, pointed) == (Progress::Done, Progress::Done) {
                self.card.expect(0);
                return Ok(Progress::Done);
            }
            if self.card.must_wait()? {
                return Ok(Progress::Pending);
            }
            self.card.reclaim()?;
        }
        Ok(Progress::Pending)
    }
}

/// Why a pointer is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CursorError {
    /// It is too large, or has no pixels.
    Size(CursorSize),
    /// The device is not to be used any more.
    Dead(Dead),
}

impl From<CursorSize> for CursorError {
    fn from(size: CursorSize) -> Self {
        Self::Size(size)
    }
}

impl From<Dead> for CursorError {
    fn from(dead: Dead) -> Self {
        Self::Dead(dead)
    }
}

impl core::fmt::Display for CursorError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Size(size) => size.fmt(f),
            Self::Dead(dead) => dead.fmt(f),
        }
    }
}

impl core::error::Error for CursorError {}

/// Nothing to be seen.
struct Black {
    width: u32,
    height: u32,
}

impl Framebuffer for Black {
    fn width(&self) -> u32 {
        self.width
    }

    fn height(&self) -> u32 {
        self.height
    }

    fn read(&self, _: u32, _: u32, pixels: &mut [u32]) {
        pixels.fill(0);
    }
}

/// A frame, no larger than its head.
struct Clipped<'a, F> {
    frame: &'a F,
    width: u32,
    height: u32,
}

impl<F: Framebuffer> Framebuffer for Clipped<'_, F> {
    fn width(&self) -> u32 {
        self.frame.width().min(self.width)
    }

    fn height(&self) -> u32 {
        self.frame.height().min(self.height)
    }

    fn read(&self, x: u32, y: u32, pixels: &mut [u32]) {
        self.frame.read(x, y, pixels);
    }

    fn read_runs(&self, x: u32, y: u32, count: usize, take: impl FnMut(Run)) {
        self.frame.read_runs(x, y, count, take);
    }
}
