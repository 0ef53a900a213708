//! What a picture that is painted over another one really changes.
//!
//! Compositors, and drivers that know damage only, paint whole rows of the screen although a clock has moved on. Before
//! such a picture is copied, kept, compressed and sent it is compared with what is there, and only what differs goes on.
//!
//! Invariant: painting the parts gives the same pixels as painting all of the picture.

use std::ops::Range;

use image::bitmap::{Bitmap, BitmapFormat};
use image::geometry::Rect;
use image::plane::Plane;
use image::region::Region;
use wire::drawable::{Copy, Drawable, Operation, Rop};

use super::picture::{Image, Picture};
use crate::guest::buffers::Buffers;
use crate::guest::fetch::Described;
use crate::guest::rows::Rows;

/// Pixels of a row that are compared together.
const CHUNK: usize = 16;
/// Rows that are compared together.
const BAND: i32 = 8;
/// Chunks between two changes that belong to one part all the same.
const GAP: usize = 2;
/// Parts that a rectangle is cut into at the most.
const MAX_PARTS: usize = 12;
/// Pixels of a part beyond those that have changed that are cheaper than another part.
const SLACK: u64 = 2048;

/// A picture that replaces pixels of a surface, one by one.
#[derive(Clone, Copy, Debug)]
pub struct Repaint<'a> {
    source: Source<'a>,
    /// What stands in the fourth byte of every pixel, beside what the picture has there.
    high_bits: u32,
    /// Where it goes.
    pub bbox: Rect,
    /// How far the picture's corner lies from the surface's.
    offset: (i32, i32),
}

/// Where the picture's pixels are.
#[derive(Clone, Copy, Debug)]
enum Source<'a> {
    /// In memory of ours.
    Copied(&'a Bitmap),
    /// Still in the guest's, which can change it meanwhile: what is read twice may differ.
    InGuest(&'a Rows, &'a Buffers),
}

/// Memory for a row of the picture, used again and again.
pub type Scratch = Vec<u8>;

impl<'a> Repaint<'a> {
    /// Pixels below which a comparison is not worth its while.
    const MIN_AREA: u64 = 64 * 64;

    /// `drawable` as a repaint, if it is one. Pictures that clients are to keep are none: they would not get all of them.
    pub fn of(drawable: &'a Drawable<Picture>) -> Option<Self> {
        let Picture::Bitmap(image) = replacing(drawable)? else { return None };
        if image.cacheable || image.widened {
            return None;
        }
        Self::new(drawable, Source::Copied(&image.bitmap), image.high_bits_set)
    }

    /// The same of a picture that has not been copied yet. Parts of it will be, into `buffers`.
    pub fn in_guest(drawable: &'a Drawable<Described>, buffers: &'a Buffers) -> Option<Self> {
        let Described::Pixels(pixels) = replacing(drawable)? else { return None };
        if pixels.is_cacheable() {
            return None;
        }
        Self::new(drawable, Source::InGuest(pixels.rows()?, buffers), pixels.has_high_bits_set())
    }

    fn new<I>(drawable: &Drawable<I>, source: Source<'a>, high_bits_set: bool) -> Option<Self> {
        let Operation::Copy(Copy { area, .. }) = drawable.operation else { return None };
        let bbox = drawable.bbox;
        let (format, size) = match source {
            Source::Copied(bitmap) => (bitmap.format(), bitmap.size()),
            Source::InGuest(rows, _) => (rows.layout().format, rows.layout().size),
        };
        let fits = area.size() == bbox.size() && Rect::of_size(size).contains(&area);
        if !fits || format != BitmapFormat::Xrgb32 || bbox.size().area() < Self::MIN_AREA {
            return None;
        }
        let offset = (area.left.checked_sub(bbox.left)?, area.top.checked_sub(bbox.top)?);
        Some(Self { source, high_bits: if high_bits_set { 0xff00_0000 } else { 0 }, bbox, offset })
    }

    /// Where of `region` the picture differs from `plane`, in a few rectangles inside of it that may overlap and have some
    /// more in them.
    pub fn changes(&self, plane: &Plane<u32>, region: &Region) -> Vec<Rect> {
        // Each rectangle by itself: what lies between them is not to be painted.
        region.rects().flat_map(|rect| self.compare(plane, *rect).finish()).collect()
    }

    /// The picture's pixels that go to `area` of the surface.
    pub fn part(&self, area: &Rect) -> Option<Image> {
        let (dx, dy) = self.offset;
        let area = area.translate(dx, dy);
        let bitmap = match self.source {
            Source::Copied(bitmap) => bitmap.part(&area)?,
            Source::InGuest(rows, buffers) => rows.part(&area, buffers)?,
        };
        Some(Image { high_bits_set: self.high_bits != 0, ..Image::new(bitmap) })
    }

    /// The smallest rectangle around what differs from `plane` inside `area`.
    pub fn bounds_of_changes(&self, plane: &Plane<u32>, area: Rect) -> Option<Rect> {
        let mut scratch = Scratch::new();
        let mut bounds: Option<Rect> = None;
        for y in area.top..area.bottom {
            let old = plane.row_part(y, area.left, area.right);
            let new = self.pixels(y, area.left, area.right, &mut scratch);
            let differs = |(old, new): (&u32, &[u8; 4])| *old != (u32::from_le_bytes(*new) | self.high_bits);
            let Some(first) = old.iter().zip(new).position(differs) else { continue };
            let last = old.iter().zip(new).rposition(differs).unwrap_or(first);
            let column = |index: usize| area.left.saturating_add(i32::try_from(index).unwrap_or(i32::MAX));
            let row = Rect::new(column(first), y, column(last).saturating_add(1), y + 1);
            bounds = Some(bounds.map_or(row, |bounds| bounds.union(&row)));
        }
        bounds
    }

    /// The picture's pixels of row `y` from `left` to `right`, as the surface would have them.
    pub fn row<'s>(
        &self,
        y: i32,
        left: i32,
        right: i32,
        scratch: &'s mut Scratch,
    ) -> impl Iterator<Item = u32> + use<'s, 'a>
    where
        'a: 's,
    {
        let high = self.high_bits;
        self.pixels(y, left, right, scratch).iter().map(move |pixel| u32::from_le_bytes(*pixel) | high)
    }

    /// The picture's pixels of row `y` from `left` to `right`; none when they are not all inside.
    fn pixels<'s>(&self, y: i32, left: i32, right: i32, scratch: &'s mut Scratch) -> &'s [[u8; 4]]
    where
        'a: 's,
    {
        let (dx, dy) = self.offset;
        let place = |at: i32, shift: i32| u32::try_from(at.saturating_add(shift)).unwrap_or(u32::MAX);
        let (y, columns) = (place(y, dy), place(left, dx)..place(right, dx));
        match self.source {
            Source::Copied(bitmap) => {
                let row = bitmap.row(y).unwrap_or_default().as_chunks::<4>().0;
                row.get(columns.start as usize..columns.end as usize).unwrap_or_default()
            }
            Source::InGuest(rows, _) => {
                scratch.clear();
                rows.append_row(y, columns, scratch);
                scratch.as_chunks::<4>().0
            }
        }
    }

    fn compare(&self, plane: &Plane<u32>, rect: Rect) -> Parts {
        let mut parts = Parts::default();
        let mut scratch = Scratch::new();
        let mut changed = vec![false; (rect.width() as usize).div_ceil(CHUNK)];
        let mut top = rect.top;
        while top < rect.bottom {
            let bottom = top.saturating_add(BAND).min(rect.bottom);
            changed.fill(false);
            for y in top..bottom {
                let old = plane.row_part(y, rect.left, rect.right);
                let new = self.pixels(y, rect.left, rect.right, &mut scratch);
                for ((old, new), changed) in old.chunks(CHUNK).zip(new.chunks(CHUNK)).zip(&mut changed) {
                    *changed = *changed || differ(old, new, self.high_bits);
                }
            }
            for run in runs(&changed) {
                let column = |chunk: usize| {
                    let pixels = i32::try_from(chunk * CHUNK).unwrap_or(i32::MAX);
                    rect.left.saturating_add(pixels).min(rect.right)
                };
                parts.add(Rect::new(column(run.start), top, column(run.end), bottom));
            }
            top = bottom;
        }
        parts
    }
}

/// The image of an operation that does nothing but to replace pixels by it.
fn replacing<I>(drawable: &Drawable<I>) -> Option<&I> {
    match &drawable.operation {
        Operation::Copy(copy) if copy.rop == Rop::PUT && copy.mask.bitmap.is_none() => Some(&copy.source),
        _ => None,
    }
}

/// Whether any pixel differs. Without a branch in the loop, so that it is compared in wide registers.
fn differ(old: &[u32], new: &[[u8; 4]], high: u32) -> bool {
    old.iter().zip(new).fold(0, |all, (old, new)| all | (old ^ (u32::from_le_bytes(*new) | high))) != 0
}

/// Runs of changed chunks; those with a gap of no more than [`GAP`] between them are one.
fn runs(changed: &[bool]) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + changed.get(at..)?.iter().position(|changed| *changed)?;
        let mut end = start + 1;
        while let Some(next) = changed.get(end..)?.iter().take(GAP + 1).position(|changed| *changed) {
            end += next + 1;
        }
        at = end;
        Some(start..end)
    })
}

/// Rectangles around changes, put together from the top to the bottom.
#[derive(Debug, Default)]
struct Parts {
    all: Vec<Part>,
}

#[derive(Clone, Copy, Debug)]
struct Part {
    rect: Rect,
    /// Pixels of the runs in it.
    changed: u64,
}

impl Parts {
    /// Adds a run of one band: to the part above it if that costs few pixels, else as a part of its own.
    fn add(&mut self, run: Rect) {
        let changed = run.size().area();
        let joined = self.all.iter_mut().rev().find_map(|part| {
            let touches =
                part.rect.bottom >= run.top && part.rect.left <= run.right && run.left <= part.rect.right;
            let union = part.rect.union(&run);
            let total = part.changed + changed;
            (touches && union.size().area() <= total + total / 4 + SLACK).then_some((part, union, total))
        });
        match joined {
            Some((part, rect, changed)) => *part = Part { rect, changed },
            None => self.all.push(Part { rect: run, changed }),
        }
    }

    fn finish(self) -> Vec<Rect> {
        let rects = self.all.iter().map(|part| part.rect);
        if self.all.len() <= MAX_PARTS {
            return rects.collect();
        }
        rects.reduce(|all, rect| all.union(&rect)).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use image::bitmap::Layout;
    use image::geometry::Size;
    use proptest::prelude::*;
    use wire::drawable::{Clip, Mask, ScaleMode, SurfaceId};

    use super::*;

    const SIZE: Size = Size::new(200, 100);

    fn drawable(pixels: &[u32], bbox: Rect) -> Drawable<Picture> {
        let layout = Layout::packed(BitmapFormat::Xrgb32, bbox.size()).unwrap();
        let data: Vec<u8> = pixels.iter().flat_map(|pixel| pixel.to_le_bytes()).collect();
        let bitmap = Bitmap::new(layout, None, data.into()).unwrap();
        let copy = Copy {
            area: bitmap.bounds(),
            source: Picture::Bitmap(Arc::new(Image::new(bitmap))),
            rop: Rop::PUT,
            scale: ScaleMode::Nearest,
            mask: Mask::default(),
        };
        let operation = Operation::Copy(copy);
        Drawable { surface: SurfaceId::PRIMARY, bbox, clip: Clip::None, operation }
    }

    /// A picture at 10,20 that differs from a black surface where `dots` are, in columns and rows of the picture.
    fn repainted(dots: &[(i32, i32)]) -> (Plane<u32>, Drawable<Picture>) {
        let bbox = Rect::new(10, 20, 190, 100);
        let mut pixels = vec![0; bbox.size().area() as usize];
        for (x, y) in dots {
            pixels[(y * 180 + x) as usize] = 1;
        }
        (Plane::new(SIZE).unwrap(), drawable(&pixels, bbox))
    }

    proptest! {
        #[test]
        fn every_change_is_in_a_part_and_parts_lie_in_the_picture(
            dots in proptest::collection::vec((0..180, 0..80), 0..30),
        ) {
            let (plane, drawable) = repainted(&dots);
            let repaint = Repaint::of(&drawable).unwrap();
            let parts = repaint.changes(&plane, &Region::from_rect(drawable.bbox));
            prop_assert!(parts.len() <= MAX_PARTS);
            prop_assert_eq!(parts.is_empty(), dots.is_empty());
            prop_assert!(parts.iter().all(|part| drawable.bbox.contains(part)));
            for (x, y) in dots {
                let dot = Rect::new(10 + x, 20 + y, 11 + x, 21 + y);
                prop_assert!(parts.iter().any(|part| part.contains(&dot)), "{dot:?} in {parts:?}");
            }
        }
    }

    #[test]
    fn a_small_change_is_a_small_part_of_the_right_pixels() {
        let (plane, drawable) = repainted(&[(100, 40)]);
        let repaint = Repaint::of(&drawable).unwrap();
        let parts = repaint.changes(&plane, &Region::from_rect(drawable.bbox));
        assert_eq!(parts, [Rect::new(106, 60, 122, 68)]);
        let part = repaint.part(&parts[0]).unwrap();
        let row = part.bitmap.row(0).unwrap();
        assert_eq!(row.iter().position(|byte| *byte == 1), Some((110 - 106) * 4));
        assert_eq!(repaint.bounds_of_changes(&plane, drawable.bbox), Some(Rect::new(110, 60, 111, 61)));
    }

    #[test]
    fn changes_far_from_each_other_are_parts_of_their_own() {
        let (plane, drawable) = repainted(&[(0, 0), (179, 79)]);
        let repaint = Repaint::of(&drawable).unwrap();
        assert_eq!(repaint.changes(&plane, &Region::from_rect(drawable.bbox)).len(), 2);
        let clip = Region::from_rect(Rect::new(10, 20, 100, 100));
        assert_eq!(repaint.changes(&plane, &clip).len(), 1);
    }
}
