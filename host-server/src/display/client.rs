//! One client's display channel: what it can do, what it has, what it has still to get.
//!
//! Sans-IO: messages of the client go in, frames come out of [`DisplayClient::next_frame`], time is passed in.

mod drawing;
mod scanout;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use image::bitmap::Bitmap;
use image::geometry::Rect;
use image::region::Region;
use image::surface::SurfaceFormat;
use wire::base;
use wire::capability::{Capabilities, display as capability};
use wire::display::{
    ClientMessage, MonitorsConfig, ServerMessage, SurfaceCreate, SurfaceDestroy, SurfaceFlags,
};
use wire::drawable::{Operation, SurfaceId};
use wire::frame::Frame;

pub use self::drawing::copy_of;
use super::caches::{ClientCaches, PaletteCache, Share};
use super::damage::Damage;
use super::encode::{Encoder, Link, Taker};
use super::item::{Item, Moment};
use super::link::LinkEstimate;
use super::loss::{Loss, may_be_approximate};
use super::monitors::Monitors;
use super::patience::{Patience, Verdict};
use super::picture::Picture;
use super::pipe::{Pipe, PipeItem};
use super::scanout::viewer::ScanoutViewer;
use super::stream::Streams;
use super::stream::codec::Supply;
use super::stream::frame::Encoded;
use super::stream::viewer::{Lack, Outcome, Viewer};
use crate::channel::connection::Connection;
use crate::channel::parcel::Parcel;
use crate::channel::window::AckWindow;
use crate::fault::ClientFault;
use crate::media_clock::MediaClock;
use crate::settings::video_codecs::CodecOrder;

/// What the display has to do after a client's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// Nothing.
    None,
    /// The client is ready: it gets surfaces and pixels.
    Join,
    /// The client cannot show videos: it gets drawings instead.
    NoVideo,
    /// The client has shown a draw of a scanout.
    Drawn,
}

/// A client's display channel.
#[derive(Debug)]
pub struct DisplayClient {
    taker: Taker,
    window: AckWindow,
    estimate: LinkEstimate,
    pipe: Pipe,
    /// Frames that go out before anything else of the pipe.
    ready: VecDeque<Parcel>,
    /// Surfaces that the client has, or will have when it has read the pipe.
    surfaces: BTreeSet<SurfaceId>,
    joined: bool,
    caches: ClientCaches,
    /// The display's number, which is that of its channel.
    number: u8,
    /// The display's part in the caches, once the client has said what it keeps.
    share: Option<Share>,
    palettes: PaletteCache,
    patience: Patience,
    /// Whether the guest goes on although the pipe is full.
    stretched: bool,
    /// What was drawn on each surface and not sent, while the client is overtaken.
    missed: Option<BTreeMap<SurfaceId, Damage>>,
    viewer: Viewer,
    /// Scanouts, for a client that shows them itself.
    scanouts: Option<ScanoutViewer>,
    /// Where the client shows videos, or will when it has read the pipe.
    videos: BTreeMap<u32, Rect>,
    /// What it has with loss, as soon as the pipe is empty.
    loss: Loss,
    progress_at: Instant,
}

impl DisplayClient {
    /// Operations in a pipe, as the original server has it, and bytes of pixels from which on the guest waits: what is not copied
    /// yet may still be drawn over.
    const FULL_PIPE: (usize, usize) = (50, 2 << 20);
    /// The same from which on a client is overtaken that has used up the guest's patience. Until then operations are cheaper to
    /// send than the pixels that would take their place.
    const OVERFULL_PIPE: (usize, usize) = (8192, 8 << 20);
    /// Changes of surfaces and monitors, which cannot be dropped: a client that reads none of them is gone.
    const MAX_CHANGES: usize = 20_000;
    /// Time without an acknowledgement after which a client is gone, as the original server has it.
    pub const DEAD_AFTER: Duration = Duration::from_secs(30);
    /// Bytes that may wait in the connection when a video's frame is sent: behind more of them it would come too late. When there
    /// are fewer, the connection says so.
    const MAX_VIDEO_BACKLOG: usize = Connection::LOW_WATER;

    /// A client that has just linked, to the display of this number. All displays of the client have the same caches.
    pub fn new(
        capabilities: Capabilities,
        is_local: bool,
        (caches, number): (ClientCaches, u8),
        clock: MediaClock,
        supply: Supply,
        now: Instant,
    ) -> Self {
        let window = AckWindow::new(AckWindow::LAN);
        let (generation, size) = window.announcement();
        let announce = base::ServerMessage::SetAck(base::SetAck { generation, window: size });
        let viewer = Viewer::new(&capabilities, is_local, clock, supply);
        // Only a socket on this host carries descriptors.
        let shows_scanouts = is_local
            && [capability::GL_SCANOUT, capability::GL_SCANOUT2]
                .iter()
                .any(|bit| capabilities.contains(*bit));
        Self {
            taker: Taker {
                capabilities,
                preferred: None,
                is_local,
                link: Link::default(),
                has_dictionary: false,
            },
            window,
            estimate: LinkEstimate::default(),
            pipe: Pipe::default(),
            ready: VecDeque::from([announce.encode().into()]),
            surfaces: BTreeSet::new(),
            joined: false,
            caches,
            number,
            share: None,
            palettes: PaletteCache::default(),
            patience: Patience::new(),
            stretched: false,
            missed: None,
            viewer,
            scanouts: shows_scanouts.then(ScanoutViewer::default),
            videos: BTreeMap::new(),
            loss: Loss::default(),
            progress_at: now,
        }
    }

    /// Handles a message of the client.
    pub fn handle(&mut self, message: &ClientMessage, now: Instant) -> Result<Reaction, ClientFault> {
        match message {
            ClientMessage::Init(init) => {
                if self.joined {
                    return Err(ClientFault::new("second init message on a display channel"));
                }
                let share = self.caches.join(self.number, init)?;
                self.joined = true;
                self.taker.has_dictionary = share.has_dictionary();
                self.share = Some(share);
                return Ok(Reaction::Join);
            }
            ClientMessage::PreferredCompression(wish) => self.taker.preferred = Some(wish.compression),
            ClientMessage::Base(base::ClientMessage::AckSync(sync)) => {
                self.window.on_ack_sync(sync.generation);
                self.tell_handled();
                self.progress_at = now;
            }
            ClientMessage::Base(base::ClientMessage::Ack) => {
                if self.window.on_ack() {
                    self.estimate.on_ack(self.window.size(), now);
                    self.follow_link();
                    self.tell_handled();
                }
                self.progress_at = now;
            }
            ClientMessage::StreamReport(report) => {
                let outcome = self.viewer.on_report(report, now);
                return Ok(self.follow_video(outcome));
            }
            ClientMessage::PreferredVideoCodecs(wish) => {
                self.viewer.set_wish(&wish.codecs);
            }
            // One that nobody waits for says nothing: some clients answer a scanout as well.
            ClientMessage::GlDrawDone => return Ok(Reaction::Drawn),
            // Migration is not offered; what belongs to it has no effect.
            ClientMessage::Base(_) => {}
        }
        Ok(Reaction::None)
    }

    /// Whether the client has sent its first message.
    pub const fn joined(&self) -> bool {
        self.joined
    }

    /// What the client can do.
    pub const fn capabilities(&self) -> &Capabilities {
        &self.taker.capabilities
    }

    /// Whether the client has the surface, or will have it when it has read its pipe.
    pub fn has_surface(&self, surface: SurfaceId) -> bool {
        self.surfaces.contains(&surface)
    }

    /// Whether the client can have surfaces of that format.
    pub fn takes_format(&self, format: SurfaceFormat) -> bool {
        match format {
            SurfaceFormat::A8 => self.taker.capabilities.contains(capability::A8_SURFACE),
            // There is no image in which its pixels could be sent, and stock clients end when one is copied to it.
            SurfaceFormat::A1 => false,
            SurfaceFormat::Rgb555 | SurfaceFormat::Rgb565 | SurfaceFormat::Xrgb32 | SurfaceFormat::Argb32 => {
                true
            }
        }
    }

    /// Whether the client can draw the operation itself.
    pub fn can_draw(&self, item: &Item) -> bool {
        match item.drawable.operation {
            Operation::Composite(_) => self.taker.capabilities.contains(capability::COMPOSITE),
            _ => true,
        }
    }

    /// Queues an operation.
    pub fn draw(&mut self, item: &Arc<Item>, encoder: &Encoder) {
        if self.missed.is_none() {
            let picture = may_be_approximate(&item.drawable.operation);
            let loses = picture.is_some_and(|picture| match picture {
                Picture::Bitmap(image) => encoder.loses(image, &self.taker),
                Picture::Surface(_) => false,
            });
            self.loss.draw(item, loses);
        }
        self.push(item.moment, PipeItem::Draw(item.clone()));
    }

    /// The pixels that the client must be sent without loss before an operation that builds on them.
    pub fn needs_exactly(&self, item: &Item) -> Vec<(SurfaceId, Region)> {
        if self.missed.is_some() || !self.can_draw(item) { Vec::new() } else { self.loss.needed(item) }
    }

    /// Queues what happened at `moment`.
    pub fn push(&mut self, moment: Moment, item: PipeItem) {
        match &item {
            PipeItem::Create { surface, .. } => {
                self.surfaces.insert(*surface);
            }
            PipeItem::Destroy(surface) => {
                self.surfaces.remove(surface);
                self.loss.forget(*surface);
                if let Some(missed) = &mut self.missed {
                    missed.remove(surface);
                }
            }
            PipeItem::Draw(item) => {
                if let Some(missed) = &mut self.missed {
                    missed.entry(item.drawable.surface).or_default().add(&item.region);
                    return;
                }
            }
            PipeItem::Pixels { surface, area, .. } => {
                if let Some(missed) = &mut self.missed {
                    missed.entry(*surface).or_default().add_rect(area);
                    return;
                }
                self.loss.exact(*surface, area);
            }
            PipeItem::Mark
            | PipeItem::Monitors(_)
            | PipeItem::ForgetPalettes
            | PipeItem::ForgetImages
            | PipeItem::Scanout(_)
            | PipeItem::ScanoutDraw(_) => {}
            PipeItem::StreamCreate(shape) => drop(self.videos.insert(shape.id, shape.area)),
            PipeItem::StreamDestroy(id) => drop(self.videos.remove(id)),
        }
        self.pipe.push(moment, item);
    }

    /// Drops an operation that can no longer be seen.
    pub fn drop_item(&mut self, item: &Arc<Item>) {
        self.loss.dropped(item.moment);
        self.pipe.drop_item(item);
    }

    /// Whether the guest should wait for this client at `now`, and for how long.
    pub fn judge(&mut self, now: Instant) -> Verdict {
        self.stretched &= self.pipe.drawings() > Self::FULL_PIPE.0;
        let verdict = self.patience.judge(self.is_full(), now);
        if verdict != Verdict::Overtake {
            return verdict;
        }
        if self.exceeds(Self::OVERFULL_PIPE) {
            self.overtake();
            return verdict;
        }
        self.stretched = true;
        Verdict::Room
    }

    /// Whether as much waits for the client as may. Nothing waits for one that has been overtaken.
    pub fn is_full(&self) -> bool {
        let limit = if self.stretched { Self::OVERFULL_PIPE } else { Self::FULL_PIPE };
        self.missed.is_none() && self.exceeds(limit)
    }

    /// Whether more operations or bytes of pixels wait than that.
    const fn exceeds(&self, (drawings, bytes): (usize, usize)) -> bool {
        self.pipe.drawings() > drawings || self.pipe.bytes() > bytes
    }

    /// Takes over what an overtaken client missed, once it can take it: these areas are to be pushed.
    pub fn catch_up(&mut self) -> Option<BTreeMap<SurfaceId, Damage>> {
        if self.missed.is_none() || !self.pipe.is_empty() || !self.window.is_open() {
            return None;
        }
        self.missed.take()
    }

    /// Why the client must go, if it must.
    pub fn verdict(&self, now: Instant) -> Result<(), ClientFault> {
        if self.pipe.changes() > Self::MAX_CHANGES {
            return Err(ClientFault::new("the client does not read and too many surfaces have changed"));
        }
        let waits = !self.window.is_open();
        if waits && now.duration_since(self.progress_at) > Self::DEAD_AFTER {
            return Err(ClientFault::new("no acknowledgement for 30 seconds"));
        }
        Ok(())
    }

    /// Whether the client gets videos as frames rather than drawings.
    pub const fn takes_video(&self) -> bool {
        self.viewer.takes_video()
    }

    /// Where the client shows videos, or will when it has read the pipe: it needs no other pixels there.
    pub fn video_areas(&self) -> Region {
        Region::from_rects(self.videos.values().copied())
    }

    /// The host has another order of video codecs.
    pub fn set_codec_order(&mut self, order: CodecOrder) {
        self.viewer.set_order(order);
    }

    /// The video of which the client may be sent a frame, with so many bytes before it, and what is needed for that.
    pub fn due_video(&self, streams: &Streams, backlog: usize) -> Option<(u32, Lack)> {
        let may = self.joined && self.ready.is_empty() && self.window.is_open();
        if may && backlog < Self::MAX_VIDEO_BACKLOG { self.viewer.due(streams) } else { None }
    }

    /// Queues a video's frame.
    pub fn push_video(&mut self, id: u32, moment: (u64, u64), encoded: Encoded, now: Instant) {
        self.ready.extend(self.viewer.frame(id, moment, encoded, now).map(|message| message.encode().into()));
    }

    /// Gives the picture of a video to the client's own encoder.
    pub fn push_picture(&mut self, id: u32, moment: (u64, u64), picture: Bitmap, now: Instant) -> Reaction {
        let outcome = self.viewer.picture(id, moment, picture, now);
        self.follow_video(outcome)
    }

    /// Queues the frames that the client's encoders have made.
    pub fn collect_frames(&mut self, streams: &Streams, now: Instant) -> Reaction {
        let mut outcome = self.viewer.collect(streams, now);
        if self.ready.is_empty() && self.window.is_open() {
            outcome.add(self.viewer.follow_wish(now));
        }
        self.follow_video(outcome)
    }

    fn follow_video(&mut self, Outcome { messages, no_video }: Outcome) -> Reaction {
        self.ready.extend(messages.into_iter().map(|message| message.encode().into()));
        if no_video { Reaction::NoVideo } else { Reaction::None }
    }

    /// The next frame, if the client may be sent one.
    pub fn next_frame(&mut self, encoder: &mut Encoder, now: Instant) -> Option<Parcel> {
        loop {
            if let Some(parcel) = self.ready.pop_front() {
                if self.window.unacknowledged() == 0 {
                    self.progress_at = now;
                }
                self.window.on_sent();
                if is_announcement(&parcel.frame) {
                    self.window.on_announced();
                    self.estimate.on_announced();
                } else {
                    self.estimate.on_sent(now);
                }
                return Some(parcel);
            }
            if !self.joined || !self.window.is_open() {
                return None;
            }
            self.prefetch(encoder);
            if self.is_being_encoded() {
                if self.help(encoder) {
                    continue;
                }
                return None;
            }
            let item = self.pipe.pop()?;
            self.encode(item, encoder, now);
        }
    }

    /// Hands images that come after the next one to other threads.
    fn prefetch(&self, encoder: &Encoder) {
        if encoder.helpers() > 0 && self.pipe.bytes() >= Encoder::WORTH_A_THREAD {
            let ahead = self.pipe.ahead().skip(1).take(2 * encoder.helpers() + 1);
            ahead.flat_map(PipeItem::images).for_each(|image| encoder.prefetch(image, &self.taker));
        }
    }

    /// Whether another thread is at work on what comes next.
    fn is_being_encoded(&self) -> bool {
        let mut next = self.pipe.ahead().take(1).flat_map(PipeItem::images);
        next.any(|image| image.encoding.is_busy())
    }

    /// Encodes one of the images that wait for other threads.
    fn help(&self, encoder: &mut Encoder) -> bool {
        let mut ahead = self.pipe.ahead().take(2 * encoder.helpers() + 2).flat_map(PipeItem::images);
        ahead.any(|image| encoder.help(image, &self.taker))
    }

    /// Takes note of how fast the client's connection is.
    pub fn on_rate(&mut self, bytes_per_second: u64) {
        self.estimate.on_rate(bytes_per_second);
        self.viewer.on_rate(bytes_per_second);
        self.follow_link();
    }

    /// Lets the client's other displays know what it has handled of this one's messages.
    fn tell_handled(&self) {
        if let Some(share) = &self.share {
            share.on_handled(self.window.handled());
        }
    }

    /// Does what follows from what is known of the link.
    fn follow_link(&mut self) {
        self.taker.link.slow = self.estimate.is_slow();
        let size = self.estimate.window();
        // Smaller is not worth a message, and what is on its way could then be more than the window.
        if size > self.window.size() {
            self.window.resize(size);
            let (generation, window) = self.window.announcement();
            let announce = base::ServerMessage::SetAck(base::SetAck { generation, window });
            self.ready.push_back(announce.encode().into());
        }
    }

    /// Goes on without the client: what waits for it is dropped, and noted as missed.
    fn overtake(&mut self) {
        self.stretched = false;
        self.loss.dropped_all();
        let mut missed = BTreeMap::<SurfaceId, Damage>::new();
        for drawing in self.pipe.drain_drawings() {
            match drawing {
                PipeItem::Draw(item) => {
                    missed.entry(item.drawable.surface).or_default().add(&item.region);
                }
                PipeItem::Pixels { surface, area, .. } => {
                    missed.entry(surface).or_default().add_rect(&area);
                }
                _ => {}
            }
        }
        missed.retain(|surface, _| self.surfaces.contains(surface));
        self.missed = Some(missed);
    }

    fn encode(&mut self, item: PipeItem, encoder: &mut Encoder, now: Instant) {
        let message = match item {
            PipeItem::Draw(item) => {
                let may_lose = self.loss.is_noted(item.moment);
                self.viewer.on_draw(&item.region);
                return self.encode_draw(item.drawable.clone(), may_lose, encoder);
            }
            PipeItem::Pixels { surface, area, image } => {
                return self.encode_draw(copy_of(surface, area, image), false, encoder);
            }
            PipeItem::Create { surface, size, format } => {
                let primary = surface == SurfaceId::PRIMARY;
                let flags = if primary { SurfaceFlags::PRIMARY } else { SurfaceFlags::NONE };
                let (width, height) = (size.width, size.height);
                ServerMessage::SurfaceCreate(SurfaceCreate { surface, width, height, format, flags })
            }
            PipeItem::Destroy(surface) => ServerMessage::SurfaceDestroy(SurfaceDestroy { surface }),
            PipeItem::Mark => ServerMessage::Mark,
            PipeItem::Monitors(monitors) if self.taker.capabilities.contains(capability::MONITORS_CONFIG) => {
                ServerMessage::MonitorsConfig(monitors_message(&monitors))
            }
            PipeItem::Monitors(_) => return,
            PipeItem::ForgetPalettes => {
                self.palettes.clear();
                ServerMessage::InvalAllPalettes
            }
            PipeItem::ForgetImages => return self.forget_images(),
            PipeItem::StreamCreate(shape) => {
                let messages = self.viewer.begin(shape, now);
                return self.ready.extend(messages.into_iter().map(|message| message.encode().into()));
            }
            PipeItem::StreamDestroy(id) => match self.viewer.end(id) {
                Some(message) => message,
                None => return,
            },
            PipeItem::Scanout(number) => {
                let parcel = self.scanout_parcel(number);
                return self.ready.extend(parcel);
            }
            PipeItem::ScanoutDraw(area) => scanout::draw_message(area),
        };
        self.ready.push_back(message.encode().into());
    }
}

/// Whether the frame tells the client of the window.
fn is_announcement(frame: &Frame) -> bool {
    frame.kind() == base::ServerMessage::SetAck(base::SetAck { generation: 0, window: 0 }).kind()
}

fn monitors_message(monitors: &Monitors) -> MonitorsConfig {
    let heads = monitors.heads.iter().map(|head| wire::display::Head {
        monitor_id: head.id,
        surface: head.surface,
        width: head.size.width,
        height: head.size.height,
        x: head.x,
        y: head.y,
        flags: head.flags,
    });
    MonitorsConfig { max_allowed: monitors.max, heads: heads.collect() }
}
