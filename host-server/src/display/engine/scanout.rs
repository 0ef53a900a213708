//! A scanout of the host on its way to clients: as graphics memory to those that show it themselves, as a primary surface
//! of our own to all others.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use image::bitmap::{Bitmap, BitmapFormat, Layout};
use image::geometry::{Rect, Size};
use image::surface::SurfaceFormat;
use wire::drawable::{Drawable, SurfaceId};

use super::{Engine, NewSurface};
use crate::display::backing::Backing;
use crate::display::client::{DisplayClient, copy_of};
use crate::display::handle::ClientId;
use crate::display::monitors::Monitors;
use crate::display::picture::{Image, Picture};
use crate::display::pipe::PipeItem;
use crate::display::scanout::Scanout;
use crate::display::scanout::draws::Draws;
use crate::guest::region::Region;
use crate::settings::StreamingVideo;

/// What the host shows in place of a primary surface.
#[derive(Debug, Default)]
pub(super) struct Screen {
    scanout: Option<Arc<Scanout>>,
    draws: Draws,
    /// Its pixels for clients that are sent those; opened when there is the first such client.
    pixels: Option<Result<Backing, ()>>,
    /// Whether the primary surface is ours, for these clients.
    has_surface: bool,
    /// Whether all of that surface has still to be drawn.
    stale: bool,
    /// Why a scanout could not be read, when that was last said.
    complaint: Option<String>,
}

impl Engine {
    /// Takes over what the host shows.
    pub fn set_scanout(&mut self, scanout: Option<Scanout>) {
        let scanout = scanout.map(Arc::new);
        let size = scanout.as_ref().map(|scanout| scanout.size);
        let needs_pixels = |scanout: &Arc<Scanout>| self.needs_pixels(scanout);
        if self.primary_size() != size || !scanout.as_ref().is_some_and(needs_pixels) {
            self.hide_scanout();
        }
        self.screen.pixels = None;
        self.screen.stale = true;
        self.screen.scanout = scanout;
        if let Some(size) = size.filter(|_| self.primary_size() != size) {
            self.monitors = Some(Arc::new(Monitors::whole_primary(size)));
        }
        self.moment += 1;
        let scanout = self.screen.scanout.as_ref();
        for client in self.clients.values_mut().filter(|client| client.joined()) {
            client.show_scanout(self.moment, scanout);
        }
    }

    /// Size of what the host shows, if it shows anything.
    pub fn scanout_size(&self) -> Option<Size> {
        self.screen.scanout.as_ref().map(|scanout| scanout.size)
    }

    /// The host has drawn `area` of the scanout, and waits for what [`Engine::take_drawn`] gives.
    pub fn draw_scanout(&mut self, area: Rect, cookie: u64, now: Instant) {
        let bounds = self.screen.scanout.as_ref().map(|scanout| scanout.bounds());
        let Some(area) = bounds.and_then(|bounds| area.intersection(&bounds)) else {
            return self.screen.draws.begin(cookie, BTreeSet::new(), now);
        };
        self.moment += 1;
        let mut waits_for = BTreeSet::new();
        let scanout = self.screen.scanout.as_deref();
        let shows = |client: &DisplayClient| client.joined() && scanout.is_some_and(|it| client.shows(it));
        for (id, client) in self.clients.iter_mut().filter(|(_, client)| shows(client)) {
            if client.draw_scanout(self.moment, area) {
                waits_for.insert(*id);
            }
        }
        self.screen.draws.begin(cookie, waits_for, now);
        self.show_pixels(area, now);
    }

    /// The next draw for which the host need not wait any longer at `now`; clients that get pixels may have no room.
    pub fn take_drawn(&mut self, has_room: bool, now: Instant) -> Option<u64> {
        self.screen.draws.take_done(has_room, now)
    }

    /// The next draw, because the display ends.
    pub fn abandon_draw(&mut self) -> Option<u64> {
        self.screen.draws.take_any()
    }

    /// When to ask [`Engine::take_drawn`] again, whatever happens.
    pub fn next_drawn(&self) -> Option<Instant> {
        self.screen.draws.next_end()
    }

    /// A client has answered a draw.
    pub(super) fn on_drawn(&mut self, id: ClientId) {
        self.screen.draws.answered(id);
        self.moment += 1;
        if let Some(client) = self.clients.get_mut(&id) {
            client.draw_missed(self.moment);
        }
    }

    /// A client has gone.
    pub(super) fn forget_drawer(&mut self, id: ClientId) {
        self.screen.draws.answered(id);
    }

    /// Shows a client that has just joined what the host shows.
    pub(super) fn show_scanout(&mut self, id: ClientId, now: Instant) {
        let Some(scanout) = self.screen.scanout.clone() else { return };
        let Some(client) = self.clients.get_mut(&id) else { return };
        if client.shows(&scanout) {
            client.show_scanout(self.moment, Some(&scanout));
            if let Some(monitors) = self.monitors.clone() {
                client.push(self.moment, PipeItem::Monitors(monitors));
            }
            // A picture that stays as it is would not be shown otherwise.
            client.draw_scanout(self.moment, scanout.bounds());
        } else if !self.screen.has_surface {
            self.show_pixels(scanout.bounds(), now);
        }
    }

    /// Whether the primary surface is the scanout's, which the client needs none of.
    pub(super) fn is_needless_surface(&self, client: &DisplayClient) -> bool {
        let shows = |scanout: &Arc<Scanout>| client.shows(scanout);
        self.screen.has_surface && self.screen.scanout.as_ref().is_some_and(shows)
    }

    /// Whether there is a client that cannot show the scanout itself.
    fn needs_pixels(&self, scanout: &Scanout) -> bool {
        self.clients.values().any(|client| client.joined() && !client.shows(scanout))
    }

    /// Takes the primary surface away if it is the scanout's.
    pub fn hide_scanout(&mut self) {
        if self.screen.has_surface {
            self.destroy_surface(SurfaceId::PRIMARY);
        }
    }

    /// The primary surface has gone.
    pub(super) fn on_primary_gone(&mut self) {
        self.screen.has_surface = false;
        self.follow_streaming();
    }

    /// A scanout is a picture of a 3D guest, of which all that changes often is video: the host's setting is for drawing
    /// commands.
    pub(super) const fn follow_streaming(&mut self) {
        let setting = if self.screen.has_surface { StreamingVideo::All } else { self.streaming };
        self.streams.set_setting(setting);
    }

    /// Draws `area` of the scanout on the primary surface, for clients that are sent pixels.
    fn show_pixels(&mut self, area: Rect, now: Instant) {
        let Some(scanout) = self.screen.scanout.clone() else { return };
        if !self.needs_pixels(&scanout) {
            return self.hide_scanout();
        }
        let Some(pixels) = self.scanout_pixels(&scanout) else { return self.hide_scanout() };
        if !self.screen.has_surface && !self.create_scanout_surface(scanout.size) {
            return;
        }
        let area = if std::mem::take(&mut self.screen.stale) { scanout.bounds() } else { area };
        let Some(drawable) = painted(&pixels, scanout.size, area) else { return };
        if let Err(fault) = self.draw(drawable, now) {
            tracing::warn!(%fault, "a scanout was not drawn");
        }
    }

    /// Where the scanout's pixels are; says once why they cannot be read.
    fn scanout_pixels(&mut self, scanout: &Scanout) -> Option<Backing> {
        let complaint = &mut self.screen.complaint;
        let open = || {
            scanout.pixels().map_err(|reason| {
                if complaint.as_ref() != Some(&reason) {
                    tracing::warn!("remote clients see nothing of what is drawn with GL: {reason}");
                    *complaint = Some(reason);
                }
            })
        };
        self.screen.pixels.get_or_insert_with(open).clone().ok()
    }

    /// Makes the primary surface for the scanout, unless the guest has one, which is then what clients see.
    fn create_scanout_surface(&mut self, size: Size) -> bool {
        if self.primary_size().is_some() {
            return false;
        }
        let monitors = self.monitors.clone();
        let backing = Backing { region: Arc::new(Nowhere), offset: 0, stride: 0, bottom_up: false };
        let new = NewSurface { format: SurfaceFormat::Xrgb32, size, backing, keep_data: false };
        self.screen.has_surface = true;
        self.screen.stale = true;
        if let Err(fault) = self.create_surface(SurfaceId::PRIMARY, new) {
            tracing::warn!(%fault, "no surface for a scanout");
            self.screen.has_surface = false;
            return false;
        }
        // How the host arranges monitors on a scanout it has said before there was a surface.
        if let Some(monitors) = monitors {
            self.set_monitors(Arc::unwrap_or_clone(monitors));
        }
        self.follow_streaming();
        true
    }
}

/// The drawing that puts the scanout's pixels of `area` in their place.
fn painted(pixels: &Backing, size: Size, area: Rect) -> Option<Drawable<Picture>> {
    let layout = Layout::packed(BitmapFormat::Xrgb32, area.size()).ok()?;
    let bitmap = Bitmap::new(layout, None, pixels.copy(size, area, 4).into()).ok()?;
    Some(copy_of(SurfaceId::PRIMARY, area, Arc::new(Image::new(bitmap))))
}

/// The memory of a surface that the guest never sees.
#[derive(Debug)]
struct Nowhere;

impl Region for Nowhere {
    fn read(&self, _: u64, out: &mut [u8]) {
        out.fill(0);
    }

    fn write(&self, _: u64, _: &[u8]) {}

    fn host_address(&self, _: u64) -> usize {
        0
    }
}
