//! Drawing: step by step, each step what it does best.

use crate::geometry::{Point, Rect};

use super::prediction::Prediction;
use super::{Progress, Refused, Sink, Translator};

/// What is to be done next: a full sink is offered the rest later, and what was looked for is not looked for again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Moves,
    Tiles,
    Fills,
    Images,
}

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
        self.draw_slabs(sink)?;
        self.due.settle();
        // A move takes whatever is on the device, so all of that must be known.
        if self.step == Step::Moves && !self.lost {
            self.draw_moves(sink)?;
        }
        self.step = self.step.max(Step::Tiles);
        if self.step == Step::Tiles {
            self.draw_tiles(sink)?;
            self.step = Step::Fills;
        }
        if self.step == Step::Fills {
            self.draw_fills(sink)?;
            self.step = Step::Images;
        }
        self.draw_images(sink)?;
        self.due.settle();
        self.learn_slabs();
        self.tiles.forget_waiting();
        self.told.clear();
        self.lost = false;
        Ok(())
    }

    /// Draws what was predicted to be right, as [`Due::predicted`](super::due::Due::predicted) wants it.
    pub(super) fn draw_prediction(
        &mut self,
        sink: &mut impl Sink,
        area: Rect,
        prediction: Prediction,
    ) -> Result<(), Refused> {
        match prediction {
            Prediction::Fill(color) => sink.fill(area, color)?,
            Prediction::Move { .. } => {
                let Some(Point { x, y }) = prediction.source(area) else { return Ok(()) };
                sink.copy_bits(area, Point { x, y })?;
            }
        }
        self.due.predicted(area, prediction, &self.gains);
        Ok(())
    }

    /// Draws pixels that are not known to come again.
    pub(super) fn draw_image(&mut self, sink: &mut impl Sink, area: Rect) -> Result<(), Refused> {
        if let Some(color) = self.due.shadow.uniform(area) {
            sink.fill(area, color)?;
            self.due.drawn(area);
            return Ok(());
        }
        let most = u64::try_from(sink.most_pixels()).unwrap_or(u64::MAX);
        let lines = most.checked_div(u64::from(area.width())).unwrap_or(1);
        let lines = u32::try_from(lines).unwrap_or(u32::MAX).max(1);
        let mut band = Rect { bottom: area.top, ..area };
        while band.bottom < area.bottom {
            band.top = band.bottom;
            band.bottom = band.top.saturating_add(lines).min(area.bottom);
            sink.image(band, self.due.shadow.rows(band))?;
            self.due.drawn(band);
        }
        self.note_whole(area);
        Ok(())
    }
}
