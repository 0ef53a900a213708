//! Drawing: step by step, each step what it does best.

use crate::geometry::{Point, Rect};

use super::prediction::Prediction;
use super::{Progress, Refused, Sink, Translator};

impl Translator {
    /// Draws until nothing is pending or the sink is full. What was not drawn stays pending.
    ///
    /// # Errors
    /// [`Refused::Dead`], if the sink says so.
    pub fn emit(&mut self, sink: &mut impl Sink) -> Result<Progress, Refused> {
        match self.draw_all(sink) {
            Ok(()) => Ok(Progress::Done),
            Err(Refused::Full) => Ok(Progress::Pending),
            Err(Refused::Dead) => Err(Refused::Dead),
        }
    }

    fn draw_all(&mut self, sink: &mut impl Sink) -> Result<(), Refused> {
        self.settle(self.cells.bounds());
        self.cells.tighten();
        // A move takes whatever is on the device, so all of that must be known.
        if self.stirred && !self.lost {
            self.draw_moves(sink)?;
        }
        self.stirred = false;
        self.draw_fills(sink)?;
        self.draw_tiles(sink)?;
        self.draw_images(sink)?;
        self.cells.tighten();
        self.forget_waiting();
        self.lost = false;
        Ok(())
    }

    /// Draws what was predicted to be right.
    pub(super) fn draw_prediction(
        &mut self,
        sink: &mut impl Sink,
        area: Rect,
        prediction: Prediction,
    ) -> Result<(), Refused> {
        match prediction {
            Prediction::Fill(color) => {
                sink.fill(area, color)?;
                self.shown.fill(area, color);
            }
            Prediction::Move { dx, dy } => {
                let from = |n: u32, d: i32| n.checked_sub_signed(d);
                let (Some(x), Some(y)) = (from(area.left, dx), from(area.top, dy)) else { return Ok(()) };
                sink.copy_bits(area, Point { x, y })?;
                self.shown.copy_bits(area, Point { x, y });
            }
        }
        self.cells.mark(area);
        self.settle(self.cells.touched(area));
        Ok(())
    }

    /// Draws pixels that are not known to come again.
    pub(super) fn draw_image(&mut self, sink: &mut impl Sink, area: Rect) -> Result<(), Refused> {
        if let Some(color) = self.shadow.uniform(area) {
            return self.draw_prediction(sink, area, Prediction::Fill(color));
        }
        let most = u64::try_from(sink.most_pixels()).unwrap_or(u64::MAX);
        let lines = most.checked_div(u64::from(area.width())).unwrap_or(1);
        let lines = u32::try_from(lines).unwrap_or(u32::MAX).max(1);
        let mut band = Rect { bottom: area.top, ..area };
        while band.bottom < area.bottom {
            band.top = band.bottom;
            band.bottom = band.top.saturating_add(lines).min(area.bottom);
            sink.image(band, self.shadow.rows(band))?;
            self.drawn(band);
        }
        Ok(())
    }

    /// The device now has there what the shadow has.
    pub(super) fn drawn(&mut self, area: Rect) {
        self.shown.copy_from(&self.shadow, area);
        self.cells.clear(area, &self.shadow, &self.shown);
    }

    fn settle(&mut self, cells: Rect) {
        self.cells.settle(cells, &self.shadow, &self.shown);
    }
}
