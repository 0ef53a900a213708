//! Sets of pixels as banded rectangles: what an operation covers, what of a surface is visible or dirty.
//!
//! The host server's occlusion tree does its set arithmetic here for every command, and the canvas clips
//! with it. A region of one rectangle, by far the most common one, lives without an allocation.
//!
//! Invariant: rectangles are ordered by top edge, then by left edge; those of one band share both their
//! top and bottom edges and do not touch each other; bands that could be one band are one. Two regions of
//! the same pixels are therefore equal, and iterate in the order in which the X server and pixman do.

use alloc::vec::Vec;
use core::iter::FusedIterator;
use core::slice;

use crate::geometry::{Point, Rect};

/// A set of pixels.
#[derive(Clone, Debug, Default)]
pub struct Region {
    /// The smallest rectangle around all pixels; the default rectangle when there are none.
    bounds: Rect,
    /// Every rectangle in banded order, or none when `bounds` alone says it all.
    banded: Vec<Rect>,
}

/// Which pixels of two regions remain.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Either,
    Both,
    OnlyFirst,
}

impl Region {
    /// The region without pixels.
    pub const fn new() -> Self {
        Self { bounds: Rect::new(0, 0, 0, 0), banded: Vec::new() }
    }

    /// The pixels of one rectangle; nothing when that is empty.
    pub fn from_rect(rect: Rect) -> Self {
        if rect.is_empty() { Self::new() } else { Self { bounds: rect, banded: Vec::new() } }
    }

    /// The pixels inside any of the rectangles, which may overlap and be empty.
    pub fn from_rects(rects: impl IntoIterator<Item = Rect>) -> Self {
        // Merging pairs of neighbours keeps a long list at n log n.
        let mut merged: Vec<Self> =
            rects.into_iter().filter(|rect| !rect.is_empty()).map(Self::from_rect).collect();
        while merged.len() > 1 {
            let mut pairs = Vec::with_capacity(merged.len().div_ceil(2));
            let mut rest = merged.into_iter();
            while let Some(mut first) = rest.next() {
                if let Some(second) = rest.next() {
                    first.union(&second);
                }
                pairs.push(first);
            }
            merged = pairs;
        }
        merged.pop().unwrap_or_default()
    }

    /// The pixels of rows from `top` on, each given as pieces `[left, right)` from left to right that
    /// neither overlap nor touch.
    pub fn from_rows<P: IntoIterator<Item = (i32, i32)>>(
        top: i32,
        rows: impl IntoIterator<Item = P>,
    ) -> Self {
        let mut sweep = Sweep::default();
        for (y, pieces) in (top..i32::MAX).zip(rows) {
            let start = sweep.rects.len();
            sweep.rects.extend(pieces.into_iter().map(|(left, right)| Rect::new(left, y, right, y + 1)));
            sweep.end_band(start, y + 1);
        }
        Self::from_banded(sweep.rects)
    }

    /// Whether no pixel is inside.
    pub const fn is_empty(&self) -> bool {
        self.bounds.is_empty()
    }

    /// The smallest rectangle around all pixels; empty for an empty region.
    pub const fn bounds(&self) -> Rect {
        self.bounds
    }

    /// The rectangles, which do not overlap, from top to bottom and in a band from left to right.
    pub fn rects(&self) -> Rects<'_> {
        Rects(self.as_slice().iter())
    }

    /// The rectangles of [`Region::rects`].
    pub fn as_slice(&self) -> &[Rect] {
        if !self.banded.is_empty() {
            &self.banded
        } else if self.is_empty() {
            &[]
        } else {
            slice::from_ref(&self.bounds)
        }
    }

    /// How many pixels are inside.
    pub fn area(&self) -> u64 {
        self.rects().map(|rect| rect.size().area()).fold(0, u64::saturating_add)
    }

    /// Removes every pixel.
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// Adds the pixels of `rect`.
    pub fn union_rect(&mut self, rect: &Rect) {
        if rect.is_empty() || (self.is_one_rect() && self.bounds.contains(rect)) {
            return;
        }
        if self.is_empty() || rect.contains(&self.bounds) {
            *self = Self::from_rect(*rect);
            return;
        }
        self.combine(slice::from_ref(rect), Keep::Either);
    }

    /// Adds the pixels of `other`.
    pub fn union(&mut self, other: &Self) {
        if other.is_one_rect() {
            self.union_rect(&other.bounds);
        } else if self.is_empty() || (self.is_one_rect() && other.contains_rect(&self.bounds)) {
            self.clone_from(other);
        } else {
            self.combine(other.as_slice(), Keep::Either);
        }
    }

    /// Removes the pixels of `rect`.
    pub fn subtract_rect(&mut self, rect: &Rect) {
        if !self.bounds.intersects(rect) {
            return;
        }
        if rect.contains(&self.bounds) {
            self.clear();
            return;
        }
        self.combine(slice::from_ref(rect), Keep::OnlyFirst);
    }

    /// Removes the pixels of `other`.
    pub fn subtract(&mut self, other: &Self) {
        if other.is_one_rect() {
            self.subtract_rect(&other.bounds);
        } else if self.bounds.intersects(&other.bounds) {
            self.combine(other.as_slice(), Keep::OnlyFirst);
        }
    }

    /// Removes the pixels outside `rect`.
    pub fn intersect_rect(&mut self, rect: &Rect) {
        if rect.contains(&self.bounds) {
            return;
        }
        match self.bounds.intersection(rect) {
            None => self.clear(),
            Some(both) if self.is_one_rect() => self.bounds = both,
            Some(_) => self.combine(slice::from_ref(rect), Keep::Both),
        }
    }

    /// Removes the pixels outside `other`.
    pub fn intersect(&mut self, other: &Self) {
        if other.is_one_rect() {
            self.intersect_rect(&other.bounds);
        } else if self.bounds.intersects(&other.bounds) {
            self.combine(other.as_slice(), Keep::Both);
        } else {
            self.clear();
        }
    }

    /// Whether the pixel at `point` is inside.
    pub fn contains_point(&self, point: Point) -> bool {
        let Point { x, y } = point;
        self.rows_from(y)
            .iter()
            .take_while(|rect| rect.top <= y)
            .any(|rect| rect.left <= x && x < rect.right && y < rect.bottom)
    }

    /// Whether every pixel of `rect` is inside; true for an empty rectangle.
    pub fn contains_rect(&self, rect: &Rect) -> bool {
        if rect.is_empty() {
            return true;
        }
        if !self.bounds.contains(rect) {
            return false;
        }
        // Each band must hold the rectangle's columns in one piece, and the bands must leave no gap.
        let mut next_row = rect.top;
        for band in Bands(self.rows_from(rect.top)) {
            let covers = band.iter().any(|piece| piece.left <= rect.left && piece.right >= rect.right);
            let Some(first) = band.first() else { break };
            if first.top > next_row || !covers {
                return false;
            }
            next_row = first.bottom;
            if next_row >= rect.bottom {
                return true;
            }
        }
        false
    }

    /// Whether every pixel of `other` is inside.
    pub fn contains(&self, other: &Self) -> bool {
        self.bounds.contains(&other.bounds) && other.rects().all(|rect| self.contains_rect(rect))
    }

    /// Whether a pixel of `rect` is inside.
    pub fn intersects_rect(&self, rect: &Rect) -> bool {
        self.bounds.intersects(rect)
            && self
                .rows_from(rect.top)
                .iter()
                .take_while(|piece| piece.top < rect.bottom)
                .any(|piece| piece.intersects(rect))
    }

    /// Whether a pixel is inside both.
    pub fn intersects(&self, other: &Self) -> bool {
        let (few, many) =
            if self.as_slice().len() <= other.as_slice().len() { (self, other) } else { (other, self) };
        few.bounds.intersects(&many.bounds) && few.rects().any(|rect| many.intersects_rect(rect))
    }

    /// Moves every pixel by `dx`, `dy`; what would leave the range of coordinates is cut off.
    pub fn translate(&mut self, dx: i32, dy: i32) {
        let moved = self.bounds.translate(dx, dy);
        if moved.size() == self.bounds.size() {
            self.bounds = moved;
            for rect in &mut self.banded {
                *rect = rect.translate(dx, dy);
            }
        } else {
            *self = Self::from_rects(self.rects().map(|rect| rect.translate(dx, dy)));
        }
    }

    /// Whether one rectangle, or nothing, says it all.
    const fn is_one_rect(&self) -> bool {
        self.banded.is_empty()
    }

    /// The rectangles from the band on that ends below row `y`.
    fn rows_from(&self, y: i32) -> &[Rect] {
        let rects = self.as_slice();
        let skipped = rects.partition_point(|rect| rect.bottom <= y);
        rects.get(skipped..).unwrap_or_default()
    }

    fn combine(&mut self, other: &[Rect], keep: Keep) {
        let mut sweep = Sweep::default();
        sweep.run(self.as_slice(), other, keep);
        *self = Self::from_banded(sweep.rects);
    }

    fn from_banded(mut banded: Vec<Rect>) -> Self {
        let bounds = banded.iter().fold(Rect::default(), |bounds, rect| bounds.union(rect));
        if banded.len() < 2 {
            banded = Vec::new();
        }
        Self { bounds, banded }
    }
}

impl PartialEq for Region {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Region {}

impl From<Rect> for Region {
    fn from(rect: Rect) -> Self {
        Self::from_rect(rect)
    }
}

impl FromIterator<Rect> for Region {
    fn from_iter<T: IntoIterator<Item = Rect>>(rects: T) -> Self {
        Self::from_rects(rects)
    }
}

/// Iterator over the rectangles of a region.
#[derive(Clone, Debug)]
pub struct Rects<'a>(slice::Iter<'a, Rect>);

impl<'a> Iterator for Rects<'a> {
    type Item = &'a Rect;

    fn next(&mut self) -> Option<&'a Rect> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl DoubleEndedIterator for Rects<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back()
    }
}

impl ExactSizeIterator for Rects<'_> {}
impl FusedIterator for Rects<'_> {}

/// Iterator over the bands of a banded list.
struct Bands<'a>(&'a [Rect]);

impl<'a> Iterator for Bands<'a> {
    type Item = &'a [Rect];

    fn next(&mut self) -> Option<&'a [Rect]> {
        let top = self.0.first()?.top;
        let end = self.0.iter().position(|rect| rect.top != top).unwrap_or(self.0.len());
        let (band, rest) = self.0.split_at(end);
        self.0 = rest;
        Some(band)
    }
}

/// One pass over two regions from top to bottom, that writes a third.
#[derive(Default)]
struct Sweep {
    rects: Vec<Rect>,
    /// Where the last band begins in `rects`.
    last_band: usize,
}

impl Sweep {
    fn run(&mut self, first: &[Rect], second: &[Rect], keep: Keep) {
        self.rects.reserve(first.len() + second.len());
        let (mut firsts, mut seconds) = (Bands(first), Bands(second));
        let (mut a, mut b) = (firsts.next(), seconds.next());
        let mut y = i32::MIN;
        loop {
            let done = match keep {
                Keep::Either => a.is_none() && b.is_none(),
                Keep::Both => a.is_none() || b.is_none(),
                Keep::OnlyFirst => a.is_none(),
            };
            if done {
                return;
            }
            let (a_now, a_next) = rows_at(a, y);
            let (b_now, b_next) = rows_at(b, y);
            let next = a_next.min(b_next);
            if !a_now.is_empty() || !b_now.is_empty() {
                self.emit(a_now, b_now, y, next, keep);
            }
            y = next;
            a = a.filter(|band| ends_below(band, y)).or_else(|| firsts.next());
            b = b.filter(|band| ends_below(band, y)).or_else(|| seconds.next());
        }
    }

    /// Writes the rows from `top` to `bottom`, in which both inputs look the same.
    fn emit(&mut self, a: &[Rect], b: &[Rect], top: i32, bottom: i32, keep: Keep) {
        let start = self.rects.len();
        combine_columns(a, b, keep, |left, right| {
            match self.rects.get_mut(start..).and_then(<[Rect]>::last_mut) {
                Some(last) if last.right == left => last.right = right,
                _ => self.rects.push(Rect::new(left, top, right, bottom)),
            }
        });
        self.end_band(start, bottom);
    }

    /// Ends the band of the rectangles from `start` on, unless there are none.
    fn end_band(&mut self, start: usize, bottom: i32) {
        if self.rects.len() > start && !self.join_last_band(start, bottom) {
            self.last_band = start;
        }
    }

    /// Extends the band before the one at `start` over that one when both have the same columns.
    fn join_last_band(&mut self, start: usize, bottom: i32) -> bool {
        let (before, new) = self.rects.split_at_mut(start);
        let Some(old) = before.get_mut(self.last_band..) else { return false };
        let same = old.len() == new.len()
            && old
                .iter()
                .zip(&*new)
                .all(|(old, new)| old.bottom == new.top && old.left == new.left && old.right == new.right);
        if same {
            for rect in old {
                rect.bottom = bottom;
            }
            self.rects.truncate(start);
        }
        same
    }
}

/// The part of `band` in row `y`, and the row where that changes.
fn rows_at(band: Option<&[Rect]>, y: i32) -> (&[Rect], i32) {
    match band.and_then(|band| band.first().map(|first| (band, first))) {
        None => (&[], i32::MAX),
        Some((_, first)) if first.top > y => (&[], first.top),
        Some((band, first)) => (band, first.bottom),
    }
}

fn ends_below(band: &[Rect], y: i32) -> bool {
    band.first().is_some_and(|first| first.bottom > y)
}

/// Calls `emit` with the pieces of one row that remain, from left to right; they may touch.
fn combine_columns(a: &[Rect], b: &[Rect], keep: Keep, mut emit: impl FnMut(i32, i32)) {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    let mut x = i32::MIN;
    loop {
        while a.next_if(|rect| rect.right <= x).is_some() {}
        while b.next_if(|rect| rect.right <= x).is_some() {}
        let (in_a, a_next) = columns_at(a.peek(), x);
        let (in_b, b_next) = columns_at(b.peek(), x);
        let next = a_next.min(b_next);
        let kept = match keep {
            Keep::Either => in_a || in_b,
            Keep::Both => in_a && in_b,
            Keep::OnlyFirst => in_a && !in_b,
        };
        if kept {
            emit(x, next);
        }
        if a.peek().is_none() && b.peek().is_none() {
            return;
        }
        x = next;
    }
}

/// Whether column `x` is inside `rect`, and where that changes.
fn columns_at(rect: Option<&&Rect>, x: i32) -> (bool, i32) {
    match rect {
        None => (false, i32::MAX),
        Some(rect) if rect.left > x => (false, rect.left),
        Some(rect) => (true, rect.right),
    }
}
