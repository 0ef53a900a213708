//! A display's thread: the device's rings on one side, client connections on the other, the engines between.
//!
//! Commands are read, copied and released in one go, so the guest never waits for a client's network; it waits
//! only, and shortly, while a healthy client's pipe is full. No panic leaves this thread: a command or a
//! message that causes one is dropped, with a line in the log.

use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use image::geometry::{Rect, Size};
use qxl::memslot::PhysAddr;
use wire::base;
use wire::channel::ChannelType;
use wire::display::{ClientMessage, ImageCompression};
use wire::drawable::SurfaceId;

use super::backing::Backing;
use super::engine::{Engine, NewSurface};
use super::faults::FaultLog;
use super::handle::{Call, ClientChannel, ClientId, Completion, Handle, Inbox, Message};
use super::monitors::{Head, Monitors};
use crate::channel::connection::{Connection, ConnectionEvent};
use crate::cursor::{CursorClient, PointerState};
use crate::fault::{ClientFault, GuestFault, HostError};
use crate::guest::command::{Command, Draw, SurfaceShape};
use crate::guest::device::{CommandExt, DeviceLimits, PrimarySurface, QxlDevice, Release};
use crate::guest::memory::GuestMemory;
use crate::guest::{fetch, parse};

/// Called with the primary surface's size when it is created, and with `None` when it is gone. On the
/// display's thread: it must only pass the news on.
pub type PrimaryHook = Arc<dyn Fn(Option<Size>) + Send + Sync>;

/// Starts a display's thread.
///
/// # Errors
/// When the device's limits make no sense or no thread can be had.
pub fn spawn(
    id: u32,
    device: Box<dyn QxlDevice>,
    limits: DeviceLimits,
    compression: u8,
    on_primary: PrimaryHook,
) -> Result<Handle, HostError> {
    let memory = GuestMemory::new(&limits)?;
    let (handle, inbox) = Handle::new();
    let engine = Engine::new(limits.surfaces, ImageCompression(compression));
    let worker = Worker {
        inbox,
        device,
        memory,
        engine,
        pointer: PointerState::default(),
        client_mouse: false,
        links: BTreeMap::new(),
        surface_releases: HashMap::new(),
        on_primary,
        max_monitors: 1,
        running: false,
        ring: Ring::Poll,
        faults: FaultLog::default(),
        told_capabilities: None,
    };
    let thread = crate::thread::spawn_masked(&format!("SPICE Worker {id}"), move || worker.run())
        .map_err(|error| HostError::new(format_args!("no thread for display {id}: {error}")))?;
    handle.set_thread(thread);
    Ok(handle)
}

/// Commands that are read before clients and the inbox get their turn.
const BATCH: usize = 64;
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

/// A client's connections.
#[derive(Debug, Default)]
struct Links {
    display: Option<Connection>,
    cursor: Option<(Connection, CursorClient)>,
}

struct Worker {
    inbox: Inbox,
    device: Box<dyn QxlDevice>,
    memory: GuestMemory,
    engine: Engine,
    pointer: PointerState,
    client_mouse: bool,
    links: BTreeMap<ClientId, Links>,
    /// Commands that created surfaces; they stay with us as long as the surface does.
    surface_releases: HashMap<SurfaceId, Release>,
    on_primary: PrimaryHook,
    max_monitors: u16,
    running: bool,
    ring: Ring,
    faults: FaultLog,
    told_capabilities: Option<(bool, [u8; 58])>,
}

impl Worker {
    fn run(mut self) {
        let mut next_check = Instant::now() + CHECK;
        loop {
            let now = Instant::now();
            let wait_for_clients = self.engine.judge(now);
            let busy = self.running && wait_for_clients.is_none() && self.guarded_batch(now);
            self.transmit();
            let now = Instant::now();
            if now >= next_check {
                next_check = now + CHECK;
                self.drop_dead_clients(now);
            }
            let patience = if busy {
                Duration::ZERO
            } else {
                let wake_at = [Some(next_check), wait_for_clients, self.ring_deadline()];
                let wake_at = wake_at.into_iter().flatten().min().unwrap_or(next_check);
                wake_at.saturating_duration_since(now)
            };
            match self.inbox.messages.recv_timeout(patience) {
                Ok(message) => {
                    if self.guarded_message(message) {
                        return;
                    }
                    while let Ok(message) = self.inbox.messages.try_recv() {
                        if self.guarded_message(message) {
                            return;
                        }
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn ring_deadline(&self) -> Option<Instant> {
        match self.ring {
            Ring::EmptySince(since) if self.running => Some(since + POLL_AGAIN),
            _ => None,
        }
    }

    /// Reads a batch of commands; `true` when there may be more at once.
    fn guarded_batch(&mut self, now: Instant) -> bool {
        match self.ring {
            Ring::Armed => return false,
            Ring::EmptySince(since) if now.duration_since(since) < POLL_AGAIN => return false,
            Ring::Poll | Ring::EmptySince(_) => {}
        }
        for _ in 0..BATCH {
            let outcome = catch_unwind(AssertUnwindSafe(|| self.next_command()));
            if !outcome.unwrap_or_else(|_| self.faults.panicked("a command")) {
                self.ring = self.after_empty(now);
                return self.ring == Ring::Poll;
            }
            self.ring = Ring::Poll;
        }
        true
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

    /// Reads one command of either ring, the cursor's first; `false` when there is none.
    fn next_command(&mut self) -> bool {
        if let Some(ext) = self.device.next_cursor_command() {
            self.cursor_command(ext);
            return true;
        }
        let Some(ext) = self.device.next_command() else { return false };
        self.display_command(ext, false);
        true
    }

    /// Reads commands until the rings are empty, for a call that needs a consistent picture.
    fn drain(&mut self) {
        if !self.running {
            return;
        }
        let deadline = Instant::now() + DRAIN_LIMIT;
        let mut read = 0_usize;
        while self.next_command() {
            read += 1;
            if read.is_multiple_of(BATCH) {
                let now = Instant::now();
                if now > deadline {
                    tracing::warn!("guest fault: commands arrive faster than they can be read");
                    return;
                }
                self.engine.judge(now);
                self.transmit();
            }
        }
    }

    fn cursor_command(&mut self, ext: CommandExt) {
        match parse::cursor_command(&self.memory, ext) {
            Ok(command) => self.pointer.apply(command, self.client_mouse),
            Err(fault) => self.faults.guest(&fault),
        }
        if let Some(release) = self.release_of(ext) {
            self.device.release(release);
        }
    }

    fn display_command(&mut self, ext: CommandExt, restored: bool) {
        let release = self.release_of(ext);
        let kept = match parse::command(&self.memory, ext) {
            Ok(command) => self.perform(command, ext.group, release, restored),
            Err(fault) => {
                self.faults.guest(&fault);
                false
            }
        };
        if let (Some(release), false) = (release, kept) {
            self.device.release(release);
        }
    }

    fn release_of(&mut self, ext: CommandExt) -> Option<Release> {
        match self.memory.group(ext.group).host_address(PhysAddr::new(ext.address)) {
            Ok(host_address) => Some(Release { host_address, group: ext.group }),
            Err(fault) => {
                self.faults.guest(&fault);
                None
            }
        }
    }

    /// Performs a command; `true` when its memory is kept for now.
    fn perform(&mut self, command: Command, group: u32, release: Option<Release>, restored: bool) -> bool {
        let outcome = match command {
            Command::Draw(draw) => self.draw(draw, group),
            Command::Update { surface, area, id } => {
                let outcome = self.engine.update_area(surface, &area, false, 0);
                self.device.notify_update(id);
                outcome.map(drop)
            }
            Command::Message(text) => {
                tracing::info!(text, "message of the guest");
                Ok(())
            }
            Command::CreateSurface { surface, shape } => {
                let outcome = self.create_surface(surface, &shape, group, restored);
                if let (Ok(()), Some(release)) = (&outcome, release) {
                    self.surface_releases.insert(surface, release);
                    return true;
                }
                outcome
            }
            Command::DestroySurface(surface) => self.destroy_surface(surface),
        };
        if let Err(fault) = outcome {
            self.faults.guest(&fault);
        }
        false
    }

    fn draw(
        &mut self,
        draw: Draw<crate::guest::command::ImageAddress>,
        group: u32,
    ) -> Result<(), GuestFault> {
        let Draw { drawable, self_bitmap, colors_are_16_bit } = draw;
        let memory = self.memory.group(group);
        let drawable = drawable.try_map(|at| {
            if at.address.is_null() {
                return Ok(None);
            }
            fetch::picture(memory, at, colors_are_16_bit).map(Some)
        })?;
        self.engine.draw(Draw { drawable, self_bitmap, colors_are_16_bit })
    }

    fn create_surface(
        &mut self,
        surface: SurfaceId,
        shape: &SurfaceShape,
        group: u32,
        keep: bool,
    ) -> Result<(), GuestFault> {
        if surface == SurfaceId::PRIMARY {
            return Err(GuestFault::new("surface command for the primary surface"));
        }
        let new = self.new_surface(shape, group, keep)?;
        self.engine.create_surface(surface, new)
    }

    fn new_surface(&self, shape: &SurfaceShape, group: u32, keep: bool) -> Result<NewSurface, GuestFault> {
        let (region, offset) = self.memory.group(group).resolve(shape.data, shape.bytes.into())?;
        Ok(NewSurface {
            format: shape.format,
            size: Size::new(shape.width, shape.height),
            backing: Backing {
                region: region.clone(),
                offset,
                stride: shape.stride.unsigned_abs(),
                bottom_up: shape.stride < 0,
            },
            keep_data: shape.keep_data || keep,
        })
    }

    fn destroy_surface(&mut self, surface: SurfaceId) -> Result<(), GuestFault> {
        let existed = self.engine.destroy_surface(surface);
        if let Some(release) = self.surface_releases.remove(&surface) {
            self.device.release(release);
        }
        if existed {
            Ok(())
        } else {
            Err(GuestFault::new(format_args!("surface {} does not exist", surface.0)))
        }
    }

    /// Handles a message; `true` when it was the last one.
    fn guarded_message(&mut self, message: Message) -> bool {
        let outcome = catch_unwind(AssertUnwindSafe(|| self.message(message)));
        outcome.unwrap_or_else(|_| self.faults.panicked("a message"))
    }

    fn message(&mut self, message: Message) -> bool {
        match message {
            Message::Wake => {
                self.inbox.pending.wake.store(false, Ordering::Release);
                self.ring = Ring::Poll;
            }
            Message::OutOfMemory => {
                self.inbox.pending.out_of_memory.store(false, Ordering::Release);
                self.drain();
                // Everything read has been released already; the device may hold some of it back.
                self.device.flush_releases();
            }
            Message::Start => {
                self.running = true;
                self.ring = Ring::Poll;
                self.tell_capabilities();
            }
            Message::RemoveSlot { group, slot } => self.memory.remove(group, slot),
            Message::ResetSlots => self.memory.clear(),
            Message::DriverUnload => self.one_monitor(),
            Message::MouseMode { client } => self.client_mouse = client,
            Message::Compression(compression) => self.engine.set_compression(ImageCompression(compression)),
            Message::MaxMonitors(count) => self.max_monitors = u16::try_from(count).unwrap_or(u16::MAX),
            Message::Attach(channel) => self.attach(channel),
            Message::Event(client, kind, event) => self.event(client, kind, event),
            Message::Detach(client) => self.detach(client),
            Message::Call(Call::ShutDown, completion) => {
                self.complete(completion, None);
                return true;
            }
            Message::Call(call, completion) => {
                // The call is completed whatever becomes of it.
                let outcome = catch_unwind(AssertUnwindSafe(|| self.call(call)));
                let drawn = outcome.unwrap_or_else(|_| {
                    self.faults.panicked("a call");
                    None
                });
                self.complete(completion, drawn);
            }
        }
        false
    }

    fn complete(&mut self, completion: Completion, drawn: Option<(SurfaceId, Vec<Rect>)>) {
        match completion {
            Completion::Reply(reply) => {
                // A caller that does not wait any more has died with its thread.
                let _ = reply.send(drawn.map(|(_, rects)| rects).unwrap_or_default());
            }
            Completion::Cookie(cookie) => {
                if let Some((surface, rects)) = drawn {
                    self.device.update_area_complete(surface, &rects);
                }
                self.device.async_complete(cookie);
            }
        }
    }

    /// Performs what somebody waits for; an area update returns what was drawn.
    fn call(&mut self, call: Call) -> Option<(SurfaceId, Vec<Rect>)> {
        match call {
            Call::AddSlot(slot) => {
                if let Err(error) = self.memory.add(slot) {
                    tracing::warn!(%error, "a memory slot was not added");
                }
            }
            Call::CreatePrimary(surface) => self.create_primary(&surface),
            Call::DestroyPrimary => {
                self.drain();
                self.destroy_primary();
            }
            Call::DestroySurface(surface) => {
                self.drain();
                if let Err(fault) = self.destroy_surface(surface) {
                    self.faults.guest(&fault);
                }
            }
            Call::DestroySurfaces => {
                self.drain();
                for surface in self.engine.destroy_all() {
                    if let Some(release) = self.surface_releases.remove(&surface) {
                        self.device.release(release);
                    }
                }
                (self.on_primary)(None);
            }
            Call::UpdateArea { surface, area, clear_dirty, limit } => {
                self.drain();
                match self.engine.update_area(surface, &area, clear_dirty, limit) {
                    Ok(drawn) => return Some((surface, drawn)),
                    Err(fault) => self.faults.guest(&fault),
                }
            }
            Call::FlushSurfaces => {
                self.drain();
                self.engine.flush();
            }
            Call::MonitorsConfig { address, group } => {
                if let Err(fault) = self.monitors_config(PhysAddr::new(address), group) {
                    self.faults.guest(&fault);
                }
            }
            Call::GlDraw => {}
            Call::ResetImageCache => self.engine.forget_images(),
            Call::ResetCursor => self.pointer.reset(),
            Call::Stop => {
                self.drain();
                self.running = false;
                self.engine.flush();
                self.transmit();
            }
            Call::LoadCommands(commands) => {
                for ext in commands {
                    match ext.kind {
                        3 => self.cursor_command(ext),
                        _ => self.display_command(ext, true),
                    }
                }
            }
            Call::ShutDown => {}
        }
        None
    }

    fn create_primary(&mut self, surface: &PrimarySurface) {
        if self.engine.primary_size().is_some() {
            self.destroy_primary();
        }
        let created = parse::primary_shape(surface).and_then(|shape| {
            let new = self.new_surface(&shape, surface.group, false)?;
            self.engine.create_surface(SurfaceId::PRIMARY, new)
        });
        match created {
            Ok(()) => (self.on_primary)(self.engine.primary_size()),
            Err(fault) => self.faults.guest(&fault),
        }
    }

    fn destroy_primary(&mut self) {
        self.engine.destroy_surface(SurfaceId::PRIMARY);
        self.pointer.reset();
        (self.on_primary)(None);
    }

    fn monitors_config(&mut self, address: PhysAddr, group: u32) -> Result<(), GuestFault> {
        let memory = self.memory.group(group);
        let head: qxl::monitors::MonitorsConfig = memory.read(address)?;
        let (count, max) = (head.count.get(), head.max_allowed.get());
        if count == 0 || count > Monitors::LIMIT {
            return Err(GuestFault::new(format_args!("arrangement of {count} monitors")));
        }
        if max != 0 && count > max {
            return Err(GuestFault::new(format_args!("arrangement of {count} monitors of {max}")));
        }
        let lead = size_of::<qxl::monitors::MonitorsConfig>() as u64;
        let heads: Vec<qxl::monitors::Head> = memory.read_all(address, lead, count.into())?;
        let heads = heads.into_iter().map(|head| Head {
            id: head.id.get(),
            surface: SurfaceId(head.surface_id.get()),
            size: Size::new(head.width.get(), head.height.get()),
            x: head.x.get(),
            y: head.y.get(),
            flags: head.flags.get(),
        });
        self.engine.set_monitors(Monitors { max: max.min(Monitors::LIMIT), heads: heads.collect() });
        Ok(())
    }

    fn one_monitor(&mut self) {
        if let Some(size) = self.engine.primary_size() {
            self.engine.set_monitors(Monitors::whole_primary(size));
        }
    }

    fn attach(&mut self, channel: ClientChannel) {
        let ClientChannel { client, kind, connection, capabilities, is_local: _ } = channel;
        let links = self.links.entry(client).or_default();
        if kind == ChannelType::CURSOR {
            links.cursor = Some((connection, CursorClient::new()));
        } else {
            links.display = Some(connection);
            self.engine.attach(client, capabilities, true, Instant::now());
            self.tell_capabilities();
        }
    }

    fn event(&mut self, client: ClientId, kind: ChannelType, event: ConnectionEvent) {
        match event {
            ConnectionEvent::Message { kind: message, body, credit: _held } => {
                let outcome = if kind == ChannelType::CURSOR {
                    self.cursor_message(client, message, body)
                } else {
                    ClientMessage::decode(message, body)
                        .map_err(ClientFault::from)
                        .and_then(|message| self.engine.handle(client, message, Instant::now()))
                };
                if let Err(fault) = outcome {
                    self.refuse(client, kind, &fault);
                }
            }
            ConnectionEvent::Writable => {}
            ConnectionEvent::Closed(_) => self.close(client, kind),
        }
    }

    fn cursor_message(&mut self, client: ClientId, kind: u16, body: bytes::Bytes) -> Result<(), ClientFault> {
        let message = base::ClientMessage::decode(kind, body)?;
        match self.links.get_mut(&client).and_then(|links| links.cursor.as_mut()) {
            Some((_, cursor)) => cursor.handle(&message),
            None => Ok(()),
        }
    }

    /// Sends what clients may be sent.
    fn transmit(&mut self) {
        let now = Instant::now();
        for (client, links) in &mut self.links {
            if let Some(connection) = &links.display {
                while connection.backlog() < Connection::HIGH_WATER {
                    let Some(frame) = self.engine.next_frame(*client, now) else { break };
                    connection.send(frame);
                }
            }
            if let Some((connection, cursor)) = &mut links.cursor {
                while connection.backlog() < Connection::HIGH_WATER {
                    let Some(frame) = cursor.next_frame(&self.pointer) else { break };
                    connection.send(frame);
                }
            }
        }
    }

    fn refuse(&mut self, client: ClientId, kind: ChannelType, fault: &ClientFault) {
        tracing::warn!("client {}: {fault}", client.0);
        let connections = self.links.get(&client).into_iter().flat_map(|links| {
            [links.display.as_ref(), links.cursor.as_ref().map(|(connection, _)| connection)]
        });
        connections.flatten().for_each(Connection::close);
        self.close(client, kind);
    }

    fn drop_dead_clients(&mut self, now: Instant) {
        for (client, fault) in self.engine.faults(now) {
            self.refuse(client, ChannelType::DISPLAY, &fault);
        }
    }

    fn close(&mut self, client: ClientId, kind: ChannelType) {
        let Some(links) = self.links.get_mut(&client) else { return };
        if kind == ChannelType::CURSOR {
            links.cursor = None;
        } else {
            links.display = None;
            self.engine.detach(client);
            self.tell_capabilities();
        }
    }

    fn detach(&mut self, client: ClientId) {
        self.links.remove(&client);
        self.engine.detach(client);
        self.tell_capabilities();
    }

    /// Tells the device what clients can do, when that has changed and the guest can see it.
    fn tell_capabilities(&mut self) {
        let capabilities = self.engine.common_capabilities();
        if !self.running || self.told_capabilities == Some(capabilities) {
            return;
        }
        self.told_capabilities = Some(capabilities);
        let (present, bits) = capabilities;
        self.device.set_client_capabilities(present, &bits);
    }
}
