//! Drawings: the commands that the translator's drawings become.

use qxl::drawable::{Drawable, DrawableHead, Effect, Operation};
use qxl::geometry::{Point as DevicePoint, Rect as DeviceRect};
use qxl::operation::{Brush, CopyBits, Fill, Paint, rop};
use zerocopy::little_endian::{I32, U16};

use super::Card;
use crate::bus::Bus;
use crate::damage::{Refused, Sink};
use crate::fault::Dead;
use crate::geometry::{Point, Rect};
use crate::outstanding::{Keeps, Sent};

/// Bytes of a drawing before whatever it points to.
pub(super) const DRAWING: u64 = size_of::<Drawable>().next_multiple_of(8) as u64;

impl<B: Bus> Sink for Card<B> {
    fn most_pixels(&self) -> usize {
        self.most_pixels.max(usize::try_from(self.screen_width).unwrap_or(0))
    }

    fn fill(&mut self, area: Rect, color: u32) -> Result<(), Refused> {
        let brush = Brush::new(Paint::Solid(color & 0x00ff_ffff));
        let operation = Operation::Fill(Fill { brush, rop: U16::new(rop::PUT), ..Fill::default() });
        let drawing = self.drawing(area, &operation);
        let end = self.draw(&drawing);
        if end == Ok(true) {
            self.statistics.fills = self.statistics.fills.saturating_add(1);
        }
        self.verdict(end)
    }

    fn copy_bits(&mut self, area: Rect, from: Point) -> Result<(), Refused> {
        let source = DevicePoint::new(signed(from.x), signed(from.y));
        let mut drawing = self.drawing(area, &Operation::CopyBits(CopyBits { source }));
        let (right, bottom) = (from.x.saturating_add(area.width()), from.y.saturating_add(area.height()));
        // It reads the surface that it draws on.
        let [dependency, ..] = &mut drawing.head.surface_deps;
        *dependency = I32::new(0);
        let [read, ..] = &mut drawing.head.surface_rects;
        *read = device_rect(Rect::new(from.x, from.y, right, bottom));
        let end = self.draw(&drawing);
        if end == Ok(true) {
            self.statistics.copies = self.statistics.copies.saturating_add(1);
        }
        self.verdict(end)
    }

    fn image<'a>(
        &mut self,
        area: Rect,
        rows: impl Iterator<Item = &'a [u32]> + Clone,
    ) -> Result<(), Refused> {
        let end = self.draw_image(area, rows);
        self.verdict(end)
    }

    fn tile<'a>(
        &mut self,
        area: Rect,
        content: u64,
        rows: impl Iterator<Item = &'a [u32]> + Clone,
    ) -> Result<(), Refused> {
        let end = self.draw_tile(area, content, rows);
        self.verdict(end)
    }
}

impl<B: Bus> Card<B> {
    /// An operation that replaces every pixel of an area of the primary surface.
    pub(super) fn drawing(&self, area: Rect, operation: &Operation) -> Drawable {
        // The id comes when it is sent.
        let head = DrawableHead::new(0, 0, device_rect(area), Effect::Opaque);
        Drawable::new(DrawableHead { mm_time: self.mm_time, ..head }, operation)
    }

    /// Sends a drawing that points to nothing.
    fn draw(&mut self, drawing: &Drawable) -> Result<bool, Dead> {
        if !self.has_room()? {
            return Ok(false);
        }
        let Some(block) = self.allocate(DRAWING)? else { return Ok(false) };
        self.send(Sent { block, keeps: Keeps::Drawing }, drawing)
    }
}

pub(super) fn device_rect(area: Rect) -> DeviceRect {
    DeviceRect::new(signed(area.left), signed(area.top), signed(area.right), signed(area.bottom))
}

fn signed(place: u32) -> i32 {
    i32::try_from(place).unwrap_or(i32::MAX)
}
