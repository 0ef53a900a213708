//! The primary surface: the pixels of all heads, and which part of them each head shows.

use core::mem::offset_of;

use qxl::ioport::IoPort;
use qxl::monitors::{Head as DeviceHead, MonitorsConfig};
use qxl::ram::{PrimarySurface, RamHeader, interrupt};
use qxl::surface::SurfaceFormat;
use zerocopy::IntoBytes;
use zerocopy::little_endian::{I32, U16, U32};

use crate::MAX_HEADS;
use crate::bus::Bus;
use crate::card::Card;
use crate::fault::ScreenError;
use crate::geometry::{Point, Rect};

/// A part of the screen that one monitor shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Where it is, in pixels from the corner of the screen.
    pub area: Rect,
}

/// The longest side of a screen in pixels: places on it are said in 16 bits with a sign.
pub(crate) const LONGEST: u32 = i16::MAX as u32;

/// How long the device may take to look at the monitors, in milliseconds.
const MONITORS_MS: u32 = 1000;

/// Heads on a primary surface that is the smallest rectangle around them: a larger one would be seen in full in the
/// emulator's own displays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Screen {
    heads: [Head; MAX_HEADS],
    count: usize,
    bounds: Rect,
}

impl Screen {
    /// The screen with these heads; none is a screen that is off.
    pub(crate) fn new(heads: &[Head], available: u64) -> Result<Self, ScreenError> {
        if heads.len() > MAX_HEADS {
            return Err(ScreenError::TooManyHeads(heads.len()));
        }
        if let Some(empty) = heads.iter().position(|head| head.area.is_empty()) {
            return Err(ScreenError::EmptyHead(empty));
        }
        let mut screen = Self { count: heads.len(), ..Self::default() };
        let mut bounds: Option<Rect> = None;
        for (place, head) in screen.heads.iter_mut().zip(heads) {
            *place = *head;
            let Rect { left, top, right, bottom } = head.area;
            bounds = Some(bounds.map_or(head.area, |all| Rect {
                left: all.left.min(left),
                top: all.top.min(top),
                right: all.right.max(right),
                bottom: all.bottom.max(bottom),
            }));
        }
        screen.bounds = bounds.unwrap_or_default();
        let (width, height) = (screen.width(), screen.height());
        let bytes = u64::from(width).saturating_mul(u64::from(height)).saturating_mul(4);
        if width > LONGEST || height > LONGEST || bytes > available {
            return Err(ScreenError::TooLarge { width, height, available });
        }
        Ok(screen)
    }

    /// Whether no head is on.
    pub(crate) fn is_off(&self) -> bool {
        self.count == 0
    }

    /// Pixels of the primary surface from edge to edge.
    pub(crate) fn width(&self) -> u32 {
        self.bounds.width()
    }

    /// Pixels of the primary surface from edge to edge.
    pub(crate) fn height(&self) -> u32 {
        self.bounds.height()
    }

    /// All of the primary surface.
    pub(crate) fn all(&self) -> Rect {
        Rect::new(0, 0, self.width(), self.height())
    }

    /// The screen's point at the primary surface's corner.
    pub(crate) fn corner(&self) -> Point {
        Point { x: self.bounds.left, y: self.bounds.top }
    }

    /// Where a head is on the primary surface.
    pub(crate) fn head(&self, head: usize) -> Option<Rect> {
        self.heads().nth(head)
    }

    /// What of the primary surface no head shows.
    pub(crate) fn each_gap(&self, take: &mut dyn FnMut(Rect)) {
        let mut heads = [Rect::default(); MAX_HEADS];
        for (place, head) in heads.iter_mut().zip(self.heads()) {
            *place = head;
        }
        without(self.all(), &heads, take);
    }

    fn heads(&self) -> impl Iterator<Item = Rect> + '_ {
        let Point { x, y } = self.corner();
        self.heads.iter().take(self.count).map(move |head| {
            let Rect { left, top, right, bottom } = head.area;
            Rect::new(
                left.saturating_sub(x),
                top.saturating_sub(y),
                right.saturating_sub(x),
                bottom.saturating_sub(y),
            )
        })
    }
}

/// The parts of `area` that are in none of `heads`. As deep as there are heads.
fn without(area: Rect, heads: &[Rect], take: &mut dyn FnMut(Rect)) {
    if area.is_empty() {
        return;
    }
    let Some((head, others)) = heads.split_first() else { return take(area) };
    let cut = area.intersection(head);
    if cut.is_empty() {
        return without(area, others, take);
    }
    let Rect { left, top, right, bottom } = cut;
    without(Rect { bottom: top, ..area }, others, take);
    without(Rect { top, bottom, right: left, ..area }, others, take);
    without(Rect { top, bottom, left: right, ..area }, others, take);
    without(Rect { top: bottom, ..area }, others, take);
}

impl<B: Bus> Card<B> {
    /// Creates the primary surface, black.
    pub(crate) fn create_primary(&mut self, screen: &Screen) {
        let primary = self.layout.primary;
        let Some(mem) = self.address(primary.start, primary.len) else { return };
        let surface = PrimarySurface {
            width: U32::new(screen.width()),
            height: U32::new(screen.height()),
            // A row is at most LONGEST pixels.
            stride: I32::new(i32::try_from(screen.width().saturating_mul(4)).unwrap_or(i32::MAX)),
            format: U32::new(SurfaceFormat::Xrgb.code()),
            mem,
            ..PrimarySurface::default()
        };
        self.header.put(offset_of!(RamHeader, create_surface), &surface);
        self.fit_screen(screen.width());
        self.statistics.screens = self.statistics.screens.saturating_add(1);
        self.port(IoPort::CreatePrimary, 0);
    }

    /// Destroys the primary surface. The device takes the commands that it has not looked at yet first, and forgets the
    /// pointer.
    pub(crate) fn destroy_primary(&mut self) {
        self.port(IoPort::DestroyPrimary, 0);
    }

    /// Tells the device which part of the primary surface each head shows, where it takes that. There must be a primary
    /// surface with at least one head.
    pub(crate) fn configure_monitors(&mut self, screen: &Screen) {
        let stretch = self.layout.monitors;
        let Some(address) = self.address(stretch.start, stretch.len).filter(|_| self.layout.has_monitors)
        else {
            return;
        };
        let count = U16::new(u16::try_from(screen.count).unwrap_or_default());
        let max_allowed = U16::new(u16::try_from(MAX_HEADS).unwrap_or_default());
        self.write(stretch.start, MonitorsConfig { count, max_allowed }.as_bytes());
        let heads = stretch.start.saturating_add(size_of::<MonitorsConfig>() as u64);
        for (number, area) in (0..).zip(screen.heads()) {
            let head = DeviceHead {
                id: U32::new(number),
                width: U32::new(area.width()),
                height: U32::new(area.height()),
                x: U32::new(area.left),
                y: U32::new(area.top),
                ..DeviceHead::default()
            };
            let at = u64::from(number).saturating_mul(size_of::<DeviceHead>() as u64);
            self.write(heads.saturating_add(at), head.as_bytes());
        }
        self.header.put(offset_of!(RamHeader, monitors_config), &address);
        self.port(IoPort::MonitorsConfigAsync, 0);
        // The next asynchronous port has to come after the end of this one. A device that does not tell the end in time
        // finds fault with that one.
        self.bus.wait(interrupt::IO_COMMAND, MONITORS_MS);
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    fn head(left: u32, top: u32, right: u32, bottom: u32) -> Head {
        Head { area: Rect::new(left, top, right, bottom) }
    }

    #[test]
    fn the_surface_is_the_smallest_rectangle_around_the_heads() {
        let screen = Screen::new(&[head(100, 50, 740, 530), head(740, 0, 1540, 600)], 1 << 24).unwrap();
        assert_eq!((screen.width(), screen.height()), (1440, 600));
        assert_eq!(screen.head(0), Some(Rect::new(0, 50, 640, 530)));
        assert_eq!(screen.head(1), Some(Rect::new(640, 0, 1440, 600)));
        assert_eq!(screen.head(2), None);
    }

    #[test]
    fn gaps_and_heads_make_up_the_surface() {
        let heads = [head(0, 0, 640, 480), head(640, 100, 1440, 700), head(700, 650, 900, 900)];
        let screen = Screen::new(&heads, 1 << 24).unwrap();
        let mut gaps = Vec::new();
        screen.each_gap(&mut |gap| gaps.push(gap));
        for y in 0..900 {
            for x in 0..1440 {
                let is_in = |area: &Rect| {
                    (area.left..area.right).contains(&x) && (area.top..area.bottom).contains(&y)
                };
                let shown = heads.iter().any(|head| is_in(&head.area));
                assert_eq!(gaps.iter().filter(|gap| is_in(gap)).count(), usize::from(!shown), "{x},{y}");
            }
        }
    }

    #[test]
    fn nonsense_is_refused() {
        assert_eq!(Screen::new(&[head(0, 0, 1, 1); 5], 1 << 24), Err(ScreenError::TooManyHeads(5)));
        assert_eq!(
            Screen::new(&[head(0, 0, 1, 1), head(5, 0, 5, 1)], 1 << 24),
            Err(ScreenError::EmptyHead(1))
        );
        assert!(Screen::new(&[head(0, 0, 16, 16)], 16 * 16 * 4).is_ok());
        let too_large = ScreenError::TooLarge { width: 16, height: 17, available: 16 * 16 * 4 };
        assert_eq!(Screen::new(&[head(0, 0, 16, 17)], 16 * 16 * 4), Err(too_large));
        assert!(Screen::new(&[head(0, 0, u32::MAX, u32::MAX)], u64::MAX).is_err());
        assert!(Screen::new(&[head(0, 0, 32768, 1)], u64::MAX).is_err());
    }
}
