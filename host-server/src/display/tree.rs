//! What is visible of a surface's operations that have not been drawn yet.
//!
//! Operations stand in the order of time. A new opaque one takes its region away from all older ones; an
//! older one of which nothing is left will never be seen, so it is dropped here and from every pipe. What
//! a later operation still has to read (the source of a move inside the surface, or a surface used as an
//! image) is not taken away from those before it.
//!
//! Invariant: drawing the entries in order gives the same pixels as drawing every operation ever added.

use std::collections::VecDeque;

use image::geometry::Rect;
use image::region::Region;
use wire::drawable::SurfaceId;

use super::item::{Moment, SharedItem};

/// The operations of one surface that have not been drawn.
#[derive(Debug, Default)]
pub struct Tree {
    entries: VecDeque<Entry>,
    /// For each entry what it touches or reads, apart from the rest to keep the walk over it short.
    extents: VecDeque<Rect>,
    bytes: usize,
}

/// One step on the way to the surface's current picture.
#[derive(Debug)]
pub enum Entry {
    /// Draw this.
    Draw {
        /// The operation.
        item: SharedItem,
        /// What of it no newer operation covers.
        visible: Region,
    },
    /// Before anything that follows is drawn here, another surface has to read this one.
    ReadBy {
        /// The surface whose operation reads.
        surface: SurfaceId,
        /// The moment of that operation.
        moment: Moment,
    },
}

impl Entry {
    /// When the entry was added.
    pub fn moment(&self) -> Moment {
        match self {
            Self::Draw { item, .. } => item.moment,
            Self::ReadBy { moment, .. } => *moment,
        }
    }
}

impl Tree {
    /// How many entries wait.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Bytes of pixels that waiting operations keep in memory.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds an operation. Calls `dropped` with each older one that can no longer be seen.
    pub fn add(&mut self, item: SharedItem, mut dropped: impl FnMut(&SharedItem)) {
        if item.opaque {
            self.cover(&item, &mut dropped);
        }
        self.bytes += item.bytes;
        self.extents.push_back(extent(&item.region, item.reads));
        let visible = item.region.clone();
        self.entries.push_back(Entry::Draw { item, visible });
    }

    /// Notes that the operation at `moment` on `surface` reads this surface.
    pub fn add_reader(&mut self, surface: SurfaceId, moment: Moment) {
        self.entries.push_back(Entry::ReadBy { surface, moment });
        self.extents.push_back(Rect::new(0, 0, i32::MAX, i32::MAX));
    }

    /// The moment of the newest operation that touches `area`, or of the newest of all without one.
    pub fn newest_in(&self, area: Option<&Rect>) -> Option<Moment> {
        let Some(area) = area else { return self.entries.back().map(Entry::moment) };
        self.entries.iter().rev().find_map(|entry| match entry {
            Entry::Draw { item, .. } if item.region.intersects_rect(area) => Some(item.moment),
            _ => None,
        })
    }

    /// Takes the oldest entry, if it is not newer than `until`.
    pub fn take_oldest(&mut self, until: Moment) -> Option<Entry> {
        if self.entries.front()?.moment() > until {
            return None;
        }
        self.extents.pop_front();
        let entry = self.entries.pop_front()?;
        if let Entry::Draw { item, .. } = &entry {
            self.bytes = self.bytes.saturating_sub(item.bytes);
        }
        Some(entry)
    }

    /// The moment of the entry in the middle: drawing up to there halves what waits.
    pub fn median(&self) -> Option<Moment> {
        self.entries.get(self.entries.len() / 2).map(Entry::moment)
    }

    /// Walks from the newest entry to the oldest and takes away what `item` covers.
    fn cover(&mut self, item: &SharedItem, dropped: &mut impl FnMut(&SharedItem)) {
        let mut cover = item.region.clone();
        // What the new operation itself reads must be there when it is drawn.
        if let Some(source) = item.reads {
            cover.subtract_rect(&source);
        }
        let mut below = self.entries.len();
        while !cover.is_empty()
            && let Some(index) = newest_touching(&self.extents, below, &cover.bounds())
        {
            below = index;
            match self.entries.get_mut(index) {
                Some(Entry::Draw { item: older, visible }) => {
                    visible.subtract(&cover);
                    if visible.is_empty() {
                        dropped(older);
                        self.bytes = self.bytes.saturating_sub(older.bytes);
                        self.entries.remove(index);
                        self.extents.remove(index);
                    } else {
                        if let Some(extent_here) = self.extents.get_mut(index) {
                            *extent_here = extent(visible, older.reads);
                        }
                        if let Some(source) = older.reads {
                            cover.subtract_rect(&source);
                        }
                    }
                }
                // The whole surface may be read there: nothing before it is hidden.
                Some(Entry::ReadBy { .. }) | None => break,
            }
        }
    }
}

/// The last of the first `below` extents that touches `area`.
fn newest_touching(extents: &VecDeque<Rect>, below: usize, area: &Rect) -> Option<usize> {
    let (older, newer) = extents.as_slices();
    let touches = |extent: &Rect| extent.intersects(area);
    let among_newer = newer.get(..below.saturating_sub(older.len())).unwrap_or_default();
    if let Some(index) = among_newer.iter().rposition(touches) {
        return Some(older.len() + index);
    }
    older.get(..below.min(older.len())).unwrap_or_default().iter().rposition(touches)
}

/// The smallest rectangle around what is touched and what is read.
fn extent(region: &Region, reads: Option<Rect>) -> Rect {
    reads.map_or(region.bounds(), |source| region.bounds().union(&source))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use image::geometry::Point;
    use proptest::prelude::*;
    use wire::drawable::{Brush, Clip, Drawable, Fill, Mask, Operation, Rop};

    use super::super::item::Item;
    use super::*;

    const SIDE: i32 = 12;

    fn drawable(
        bbox: Rect,
        operation: Operation<super::super::picture::Picture>,
    ) -> Drawable<super::super::picture::Picture> {
        Drawable { surface: SurfaceId::PRIMARY, bbox, clip: Clip::None, operation }
    }

    fn fill(rect: Rect, color: u32, rop: Rop) -> Drawable<super::super::picture::Picture> {
        let fill = Fill { brush: Brush::Solid(color), rop, mask: Mask::default() };
        drawable(rect, Operation::Fill(fill))
    }

    /// Pixels of a small surface, drawn naively.
    #[derive(Clone, Debug, PartialEq, Eq)]
    struct Grid(Vec<u32>);

    impl Grid {
        fn new() -> Self {
            Self(vec![0; (SIDE * SIDE) as usize])
        }

        fn draw(&mut self, drawable: &Drawable<super::super::picture::Picture>) {
            let before = self.0.clone();
            let at = |x: i32, y: i32| (y * SIDE + x) as usize;
            for y in drawable.bbox.top..drawable.bbox.bottom {
                for x in drawable.bbox.left..drawable.bbox.right {
                    match &drawable.operation {
                        Operation::Fill(Fill { brush: Brush::Solid(color), rop, .. }) => {
                            let old = self.0[at(x, y)];
                            self.0[at(x, y)] = if *rop == Rop::XOR { old ^ color } else { *color };
                        }
                        Operation::CopyBits { source } => {
                            let from =
                                at(x - drawable.bbox.left + source.x, y - drawable.bbox.top + source.y);
                            self.0[at(x, y)] = before[from];
                        }
                        _ => unreachable!(),
                    }
                }
            }
        }
    }

    fn rects() -> impl Strategy<Value = Rect> {
        (0..SIDE, 0..SIDE, 1..SIDE, 1..SIDE)
            .prop_map(|(x, y, w, h)| Rect::new(x, y, (x + w).min(SIDE), (y + h).min(SIDE)))
    }

    fn operations() -> impl Strategy<Value = Drawable<super::super::picture::Picture>> {
        prop_oneof![
            (rects(), 1u32..9).prop_map(|(rect, color)| fill(rect, color, Rop::PUT)),
            (rects(), 1u32..9).prop_map(|(rect, color)| fill(rect, color, Rop::XOR)),
            (rects(), 0..SIDE, 0..SIDE).prop_map(|(rect, x, y)| {
                let x = x.min(SIDE - (rect.right - rect.left));
                let y = y.min(SIDE - (rect.bottom - rect.top));
                drawable(rect, Operation::CopyBits { source: Point::new(x, y) })
            }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_left_gives_the_same_picture(all in proptest::collection::vec(operations(), 1..40)) {
            let mut naive = Grid::new();
            let mut tree = Tree::default();
            for (moment, drawable) in (1..).zip(all) {
                naive.draw(&drawable);
                tree.add(Arc::new(Item::new(moment, drawable)), |_| ());
            }
            let mut drawn = Grid::new();
            while let Some(entry) = tree.take_oldest(Moment::MAX) {
                if let Entry::Draw { item, .. } = entry {
                    drawn.draw(&item.drawable);
                }
            }
            prop_assert_eq!(drawn, naive);
            prop_assert_eq!(tree.bytes(), 0);
        }
    }

    #[test]
    fn a_covered_operation_is_dropped() {
        let mut tree = Tree::default();
        tree.add(Arc::new(Item::new(1, fill(Rect::new(0, 0, 4, 4), 1, Rop::PUT))), |_| ());
        let mut dropped = Vec::new();
        tree.add(Arc::new(Item::new(2, fill(Rect::new(0, 0, 5, 5), 2, Rop::PUT))), |old| {
            dropped.push(old.moment);
        });
        assert_eq!(dropped, [1]);
        assert_eq!(tree.len(), 1);
    }

    #[test]
    fn what_another_surface_reads_is_kept() {
        let mut tree = Tree::default();
        tree.add(Arc::new(Item::new(1, fill(Rect::new(0, 0, 4, 4), 1, Rop::PUT))), |_| ());
        tree.add_reader(SurfaceId(1), 2);
        tree.add(Arc::new(Item::new(3, fill(Rect::new(0, 0, 4, 4), 2, Rop::PUT))), |_| panic!("dropped"));
        assert_eq!(tree.len(), 3);
    }

    #[test]
    fn the_newest_operation_in_an_area_is_found() {
        let mut tree = Tree::default();
        tree.add(Arc::new(Item::new(1, fill(Rect::new(0, 0, 4, 4), 1, Rop::PUT))), |_| ());
        tree.add(Arc::new(Item::new(2, fill(Rect::new(8, 8, 9, 9), 1, Rop::PUT))), |_| ());
        assert_eq!(tree.newest_in(Some(&Rect::new(1, 1, 2, 2))), Some(1));
        assert_eq!(tree.newest_in(Some(&Rect::new(5, 5, 6, 6))), None);
        assert_eq!(tree.newest_in(None), Some(2));
    }
}
