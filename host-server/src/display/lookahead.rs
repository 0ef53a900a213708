//! Drawings that the guest has submitted together: those that a later one of them covers, or whose surface ends
//! before anybody sees them, are never copied.
//!
//! A guest that repaints faster than it is read leaves many versions of the same picture in its ring. Their
//! structures are read and checked one by one; their pixels only if something of them will be seen.
//!
//! Invariant: performing what is not dropped gives the same picture as performing everything.

use std::collections::VecDeque;

use image::geometry::Rect;
use image::region::Region;
use wire::drawable::{Operation, SurfaceId};

use super::item::{coverage, images, moved_to};
use crate::guest::command::{Command, Draw};
use crate::guest::device::Release;
use crate::guest::fetch::Described;

/// Commands that have been read, in their order, and not performed yet.
#[derive(Debug, Default)]
pub struct Lookahead {
    queue: VecDeque<Submitted>,
}

/// A command whose memory is still ours.
#[derive(Debug)]
pub struct Submitted {
    /// What to do.
    pub step: Step,
    /// What is given back when that is done.
    pub release: Option<Release>,
}

/// What a command asks for.
#[derive(Debug)]
pub enum Step {
    /// Draw, with pixels that are still in the guest's memory.
    Draw(Draw<Described>),
    /// Anything else; never dropped.
    Other {
        /// The command.
        command: Command,
        /// The memory slot group of its addresses.
        group: u32,
        /// Whether it comes from a saved machine.
        restored: bool,
    },
    /// Nothing: the command was invalid, and keeps its place among those whose memory goes back.
    Nothing,
}

impl Lookahead {
    /// Pixels that a drawing must touch to be worth looking behind it.
    const MIN_COVER: u64 = 1024;

    /// Whether everything that was read has been performed.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Adds a command.
    pub fn push(&mut self, step: Step, release: Option<Release>) {
        self.queue.push_back(Submitted { step, release });
    }

    /// How many commands wait.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Drops the drawings that will not be seen; returns what is given back for them. `ends` is a surface that
    /// ends after the last command.
    pub fn drop_covered(&mut self, ends: Option<SurfaceId>) -> Vec<Release> {
        let mut covers = Covers::before_the_end_of(ends);
        let mut seen = vec![true; self.queue.len()];
        for (submitted, seen) in self.queue.iter().zip(&mut seen).rev() {
            match &submitted.step {
                Step::Draw(draw) => *seen = !covers.look_behind(draw),
                Step::Other { command: Command::DestroySurface(id), .. } => {
                    covers = Covers::before_the_end_of(Some(*id));
                }
                // It may read any surface.
                Step::Other { .. } => covers = Covers::default(),
                Step::Nothing => {}
            }
        }
        let mut releases = Vec::new();
        let mut seen = seen.into_iter();
        self.queue.retain(|submitted| {
            let keep = seen.next().unwrap_or(true);
            if !keep {
                releases.extend(submitted.release);
            }
            keep
        });
        releases
    }

    /// Takes the oldest command.
    pub fn pop(&mut self) -> Option<Submitted> {
        self.queue.pop_front()
    }
}

/// What later drawings replace, on each surface.
#[derive(Debug, Default)]
struct Covers(Vec<(SurfaceId, Region)>);

impl Covers {
    /// A surface that ends covers all that is drawn on it, but for what another surface reads before.
    fn before_the_end_of(surface: Option<SurfaceId>) -> Self {
        let everything = Region::from_rect(Rect::new(0, 0, i32::MAX, i32::MAX));
        Self(surface.map(|id| (id, everything)).into_iter().collect())
    }

    /// Whether later drawings cover `draw`; if not, what it covers or reads counts for those before it.
    fn look_behind(&mut self, draw: &Draw<Described>) -> bool {
        let drawable = &draw.drawable;
        let (region, opaque) = coverage(drawable);
        if self.of(drawable.surface).contains(&region) {
            return true;
        }
        let reads_surfaces = images(&drawable.operation).any(|image| !matches!(image, Described::Pixels(_)));
        if reads_surfaces {
            // What it reads may be anywhere: everything before it counts.
            self.0.clear();
        }
        let worth_it = region.area() >= Lookahead::MIN_COVER && !reads_surfaces;
        if worth_it && opaque {
            self.of(drawable.surface).union(&region);
        }
        if let Operation::CopyBits { source } = drawable.operation {
            self.of(drawable.surface).subtract_rect(&moved_to(drawable.bbox, source));
        }
        false
    }

    fn of(&mut self, surface: SurfaceId) -> &mut Region {
        let index = self.0.iter().position(|(id, _)| *id == surface).unwrap_or_else(|| {
            self.0.push((surface, Region::new()));
            self.0.len() - 1
        });
        // The index is that of an entry which was found or has just been added.
        #[allow(clippy::indexing_slicing, reason = "see above")]
        &mut self.0[index].1
    }
}
