//! The model's surfaces and the drawings that wait to be rendered on them.
//!
//! Like the real server it is lazy: a drawing is rendered when somebody needs its pixels, or never, when
//! later ones cover it. Until then the device keeps its command.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use super::area::Area;
use super::canvas::Canvas;
use super::drawing::{Drawing, Work};
use super::picture::Image;
use super::releases::Held;
use super::violation::Violation;
use crate::geometry::{Point, Rect};

/// Surfaces and what waits for them.
#[derive(Debug, Default)]
pub(super) struct Display {
    surfaces: BTreeMap<u32, Surface>,
    /// From the oldest to the newest, over all surfaces. Invariant: a drawing that reads a surface has
    /// nothing in front of it.
    pending: VecDeque<(Drawing, Held)>,
}

#[derive(Debug)]
struct Surface {
    canvas: Canvas,
    /// The command that created it; none for the primary surface.
    creation: Option<Held>,
}

impl Display {
    pub(super) fn canvas(&self, surface: u32) -> Option<&Canvas> {
        self.surfaces.get(&surface).map(|surface| &surface.canvas)
    }

    /// Drawings that wait.
    pub(super) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Adds a surface. One with that number must not be there.
    pub(super) fn create(&mut self, number: u32, canvas: Canvas, creation: Option<Held>) {
        self.surfaces.insert(number, Surface { canvas, creation });
    }

    /// Removes a surface. The commands that are done with come back.
    pub(super) fn destroy(&mut self, number: u32) -> Vec<Held> {
        let mut done = self.render_all();
        done.extend(self.surfaces.remove(&number).and_then(|surface| surface.creation));
        done
    }

    /// Removes all surfaces.
    pub(super) fn destroy_all(&mut self) -> Vec<Held> {
        let mut done = self.render_all();
        let surfaces = core::mem::take(&mut self.surfaces);
        done.extend(surfaces.into_values().filter_map(|surface| surface.creation));
        done
    }

    /// Takes a drawing, whose command is `held`. The commands that are done with come back.
    pub(super) fn draw(&mut self, drawing: Drawing, held: Held) -> Vec<Held> {
        let mut done = Vec::new();
        if drawing.work.reads(drawing.surface).is_some() {
            done.extend(self.render_all());
        } else if drawing.is_opaque {
            done.extend(self.forget_covered(&drawing));
        }
        self.pending.push_back((drawing, held));
        done
    }

    /// Checks what depends on surfaces.
    pub(super) fn check(&self, drawing: &Drawing) -> Result<(), Violation> {
        let canvas = self.canvas(drawing.surface).ok_or(Violation::UnknownSurface(drawing.surface))?;
        let Area { left, top, right, bottom } = drawing.bbox;
        let negative = left < 0 || top < 0 || right < 0 || bottom < 0;
        if negative || right > canvas.area().right || bottom > canvas.area().bottom {
            return Err(Violation::BoundingBox(rect(&drawing.bbox)));
        }
        match &drawing.work {
            Work::Copy { source: Image::Surface(number), area } => {
                let source = self.canvas(*number).ok_or(Violation::UnknownSurface(*number))?;
                inside(source, area)
            }
            Work::CopyBits { source } => match drawing.bbox.moved_to(*source) {
                Some(area) => inside(canvas, &area),
                None => Err(Violation::SourceArea(rect(&drawing.bbox))),
            },
            _ => Ok(()),
        }
    }

    /// Renders the oldest drawings, at most `count`. Their commands come back.
    pub(super) fn render_oldest(&mut self, count: usize) -> Vec<Held> {
        let count = count.min(self.pending.len());
        let oldest: Vec<_> = self.pending.drain(..count).collect();
        oldest
            .into_iter()
            .map(|(drawing, held)| {
                self.render(&drawing);
                held
            })
            .collect()
    }

    /// Renders everything.
    pub(super) fn render_all(&mut self) -> Vec<Held> {
        self.render_oldest(self.pending.len())
    }

    /// Drops everything, unrendered.
    pub(super) fn clear(&mut self) {
        self.surfaces.clear();
        self.pending.clear();
    }

    /// Drops the drawings of which nothing can be seen any more.
    fn forget_covered(&mut self, cover: &Drawing) -> Vec<Held> {
        let (mut kept, mut covered) = (VecDeque::new(), Vec::new());
        for (old, held) in core::mem::take(&mut self.pending) {
            let hidden = old.surface == cover.surface
                && old.region.iter().all(|part| cover.region.iter().any(|over| over.contains(part)));
            if hidden {
                covered.push(held);
            } else {
                kept.push_back((old, held));
            }
        }
        self.pending = kept;
        covered
    }

    fn render(&mut self, drawing: &Drawing) {
        let origin = (drawing.bbox.left, drawing.bbox.top);
        match &drawing.work {
            Work::Nothing => {}
            Work::Solid(value) => self.paint(drawing, |_, _, _| *value),
            Work::Invert => self.paint(drawing, |_, _, old| !old),
            Work::Copy { source: Image::Picture(picture), area } => {
                let at = shift(origin, (area.left, area.top));
                self.paint_colors(drawing, |x, y| {
                    let (x, y) = at(x, y);
                    picture.pixel(x, y)
                });
            }
            Work::Copy { source: Image::Surface(number), area } => {
                self.render_moved(drawing, *number, Point::new(area.left, area.top));
            }
            Work::Copy { source: Image::Compressed(_), .. } => {}
            Work::CopyBits { source } => self.render_moved(drawing, drawing.surface, *source),
        }
    }

    /// Copies pixels of a surface, all of which are read before the first is written.
    fn render_moved(&mut self, drawing: &Drawing, from: u32, corner: Point) {
        let Some(source) = self.canvas(from) else { return };
        let (width, height) = drawing.bbox.size();
        let at = shift((0, 0), (corner.x.get(), corner.y.get()));
        let cells = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let colors: Vec<u32> = cells
            .map(|(x, y)| {
                let (x, y) = at(x, y);
                source.color(x, y)
            })
            .collect();
        let back = shift((drawing.bbox.left, drawing.bbox.top), (0, 0));
        self.paint_colors(drawing, |x, y| {
            let (x, y) = back(x, y);
            let place = u64::from(y) * u64::from(width) + u64::from(x);
            usize::try_from(place).ok().and_then(|at| colors.get(at)).copied().unwrap_or_default()
        });
    }

    fn paint_colors(&mut self, drawing: &Drawing, color: impl Fn(u32, u32) -> u32) {
        let Some(canvas) = self.canvas(drawing.surface) else { return };
        let native: Vec<Vec<u32>> = drawing
            .region
            .iter()
            .map(|part| {
                let mut pixels = Vec::new();
                let inside = part.intersection(&canvas.area());
                for y in inside.top..inside.bottom {
                    for x in inside.left..inside.right {
                        pixels.push(canvas.native(color(x.unsigned_abs(), y.unsigned_abs())));
                    }
                }
                pixels
            })
            .collect();
        let Some(surface) = self.surfaces.get_mut(&drawing.surface) else { return };
        for (part, pixels) in drawing.region.iter().zip(native) {
            let mut next = pixels.into_iter();
            surface.canvas.paint(part, |_, _, old| next.next().unwrap_or(old));
        }
    }

    fn paint(&mut self, drawing: &Drawing, pixel: impl Fn(u32, u32, u32) -> u32) {
        if let Some(surface) = self.surfaces.get_mut(&drawing.surface) {
            // Parts can overlap, and an inversion must hit each pixel once.
            let mut painted: Vec<Area> = Vec::new();
            for part in &drawing.region {
                surface.canvas.paint(part, |x, y, old| {
                    let twice = painted.iter().any(|area| holds(area, x, y));
                    if twice { old } else { pixel(x, y, old) }
                });
                painted.push(*part);
            }
        }
    }
}

/// The place in the source of a place in the destination.
fn shift(from: (i32, i32), to: (i32, i32)) -> impl Fn(u32, u32) -> (u32, u32) {
    let moved = |at: u32, from: i32, to: i32| at.wrapping_add(to.wrapping_sub(from).cast_unsigned());
    move |x, y| (moved(x, from.0, to.0), moved(y, from.1, to.1))
}

fn holds(area: &Area, x: u32, y: u32) -> bool {
    let (x, y) = (i64::from(x), i64::from(y));
    (i64::from(area.left)..i64::from(area.right)).contains(&x)
        && (i64::from(area.top)..i64::from(area.bottom)).contains(&y)
}

fn inside(canvas: &Canvas, area: &Area) -> Result<(), Violation> {
    if canvas.area().contains(area) { Ok(()) } else { Err(Violation::SourceArea(rect(area))) }
}

fn rect(area: &Area) -> Rect {
    Rect::new(area.left, area.top, area.right, area.bottom)
}
