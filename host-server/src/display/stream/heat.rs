//! Which parts of the screen change again and again.
//!
//! The screen is a grid of cells, and each cell knows when it changed last, several times over. What a compositor paints
//! around a video makes no difference here: only pixels that change count, whatever rectangle they come in.

use std::time::{Duration, Instant};

use image::geometry::{Rect, Size};

/// Pixels of a cell's edge.
pub const CELL: i32 = 16;
const EDGE: u32 = CELL.unsigned_abs();
/// Changes within [`Heat::SPAN`] that make a cell hot: ten a second.
const CHANGES: usize = 5;
/// Cells between two hot ones that belong together all the same.
const REACH: u32 = 2;
/// Changes that are closer than that are one.
const SAME: u32 = 10;

/// The cells of a screen.
#[derive(Debug)]
pub struct Heat {
    /// A while before the first change.
    start: Option<Instant>,
    size: Size,
    columns: u32,
    cells: Vec<Cell>,
}

/// When a cell changed last, the newest first, in milliseconds since the start; 0 is never.
type Cell = [u32; CHANGES];

impl Heat {
    /// How long a change counts.
    pub const SPAN: Duration = Duration::from_millis(500);
    /// Milliseconds after which time begins anew: 24 days.
    const EPOCH: u32 = 1 << 31;

    /// A screen of `size` on which nothing has changed.
    pub fn new(size: Size) -> Self {
        let columns = size.width.div_ceil(EDGE);
        let cells = columns as usize * size.height.div_ceil(EDGE) as usize;
        Self { start: None, size, columns, cells: vec![[0; CHANGES]; cells] }
    }

    /// `area` changes at `now`.
    pub fn touch(&mut self, area: &Rect, now: Instant) {
        let Some(area) = area.intersection(&Rect::of_size(self.size)) else { return };
        if self.milliseconds(now) > Self::EPOCH {
            self.cells.fill([0; CHANGES]);
            self.start = None;
        }
        // So that no change is at 0.
        self.start.get_or_insert_with(|| now.checked_sub(Self::SPAN).unwrap_or(now));
        let now = self.milliseconds(now);
        let cell = |pixel: i32| pixel.unsigned_abs() / EDGE;
        for row in cell(area.top)..=cell(area.bottom - 1) {
            let start = (row * self.columns) as usize;
            let columns = start + cell(area.left) as usize..=start + cell(area.right - 1) as usize;
            for cell in self.cells.get_mut(columns).unwrap_or_default() {
                if cell[0] == 0 || now.saturating_sub(cell[0]) > SAME {
                    cell.rotate_right(1);
                    cell[0] = now;
                }
            }
        }
    }

    /// Rectangles around hot cells that belong together, clipped to the screen; those that are mostly cold are left out.
    pub fn hot_areas(&self, now: Instant) -> Vec<Rect> {
        let now = self.milliseconds(now);
        let span = u32::try_from(Self::SPAN.as_millis()).unwrap_or(u32::MAX);
        let hot = |cell: &Cell| cell[CHANGES - 1] != 0 && now.saturating_sub(cell[CHANGES - 1]) <= span;
        let mut hot: Vec<bool> = self.cells.iter().map(hot).collect();
        let mut areas = Vec::new();
        let mut first = 0;
        while let Some(next) = hot.get(first..).and_then(|rest| rest.iter().position(|hot| *hot)) {
            first += next;
            let group = self.take_group(&mut hot, first);
            let cells = u64::from(group.right - group.left) * u64::from(group.bottom - group.top);
            if u64::from(group.hot) * 2 >= cells {
                areas.extend(self.pixels(&group));
            }
        }
        areas
    }

    /// Takes `first`, and all hot cells that can be reached from it, out of `hot`.
    fn take_group(&self, hot: &mut [bool], first: usize) -> Group {
        let mut group = Group { left: u32::MAX, top: u32::MAX, right: 0, bottom: 0, hot: 0 };
        let mut waiting = vec![first];
        if let Some(hot) = hot.get_mut(first) {
            *hot = false;
        }
        while let Some(index) = waiting.pop() {
            let index = u32::try_from(index).unwrap_or(0);
            let (x, y) = (index % self.columns, index / self.columns);
            group.add(x, y);
            for row in y.saturating_sub(REACH)..=y + REACH {
                for column in x.saturating_sub(REACH)..=(x + REACH).min(self.columns - 1) {
                    let neighbour = (row * self.columns + column) as usize;
                    if hot.get_mut(neighbour).is_some_and(std::mem::take) {
                        waiting.push(neighbour);
                    }
                }
            }
        }
        group
    }

    fn pixels(&self, group: &Group) -> Option<Rect> {
        let pixel = |cell: u32| i32::try_from(cell * EDGE).unwrap_or(i32::MAX);
        let area = Rect::new(pixel(group.left), pixel(group.top), pixel(group.right), pixel(group.bottom));
        area.intersection(&Rect::of_size(self.size))
    }

    fn milliseconds(&self, now: Instant) -> u32 {
        u32::try_from(self.start.map_or(0, |start| now.saturating_duration_since(start).as_millis()))
            .unwrap_or(u32::MAX)
    }
}

/// Hot cells that belong together: a rectangle around them, and how many they are.
struct Group {
    left: u32,
    top: u32,
    right: u32,
    bottom: u32,
    hot: u32,
}

impl Group {
    fn add(&mut self, x: u32, y: u32) {
        self.left = self.left.min(x);
        self.top = self.top.min(y);
        self.right = self.right.max(x + 1);
        self.bottom = self.bottom.max(y + 1);
        self.hot += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size::new(1000, 500);

    /// What is hot after `count` changes of each area, `period` milliseconds apart.
    fn after(areas: &[Rect], count: u64, period: u64) -> Vec<Rect> {
        let start = Instant::now();
        let mut heat = Heat::new(SIZE);
        let mut now = start;
        for _ in 0..count {
            areas.iter().for_each(|area| heat.touch(area, now));
            now += Duration::from_millis(period);
        }
        heat.hot_areas(now)
    }

    #[test]
    fn what_changes_often_enough_is_hot_within_half_a_second() {
        let video = Rect::new(100, 100, 420, 340);
        assert_eq!(after(&[video], 10, 40), [Rect::new(96, 96, 432, 352)]);
        assert_eq!(after(&[video], 4, 40), []);
        assert_eq!(after(&[video], 100, 130), []);
    }

    #[test]
    fn videos_apart_are_areas_apart_and_edges_are_clipped() {
        let (left, right) = (Rect::new(0, 0, 160, 160), Rect::new(800, 300, 1000, 500));
        assert_eq!(after(&[left, right], 10, 40), [left, Rect::new(800, 288, 1000, 500)]);
    }

    #[test]
    fn a_scattered_pattern_is_no_area() {
        let dots: Vec<_> = (0..8).map(|i| Rect::new(i * 32, i * 32, i * 32 + 4, i * 32 + 4)).collect();
        assert_eq!(after(&dots, 10, 40), []);
    }

    #[test]
    fn changes_outside_the_screen_and_at_one_moment_do_not_count() {
        assert_eq!(after(&[Rect::new(-50, -50, 0, 0), Rect::new(5000, 0, 6000, 10)], 10, 40), []);
        assert_eq!(after(&[Rect::new(0, 0, 100, 100)], 100, 0), []);
    }
}
