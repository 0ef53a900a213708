//! Which pixels a line without width has: those that the X server's "zero width" lines have, and so those
//! of the original's canvas. The last pixel of a line is not drawn, because the next line begins there.

use image::geometry::{Point, Rect};

/// The pixels of the line from `from` to `to` inside `clip`, as rectangles of one row each, in the order of
/// drawing. A line costs no more than its part inside `clip`, however far its ends are away.
pub(crate) fn spans(from: Point, to: Point, clip: &Rect) -> impl Iterator<Item = Rect> + use<> {
    let line = Line::new(from, to);
    let mut steps = line.steps_inside(clip);
    let clip = *clip;
    core::iter::from_fn(move || {
        let first = line.pixel(steps.next()?);
        let (mut left, mut right) = (first.0, first.0);
        // A flat line has several pixels a row.
        while let Some(next) = steps.clone().next().map(|step| line.pixel(step)) {
            if next.1 != first.1 {
                break;
            }
            (left, right) = (left.min(next.0), right.max(next.0));
            steps.next();
        }
        row_piece(left, right + 1, first.1)
            .and_then(|piece| piece.intersection(&clip))
            .or(Some(Rect::default()))
    })
    .filter(|span| !span.is_empty())
}

fn row_piece(left: i64, right: i64, y: i64) -> Option<Rect> {
    let (left, right) = (i32::try_from(left).ok()?, i32::try_from(right).ok()?);
    let y = i32::try_from(y).ok()?;
    Some(Rect::new(left, y, right, y.checked_add(1)?))
}

/// A line by its longer and its shorter direction.
#[derive(Clone, Copy)]
struct Line {
    from: (i64, i64),
    x_is_longer: bool,
    /// Length along the longer direction, and along the shorter one.
    long: i64,
    short: i64,
    signs: (i64, i64),
    /// 1 when a tie between two pixels goes to the one that is straight ahead.
    bias: i64,
}

impl Line {
    fn new(from: Point, to: Point) -> Self {
        let (dx, dy) = (i64::from(to.x) - i64::from(from.x), i64::from(to.y) - i64::from(from.y));
        let x_is_longer = dx.abs() > dy.abs();
        let (long, short) = if x_is_longer { (dx.abs(), dy.abs()) } else { (dy.abs(), dx.abs()) };
        // Chosen in a way that a line has the same pixels in both directions.
        let bias = if x_is_longer { dx < 0 } else { dy < 0 };
        let sign = |delta: i64| if delta < 0 { -1 } else { 1 };
        Self {
            from: (from.x.into(), from.y.into()),
            x_is_longer,
            long,
            short,
            signs: (sign(dx), sign(dy)),
            bias: i64::from(bias),
        }
    }

    /// The steps along the longer direction whose pixels can be inside `clip`.
    fn steps_inside(&self, clip: &Rect) -> core::ops::Range<i64> {
        let (start, sign, low, high) = if self.x_is_longer {
            (self.from.0, self.signs.0, clip.left, clip.right)
        } else {
            (self.from.1, self.signs.1, clip.top, clip.bottom)
        };
        let (low, high) = (i64::from(low), i64::from(high));
        let (first, end) =
            if sign > 0 { (low - start, high - start) } else { (start - high + 1, start - low + 1) };
        first.max(0)..end.min(self.long)
    }

    /// The pixel of a step.
    fn pixel(&self, step: i64) -> (i64, i64) {
        let aside = (i128::from(2 * self.short) * i128::from(step) + i128::from(self.long - self.bias))
            / i128::from((2 * self.long).max(1));
        // At most the length of the shorter direction.
        let aside = i64::try_from(aside).unwrap_or(0);
        let (dx, dy) = if self.x_is_longer { (step, aside) } else { (aside, step) };
        (self.from.0 + self.signs.0 * dx, self.from.1 + self.signs.1 * dy)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    const ALL: Rect = Rect::new(-100, -100, 100, 100);

    fn pixels(from: (i32, i32), to: (i32, i32)) -> Vec<(i32, i32)> {
        let spans = spans(Point::new(from.0, from.1), Point::new(to.0, to.1), &ALL);
        spans.flat_map(|span| (span.left..span.right).map(move |x| (x, span.top))).collect()
    }

    #[test]
    fn a_line_ends_before_its_last_pixel() {
        assert_eq!(pixels((0, 0), (3, 0)), [(0, 0), (1, 0), (2, 0)]);
        assert_eq!(pixels((0, 3), (0, 0)), [(0, 3), (0, 2), (0, 1)]);
        assert_eq!(pixels((2, 2), (2, 2)), []);
    }

    #[test]
    fn lines_have_the_same_pixels_in_both_directions() {
        for (x, y) in (-9..=9).flat_map(|x| (-9..=9).map(move |y| (x, y))) {
            let mut there = pixels((0, 0), (x, y));
            let mut back = pixels((x, y), (0, 0));
            there.push((x, y));
            back.push((0, 0));
            there.sort_unstable();
            back.sort_unstable();
            there.dedup();
            back.dedup();
            assert_eq!(there, back, "to {x}, {y}");
        }
    }

    #[test]
    fn clipping_leaves_out_pixels_and_moves_none() {
        let clip = Rect::new(-3, -2, 4, 3);
        for (x, y) in (-20..=20).flat_map(|x| (-20..=20).map(move |y| (x, y))) {
            let all = pixels((x, y), (5 - y, x - 3));
            let kept: Vec<_> =
                all.into_iter().filter(|&(x, y)| clip.contains(&Rect::new(x, y, x + 1, y + 1))).collect();
            let clipped: Vec<_> = spans(Point::new(x, y), Point::new(5 - y, x - 3), &clip)
                .flat_map(|span| (span.left..span.right).map(move |x| (x, span.top)))
                .collect();
            assert_eq!(kept, clipped);
        }
    }

    #[test]
    fn a_line_between_the_extremes_is_as_short_as_its_clip() {
        let far =
            spans(Point::new(i32::MIN, i32::MIN), Point::new(i32::MAX, i32::MAX), &Rect::new(0, 0, 9, 9));
        assert_eq!(far.count(), 9);
    }
}
