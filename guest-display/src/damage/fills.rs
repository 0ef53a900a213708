//! Fills: areas that have one colour, or one colour with little else on it.

use crate::geometry::Rect;

use super::cells::Cells;
use super::extend::extend;
use super::picture::Picture;
use super::prediction::Prediction;
use super::{Refused, Sink, Translator};

/// Colours that are tried in one go.
const COLORS: usize = 8;

/// Fills of one colour in one go. What is left is cut up by [`images`](super::images), which finds smaller ones.
const FILLS: usize = 16;

/// Cells that a fill must be good for. A smaller one would cut an image in pieces and save nothing.
const CELLS: u32 = 4;

/// Rows of a cell.
const LINES: u32 = 16;

impl Translator {
    // Of its own, for the sake of small stacks.
    #[inline(never)]
    pub(super) fn draw_fills(&mut self, sink: &mut impl Sink) -> Result<(), Refused> {
        for (color, count) in backgrounds(&self.cells, &self.shadow) {
            if count >= CELLS {
                self.draw_fill(sink, color)?;
            }
        }
        Ok(())
    }

    fn draw_fill(&mut self, sink: &mut impl Sink, color: u32) -> Result<(), Refused> {
        let (range, prediction) = (self.cells.bounds(), Prediction::Fill(color));
        self.gains.count(prediction, range, (&self.cells, &self.shadow, &self.shown));
        for _ in 0..FILLS {
            let best = self.gains.best(range);
            if best.gain < CELLS * LINES {
                break;
            }
            let area = extend(prediction, self.cells.area(best.cells), &self.shadow, &self.shown);
            self.draw_prediction(sink, area, prediction)?;
            let touched = self.cells.touched(area).intersection(&range);
            self.gains.count(prediction, touched, (&self.cells, &self.shadow, &self.shown));
        }
        Ok(())
    }
}

/// Colours of whole cells that are to be drawn, with how many there are of each; the first eight of them.
fn backgrounds(cells: &Cells, shadow: &Picture) -> [(u32, u32); COLORS] {
    let mut colors = [(0, 0_u32); COLORS];
    for (column, row, _) in cells.pending(cells.bounds()) {
        let area = cells.area(Rect::new(column, row, column.saturating_add(1), row.saturating_add(1)));
        let Some(color) = shadow.uniform(area) else { continue };
        if let Some((first, count)) = colors.iter_mut().find(|(known, count)| *known == color || *count == 0)
        {
            *first = color;
            *count = count.saturating_add(1);
        }
    }
    colors.sort_unstable_by_key(|(_, count)| core::cmp::Reverse(*count));
    colors
}
