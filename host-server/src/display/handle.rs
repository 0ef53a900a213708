//! How the rest of the server talks to a display's thread.
//!
//! Calls come from QEMU's main loop and vCPU threads. Those that the device's contract makes synchronous
//! block until the thread has done them; all others only queue. Every asynchronous call's cookie is
//! completed exactly once, in the order of the calls.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use image::geometry::Rect;
use wire::capability::Capabilities;
use wire::channel::ChannelType;
use wire::drawable::SurfaceId;

use super::caches::ClientCaches;
use super::encode::pool::Wake;
use super::scanout::Scanout;
use super::settings::DisplaySettings;
use crate::channel::connection::{Connection, ConnectionEvent, EventSink};
use crate::guest::device::{CommandExt, PrimarySurface};
use crate::guest::region::Region;
use crate::media_clock::MediaClock;
use crate::recorder::Recorder;

/// A client, for as long as its main channel lives. Unique within a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(pub u32);

/// A client's display or cursor channel, linked and authenticated.
#[derive(Debug)]
pub struct ClientChannel {
    /// Whose it is.
    pub client: ClientId,
    /// Display or cursor.
    pub kind: ChannelType,
    /// Where its messages go.
    pub connection: Connection,
    /// What the client says of this channel in its link message.
    pub capabilities: Capabilities,
    /// Whether the peer is on this host, by a unix socket: it gets pixels without compression, as the original
    /// server does it.
    pub is_local: bool,
    /// What video is dated with.
    pub media_clock: MediaClock,
    /// What the client keeps for all of its displays.
    pub caches: ClientCaches,
}

/// A new memory slot (`QXLDevMemSlot`).
#[derive(Debug)]
pub struct MemorySlot {
    /// The group.
    pub group: u32,
    /// The slot in it.
    pub slot: u32,
    /// Must equal the generation bits of addresses.
    pub generation: u32,
    /// Added to the offset bits of an address to give the host's address.
    pub address_delta: u64,
    /// First host address inside.
    pub start: u64,
    /// First host address outside.
    pub end: u64,
    /// The memory from `start` on.
    pub region: Box<dyn Region>,
}

/// What the device asks of the display and waits for: the caller until it returns, or the guest until
/// [`QxlDevice::async_complete`](crate::guest::device::QxlDevice::async_complete) is called.
#[derive(Debug)]
pub enum Call {
    /// Adds a memory slot.
    AddSlot(MemorySlot),
    /// Creates the primary surface.
    CreatePrimary(PrimarySurface),
    /// Destroys the primary surface.
    DestroyPrimary,
    /// Destroys one surface.
    DestroySurface(SurfaceId),
    /// Destroys all surfaces.
    DestroySurfaces,
    /// Draws what is pending into the guest's memory.
    UpdateArea {
        /// The surface.
        surface: SurfaceId,
        /// The part of it.
        area: Rect,
        /// Whether the drawn region is forgotten afterwards.
        clear_dirty: bool,
        /// Rectangles that the answer may have.
        limit: usize,
    },
    /// Draws all that is pending on all surfaces.
    FlushSurfaces,
    /// A new arrangement of monitors, as a `QXLMonitorsConfig` in guest memory.
    MonitorsConfig {
        /// Its address.
        address: u64,
        /// The group of that address.
        group: u32,
    },
    /// A memory slot goes.
    RemoveSlot {
        /// The group.
        group: u32,
        /// The slot in it.
        slot: u32,
    },
    /// All memory slots go.
    ResetSlots,
    /// The guest's driver is unloaded.
    DriverUnload,
    /// Clients forget the images they keep.
    ResetImageCache,
    /// No pointer.
    ResetCursor,
    /// The virtual machine stops: every command is read, every surface is drawn.
    Stop,
    /// Commands that were in flight when the machine's state was saved.
    LoadCommands(Vec<CommandExt>),
    /// The thread ends.
    ShutDown,
}

/// What the thread is told.
#[derive(Debug)]
pub(super) enum Message {
    /// Commands may have arrived.
    Wake,
    /// The guest has no memory left for commands.
    OutOfMemory,
    /// The virtual machine runs.
    Start,
    /// Whether clients move the pointer themselves.
    MouseMode {
        /// They do.
        client: bool,
    },
    /// An image that a client waits for is ready.
    Encoded,
    /// What is done from now on is recorded.
    Record(Arc<Recorder>),
    /// How pictures are sent from now on.
    Configure(DisplaySettings),
    /// A client's channel joins.
    Attach(ClientChannel),
    /// Something happened on a client's channel.
    Event(ClientId, ChannelType, ConnectionEvent),
    /// A client has gone.
    Detach(ClientId),
    /// The host shows graphics memory, or none.
    Scanout(Option<Scanout>),
    /// A part of the scanout has changed; the guest waits for clients, under the cookie.
    ScanoutDraw(Rect, u64),
    /// Somebody waits for this.
    Call(Call, Completion),
}

/// Who waits for a call.
#[derive(Debug)]
pub(super) enum Completion {
    /// The calling thread; it is given what an area update has drawn.
    Reply(SyncSender<Vec<Rect>>),
    /// The guest, under this cookie.
    Cookie(u64),
}

/// The display's thread, from outside. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle {
    messages: Sender<Message>,
    pending: Arc<Pending>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

/// Notices that are not repeated while the thread has not seen them.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// A [`Message::Wake`] is on its way.
    pub wake: AtomicBool,
    /// A [`Message::OutOfMemory`] is on its way.
    pub out_of_memory: AtomicBool,
}

/// The thread's end of a [`Handle`].
#[derive(Debug)]
pub(super) struct Inbox {
    /// What it is told.
    pub messages: Receiver<Message>,
    /// What it has to take back when it has seen it.
    pub pending: Arc<Pending>,
}

impl Handle {
    /// A handle and the end that belongs to its thread.
    pub(super) fn new() -> (Self, Inbox) {
        let (sender, messages) = channel();
        let pending = Arc::<Pending>::default();
        let handle = Self { messages: sender, pending: pending.clone(), thread: Arc::default() };
        (handle, Inbox { messages, pending })
    }

    /// Wakes the thread for images that others have encoded.
    pub(super) fn waker(&self) -> Wake {
        let messages = self.messages.clone();
        // The display has ended: nobody waits for the image.
        Wake::new(move || messages.send(Message::Encoded).unwrap_or_default())
    }

    /// Notes the thread that [`Handle::shut_down`] waits for.
    pub(super) fn set_thread(&self, thread: JoinHandle<()>) {
        *self.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
    }

    /// Commands have arrived in the ring. Coalesced.
    pub fn wakeup(&self) {
        if !self.pending.wake.swap(true, Ordering::AcqRel) {
            self.tell(Message::Wake);
        }
    }

    /// The guest has no memory left for commands. Coalesced.
    pub fn out_of_memory(&self) {
        if !self.pending.out_of_memory.swap(true, Ordering::AcqRel) {
            self.tell(Message::OutOfMemory);
        }
    }

    /// Records what is done from now on.
    pub fn record(&self, recorder: Arc<Recorder>) {
        self.tell(Message::Record(recorder));
    }

    /// The virtual machine runs.
    pub fn start(&self) {
        self.tell(Message::Start);
    }

    /// The virtual machine stops. Blocks until every command is read and every surface is drawn.
    pub fn stop(&self) {
        self.call(Call::Stop);
    }

    /// Adds a memory slot. Blocks.
    pub fn add_slot(&self, slot: MemorySlot) {
        self.call(Call::AddSlot(slot));
    }

    /// Removes a memory slot. Blocks: a guest may do this in a loop, and must not fill the queue.
    pub fn remove_slot(&self, group: u32, slot: u32) {
        self.call(Call::RemoveSlot { group, slot });
    }

    /// Removes all memory slots. Blocks.
    pub fn reset_slots(&self) {
        self.call(Call::ResetSlots);
    }

    /// Creates the primary surface. Blocks.
    pub fn create_primary(&self, surface: PrimarySurface) {
        self.call(Call::CreatePrimary(surface));
    }

    /// Destroys the primary surface. Blocks.
    pub fn destroy_primary(&self) {
        self.call(Call::DestroyPrimary);
    }

    /// Destroys one surface. Blocks.
    pub fn destroy_surface(&self, surface: SurfaceId) {
        self.call(Call::DestroySurface(surface));
    }

    /// Destroys all surfaces. Blocks.
    pub fn destroy_surfaces(&self) {
        self.call(Call::DestroySurfaces);
    }

    /// Draws an area into the guest's memory. Blocks; returns at most `limit` rectangles that cover what was
    /// drawn since the last clearing call.
    pub fn update_area(&self, surface: SurfaceId, area: Rect, clear_dirty: bool, limit: usize) -> Vec<Rect> {
        self.call(Call::UpdateArea { surface, area, clear_dirty, limit })
    }

    /// Makes clients forget the images they keep. Blocks.
    pub fn reset_image_cache(&self) {
        self.call(Call::ResetImageCache);
    }

    /// Takes the pointer away. Blocks.
    pub fn reset_cursor(&self) {
        self.call(Call::ResetCursor);
    }

    /// The guest's driver is unloaded: one monitor again. Blocks.
    pub fn driver_unload(&self) {
        self.call(Call::DriverUnload);
    }

    /// Performs commands that were in flight when the machine's state was saved. Blocks.
    pub fn load_commands(&self, commands: Vec<CommandExt>) {
        self.call(Call::LoadCommands(commands));
    }

    /// Performs a call and tells the guest under `cookie`. Cookies are completed in the order of calls.
    pub fn call_async(&self, call: Call, cookie: u64) {
        self.tell(Message::Call(call, Completion::Cookie(cookie)));
    }

    /// The host shows graphics memory in place of a primary surface, or does so no longer.
    pub fn set_scanout(&self, scanout: Option<Scanout>) {
        self.tell(Message::Scanout(scanout));
    }

    /// A part of the scanout has changed. The guest is told under `cookie` when every client that looks at the memory has
    /// looked, or is too slow; in the order of draws, whatever calls come between them.
    pub fn draw_scanout_async(&self, area: Rect, cookie: u64) {
        self.tell(Message::ScanoutDraw(area, cookie));
    }

    /// Whether clients move the pointer themselves.
    pub fn set_mouse_mode(&self, client: bool) {
        self.tell(Message::MouseMode { client });
    }

    /// How pictures are sent from now on.
    pub fn configure(&self, settings: DisplaySettings) {
        self.tell(Message::Configure(settings));
    }

    /// A client's channel joins. Its events must then be passed to the returned sink.
    pub fn attach(&self, channel: ClientChannel) -> EventSink {
        let (client, kind) = (channel.client, channel.kind);
        self.tell(Message::Attach(channel));
        let messages = self.messages.clone();
        Box::new(move |event| {
            // The thread has ended: the server is going down, and the connection with it.
            let _ = messages.send(Message::Event(client, kind, event));
        })
    }

    /// The client has gone: drop its channels.
    pub fn detach(&self, client: ClientId) {
        self.tell(Message::Detach(client));
    }

    /// Ends the thread. Blocks.
    pub fn shut_down(&self) {
        self.call(Call::ShutDown);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("a display's thread ended by a panic");
        }
    }

    fn tell(&self, message: Message) {
        if self.messages.send(message).is_err() {
            tracing::debug!("a display that has ended was told something");
        }
    }

    fn call(&self, call: Call) -> Vec<Rect> {
        let (reply, answer) = sync_channel(1);
        self.tell(Message::Call(call, Completion::Reply(reply)));
        answer.recv().unwrap_or_default()
    }
}
