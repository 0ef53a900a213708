//! A client at the other end of a display channel, in place of a socket.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Instant;

use canvas::Source;
use host_server::channel::connection::{Connection, ConnectionEvent, Credit, Outlet};
use host_server::channel::parcel::Parcel;
use host_server::display::caches::ClientCaches;
use host_server::display::handle::{ClientChannel, ClientId, Handle};
use host_server::media_clock::MediaClock;
use image::bitmap::Bitmap;
use image::geometry::{Rect, Size};
use image::surface::Surface;
use image::{glz, jpeg, lz, lz4, quic, zlib};
use wire::base;
use wire::capability::{Capabilities, display as capability};
use wire::channel::ChannelType;
use wire::display::{ClientMessage, Init, ServerMessage, StreamCreate};
use wire::drawable::{Copy, Drawable, Mask, Operation, Rop, ScaleMode, SurfaceId};
use wire::frame::{Frame, HeaderKind};
use wire::image::{Image, ImageBody, ImageFlags};

/// Pixels of images and surfaces that a client of a test may need.
const MAX_PIXELS: u64 = 64 << 20;

/// A display channel's client.
pub struct Client {
    outlet: Outlet,
    events: Box<dyn FnMut(ConnectionEvent) + Send>,
    surfaces: BTreeMap<SurfaceId, Surface>,
    images: BTreeMap<u64, Arc<Bitmap>>,
    videos: BTreeMap<u32, StreamCreate>,
    glz: glz::Window,
    /// Frames that are on their way.
    unread: Vec<Parcel>,
    /// What came with frames.
    pub descriptors: Vec<Arc<OwnedFd>>,
    /// How often the display was told something.
    told: usize,
    received: Vec<ServerMessage>,
    window: u32,
    unacknowledged: u32,
    /// Whether the client acknowledges what it reads.
    pub acknowledges: bool,
}

impl Client {
    /// A client that has linked and sent its first message.
    pub fn join(handle: &Handle, id: u32) -> Self {
        Self::join_with(handle, id, &[])
    }

    /// The same, with some more capabilities.
    pub fn join_with(handle: &Handle, id: u32, more: &[u32]) -> Self {
        Self::link(handle, id, more, false)
    }

    /// The same, on the server's own host.
    pub fn join_here(handle: &Handle, id: u32, more: &[u32]) -> Self {
        Self::link(handle, id, more, true)
    }

    fn link(handle: &Handle, id: u32, more: &[u32], is_local: bool) -> Self {
        let (connection, outlet) = Connection::open(HeaderKind::Mini);
        let usual = [
            capability::MONITORS_CONFIG,
            capability::COMPOSITE,
            capability::A8_SURFACE,
            capability::LZ4_COMPRESSION,
        ];
        let capabilities = Capabilities::of(usual.into_iter().chain(more.iter().copied()));
        let events = handle.attach(ClientChannel {
            client: ClientId(id),
            kind: ChannelType::DISPLAY,
            connection,
            capabilities,
            is_local,
            media_clock: MediaClock::new(Instant::now()),
            caches: ClientCaches::default(),
        });
        let mut client = Self {
            outlet,
            events,
            surfaces: BTreeMap::new(),
            images: BTreeMap::new(),
            videos: BTreeMap::new(),
            glz: glz::Window::new(MAX_PIXELS),
            unread: Vec::new(),
            descriptors: Vec::new(),
            told: 0,
            received: Vec::new(),
            window: 0,
            unacknowledged: 0,
            acknowledges: true,
        };
        let init = Init { pixmap_cache_size: 1 << 20, ..Init::default() };
        client.send(&ClientMessage::Init(init));
        client
    }

    /// Sends a message.
    pub fn send(&mut self, message: &ClientMessage) {
        let frame = message.encode();
        self.send_raw(frame.kind(), frame.to_body());
    }

    /// Sends bytes that need not be a message.
    pub fn send_raw(&mut self, kind: u16, body: bytes::Bytes) {
        self.told += 1;
        (self.events)(ConnectionEvent::Message { kind, body, credit: Credit::free() });
    }

    /// The client's connection breaks.
    pub fn leave(mut self) {
        (self.events)(ConnectionEvent::Closed(None));
    }

    /// Reads all that has been sent; returns how many messages that were.
    pub fn read(&mut self) -> usize {
        self.read_some(usize::MAX)
    }

    /// Reads at most so many messages; returns how many there were.
    pub fn read_some(&mut self, limit: usize) -> usize {
        let mut parcels = Vec::new();
        self.outlet.take(&mut parcels);
        self.unread.extend(parcels);
        let count = limit.min(self.unread.len());
        for parcel in self.unread.drain(..count).collect::<Vec<_>>() {
            let size = parcel.frame.size() as usize + 6 + parcel.extra();
            self.descriptors.extend(parcel.descriptors);
            let frame = parcel.frame;
            if self.outlet.written(size, Instant::now()) {
                self.told += 1;
                (self.events)(ConnectionEvent::Writable);
            }
            self.handle(&frame);
        }
        count
    }

    /// Whether the server has ended the connection.
    pub fn is_closed(&mut self) -> bool {
        self.outlet.take(&mut Vec::new()) == host_server::channel::connection::Demand::Close
    }

    /// Every message read so far.
    pub fn received(&self) -> &[ServerMessage] {
        &self.received
    }

    /// Forgets the messages read so far; the picture stays.
    pub fn forget(&mut self) {
        self.received.clear();
    }

    /// How often this client has told the display something, and so woken it.
    pub const fn told(&self) -> usize {
        self.told
    }

    /// Frames of videos read so far.
    pub fn frames(&self) -> usize {
        let frame = |message: &&ServerMessage| {
            matches!(message, ServerMessage::StreamData(_) | ServerMessage::StreamDataSized(_))
        };
        self.received.iter().filter(frame).count()
    }

    /// Where the client shows videos.
    pub fn videos(&self) -> Vec<Rect> {
        self.videos.values().map(|video| video.destination).collect()
    }

    /// Drawing messages read so far.
    pub fn drawings(&self) -> usize {
        self.received.iter().filter(|message| matches!(message, ServerMessage::Draw(_))).count()
    }

    /// What the client shows.
    pub fn screen(&self) -> Option<&Surface> {
        self.surfaces.get(&SurfaceId::PRIMARY)
    }

    fn handle(&mut self, frame: &Frame) {
        let message = ServerMessage::decode(frame.kind(), frame.to_body()).expect("a message of the server");
        match &message {
            ServerMessage::Base(base::ServerMessage::SetAck(set)) => {
                self.window = set.window;
                self.unacknowledged = 0;
                let sync = base::AckSync { generation: set.generation };
                self.send(&ClientMessage::Base(base::ClientMessage::AckSync(sync)));
            }
            ServerMessage::SurfaceCreate(create) => {
                let size = Size::new(create.width, create.height);
                let surface = Surface::new(create.format, size).expect("memory for a surface");
                assert!(
                    self.surfaces.insert(create.surface, surface).is_none(),
                    "a surface is created twice"
                );
            }
            ServerMessage::SurfaceDestroy(destroy) => {
                self.surfaces.remove(&destroy.surface).expect("a surface that exists is destroyed");
            }
            ServerMessage::InvalList(list) => {
                for resource in &list.resources {
                    self.images.remove(&resource.id).expect("a cached image is invalidated");
                }
            }
            ServerMessage::InvalAllPixmaps(_) => self.images.clear(),
            ServerMessage::Draw(drawable) => self.draw(drawable),
            ServerMessage::StreamCreate(create) => {
                assert!(self.surfaces.contains_key(&create.surface), "a video is on a surface");
                let known = self.videos.insert(create.id, create.clone());
                assert!(known.is_none(), "a video begins twice");
            }
            ServerMessage::StreamDestroy(destroy) => {
                self.videos.remove(&destroy.id).expect("a video that has begun ends");
            }
            ServerMessage::StreamData(data) => self.show_frame(data.id, &data.data),
            ServerMessage::StreamDataSized(data) => self.show_frame(data.id, &data.data),
            _ => {}
        }
        self.received.push(message);
        self.unacknowledged += 1;
        if self.acknowledges && self.window > 0 && self.unacknowledged >= self.window {
            self.unacknowledged = 0;
            self.send(&ClientMessage::Base(base::ClientMessage::Ack));
        }
    }

    /// Shows a frame, if it has all of the video's pixels.
    fn show_frame(&mut self, id: u32, file: &[u8]) {
        let video = self.videos.get(&id).expect("a video that has begun");
        let frame = Arc::new(jpeg::decode(file, MAX_PIXELS).expect("a JPEG file"));
        if frame.size() != video.destination.size() {
            return;
        }
        let copy = Copy {
            area: frame.bounds(),
            source: Source::Bitmap(frame),
            rop: Rop::PUT,
            scale: ScaleMode::Nearest,
            mask: Mask::default(),
        };
        let operation = Operation::Copy(copy);
        let drawable =
            Drawable { surface: video.surface, bbox: video.destination, clip: video.clip.clone(), operation };
        let target = self.surfaces.get_mut(&video.surface).expect("a surface that exists is drawn on");
        canvas::draw(target, &drawable, &()).expect("a drawing that the canvas knows");
    }

    fn draw(&mut self, drawable: &Drawable<Image>) {
        let drawable = drawable.clone().try_map(|image| self.source(image)).expect("an image");
        let id = drawable.surface;
        let mut target = self.surfaces.remove(&id).expect("a surface that exists is drawn on");
        canvas::draw(&mut target, &drawable, &self.surfaces).expect("a drawing that the canvas knows");
        self.surfaces.insert(id, target);
    }

    fn source(&mut self, image: Image) -> Result<Source, String> {
        let keep = image.flags.contains(ImageFlags::CACHE_ME);
        let keep = keep || image.flags.contains(ImageFlags::CACHE_REPLACE_ME);
        let bitmap = match image.body {
            ImageBody::Surface(id) => return Ok(Source::Surface(id)),
            ImageBody::FromCache | ImageBody::FromCacheLossless => {
                return self.images.get(&image.id).cloned().map(Source::Bitmap).ok_or("not cached".into());
            }
            ImageBody::Bitmap(bitmap) => {
                Bitmap::new(bitmap.layout, None, bitmap.data).map_err(|e| e.to_string())
            }
            ImageBody::LzRgb(stream) => lz::decode(&stream, None, MAX_PIXELS).map_err(|e| e.to_string()),
            ImageBody::Lz4(stream) => lz4::decode(&stream, image.size, MAX_PIXELS).map_err(|e| e.to_string()),
            ImageBody::Quic(stream) => quic::decode(&stream, MAX_PIXELS).map_err(|e| e.to_string()),
            ImageBody::GlzRgb(stream) => self.glz.decode(&stream).map_err(|e| e.to_string()),
            ImageBody::ZlibGlz { glz_size, data } => {
                let stream = zlib::inflate(&data, glz_size as usize, 1 << 30).map_err(|e| e.to_string())?;
                self.glz.decode(&stream).map_err(|e| e.to_string())
            }
            ImageBody::Jpeg(file) => jpeg::decode(&file, MAX_PIXELS).map_err(|e| e.to_string()),
            ImageBody::JpegAlpha { top_down, jpeg_size, data } => {
                jpeg::decode_with_alpha(&data, jpeg_size, top_down, MAX_PIXELS).map_err(|e| e.to_string())
            }
            other @ ImageBody::LzPalette(_) => Err(format!("image of kind {}", other.name())),
        }?;
        let bitmap = Arc::new(bitmap);
        if keep {
            self.images.insert(image.id, bitmap.clone());
        }
        Ok(Source::Bitmap(bitmap))
    }
}
