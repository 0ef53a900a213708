//! What drawings cost, as far as choosing between them needs to know.

use crate::geometry::Rect;

/// Bytes of pixels that are worth sending to spare a command: its structures, its way through ring, server and wire, and
/// the time that all of these take for it.
const COMMAND: u64 = 1024;

/// Bytes of a pixel.
pub(super) const PIXEL: u64 = 4;

/// An image in the making.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Piece {
    pub(super) area: Rect,
    /// Bytes of what it is for; the others are there because an image is a rectangle.
    useful: u64,
}

impl Piece {
    /// All of an area is to be drawn.
    pub(super) fn new(area: Rect) -> Self {
        Self { area, useful: bytes(area) }
    }

    /// One image for both, of at most so many bytes, if it is not dearer than two, and not mostly for nothing.
    pub(super) fn join(&self, other: &Self, most: u64) -> Option<Self> {
        let area = self.area.union(&other.area);
        let useful = self.useful.saturating_add(other.useful);
        let apart = bytes(self.area).saturating_add(bytes(other.area));
        let worth = apart.min(useful.saturating_mul(2)).saturating_add(COMMAND);
        (bytes(area) <= worth.min(most)).then_some(Self { area, useful })
    }
}

/// Bytes of an image's pixels.
fn bytes(area: Rect) -> u64 {
    u64::from(area.width()).saturating_mul(u64::from(area.height())).saturating_mul(PIXEL)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(areas: &[Rect]) -> usize {
        let mut pieces = 1;
        let mut open = Piece::new(areas[0]);
        for area in &areas[1..] {
            match open.join(&Piece::new(*area), 1 << 20) {
                Some(both) => open = both,
                None => {
                    open = Piece::new(*area);
                    pieces += 1;
                }
            }
        }
        pieces
    }

    #[test]
    fn neighbours_are_joined_and_corners_are_not_filled() {
        let row = |n: u32| Rect::new(n * 16, 0, n * 16 + 16, 16);
        assert_eq!(join(&[row(0), row(1), row(2), row(3)]), 1);
        // Words, with gaps between them.
        assert_eq!(join(&[row(0), row(1), row(3), row(4), row(6)]), 1);
        assert_eq!(join(&[row(0), row(20)]), 2);
        // A line down, then one to the right from its end: however small each step, the corner is not worth it.
        let foot = |n: u32| Rect::new(n * 16, 15, n * 16 + 16, 16);
        assert!(join(&[Rect::new(0, 0, 1, 16), foot(0), foot(1), foot(2), foot(3), foot(4)]) > 1);
    }
}
