//! Pictures that show what is there already, some rows further up or down: text that scrolls, painted anew by a guest that knows
//! no moves.
//!
//! Rows are compared by a hash of a few of their pixels. A wrong guess does no harm: whoever asks moves pixels first and then
//! looks what is still different.

use std::collections::HashMap;

use image::geometry::{Point, Rect};
use image::plane::Plane;

use super::repaint::{Repaint, Scratch};

/// A part of the surface that moves inside of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// Where it goes.
    pub to: Rect,
    /// Where its upper left corner is now.
    pub from: Point,
}

/// Rows that must agree about how far they move.
const VOTES: usize = 8;
/// Rows of a move at the least: fewer are cheaper as pixels.
const MIN_ROWS: i32 = 16;
/// Moves of one picture.
const MAX_MOVES: usize = 4;
/// Pixels of a row that are looked at together.
const SAMPLE: i32 = 8;

/// Moves after which less of `area` differs from what the picture has there, in the order in which they are to be done. None
/// unless they make up half of the area.
pub fn find(repaint: &Repaint<'_>, plane: &Plane<u32>, area: Rect) -> Vec<Move> {
    let samples = samples(area);
    let rows = area.top..area.bottom;
    let mut scratch = Scratch::new();
    let old = |y: i32| {
        let row = |all, x: &i32| hash(all, plane.row_part(y, *x, x + SAMPLE).iter().copied());
        samples.iter().fold(NOTHING, row)
    };
    let new = |y: i32| {
        let row = |all, x: &i32| hash(all, repaint.row(y, *x, x + SAMPLE, &mut scratch));
        samples.iter().fold(NOTHING, row)
    };
    let (old, new): (Vec<u64>, Vec<u64>) = (rows.clone().map(old).collect(), rows.map(new).collect());
    let Some(distance) = distance(&old, &new) else { return Vec::new() };
    let mut moves = runs(&old, &new, distance, area);
    let rows: i32 = moves.iter().map(|found| found.to.bottom - found.to.top).sum();
    if moves.len() > MAX_MOVES || rows.unsigned_abs() * 2 < area.height() {
        return Vec::new();
    }
    // What moves up is read from below, and so the upper ones come first.
    if distance < 0 {
        moves.reverse();
    }
    moves
}

/// How many rows further down most rows of the new picture are found in the old one.
fn distance(old: &[u64], new: &[u64]) -> Option<i32> {
    /// A row that occurs again tells nothing.
    const SEVERAL: i32 = i32::MIN;
    let mut places = HashMap::with_capacity(old.len());
    for (row, hash) in (0..).zip(old) {
        places.entry(*hash).and_modify(|place| *place = SEVERAL).or_insert(row);
    }
    let mut votes = HashMap::<i32, usize>::new();
    for (row, hash) in (0..).zip(new) {
        match places.get(hash) {
            Some(&place) if place != SEVERAL && place != row => *votes.entry(place - row).or_default() += 1,
            _ => {}
        }
    }
    let (distance, count) = votes.into_iter().max_by_key(|(distance, count)| (*count, *distance))?;
    (count >= VOTES).then_some(distance)
}

/// Runs of rows of the new picture that are `distance` further down in the old one.
fn runs(old: &[u64], new: &[u64], distance: i32, area: Rect) -> Vec<Move> {
    let is_there = |row: i32| {
        let place = usize::try_from(row.saturating_add(distance)).ok();
        let here = usize::try_from(row).ok().and_then(|row| new.get(row));
        here.is_some() && place.and_then(|place| old.get(place)) == here
    };
    let rows = i32::try_from(new.len()).unwrap_or(0);
    let mut moves = Vec::new();
    let mut row = 0;
    while row < rows {
        let start = row;
        while row < rows && is_there(row) {
            row += 1;
        }
        if row - start >= MIN_ROWS {
            let to = Rect::new(area.left, area.top + start, area.right, area.top + row);
            moves.push(Move { to, from: Point::new(area.left, to.top + distance) });
        }
        row += 1;
    }
    moves
}

/// Where in a row the pixels are that are looked at: more of them on the left, where text begins.
fn samples(area: Rect) -> [i32; 5] {
    let room = (area.right - area.left - SAMPLE).max(0);
    [0, 1, 2, 4, 8].map(|twelfth| area.left + room / 12 * twelfth)
}

/// The hash of no pixels.
const NOTHING: u64 = 0xcbf2_9ce4_8422_2325;

/// The hash of Fowler, Noll and Vo, pixel by pixel: of those of `all` and `pixels` after them.
fn hash(all: u64, pixels: impl Iterator<Item = u32>) -> u64 {
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    pixels.fold(all, |hash, pixel| (hash ^ u64::from(pixel)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use image::bitmap::{Bitmap, BitmapFormat, Layout};
    use image::geometry::Size;
    use wire::drawable::{Clip, Copy, Drawable, Mask, Operation, Rop, ScaleMode, SurfaceId};

    use super::super::picture::{Image, Picture};
    use super::*;

    const SIZE: Size = Size::new(128, 200);

    /// Lines of text, the first of which is number `first`.
    fn text(first: u32) -> Vec<u32> {
        let pixel = |index: u32| {
            let (x, y) = (index % SIZE.width, index / SIZE.width);
            let (line, row) = (first + y / 10, y % 10);
            let ink =
                (x.wrapping_mul(0x9e37_79b9) ^ (line * 977 + row * 131)).wrapping_mul(0x85eb_ca6b) >> 31 == 0;
            if row < 8 && ink { 0 } else { 0xff_ffff }
        };
        (0..SIZE.area() as u32).map(pixel).collect()
    }

    fn moves(old: Vec<u32>, new: &[u32]) -> Vec<Move> {
        let layout = Layout::packed(BitmapFormat::Xrgb32, SIZE).unwrap();
        let data: Vec<u8> = new.iter().flat_map(|pixel| pixel.to_le_bytes()).collect();
        let bitmap = Bitmap::new(layout, None, data.into()).unwrap();
        let area = bitmap.bounds();
        let source = Picture::Bitmap(Arc::new(Image::new(bitmap)));
        let copy = Copy { source, area, rop: Rop::PUT, scale: ScaleMode::Nearest, mask: Mask::default() };
        let operation = Operation::Copy(copy);
        let drawable = Drawable { surface: SurfaceId::PRIMARY, bbox: area, clip: Clip::None, operation };
        find(&Repaint::of(&drawable).unwrap(), &Plane::from_pixels(SIZE, old).unwrap(), area)
    }

    #[test]
    fn text_that_scrolls_up_or_down_is_moved() {
        let up = moves(text(0), &text(3));
        assert_eq!(up, [Move { to: Rect::new(0, 0, 128, 170), from: Point::new(0, 30) }]);
        let down = moves(text(3), &text(0));
        assert_eq!(down, [Move { to: Rect::new(0, 30, 128, 200), from: Point::new(0, 0) }]);
    }

    #[test]
    fn what_stays_or_is_new_or_blank_is_not_moved() {
        assert_eq!(moves(text(0), &text(0)), []);
        assert_eq!(moves(text(0), &text(1000)), []);
        assert_eq!(moves(text(0), &vec![0xff_ffff; SIZE.area() as usize]), []);
        assert_eq!(moves(text(0), &text(15)), [], "too little is left of it");
    }

    #[test]
    fn a_line_that_changes_meanwhile_divides_the_move() {
        let mut new = text(2);
        new[90 * 128..98 * 128].fill(7);
        let found = moves(text(0), &new);
        let rows: Vec<_> = found.iter().map(|found| (found.to.top, found.to.bottom, found.from.y)).collect();
        assert_eq!(rows, [(0, 90, 20), (98, 180, 118)]);
    }
}
