//! Fills: areas that have one colour, or one colour with little else on it.

use super::due::Due;
use super::extend::extend;
use super::prediction::Prediction;
use super::{Refused, Sink, Translator};

/// Colours that are tried in one go.
const COLORS: usize = 4;

/// Fills of one colour in one go. What is left is cut up by [`images`](super::images), which finds smaller ones.
const FILLS: usize = 8;

/// Cells that a fill must be good for. A smaller one would cut an image in pieces and save nothing.
const CELLS: u32 = 4;

/// Rows of a cell.
const LINES: u32 = 16;

impl Translator {
    // Of its own, for the sake of small stacks.
    #[inline(never)]
    pub(super) fn draw_fills(&mut self, sink: &mut impl Sink) -> Result<(), Refused> {
        for (color, count) in backgrounds(&self.due) {
            if count >= CELLS {
                self.draw_fill(sink, color)?;
            }
        }
        Ok(())
    }

    fn draw_fill(&mut self, sink: &mut impl Sink, color: u32) -> Result<(), Refused> {
        let (range, prediction) = (self.due.cells.bounds(), Prediction::Fill(color));
        self.gains.count(prediction, range, &self.due);
        for _ in 0..FILLS {
            let best = self.gains.best(range);
            if best.gain < CELLS * LINES {
                break;
            }
            let area = extend(prediction, self.due.cells.area(best.cells), self.screen, &self.due);
            self.draw_prediction(sink, area, prediction)?;
            self.gains.weigh(prediction, range, &self.due.cells);
        }
        Ok(())
    }
}

/// Colours of whole cells that are to be drawn, with how many there are of each; the first ones, the most frequent first.
fn backgrounds(due: &Due) -> [(u32, u32); COLORS] {
    let mut colors = [(0, 0_u32); COLORS];
    for (column, row, _) in due.cells.pending(due.cells.bounds()) {
        let Some(color) = due.shadow.uniform(due.cells.area_of(column, row)) else { continue };
        if let Some((first, count)) = colors.iter_mut().find(|(known, count)| *known == color || *count == 0)
        {
            *first = color;
            *count = count.saturating_add(1);
        }
    }
    colors.sort_unstable_by_key(|(_, count)| core::cmp::Reverse(*count));
    colors
}
