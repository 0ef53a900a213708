//! A session: links its channels, and lets tests wait, look and type.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use bytes::Bytes;
use wire::channel::{ChannelId, ChannelType};
use wire::display::{self, ImageCompression, PreferredCompression, PreferredVideoCodecs, VideoCodec};
use wire::frame::Frame;
use wire::inputs::{self, Button, ButtonMask, MouseButtons, MouseMotion, MousePosition};
use wire::main::{self, AgentTokens, MouseMode, MouseModeRequest};

use crate::address::Address;
use crate::connection::Connection;
use crate::error::ProbeError;
use crate::handshake::{Introduction, link};
use crate::keyboard::{self, SHIFT};
use crate::picture::Picture;
use crate::reader::{Reader, Shared, Writer, lock};
use crate::statistics::ChannelStatistics;
use crate::view::View;

/// The main channel.
const MAIN: ChannelId = ChannelId { channel_type: ChannelType::MAIN, id: 0 };

/// The type of the main channel's list of channels, which the server sends whenever it is asked.
const CHANNELS_LIST: u16 = 104;

/// The inputs channel.
const INPUTS: ChannelId = ChannelId { channel_type: ChannelType::INPUTS, id: 0 };

/// Pixels of the client's image cache; what spice-gtk has by default.
const IMAGE_CACHE_PIXELS: i64 = 20 << 20;

/// Pixels of the client's GLZ window; the same.
const GLZ_WINDOW_PIXELS: i32 = 8 << 20;

/// How a client links.
#[derive(Clone, Debug)]
pub struct Options {
    /// The ticket; empty for a server without one.
    pub password: String,
    /// The channels that are linked, of those that the server lists.
    pub channels: Vec<ChannelType>,
    /// Whether the client can do with headers of 6 bytes, as all clients since 2012 can.
    pub mini_header: bool,
    /// The compression that the client asks for; `None` to leave it to the server.
    pub compression: Option<ImageCompression>,
    /// Capabilities of displays that are said beside those for what is decoded, which videos are not.
    pub display_capabilities: Vec<u32>,
    /// The video codecs that the client asks for, the best first; empty to leave it to the server.
    pub video_codecs: Vec<VideoCodec>,
    /// Pixels of the image cache that the client says it has.
    pub image_cache_pixels: i64,
    /// Whether messages are only counted, and nothing is decoded.
    pub null: bool,
    /// Bytes a second that each display is read with; `None` for all that come.
    pub display_rate: Option<u32>,
    /// Channels that are not read from the start.
    pub frozen: Vec<ChannelType>,
    /// How long linking may take.
    pub timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            password: String::new(),
            channels: vec![ChannelType::DISPLAY, ChannelType::CURSOR, ChannelType::INPUTS],
            mini_header: true,
            compression: Some(ImageCompression::LZ),
            display_capabilities: Vec::new(),
            video_codecs: Vec::new(),
            image_cache_pixels: IMAGE_CACHE_PIXELS,
            null: false,
            display_rate: None,
            frozen: Vec::new(),
            timeout: Duration::from_secs(20),
        }
    }
}

/// A session with a server. Dropping it closes all connections.
#[derive(Debug)]
pub struct Client {
    address: Address,
    options: Options,
    shared: Arc<Shared>,
    writers: BTreeMap<ChannelId, Arc<Mutex<Writer>>>,
    threads: Vec<JoinHandle<()>>,
    buttons: Mutex<ButtonMask>,
}

impl Client {
    /// Links the main channel and then those of the options that the server has.
    ///
    /// # Errors
    /// When a link is refused or takes too long.
    pub fn connect(address: &Address, options: &Options) -> Result<Self, ProbeError> {
        let shared = Arc::new(Shared::new(options.display_rate, options.null));
        options.frozen.iter().for_each(|channel| shared.pace.freeze(*channel, true));
        let mut client = Self {
            address: address.clone(),
            options: options.clone(),
            shared,
            writers: BTreeMap::new(),
            threads: Vec::new(),
            buttons: Mutex::default(),
        };
        client.link(MAIN, 0)?;
        client.wait("the session", options.timeout, |view| view.session.is_some())?;
        client.send(MAIN, &[main::ClientMessage::AttachChannels.encode()])?;
        client.wait("the list of channels", options.timeout, |view| view.channels.is_some())?;
        let (session, channels) = {
            let view = client.shared.view();
            let session = view.session.map_or(0, |session| session.session_id);
            (session, view.channels.clone().unwrap_or_default())
        };
        for channel in channels {
            if options.channels.contains(&channel.channel_type) {
                client.link(channel, session)?;
            }
        }
        Ok(client)
    }

    fn link(&mut self, channel: ChannelId, connection_id: u32) -> Result<(), ProbeError> {
        let Options { timeout, password, mini_header, display_capabilities, .. } = &self.options;
        let mut stream = self
            .address
            .connect(*timeout)
            .map_err(ProbeError::transport(format!("connect to {}", self.address)))?;
        let configured = ProbeError::transport("set the time-out of a socket");
        stream.set_read_timeout(Some(*timeout)).map_err(configured)?;
        let introduction = Introduction {
            connection_id,
            channel,
            password,
            mini_header: *mini_header,
            display: display_capabilities,
        };
        let header = link(&mut stream, &introduction)?;
        stream.set_read_timeout(None).map_err(ProbeError::transport("set the time-out of a socket"))?;

        let writing = stream.try_clone().map_err(ProbeError::transport("duplicate a socket"))?;
        let writer = Arc::new(Mutex::new(Writer::new(writing, header)));
        self.writers.insert(channel, writer.clone());
        if channel.channel_type == ChannelType::DISPLAY {
            self.send(channel, &self.display_greeting(channel))?;
        }
        let reader = Reader {
            channel,
            stream,
            connection: Connection::new(header),
            writer,
            shared: self.shared.clone(),
        };
        let name = channel.to_string();
        let thread = thread::Builder::new()
            .name(name)
            .spawn(move || reader.run())
            .map_err(ProbeError::transport("start a thread"))?;
        self.threads.push(thread);
        Ok(())
    }

    /// The first messages of a display. Each display has caches of its own, so that no message of one waits for
    /// another.
    fn display_greeting(&self, channel: ChannelId) -> Vec<Frame> {
        let init = display::Init {
            pixmap_cache_id: channel.id,
            pixmap_cache_size: self.options.image_cache_pixels,
            glz_dictionary_id: channel.id,
            glz_dictionary_window_size: GLZ_WINDOW_PIXELS,
        };
        let mut frames = vec![display::ClientMessage::Init(init).encode()];
        if let Some(compression) = self.options.compression {
            let preferred = PreferredCompression { compression };
            frames.push(display::ClientMessage::PreferredCompression(preferred).encode());
        }
        if !self.options.video_codecs.is_empty() {
            let preferred = PreferredVideoCodecs { codecs: self.options.video_codecs.clone() };
            frames.push(display::ClientMessage::PreferredVideoCodecs(preferred).encode());
        }
        frames
    }

    /// Sends messages on a channel.
    ///
    /// # Errors
    /// When the channel is not linked, or the connection broke.
    pub fn send(&self, channel: ChannelId, frames: &[Frame]) -> Result<(), ProbeError> {
        let writer = self.writers.get(&channel).ok_or(ProbeError::NoChannel(channel))?;
        lock(writer).send(frames).map_err(ProbeError::transport("send a message"))
    }

    /// Waits until `condition` holds; `what` says it in an error.
    ///
    /// # Errors
    /// When it does not hold in time, or the main channel closed before.
    pub fn wait(
        &self,
        what: &str,
        timeout: Duration,
        mut condition: impl FnMut(&View) -> bool,
    ) -> Result<(), ProbeError> {
        let deadline = Instant::now() + timeout;
        let mut view = self.shared.view();
        loop {
            if condition(&view) {
                return Ok(());
            }
            if let Some(reason) = view.closed.get(&MAIN) {
                return Err(ProbeError::Closed { what: what.to_owned(), reason: reason.clone() });
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ProbeError::Timeout { what: what.to_owned(), timeout });
            }
            let waited = self.shared.changed.wait_timeout(view, left);
            (view, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until the displays have been silent for `quiet`.
    ///
    /// # Errors
    /// When they do not fall silent within `timeout`.
    pub fn settle(&self, quiet: Duration, timeout: Duration) -> Result<(), ProbeError> {
        let deadline = Instant::now() + timeout;
        let start = Instant::now();
        let mut view = self.shared.view();
        loop {
            let silent_since = view.last_display_message.unwrap_or(start);
            let left = (silent_since + quiet).saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            let until_deadline = deadline.saturating_duration_since(Instant::now());
            if until_deadline.is_zero() {
                return Err(ProbeError::Timeout { what: "silence of the displays".to_owned(), timeout });
            }
            let waited = self.shared.changed.wait_timeout(view, left.min(until_deadline));
            (view, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Looks at what the client knows. The channels wait for the end of `look`.
    pub fn look<T>(&self, look: impl FnOnce(&View) -> T) -> T {
        look(&self.shared.view())
    }

    /// The picture of a display.
    ///
    /// # Errors
    /// When the display has no primary surface.
    pub fn screenshot(&self, display: u8) -> Result<Picture, ProbeError> {
        self.look(|view| view.display(display).and_then(crate::Screen::picture))
            .ok_or(ProbeError::NoPicture(display))
    }

    /// What came in, by channel.
    #[must_use]
    pub fn statistics(&self) -> BTreeMap<ChannelId, ChannelStatistics> {
        self.look(|view| view.statistics.clone())
    }

    /// Stops or resumes the reading of all channels of a type. A read that waits for bytes when the channel
    /// freezes still takes the first ones that come.
    pub fn freeze(&self, channel: ChannelType, frozen: bool) {
        self.shared.pace.freeze(channel, frozen);
    }

    /// Presses a key, by its code of AT set 1; codes from 0x100 are those behind a byte 0xe0.
    ///
    /// # Errors
    /// When the inputs channel is not linked or broke.
    pub fn press_key(&self, code: u32) -> Result<(), ProbeError> {
        self.send(INPUTS, &[inputs::ClientMessage::KeyDown(keyboard::pressed(code)).encode()])
    }

    /// Lets a key go.
    ///
    /// # Errors
    /// As [`Client::press_key`].
    pub fn release_key(&self, code: u32) -> Result<(), ProbeError> {
        self.send(INPUTS, &[inputs::ClientMessage::KeyUp(keyboard::released(code)).encode()])
    }

    /// Presses a key and lets it go.
    ///
    /// # Errors
    /// As [`Client::press_key`].
    pub fn type_key(&self, code: u32) -> Result<(), ProbeError> {
        self.press_key(code)?;
        self.release_key(code)
    }

    /// Types a text on a US keyboard.
    ///
    /// # Errors
    /// When no key types a character; then nothing is typed. Otherwise as [`Client::press_key`].
    pub fn type_text(&self, text: &str) -> Result<(), ProbeError> {
        for stroke in keyboard::strokes(text)? {
            if stroke.shift {
                self.press_key(SHIFT)?;
            }
            self.type_key(stroke.scancode.into())?;
            if stroke.shift {
                self.release_key(SHIFT)?;
            }
        }
        Ok(())
    }

    /// Asks for a mouse mode; the server answers by a change of [`View::mouse_mode`], if at all.
    ///
    /// # Errors
    /// When the connection broke.
    pub fn request_mouse_mode(&self, mode: MouseMode) -> Result<(), ProbeError> {
        let request = main::ClientMessage::MouseModeRequest(MouseModeRequest { mode });
        self.send(MAIN, &[request.encode()])
    }

    /// Says that the client talks to the guest's agent, and takes so many messages of it.
    ///
    /// # Errors
    /// When the connection broke.
    pub fn start_agent(&self, tokens: u32) -> Result<(), ProbeError> {
        self.send(MAIN, &[main::ClientMessage::AgentStart(AgentTokens { count: tokens }).encode()])
    }

    /// Takes so many messages of the agent more.
    ///
    /// # Errors
    /// When the connection broke.
    pub fn grant_agent_tokens(&self, tokens: u32) -> Result<(), ProbeError> {
        self.send(MAIN, &[main::ClientMessage::AgentTokens(AgentTokens { count: tokens }).encode()])
    }

    /// Sends a piece of a message to the agent, whether there are tokens for it or not.
    ///
    /// # Errors
    /// When the connection broke.
    pub fn send_to_agent(&self, piece: Bytes) -> Result<(), ProbeError> {
        self.send(MAIN, &[main::ClientMessage::AgentData(piece).encode()])
    }

    /// Waits until the server has handled all that was sent on the main channel, and what it sent before that has come.
    ///
    /// # Errors
    /// When it does not answer in time, or the main channel closed.
    pub fn round_trip(&self, timeout: Duration) -> Result<(), ProbeError> {
        let count = |view: &View| view.count(MAIN, CHANNELS_LIST);
        let before = self.look(count);
        self.send(MAIN, &[main::ClientMessage::AttachChannels.encode()])?;
        self.wait("an answer", timeout, |view| count(view) > before)
    }

    /// Puts the pointer to a place of a display; for the client's mouse mode.
    ///
    /// # Errors
    /// As [`Client::press_key`].
    pub fn move_pointer_to(&self, display: u8, x: u32, y: u32) -> Result<(), ProbeError> {
        let position = MousePosition { x, y, buttons: self.buttons(), display };
        self.send(INPUTS, &[inputs::ClientMessage::MousePosition(position).encode()])
    }

    /// Moves the pointer; for the server's mouse mode.
    ///
    /// # Errors
    /// As [`Client::press_key`].
    pub fn move_pointer_by(&self, dx: i32, dy: i32) -> Result<(), ProbeError> {
        let motion = MouseMotion { dx, dy, buttons: self.buttons() };
        self.send(INPUTS, &[inputs::ClientMessage::MouseMotion(motion).encode()])
    }

    /// Presses a button and lets it go.
    ///
    /// # Errors
    /// As [`Client::press_key`].
    pub fn click(&self, button: Button) -> Result<(), ProbeError> {
        let bit = ButtonMask(1_u16.checked_shl(u32::from(button.0).saturating_sub(1)).unwrap_or(0));
        let down = self.set_buttons(|buttons| buttons.with(bit));
        let press = inputs::ClientMessage::MousePress(MouseButtons { button, buttons: down });
        let up = self.set_buttons(|buttons| buttons.without(bit));
        let release = inputs::ClientMessage::MouseRelease(MouseButtons { button, buttons: up });
        self.send(INPUTS, &[press.encode(), release.encode()])
    }

    fn buttons(&self) -> ButtonMask {
        self.set_buttons(|buttons| buttons)
    }

    fn set_buttons(&self, change: impl FnOnce(ButtonMask) -> ButtonMask) -> ButtonMask {
        let mut buttons = self.buttons.lock().unwrap_or_else(PoisonError::into_inner);
        *buttons = change(*buttons);
        *buttons
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.shared.pace.close();
        self.writers.values().for_each(|writer| lock(writer).shutdown());
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so on its own.
            let _ = thread.join();
        }
    }
}
