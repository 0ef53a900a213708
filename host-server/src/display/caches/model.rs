//! A client with several displays as stock clients are, and the server's side of it, without threads and sockets.
//!
//! A display handles its messages in order. It waits for what it is told to wait for, for an image that is not in the cache, and for
//! one that a GLZ stream refers to. It acknowledges messages before it handles them. No image is kept that is there already: clients
//! differ in how often it would have to be forgotten then.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use image::bitmap::{Bitmap, Palette};
use image::geometry::{Point, Rect};
use image::{glz, lz};
use wire::base::{self, WaitForChannels};
use wire::capability::Capabilities;
use wire::display::{ClientMessage, Init, ServerMessage};
use wire::drawable::{Brush, Clip, Drawable, Mask, Opaque, Operation, Rop, ScaleMode, SurfaceId};
use wire::frame::Frame;
use wire::image::{Image as Sent, ImageBody, ImageFlags, PaletteSource};

use super::ClientCaches;
use crate::display::client::{DisplayClient, copy_of};
use crate::display::encode::Encoder;
use crate::display::encode::pool::{Pool, Wake};
use crate::display::item::Item;
use crate::display::picture::{Image, Picture};
use crate::display::pipe::PipeItem;
use crate::display::stream::codec::Supply;
use crate::display::stream::encoder::built_in;
use crate::media_clock::MediaClock;
use crate::settings::ImageCompression;
use crate::settings::video_codecs::CodecOrder;

const MAX_PIXELS: u64 = 1 << 20;

/// What became of a display's next message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// There is none.
    Idle,
    /// It waits for another display.
    Waits,
    /// It has been handled.
    Handled,
}

/// Both ends.
pub(super) struct World {
    encoder: Encoder,
    caches: ClientCaches,
    clients: BTreeMap<u8, DisplayClient>,
    now: Instant,
    moment: u64,
    screens: BTreeMap<u8, Screen>,
    images: HashMap<u64, Vec<u32>>,
    window: glz::Window,
    /// Whether a display has gone, and with it what other displays' messages may have referred to.
    pub(super) has_lost: bool,
    /// The names of all messages that have been handled.
    pub(super) handled: BTreeMap<u8, Vec<&'static str>>,
}

/// A display at the client.
#[derive(Default)]
struct Screen {
    frames: VecDeque<Frame>,
    received: u64,
    handled: u64,
    ack_window: u32,
    until_ack: u32,
    /// Whether the next message has been acknowledged, and the pixels of its images so far.
    is_read: bool,
    decoded: Vec<Vec<u32>>,
    palettes: HashMap<u64, Arc<Palette>>,
    /// What the drawings have to show.
    expected: VecDeque<Vec<Vec<u32>>>,
    /// The last message that may refer to what went with another display.
    orphaned: u64,
}

impl World {
    /// A client without displays.
    pub(super) fn new() -> Self {
        let pool = Arc::new(Pool::new(0));
        Self {
            encoder: Encoder::new(ImageCompression::Glz.into(), pool, Wake::new(|| ())),
            caches: ClientCaches::default(),
            clients: BTreeMap::new(),
            now: Instant::now(),
            moment: 0,
            screens: BTreeMap::new(),
            images: HashMap::new(),
            window: glz::Window::new(MAX_PIXELS),
            has_lost: false,
            handled: BTreeMap::new(),
        }
    }

    /// A display joins, with caches of so many pixels.
    pub(super) fn join(&mut self, display: u8, cache: i64, window: i32) {
        let init = Init {
            pixmap_cache_id: 1,
            pixmap_cache_size: cache,
            glz_dictionary_id: 1,
            glz_dictionary_window_size: window,
        };
        let sharing = (self.caches.clone(), display);
        let clock = MediaClock::new(self.now);
        let wake = Wake::new(|| ());
        let supply = Supply { order: CodecOrder::MJPEG, encoders: built_in(), wake };
        let mut client = DisplayClient::new(Capabilities::default(), false, sharing, clock, supply, self.now);
        client.handle(&ClientMessage::Init(init), self.now).unwrap();
        self.clients.insert(display, client);
        self.screens.insert(display, Screen::default());
    }

    /// Draws an image, or two in one message.
    pub(super) fn draw(&mut self, display: u8, images: &[Arc<Image>]) {
        let Some(client) = self.clients.get_mut(&display) else { return };
        let [first, rest @ ..] = images else { return };
        let bbox = first.bitmap.bounds();
        let drawable = match rest {
            [] => copy_of(SurfaceId::PRIMARY, bbox, first.clone()),
            [second, ..] => {
                let origin = Point::default();
                let brush = Brush::Pattern { image: Picture::Bitmap(second.clone()), origin };
                let operation = Operation::Opaque(Opaque {
                    source: Picture::Bitmap(first.clone()),
                    area: bbox,
                    brush,
                    rop: Rop::PUT,
                    scale: ScaleMode::Nearest,
                    mask: Mask::default(),
                });
                Drawable { surface: SurfaceId::PRIMARY, bbox, clip: Clip::None, operation }
            }
        };
        self.moment += 1;
        client.push(self.moment, PipeItem::Draw(Arc::new(Item::new(self.moment, drawable))));
        let expected = images.iter().take(2).map(|image| pixels(&image.bitmap)).collect();
        self.screens.entry(display).or_default().expected.push_back(expected);
    }

    /// The guest has the client forget all images.
    pub(super) fn forget_images(&mut self, display: u8) {
        self.moment += 1;
        if let Some(client) = self.clients.get_mut(&display) {
            client.push(self.moment, PipeItem::ForgetImages);
        }
    }

    /// Sends what a display may send; how many messages that was.
    pub(super) fn send(&mut self, display: u8) -> usize {
        let Self { clients, screens, encoder, now, .. } = self;
        let Some((client, screen)) = clients.get_mut(&display).zip(screens.get_mut(&display)) else {
            return 0;
        };
        let parcels = std::iter::from_fn(|| client.next_frame(encoder, *now));
        let before = screen.frames.len();
        screen.frames.extend(parcels.map(|parcel| parcel.frame));
        let count = screen.frames.len() - before;
        screen.received += count as u64;
        count
    }

    /// A display's connection ends; what has not been handled is lost.
    pub(super) fn leave(&mut self, display: u8) {
        for other in self.displays() {
            self.send(other);
        }
        self.clients.remove(&display);
        self.screens.remove(&display);
        self.has_lost = true;
        self.screens.values_mut().for_each(|screen| screen.orphaned = screen.received);
    }

    /// The displays that are there.
    pub(super) fn displays(&self) -> Vec<u8> {
        self.clients.keys().copied().collect()
    }

    /// Whether the server takes an image for one that the client has.
    pub(super) fn is_kept(&self, image: u64) -> bool {
        self.caches.lock().images.values().any(|cache| cache.has(image))
    }

    /// Whether the client has an image.
    pub(super) fn has(&self, image: u64) -> bool {
        self.images.contains_key(&image)
    }

    /// Sends and handles all that there is. Displays that wait for what is lost leave.
    ///
    /// # Panics
    /// The displays wait for each other.
    pub(super) fn settle(&mut self) {
        loop {
            let mut goes_on = false;
            for display in self.displays() {
                goes_on |= self.send(display) > 0;
                while self.handle(display) == Outcome::Handled {
                    goes_on = true;
                }
            }
            if goes_on {
                continue;
            }
            let stuck: Vec<u8> =
                self.displays().into_iter().filter(|display| self.is_stuck(*display)).collect();
            let orphan = stuck.iter().find(|display| {
                self.screens.get(*display).is_some_and(|screen| screen.handled < screen.orphaned)
            });
            match orphan {
                Some(orphan) => self.leave(*orphan),
                None => {
                    assert!(stuck.is_empty(), "displays {stuck:?} wait for each other");
                    break;
                }
            }
        }
        for (display, screen) in &self.screens {
            assert!(screen.expected.is_empty(), "display {display} lacks {} drawings", screen.expected.len());
        }
    }

    fn is_stuck(&self, display: u8) -> bool {
        self.screens.get(&display).is_some_and(|screen| !screen.frames.is_empty())
    }

    /// Handles a display's next message, as far as it goes.
    pub(super) fn handle(&mut self, display: u8) -> Outcome {
        let Some(screen) = self.screens.get_mut(&display) else { return Outcome::Idle };
        let Some(frame) = screen.frames.front() else { return Outcome::Idle };
        let message = ServerMessage::decode(frame.kind(), frame.to_body()).unwrap();
        if !std::mem::replace(&mut screen.is_read, true) && screen.ack_window > 0 {
            screen.until_ack -= 1;
            if screen.until_ack == 0 {
                screen.until_ack = screen.ack_window;
                self.tell(display, base::ClientMessage::Ack);
            }
        }
        if !self.apply(display, &message) {
            return Outcome::Waits;
        }
        self.handled.entry(display).or_default().push(message.name());
        if let Some(screen) = self.screens.get_mut(&display) {
            screen.frames.pop_front();
            screen.handled += 1;
            screen.is_read = false;
        }
        Outcome::Handled
    }

    fn tell(&mut self, display: u8, message: base::ClientMessage) {
        if let Some(client) = self.clients.get_mut(&display) {
            client.handle(&ClientMessage::Base(message), self.now).unwrap();
        }
    }

    /// Whether the message could be handled.
    fn apply(&mut self, display: u8, message: &ServerMessage) -> bool {
        match message {
            ServerMessage::Base(base::ServerMessage::SetAck(set)) => {
                let screen = self.screens.entry(display).or_default();
                (screen.ack_window, screen.until_ack) = (set.window, set.window);
                self.tell(
                    display,
                    base::ClientMessage::AckSync(base::AckSync { generation: set.generation }),
                );
            }
            ServerMessage::Base(base::ServerMessage::WaitForChannels(wait)) => return self.are_handled(wait),
            ServerMessage::InvalAllPixmaps(wait) => {
                if !self.are_handled(wait) {
                    return false;
                }
                self.images.clear();
            }
            ServerMessage::InvalList(list) => {
                for resource in &list.resources {
                    let known = self.images.remove(&resource.id).is_some();
                    assert!(known || self.has_lost, "image {} is not kept", resource.id);
                }
            }
            ServerMessage::InvalPalette(palette) => {
                let forgotten = self.screens.entry(display).or_default().palettes.remove(&palette.id);
                forgotten.expect("a palette that is kept");
            }
            ServerMessage::Draw(drawable) => return self.draw_message(display, drawable),
            other => panic!("not expected: {}", other.name()),
        }
        true
    }

    /// Whether other displays are as far as that; one that is not there counts.
    fn are_handled(&self, wait: &WaitForChannels) -> bool {
        wait.waits.iter().all(|wait| {
            let screen = self.screens.get(&wait.channel.id);
            screen.is_none_or(|screen| screen.handled >= wait.serial)
        })
    }

    fn draw_message(&mut self, display: u8, drawable: &Drawable<Sent>) -> bool {
        let images: Vec<&Sent> = drawable.operation.images().collect();
        loop {
            let screen = self.screens.entry(display).or_default();
            let done = screen.decoded.len();
            let Some(image) = images.get(done) else { break };
            let Some(decoded) = self.decode(display, image) else { return false };
            self.screens.entry(display).or_default().decoded.push(decoded);
        }
        let screen = self.screens.entry(display).or_default();
        let shown = std::mem::take(&mut screen.decoded);
        assert_eq!(Some(shown), screen.expected.pop_front(), "what display {display} shows");
        true
    }

    /// The pixels of an image; `None` while it waits for another display.
    fn decode(&mut self, display: u8, image: &Sent) -> Option<Vec<u32>> {
        let bitmap = match &image.body {
            ImageBody::FromCache => return self.images.get(&image.id).cloned(),
            ImageBody::LzRgb(stream) => lz::decode(stream, None, MAX_PIXELS).unwrap(),
            ImageBody::LzPalette(stream) => {
                let palettes = &mut self.screens.entry(display).or_default().palettes;
                let palette = match &stream.palette {
                    PaletteSource::None => None,
                    PaletteSource::Cached(name) => {
                        Some(palettes.get(name).expect("a palette that is kept").clone())
                    }
                    PaletteSource::Inline { palette, cache } => {
                        if *cache {
                            palettes.insert(palette.unique, palette.clone());
                        }
                        Some(palette.clone())
                    }
                };
                lz::decode(&stream.data, palette, MAX_PIXELS).unwrap()
            }
            ImageBody::GlzRgb(stream) => match self.window.decode(stream) {
                Err(glz::DecodeError::MissingImage(_)) => return None,
                decoded => decoded.unwrap(),
            },
            other => panic!("not expected: {}", other.name()),
        };
        let pixels = pixels(&bitmap);
        if image.flags.contains(ImageFlags::CACHE_ME) {
            let known = self.images.insert(image.id, pixels.clone()).is_some();
            assert!(!known || self.has_lost, "image {} is kept already", image.id);
        }
        Some(pixels)
    }
}

/// All pixels, from the top.
fn pixels(bitmap: &Bitmap) -> Vec<u32> {
    let Rect { right, bottom, .. } = bitmap.bounds();
    let (width, height) = (right.unsigned_abs(), bottom.unsigned_abs());
    let mut pixels = vec![0; (width * height) as usize];
    for (y, row) in (0..height).zip(pixels.chunks_mut(width as usize)) {
        bitmap.row_to_xrgb(y, row);
    }
    pixels.iter().map(|pixel| pixel & 0x00ff_ffff).collect()
}
