//! A drawing, from the moment when its turn has come: cut down to what it changes, copied, checked, placed in time, and queued for
//! every client.

use std::sync::Arc;
use std::time::Instant;

use image::geometry::{Rect, Size};
use image::plane::Plane;
use image::region::Region;
use image::surface::SurfaceFormat;
use wire::drawable::{Clip, Drawable, Operation, SurfaceId};

use super::{Engine, own_image};
use crate::display::client::{DisplayClient, copy_of};
use crate::display::graduality::is_gradual;
use crate::display::handle::ClientId;
use crate::display::item::{Item, coverage, images, moved_to};
use crate::display::picture::{Image, Picture};
use crate::display::repaint::Repaint;
use crate::display::scroll::{self, Move};
use crate::display::stream;
use crate::fault::GuestFault;
use crate::guest::buffers::Buffers;
use crate::guest::command::Draw;
use crate::guest::fetch::Described;

/// What a repaint changes.
enum Change {
    /// So much that it is painted as it is.
    Everything,
    /// These parts, in drawings of their own.
    Parts(Vec<Drawable<Picture>>),
}

impl Engine {
    /// Adds a drawing at `now` whose pixels are still in the guest's memory. Of a picture that is painted over the screen only
    /// what it changes is copied.
    pub fn submit(
        &mut self,
        draw: Draw<Described>,
        buffers: &Buffers,
        now: Instant,
    ) -> Result<(), GuestFault> {
        self.check_target(&draw.drawable)?;
        let repaint = Repaint::in_guest(&draw.drawable, buffers);
        let change = repaint.and_then(|repaint| self.change(&repaint, &draw.drawable, now));
        if let Some(Change::Parts(parts)) = change {
            parts.into_iter().for_each(|part| self.add_in_stripes(part, now));
            return Ok(());
        }
        let Draw { drawable, self_bitmap, colors_are_16_bit: _ } = draw;
        let drawable = drawable.try_map(|image| image.copy(buffers))?;
        let drawable = self.valid(drawable, self_bitmap)?;
        if change.is_none() {
            self.add_changes(drawable, now);
        } else {
            self.add_in_stripes(drawable, now);
        }
        Ok(())
    }

    /// Adds a drawing at `now`.
    pub(super) fn draw(&mut self, drawable: Drawable<Picture>, now: Instant) -> Result<(), GuestFault> {
        let drawable = self.valid(drawable.try_map(|picture| Ok::<_, GuestFault>(Some(picture)))?, None)?;
        self.add_changes(drawable, now);
        Ok(())
    }

    /// Adds what a drawing changes.
    fn add_changes(&mut self, drawable: Drawable<Picture>, now: Instant) {
        let change = Repaint::of(&drawable).and_then(|repaint| self.change(&repaint, &drawable, now));
        match change {
            Some(Change::Parts(parts)) => parts.into_iter().for_each(|part| self.add_in_stripes(part, now)),
            Some(Change::Everything) | None => self.add_in_stripes(drawable, now),
        }
    }

    /// The drawing with all of its images, found to fit its surface and these.
    fn valid(
        &mut self,
        drawable: Drawable<Option<Picture>>,
        own_area: Option<Rect>,
    ) -> Result<Drawable<Picture>, GuestFault> {
        let size = self.check_target(&drawable)?;
        let drawable = self.with_own_area(drawable, own_area)?;
        self.check_sources(&drawable, size)?;
        Ok(drawable)
    }

    /// Adds a drawing, in several parts if it has a picture so large that several threads should encode it.
    fn add_in_stripes(&mut self, drawable: Drawable<Picture>, now: Instant) {
        if let Some(repaint) = Repaint::of(&drawable)
            && drawable.clip == Clip::None
            && self.encoder.helpers() > 0
        {
            let stripes = stripes(repaint.bbox);
            if stripes.len() > 1 {
                let stripe = |area: &Rect| {
                    let image = Image { is_stripe: true, ..repaint.part(area)? };
                    Some(copy_of(drawable.surface, *area, Arc::new(image)))
                };
                if let Some(all) = stripes.iter().map(stripe).collect::<Option<Vec<_>>>() {
                    return all.into_iter().for_each(|stripe| self.add(stripe, now));
                }
            }
        }
        self.add(drawable, now);
    }

    fn add(&mut self, drawable: Drawable<Picture>, now: Instant) {
        self.moment += 1;
        let item = Arc::new(Item::new(self.moment, drawable));
        if item.region.is_empty() {
            return;
        }
        self.send_exact(&item);
        let clients = &mut self.clients;
        self.surfaces.add(&item, |dropped| {
            clients.values_mut().for_each(|client| client.drop_item(dropped));
        });
        self.send_drawing(&item, now);
    }

    /// What a picture that is painted over the screen changes; `None` when nobody sees that, or it cannot be told.
    fn change<I>(&mut self, repaint: &Repaint<'_>, drawable: &Drawable<I>, now: Instant) -> Option<Change> {
        /// Rectangles of a clip that are compared one by one.
        const MAX_RECTS: usize = 16;
        if drawable.surface != SurfaceId::PRIMARY || !self.clients.values().any(DisplayClient::joined) {
            return None;
        }
        let (region, _) = coverage(drawable);
        if region.as_slice().len() > MAX_RECTS {
            return None;
        }
        let mut changes = repaint.changes(self.screen(&repaint.bbox)?, &region);
        self.look_for_videos(repaint, &changes, now);
        if self.scroll(repaint, &changes, &region, now) {
            changes = repaint.changes(self.screen(&repaint.bbox)?, &region);
        }
        let videos = self.streams.areas();
        let area: u64 = changes.iter().map(|part| part.size().area()).sum();
        let parts = if videos.intersects(&region) && !videos.contains(&region) {
            self.cut_beside_videos(repaint, &changes, &videos)
        } else if area * 8 > region.area() * 7 {
            return Some(Change::Everything);
        } else {
            let part = |area| Some(copy_of(SurfaceId::PRIMARY, area, Arc::new(repaint.part(&area)?)));
            changes.into_iter().map(part).collect()
        };
        parts.map(Change::Parts)
    }

    /// Moves what a picture shows further up or down than it is; `true` if anything.
    fn scroll(&mut self, repaint: &Repaint<'_>, changes: &[Rect], region: &Region, now: Instant) -> bool {
        /// Pixels that change from which on it is worth looking for where they come from.
        const WORTH_IT: u64 = 32 << 10;
        let Some(hull) = changes.iter().copied().reduce(|all, rect| all.union(&rect)) else { return false };
        let changed: u64 = changes.iter().map(|part| part.size().area()).sum();
        // What the picture leaves alone must not move with it.
        if !region.contains_rect(&hull) {
            return false;
        }
        // In videos everything moves, and nothing stays the same.
        if changed < WORTH_IT
            || changed * 4 < hull.size().area()
            || self.streams.areas().intersects_rect(&hull)
        {
            return false;
        }
        let moves = self.screen(&hull).map(|screen| scroll::find(repaint, screen, hull)).unwrap_or_default();
        for &Move { to, from } in &moves {
            let operation = Operation::CopyBits { source: from };
            self.add(Drawable { surface: SurfaceId::PRIMARY, bbox: to, clip: Clip::None, operation }, now);
        }
        !moves.is_empty()
    }

    /// The pixels of the primary surface, with all that touches `area` drawn.
    fn screen(&mut self, area: &Rect) -> Option<&Plane<u32>> {
        let surface = self.surfaces.current(SurfaceId::PRIMARY, area)?;
        surface.longs().filter(|_| surface.format() == SurfaceFormat::Xrgb32)
    }

    /// Begins the videos that turn out to be some by what a picture changes.
    fn look_for_videos(&mut self, repaint: &Repaint<'_>, changes: &[Rect], now: Instant) {
        if !self.clients.values().any(DisplayClient::takes_video) {
            return;
        }
        self.streams.warm(changes, now);
        let looks = |area: Rect| repaint.part(&area).is_some_and(|image| is_gradual(&image.bitmap));
        let found = self.streams.look(now, |area| area.intersection(&repaint.bbox).is_some_and(looks));
        for area in found {
            let refined = self.screen(&repaint.bbox).map(|screen| refined(repaint, screen, area));
            self.begin_video(refined.unwrap_or(area), now);
        }
    }

    /// Cuts changes along the edges of videos: what is outside is sent as it is, what is inside only drawn here.
    fn cut_beside_videos(
        &mut self,
        repaint: &Repaint<'_>,
        changes: &[Rect],
        videos: &Region,
    ) -> Option<Vec<Drawable<Picture>>> {
        let screen = self.screen(&repaint.bbox)?;
        let mut parts = Vec::new();
        for change in changes {
            let mut outside = Region::from_rect(*change);
            outside.subtract(videos);
            for area in outside.rects() {
                // Changes are found with some pixels around them, and beside a video these often are all there is.
                if let Some(area) = repaint.bounds_of_changes(screen, *area) {
                    parts.push(copy_of(SurfaceId::PRIMARY, area, Arc::new(repaint.part(&area)?)));
                }
            }
            let mut inside = Region::from_rect(*change);
            inside.intersect(videos);
            for area in inside.rects() {
                parts.push(copy_of(SurfaceId::PRIMARY, *area, Arc::new(repaint.part(area)?)));
            }
        }
        Some(parts)
    }

    /// Puts the pixels of the drawing's own area in the place of images that are not given.
    fn with_own_area(
        &mut self,
        drawable: Drawable<Option<Picture>>,
        area: Option<Rect>,
    ) -> Result<Drawable<Picture>, GuestFault> {
        let surface = drawable.surface;
        let mut own = None;
        drawable.try_map(|picture| {
            if let Some(picture) = picture.or_else(|| own.clone()) {
                return Ok(picture);
            }
            let area = area.ok_or_else(|| GuestFault::new("drawing without its image"))?;
            let (size, _) = self.existing(surface)?;
            if !Rect::of_size(size).contains(&area) {
                return Err(GuestFault::new("the drawing's own area is not inside its surface"));
            }
            let bitmap = self
                .surfaces
                .snapshot(surface, area)
                .ok_or_else(|| GuestFault::new("the drawing's own area is empty"))?;
            let picture = Picture::Bitmap(Arc::new(own_image(surface, bitmap)));
            own = Some(picture.clone());
            Ok(picture)
        })
    }

    fn check_sources(&self, drawable: &Drawable<Picture>, size: Size) -> Result<(), GuestFault> {
        for source in images(&drawable.operation).filter_map(Picture::surface) {
            self.existing(source)?;
        }
        check_areas(drawable, size, |picture| match picture {
            Picture::Bitmap(image) => Some(image.bitmap.bounds()),
            Picture::Surface(id) => self.surfaces.shape(*id).map(|(size, _)| Rect::of_size(size)),
        })
    }

    /// Queues the pixels that an operation, which is not drawn yet, builds on for clients that have them with loss.
    fn send_exact(&mut self, item: &Item) {
        let needed = |(id, client): (&ClientId, &DisplayClient)| {
            let id = *id;
            client.needs_exactly(item).into_iter().map(move |(surface, region)| (id, surface, region))
        };
        let needed: Vec<_> = self.clients.iter().flat_map(needed).collect();
        for (id, surface, region) in needed {
            self.send_pixels(id, surface, &region);
        }
    }

    /// Queues a drawing for every client that has its surface; what a client cannot draw it gets as pixels, and what is part of a
    /// video as frames.
    fn send_drawing(&mut self, item: &Arc<Item>, now: Instant) {
        let surface = item.drawable.surface;
        let videos = self.streams.areas();
        let on_screen = surface == SurfaceId::PRIMARY;
        if on_screen {
            self.streams.changed(&item.region, now);
        }
        let is_video = on_screen && videos.contains(&item.region);
        // Of a video's place clients have other pixels than we.
        let reads_video = item.reads.is_some_and(|area| on_screen && videos.intersects_rect(&area))
            || (!videos.is_empty() && item.sources().any(|source| source == SurfaceId::PRIMARY));
        let mut in_pixels = Vec::new();
        if item.sources().next().is_some() {
            for id in self.joined() {
                if !item.sources().all(|source| self.ensure_surface(id, source)) {
                    in_pixels.push(id);
                }
            }
        }
        for (id, client) in self.clients.iter_mut().filter(|(_, client)| client.has_surface(surface)) {
            let watches = client.takes_video();
            if is_video && watches {
                in_pixels.retain(|other| other != id);
                continue;
            }
            if in_pixels.contains(id) {
                continue;
            }
            if !client.can_draw(item) || (reads_video && watches) {
                in_pixels.push(*id);
            } else {
                client.draw(item, &self.encoder);
            }
        }
        for id in in_pixels {
            self.send_pixels(id, surface, &Region::from_rect(item.region.bounds()));
        }
    }
}

/// Stripes of an area, each with enough pixels to be worth a thread.
fn stripes(area: Rect) -> Vec<Rect> {
    /// Pixels of a stripe.
    const PIXELS: u64 = 256 << 10;
    const MAX: u32 = 16;
    let count = u32::try_from(area.size().area() / PIXELS).unwrap_or(MAX).clamp(1, MAX);
    let edge = |index: u32| {
        let rows = u64::from(area.height()) * u64::from(index) / u64::from(count);
        area.top.saturating_add(i32::try_from(rows).unwrap_or(i32::MAX))
    };
    (0..count).map(|index| Rect::new(area.left, edge(index), area.right, edge(index + 1))).collect()
}

/// A video's area by its pixels: `area` is one of whole cells, and all that changes in it now may be a little smaller.
fn refined(repaint: &Repaint<'_>, plane: &Plane<u32>, area: Rect) -> Rect {
    let Some(painted) = area.intersection(&repaint.bbox) else { return area };
    match repaint.bounds_of_changes(plane, painted) {
        // A frame that hardly differs from the one before it tells nothing.
        Some(exact) if stream::belongs_to(&exact, &area) => exact,
        _ => area,
    }
}

/// Checks that every part of an image that fills the bounding box lies in the image, and that pixels that are
/// moved come from inside the surface.
fn check_areas(
    drawable: &Drawable<Picture>,
    size: Size,
    bounds: impl Fn(&Picture) -> Option<Rect>,
) -> Result<(), GuestFault> {
    let (source, area) = match &drawable.operation {
        Operation::Opaque(op) => (&op.source, op.area),
        Operation::Copy(op) | Operation::Blend(op) => (&op.source, op.area),
        Operation::Rop3(op) => (&op.source, op.area),
        Operation::Transparent(op) => (&op.source, op.area),
        Operation::AlphaBlend(op) => (&op.source, op.area),
        Operation::CopyBits { source } => {
            let from = moved_to(drawable.bbox, *source);
            return if Rect::of_size(size).contains(&from) {
                Ok(())
            } else {
                Err(GuestFault::new("pixels are moved from outside the surface"))
            };
        }
        _ => return Ok(()),
    };
    let inside = bounds(source).is_some_and(|bounds| bounds.contains(&area));
    if inside && !area.is_empty() {
        return Ok(());
    }
    let Rect { left, top, right, bottom } = area;
    Err(GuestFault::new(format_args!("part {left},{top} to {right},{bottom} is not inside the image")))
}
