//! A display's thread: the device's rings on one side, client connections on the other, the engines between.
//!
//! Commands are read, copied and released in one go, so the guest never waits for a client's network; it waits
//! only, and shortly, while a healthy client's pipe is full. No panic leaves this thread: a command or a
//! message that causes one is dropped, with a line in the log.

mod calls;
mod commands;
mod links;
mod record;
mod scanout;

use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use wire::drawable::SurfaceId;

use super::encode::pool::Pool;
use super::engine::Engine;
use super::faults::FaultLog;
use super::handle::{Call, ClientId, Handle, Inbox, Message};
use super::lookahead::Lookahead;
use super::settings::DisplaySettings;
use crate::cursor::PointerState;
use crate::fault::HostError;
use crate::guest::buffers::Buffers;
use crate::guest::device::{DeviceLimits, QxlDevice, Release};
use crate::guest::memory::GuestMemory;
use crate::recorder::Recorder;
use links::Links;

/// What of a primary surface matters for the pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrimaryShape {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Whether the guest gives the pointer's shape to the device, so that the client can draw it.
    pub hardware_cursor: bool,
}

/// Called with the primary surface when it is created, and with `None` when it is gone. On the display's
/// thread: it must only pass the news on.
pub type PrimaryHook = Arc<dyn Fn(Option<PrimaryShape>) + Send + Sync>;

/// What time it is. Tests have their own.
pub type Clock = Box<dyn Fn() -> Instant + Send>;

/// Starts a display's thread.
///
/// # Errors
/// When the device's limits make no sense or no thread can be had.
pub fn spawn(
    id: u32,
    device: Box<dyn QxlDevice>,
    limits: DeviceLimits,
    settings: DisplaySettings,
    pool: Arc<Pool>,
    on_primary: PrimaryHook,
) -> Result<Handle, HostError> {
    let clock = Box::new(Instant::now);
    let (worker, handle) = Worker::new(id, device, limits, settings, pool, on_primary, clock)?;
    let thread = crate::thread::spawn_masked(&format!("SPICE Worker {id}"), move || worker.run())
        .map_err(|error| HostError::new(format_args!("no thread for display {id}: {error}")))?;
    handle.set_thread(thread);
    Ok(handle)
}

/// Commands that are read before clients and the inbox get their turn.
const BATCH: usize = 256;
/// Commands that are kept unperformed while the guest waits for clients.
const MAX_LOOKAHEAD: usize = 512;
/// How long the rings are left alone before they are polled once more and then armed for a wakeup: a guest
/// that draws steadily is not made to signal every command.
const POLL_AGAIN: Duration = Duration::from_millis(10);
/// The longest that a call which needs a consistent picture reads commands for it.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);
/// How often clients are checked for having died.
const CHECK: Duration = Duration::from_secs(1);

/// What is known of the rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ring {
    /// There may be commands.
    Poll,
    /// They were empty; look again then.
    EmptySince(Instant),
    /// The guest will wake us.
    Armed,
}

/// What comes after a turn of a [`Worker`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Another turn at once.
    Turn,
    /// A turn when somebody has told the handle something, or then.
    Wait(Instant),
    /// Nothing: the display has been shut down.
    End,
}

/// A display: what its thread does, turn by turn. [`spawn`] runs it; tests take the turns themselves.
pub struct Worker {
    /// The device's number; images are cached by the first one only.
    id: u32,
    inbox: Inbox,
    device: Box<dyn QxlDevice>,
    memory: GuestMemory,
    buffers: Buffers,
    lookahead: Lookahead,
    engine: Engine,
    pointer: PointerState,
    client_mouse: bool,
    /// The guest's primary surface.
    primary: Option<PrimaryShape>,
    links: BTreeMap<ClientId, Links>,
    /// Commands that created surfaces; they stay with us as long as the surface does.
    surface_releases: HashMap<SurfaceId, Release>,
    on_primary: PrimaryHook,
    running: bool,
    ring: Ring,
    faults: FaultLog,
    told_capabilities: Option<(bool, [u8; 58])>,
    clock: Clock,
    next_check: Instant,
    recorder: Option<Arc<Recorder>>,
}

impl Worker {
    /// A display that has not had a turn yet, and the handle to it.
    ///
    /// # Errors
    /// When the device's limits make no sense.
    pub fn new(
        id: u32,
        device: Box<dyn QxlDevice>,
        limits: DeviceLimits,
        settings: DisplaySettings,
        pool: Arc<Pool>,
        on_primary: PrimaryHook,
        clock: Clock,
    ) -> Result<(Self, Handle), HostError> {
        let memory = GuestMemory::new(&limits)?;
        let (handle, inbox) = Handle::new();
        let next_check = clock() + CHECK;
        let worker = Self {
            id,
            inbox,
            device,
            memory,
            buffers: Buffers::default(),
            lookahead: Lookahead::default(),
            engine: Engine::new(limits.surfaces, settings, pool, handle.waker()),
            pointer: PointerState::default(),
            client_mouse: false,
            primary: None,
            links: BTreeMap::new(),
            surface_releases: HashMap::new(),
            on_primary,
            running: false,
            ring: Ring::Poll,
            faults: FaultLog::default(),
            // A device begins without clients, and takes no notice before its machine runs.
            told_capabilities: Some((false, [0; 58])),
            clock,
            next_check,
            recorder: None,
        };
        Ok((worker, handle))
    }

    fn run(mut self) {
        self.take_turns();
        // Whoever still waits must not wait for ever.
        self.abandon_draws();
        while let Ok(message) = self.inbox.messages.try_recv() {
            match message {
                Message::Call(_, completion) => self.complete(completion, None),
                Message::ScanoutDraw(_, cookie) => self.device.async_complete(cookie),
                _ => {}
            }
        }
    }

    fn take_turns(&mut self) {
        loop {
            let message = match self.turn() {
                Next::End => return,
                Next::Turn => continue,
                Next::Wait(until) => {
                    self.inbox.messages.recv_timeout(until.saturating_duration_since(self.now()))
                }
            };
            match message {
                Ok(message) => {
                    if self.guarded_message(message) {
                        return;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Handles what has been told, reads a batch of commands, and sends what clients may be sent.
    pub fn turn(&mut self) -> Next {
        while let Ok(message) = self.inbox.messages.try_recv() {
            if self.guarded_message(message) {
                return Next::End;
            }
        }
        // A mistake of ours costs what it was about, not the display.
        catch_unwind(AssertUnwindSafe(|| self.step())).unwrap_or_else(|_| {
            self.faults.panicked("a turn of the display");
            Next::Wait(Instant::now() + POLL_AGAIN)
        })
    }

    /// Reads a batch of commands, and sends what clients may be sent.
    fn step(&mut self) -> Next {
        let wait_for_clients = self.engine.judge(self.now());
        let more =
            self.running && if wait_for_clients.is_none() { self.batch() } else { self.look_further() };
        let video_end = self.engine.end_videos(self.now());
        self.transmit();
        self.complete_draws(wait_for_clients.is_none());
        let now = self.now();
        if now >= self.next_check {
            self.next_check = now + CHECK;
            self.drop_dead_clients(now);
        }
        // What has just been sent may have made the room that the guest waits for.
        let has_room = wait_for_clients.is_some() && !self.engine.is_full();
        if more || has_room {
            return Next::Turn;
        }
        let deadline = match wait_for_clients {
            // A ring that was found empty long ago is no reason for a turn: each turn looks into it.
            Some(until) => Some(until.min(now + POLL_AGAIN)),
            None => self.ring_deadline(),
        };
        let deadlines = [deadline, video_end, self.engine.next_drawn()].into_iter().flatten();
        Next::Wait(deadlines.fold(self.next_check, Instant::min))
    }

    /// Commands, messages and calls that could not be handled by a mistake of ours. Tests expect none.
    pub const fn internal_errors(&self) -> u64 {
        self.faults.internal()
    }

    fn now(&self) -> Instant {
        (self.clock)()
    }

    fn ring_deadline(&self) -> Option<Instant> {
        match self.ring {
            Ring::EmptySince(since) if self.running => Some(since + POLL_AGAIN),
            _ => None,
        }
    }

    /// Reads a batch of commands and performs what was read; `true` when there may be more at once.
    fn batch(&mut self) -> bool {
        if self.lookahead.is_empty() {
            self.read();
        }
        self.perform_some();
        self.ring == Ring::Poll || !self.lookahead.is_empty()
    }

    /// Reads on while the guest waits for clients: what is read now may cover what waits. `true` when there may
    /// be more at once.
    fn look_further(&mut self) -> bool {
        self.lookahead.len() < MAX_LOOKAHEAD && self.read_batch() == BATCH
    }

    /// Reads a batch of commands, unless the rings are known to be empty.
    fn read(&mut self) {
        let now = self.now();
        match self.ring {
            Ring::Armed => return,
            Ring::EmptySince(since) if now.duration_since(since) < POLL_AGAIN => return,
            Ring::Poll | Ring::EmptySince(_) => {}
        }
        let read = self.read_batch();
        if read > 0 {
            self.ring = Ring::Poll;
        }
        if read < BATCH {
            self.ring = self.after_empty(now);
        }
    }

    /// What to do about rings that were found empty at `now`.
    fn after_empty(&mut self, now: Instant) -> Ring {
        if self.ring == Ring::Poll {
            return Ring::EmptySince(now);
        }
        let display = self.device.request_command_notification();
        let cursor = self.device.request_cursor_notification();
        if display && cursor { Ring::Armed } else { Ring::Poll }
    }

    /// Reads commands until the rings are empty, for a call that needs a consistent picture. What was drawn on a
    /// surface that the call `ends`, and nobody reads, is dropped.
    fn drain(&mut self, ends: Option<SurfaceId>) {
        let deadline = self.now() + DRAIN_LIMIT;
        while self.running && self.read_batch() == BATCH {
            self.perform_all();
            let now = self.now();
            if now > deadline {
                tracing::warn!("guest fault: commands arrive faster than they can be read");
                break;
            }
            self.engine.judge(now);
            self.transmit();
        }
        self.drop_covered(ends);
        self.perform_all();
    }

    /// Handles a message; `true` when it was the last one.
    fn guarded_message(&mut self, message: Message) -> bool {
        let outcome = catch_unwind(AssertUnwindSafe(|| self.message(message)));
        outcome.unwrap_or_else(|_| {
            self.faults.panicked("a message");
            false
        })
    }

    fn message(&mut self, message: Message) -> bool {
        match message {
            Message::Wake => {
                self.inbox.pending.wake.store(false, Ordering::Release);
                self.ring = Ring::Poll;
                self.record_message(&recording::Message::Wakeup);
            }
            Message::OutOfMemory => {
                self.inbox.pending.out_of_memory.store(false, Ordering::Release);
                self.drain(None);
                self.record_message(&recording::Message::OutOfMemory);
                // Everything read has been released already; the device may hold some of it back.
                self.device.flush_releases();
            }
            Message::Start => {
                self.running = true;
                self.record_message(&recording::Message::Start);
                self.ring = Ring::Poll;
                self.tell_capabilities();
            }
            Message::MouseMode { client } => {
                self.client_mouse = client;
                self.record_message(&recording::Message::Other(recording::call::MOUSE_MODE));
            }
            Message::Record(recorder) => self.recorder = Some(recorder),
            // The turn that follows sends what is ready.
            Message::Encoded => {}
            Message::Configure(settings) => self.engine.configure(settings),
            Message::Attach(channel) => self.attach(channel),
            Message::Event(client, kind, event) => self.event(client, kind, event),
            Message::Detach(client) => self.detach(client),
            Message::Scanout(scanout) => self.set_scanout(scanout),
            Message::ScanoutDraw(area, cookie) => self.draw_scanout(area, cookie),
            Message::Call(call, completion) => {
                let last = matches!(call, Call::ShutDown);
                let entry = self.entry_of(&call, &completion);
                // The call is completed whatever becomes of it.
                let outcome = catch_unwind(AssertUnwindSafe(|| self.call(call)));
                let drawn = outcome.unwrap_or_else(|_| {
                    self.faults.panicked("a call");
                    None
                });
                self.record_entry(entry);
                self.complete(completion, drawn);
                return last;
            }
        }
        false
    }
}
