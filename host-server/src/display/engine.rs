//! A display without its thread: commands of the guest in, frames for every client out.
//!
//! Sans-IO: no clock, no socket, no device. The worker feeds it and carries what comes out.

mod draw;
mod scanout;
mod video;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use image::bitmap::{Bitmap, BitmapFormat, Layout};
use image::geometry::{Rect, Size};
use image::jpeg;
use image::region::Region;
use image::surface::SurfaceFormat;
use wire::capability::display as capability;
use wire::display::ClientMessage;
use wire::drawable::{Drawable, SurfaceId};

use self::scanout::Screen;
use super::backing::Backing;
use super::client::{DisplayClient, Reaction};
use super::encode::Encoder;
use super::encode::pool::{Pool, Wake};
use super::handle::ClientId;
use super::item::Moment;
use super::link::Outgoing;
use super::monitors::Monitors;
use super::patience::Verdict;
use super::picture::Image;
use super::pipe::PipeItem;
use super::settings::DisplaySettings;
use super::stream::Streams;
use super::stream::codec::Supply;
use super::stream::encoder::built_in;
use super::surfaces::Surfaces;
use crate::channel::parcel::Parcel;
use crate::fault::{ClientFault, GuestFault};
use crate::settings::StreamingVideo;

/// A surface to be created, with its memory found.
#[derive(Debug)]
pub struct NewSurface {
    /// What its pixels are.
    pub format: SurfaceFormat,
    /// Columns and rows.
    pub size: Size,
    /// The guest's memory of it.
    pub backing: Backing,
    /// Whether the stored pixels are its first picture.
    pub keep_data: bool,
}

/// The state of one display.
#[derive(Debug)]
pub struct Engine {
    surfaces: Surfaces,
    max_surfaces: u32,
    clients: BTreeMap<ClientId, DisplayClient>,
    monitors: Option<Arc<Monitors>>,
    encoder: Encoder,
    streams: Streams,
    /// What clients get videos in.
    supply: Supply,
    /// The host's setting.
    streaming: StreamingVideo,
    screen: Screen,
    /// For the frames of videos.
    jpeg: jpeg::Encoder,
    moment: Moment,
}

impl Engine {
    /// A display of a device with so many surfaces, the primary one included.
    pub fn new(max_surfaces: u32, settings: DisplaySettings, pool: Arc<Pool>, wake: Wake) -> Self {
        Self {
            surfaces: Surfaces::default(),
            max_surfaces,
            clients: BTreeMap::new(),
            monitors: None,
            supply: Supply { order: settings.video_codecs, encoders: built_in(), wake: wake.clone() },
            encoder: Encoder::new(settings.compression, pool, wake),
            streams: Streams::new(settings.streaming),
            streaming: settings.streaming,
            screen: Screen::default(),
            jpeg: jpeg::Encoder::new(),
            moment: 0,
        }
    }

    /// Checks that a drawing's surface exists and contains its bounding box; returns the surface's size.
    pub fn check_target<I>(&self, drawable: &Drawable<I>) -> Result<Size, GuestFault> {
        let (size, _) = self.existing(drawable.surface)?;
        if Rect::of_size(size).contains(&drawable.bbox) {
            return Ok(size);
        }
        let (Rect { left, top, right, bottom }, Size { width, height }) = (drawable.bbox, size);
        Err(GuestFault::routine(format_args!(
            "drawing on {left},{top} to {right},{bottom} of a surface of {width}x{height}"
        )))
    }

    /// Creates a surface.
    pub fn create_surface(&mut self, id: SurfaceId, new: NewSurface) -> Result<(), GuestFault> {
        if id.0 >= self.max_surfaces {
            return Err(GuestFault::new(format_args!("surface {} of {}", id.0, self.max_surfaces)));
        }
        if self.surfaces.shape(id).is_some() {
            return Err(GuestFault::new(format_args!("surface {} exists already", id.0)));
        }
        let NewSurface { format, size, backing, keep_data } = new;
        self.surfaces.create(id, format, size, backing, keep_data)?;
        self.moment += 1;
        if id == SurfaceId::PRIMARY {
            self.streams.set_screen(Some(size));
            self.monitors = Some(Arc::new(Monitors::whole_primary(size)));
            for client in self.joined() {
                self.show_primary(client, keep_data);
            }
        }
        Ok(())
    }

    /// Destroys a surface; `false` when there is none.
    pub fn destroy_surface(&mut self, id: SurfaceId) -> bool {
        if id == SurfaceId::PRIMARY {
            self.drop_videos();
            self.streams.set_screen(None);
            self.on_primary_gone();
        }
        if !self.surfaces.destroy(id) {
            return false;
        }
        self.moment += 1;
        for client in self.clients.values_mut().filter(|client| client.has_surface(id)) {
            client.push(self.moment, PipeItem::Destroy(id));
        }
        true
    }

    /// Destroys every surface, the primary one last; returns their names.
    pub fn destroy_all(&mut self) -> Vec<SurfaceId> {
        let mut ids = self.surfaces.ids();
        ids.reverse();
        for id in &ids {
            self.destroy_surface(*id);
        }
        ids
    }

    /// Draws `area` of a surface into the guest's memory; returns what was drawn since the last clearing
    /// call, as at most `limit` rectangles.
    pub fn update_area(
        &mut self,
        id: SurfaceId,
        area: &Rect,
        clear: bool,
        limit: usize,
    ) -> Result<Vec<Rect>, GuestFault> {
        self.existing(id)?;
        Ok(self.surfaces.update_area(id, area, clear, limit))
    }

    /// Draws everything into the guest's memory.
    pub fn flush(&mut self) {
        self.surfaces.flush();
    }

    /// Size of the primary surface.
    pub fn primary_size(&self) -> Option<Size> {
        self.surfaces.shape(SurfaceId::PRIMARY).map(|(size, _)| size)
    }

    /// Takes over a new arrangement of monitors.
    pub fn set_monitors(&mut self, monitors: Monitors) {
        let monitors = Arc::new(monitors);
        self.monitors = Some(monitors.clone());
        self.tell_joined(&PipeItem::Monitors(monitors));
    }

    /// Makes clients forget the images they keep.
    pub fn forget_images(&mut self) {
        self.tell_joined(&PipeItem::ForgetImages);
    }

    /// Changes the host's settings.
    pub fn configure(&mut self, settings: DisplaySettings) {
        if self.supply.order != settings.video_codecs {
            self.supply.order = settings.video_codecs;
            self.clients.values_mut().for_each(|client| client.set_codec_order(settings.video_codecs));
        }
        self.encoder.set_compression(settings.compression);
        self.streaming = settings.streaming;
        self.follow_streaming();
    }

    /// What clients that join get videos in.
    pub fn video_supply(&self) -> Supply {
        self.supply.clone()
    }

    /// A client has linked.
    pub fn attach(&mut self, id: ClientId, client: DisplayClient) {
        self.clients.insert(id, client);
        self.encoder.share(self.clients.len() > 1);
    }

    /// A client has gone.
    pub fn detach(&mut self, id: ClientId) {
        self.clients.remove(&id);
        self.forget_drawer(id);
        self.encoder.share(self.clients.len() > 1);
    }

    /// A client has sent a message.
    pub fn handle(&mut self, id: ClientId, message: &ClientMessage, now: Instant) -> Result<(), ClientFault> {
        let Some(client) = self.clients.get_mut(&id) else { return Ok(()) };
        let reaction = client.handle(message, now)?;
        self.react(id, reaction, now);
        Ok(())
    }

    fn react(&mut self, id: ClientId, reaction: Reaction, now: Instant) {
        match reaction {
            Reaction::None => {}
            Reaction::Join => self.show_everything(id, now),
            Reaction::NoVideo => self.without_videos(id),
            Reaction::Drawn => self.on_drawn(id),
        }
    }

    /// The next frame for a client.
    pub fn next_frame(&mut self, id: ClientId, outgoing: Outgoing, now: Instant) -> Option<Parcel> {
        if let (Some(rate), Some(client)) = (outgoing.rate, self.clients.get_mut(&id)) {
            client.on_rate(rate);
        }
        if let Some(missed) = self.clients.get_mut(&id).and_then(DisplayClient::catch_up) {
            for (surface, mut damage) in missed {
                self.send_pixels(id, surface, &damage.take(None));
            }
        }
        if !self.streams.is_empty() {
            self.push_video_frames(id, outgoing.backlog, now);
        }
        self.clients.get_mut(&id)?.next_frame(&mut self.encoder, now)
    }

    /// Whether the guest should wait for clients at `now`, and until when.
    pub fn judge(&mut self, now: Instant) -> Option<Instant> {
        self.clients
            .values_mut()
            .filter_map(|client| match client.judge(now) {
                Verdict::WaitUntil(until) => Some(until),
                Verdict::Room | Verdict::Overtake => None,
            })
            .min()
    }

    /// Whether a client that keeps up has as much waiting for it as it may have.
    pub fn is_full(&self) -> bool {
        self.clients.values().any(DisplayClient::is_full)
    }

    /// Clients that must go, and why.
    pub fn faults(&self, now: Instant) -> Vec<(ClientId, ClientFault)> {
        let fault = |(id, client): (&ClientId, &DisplayClient)| Some((*id, client.verdict(now).err()?));
        self.clients.iter().filter_map(fault).collect()
    }

    /// Whether clients are connected, and what all of them can do, as the bits of the device's ROM.
    pub fn common_capabilities(&self) -> (bool, [u8; 58]) {
        const TOLD: [u32; 4] = [
            capability::SIZED_STREAM,
            capability::MONITORS_CONFIG,
            capability::COMPOSITE,
            capability::A8_SURFACE,
        ];
        let mut bits = [0; 58];
        for bit in TOLD {
            if self.clients.values().all(|client| client.capabilities().contains(bit))
                && let Some(byte) = bits.get_mut(bit as usize / 8)
            {
                *byte |= 1 << (bit % 8);
            }
        }
        if self.clients.is_empty() { (false, [0; 58]) } else { (true, bits) }
    }

    fn existing(&self, id: SurfaceId) -> Result<(Size, SurfaceFormat), GuestFault> {
        self.surfaces
            .shape(id)
            .ok_or_else(|| GuestFault::new(format_args!("surface {} does not exist", id.0)))
    }

    fn joined(&self) -> Vec<ClientId> {
        self.clients.iter().filter(|(_, client)| client.joined()).map(|(id, _)| *id).collect()
    }

    fn tell_joined(&mut self, item: &PipeItem) {
        self.moment += 1;
        for client in self.clients.values_mut().filter(|client| client.joined()) {
            client.push(self.moment, item.clone());
        }
    }

    /// Sees to it that a client has a surface that it is going to read. `false` when it cannot have it.
    fn ensure_surface(&mut self, id: ClientId, surface: SurfaceId) -> bool {
        let Some((size, format)) = self.surfaces.shape(surface) else { return false };
        let Some(client) = self.clients.get_mut(&id) else { return false };
        if client.has_surface(surface) {
            return true;
        }
        if !client.takes_format(format) {
            return false;
        }
        client.push(self.moment, PipeItem::Create { surface, size, format });
        self.send_pixels(id, surface, &Region::from_rect(Rect::of_size(size)));
        true
    }

    /// Queues the current pixels of a region.
    fn send_pixels(&mut self, id: ClientId, surface: SurfaceId, region: &Region) {
        if !self.clients.get(&id).is_some_and(|client| client.has_surface(surface)) {
            return;
        }
        let mut region = region.clone();
        if surface == SurfaceId::PRIMARY
            && let Some(client) = self.clients.get(&id)
        {
            region.subtract(&client.video_areas());
        }
        /// Rectangles of a region that are sent one by one; of more the smallest one around all of them is.
        const MAX_RECTS: usize = 16;
        let bounds = region.bounds();
        let rects = region.as_slice();
        let rects = if rects.len() > MAX_RECTS { std::slice::from_ref(&bounds) } else { rects };
        // Not in stripes: clients show what they begin with when its first part is there.
        for area in rects {
            let Some(bitmap) = self.surfaces.snapshot(surface, *area) else { continue };
            let area = Rect::of_size(bitmap.size()).translate(area.left.max(0), area.top.max(0));
            let image = Arc::new(Image::new(with_alpha(surface, bitmap)));
            if let Some(client) = self.clients.get_mut(&id) {
                client.push(self.moment, PipeItem::Pixels { surface, area, image });
            }
        }
    }

    /// Queues all that a client needs that has just joined.
    fn show_everything(&mut self, id: ClientId, now: Instant) {
        self.moment += 1;
        if self.primary_size().is_some() {
            if let Some(client) = self.clients.get_mut(&id) {
                client.push(self.moment, PipeItem::ForgetPalettes);
            }
            self.show_primary(id, true);
        }
        self.show_scanout(id, now);
    }

    fn show_primary(&mut self, id: ClientId, pixels: bool) {
        let Some((size, format)) = self.surfaces.shape(SurfaceId::PRIMARY) else { return };
        if self.clients.get(&id).is_none_or(|client| self.is_needless_surface(client)) {
            return;
        }
        let Some(client) = self.clients.get_mut(&id) else { return };
        client.push(self.moment, PipeItem::Create { surface: SurfaceId::PRIMARY, size, format });
        if pixels {
            self.send_pixels(id, SurfaceId::PRIMARY, &Region::from_rect(Rect::of_size(size)));
        }
        let monitors = self.monitors.clone();
        let Some(client) = self.clients.get_mut(&id) else { return };
        if let Some(monitors) = monitors {
            client.push(self.moment, PipeItem::Monitors(monitors));
        }
        client.push(self.moment, PipeItem::Mark);
        self.show_videos(id);
    }
}

/// Pixels of a surface off the screen may hide alpha in their unused byte, which a later blend may use.
fn with_alpha(surface: SurfaceId, bitmap: Bitmap) -> Bitmap {
    if !hides_alpha(surface, &bitmap) {
        return bitmap;
    }
    let layout = Layout { format: BitmapFormat::Argb32, ..*bitmap.layout() };
    Bitmap::new(layout, None, bitmap.data().clone()).unwrap_or(bitmap)
}

fn hides_alpha(surface: SurfaceId, bitmap: &Bitmap) -> bool {
    surface != SurfaceId::PRIMARY && bitmap.format() == BitmapFormat::Xrgb32 && bitmap.has_high_bytes()
}

/// The drawing's own area as an image. The original takes hidden alpha for that unless it is 0 or 255 everywhere, and
/// then for 255.
fn own_image(surface: SurfaceId, bitmap: Bitmap) -> Image {
    let is_extreme = |row: &[u8]| row.as_chunks::<4>().0.iter().all(|pixel| matches!(pixel[3], 0 | 0xff));
    if hides_alpha(surface, &bitmap) && bitmap.rows().all(is_extreme) {
        return Image { high_bits_set: true, ..Image::new(bitmap) };
    }
    Image::new(with_alpha(surface, bitmap))
}
