//! Drawings that the guest has submitted together: those that a later one of them covers are never copied.
//!
//! A guest that repaints faster than it is read leaves many versions of the same picture in its ring. Their
//! structures are read and checked one by one; their pixels only if something of them will be seen.
//!
//! Invariant: performing what is not hidden gives the same picture as performing everything.

use image::region::Region;
use wire::drawable::{Operation, SurfaceId};

use super::item::{covered, images, is_opaque, moved_to};
use crate::guest::command::Draw;
use crate::guest::device::Release;
use crate::guest::fetch::Described;

/// Drawings that have been read, in their order, and not performed yet.
#[derive(Debug, Default)]
pub struct Lookahead {
    draws: Vec<Submitted>,
}

/// A drawing whose pixels are still in the guest's memory.
#[derive(Debug)]
pub struct Submitted {
    /// The drawing.
    pub draw: Draw<Described>,
    /// What is given back when its pixels have been copied or are not needed.
    pub release: Option<Release>,
    /// Whether a later drawing covers it.
    pub hidden: bool,
}

impl Lookahead {
    /// Pixels that a drawing must touch to be worth looking behind it.
    const MIN_COVER: u64 = 1024;

    /// Adds a drawing.
    pub fn push(&mut self, draw: Draw<Described>, release: Option<Release>) {
        self.draws.push(Submitted { draw, release, hidden: false });
    }

    /// Takes all drawings, those marked that will not be seen.
    pub fn take(&mut self) -> Vec<Submitted> {
        let mut covers = Covers::default();
        if self.draws.len() > 1 {
            for submitted in self.draws.iter_mut().rev() {
                submitted.hidden = covers.look_behind(&submitted.draw);
            }
        }
        std::mem::take(&mut self.draws)
    }
}

/// What later drawings replace, on each surface.
#[derive(Debug, Default)]
struct Covers(Vec<(SurfaceId, Region)>);

impl Covers {
    /// Whether later drawings cover `draw`; if not, what it covers or reads counts for those before it.
    fn look_behind(&mut self, draw: &Draw<Described>) -> bool {
        let drawable = &draw.drawable;
        let region = covered(drawable);
        if self.of(drawable.surface).contains(&region) {
            return true;
        }
        let reads_surfaces = images(&drawable.operation).any(|image| !matches!(image, Described::Pixels(_)));
        if reads_surfaces {
            // What it reads may be anywhere: everything before it counts.
            self.0.clear();
        }
        if is_opaque(&drawable.operation) && region.area() >= Lookahead::MIN_COVER && !reads_surfaces {
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
