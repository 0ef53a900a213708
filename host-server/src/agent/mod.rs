//! The relay between clients and the guest's agent.
//!
//! A state machine: what clients send and what the port gives go in, messages for clients and bytes for the port come
//! out. The session drives it on the host's main loop, and the server moves the port's bytes
//! ([`Relay::next_step`]). It reads no clock, calls nothing, waits for nothing, and holds no more than a few messages
//! of each client: a port that is not read, and clients that do not read, stop whoever sends.
//!
//! What goes through is a stream of messages in pieces. They are passed on as they come, and only what decides about a
//! message is looked at: where it begins and ends, its type, and what an agent announces.

mod client;
mod filter;
mod outbox;
mod port;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use tracing::debug;
use vdagent::clipboard::ClipboardLayout;
use vdagent::port::{Chunk, Peer, chunks};
use vdagent::{GraphicsDevice, Message, MouseState, kind};

pub use self::filter::AgentSettings;

use self::client::{AgentClient, Delivery, Sorted};
use self::outbox::{Entry, Origin, Outbox};
use self::port::Port;
use crate::display::handle::ClientId;
use crate::fault::{ClientFault, GuestFault};

/// Messages that a client may send before it has to wait for tokens, as in the original.
pub const WINDOW: u32 = 10;

/// Messages of a client that may be unread by the guest: twice the window, because a client that hears late of an
/// agent's end and its return has spent the tokens of both.
const MAX_OUTSTANDING: u32 = 2 * WINDOW;

/// How long others may wait for a client that does not go on: with tokens for what waits for it, or with a message that
/// it has begun.
const PATIENCE: Duration = Duration::from_secs(30);

/// See the module.
#[derive(Debug)]
pub struct Relay {
    settings: AgentSettings,
    clients: BTreeMap<ClientId, AgentClient>,
    outbox: Outbox,
    /// The guest's port while an agent has it open.
    port: Option<Port>,
    /// Which opening of the port this is.
    opening: u32,
    /// Nothing is read or written while the machine is stopped.
    machine_runs: bool,
    devices: Vec<GraphicsDevice>,
    /// The client that others wait for, and since when.
    stuck: Option<(ClientId, Instant)>,
    outputs: Vec<(ClientId, ToClient)>,
    faults: Vec<(ClientId, ClientFault)>,
}

/// What a client is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToClient {
    /// A piece of a message of the agent.
    Data(Bytes),
    /// It may send so many messages more.
    Tokens(u32),
}

/// What is to be done at the port next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortStep {
    /// Write these bytes, or as many of them as the port takes: then [`Relay::wrote`].
    Write(Bytes),
    /// Read at most so many bytes: then [`Relay::read`].
    Read(usize),
    /// Nothing until something happens.
    Rest,
}

/// A client's wish for monitors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Monitors {
    /// The body of the message.
    pub body: Bytes,
    /// Whether the agent gets it if no device takes it: then [`Relay::decide_monitors`] has to follow.
    pub for_agent: bool,
}

impl Default for Relay {
    fn default() -> Self {
        Self {
            settings: AgentSettings::default(),
            clients: BTreeMap::new(),
            outbox: Outbox::default(),
            port: None,
            opening: 0,
            machine_runs: true,
            devices: Vec::new(),
            stuck: None,
            outputs: Vec::new(),
            faults: Vec::new(),
        }
    }
}

impl Relay {
    /// What passes, for messages that begin from now on.
    pub fn set_settings(&mut self, settings: AgentSettings) {
        self.settings = settings;
    }

    /// What passes.
    pub const fn settings(&self) -> AgentSettings {
        self.settings
    }

    /// The machine runs, or is stopped.
    pub fn set_machine_runs(&mut self, runs: bool) {
        self.machine_runs = runs;
    }

    /// An agent has opened the guest's port. `announces_room`: the host wakes us when it has room again.
    pub fn attach(&mut self, announces_room: bool) {
        self.detach();
        self.opening = self.opening.wrapping_add(1);
        self.port = Some(Port::new(announces_room));
    }

    /// The port is closed, or of no use any more: what was on its way is gone. Its tokens do not come back, because with
    /// the next agent clients begin with a new window.
    pub fn detach(&mut self) {
        if self.port.take().is_none() {
            return;
        }
        self.outbox = Outbox::default();
        self.stuck = None;
        self.clients.values_mut().for_each(AgentClient::reset);
    }

    /// The opening of the port by the agent that is there.
    pub fn opening(&self) -> Option<u32> {
        self.port.is_some().then_some(self.opening)
    }

    /// The host has something to read, or room.
    pub fn wake(&mut self) {
        if let Some(port) = &mut self.port {
            port.wake();
        }
    }

    /// A client joins. It gets nothing before it says that it talks to the agent.
    pub fn join(&mut self, client: ClientId) {
        self.clients.insert(client, AgentClient::default());
    }

    /// A client leaves. The agent hears of it when the last one does, and when one does in the middle of a message.
    pub fn leave(&mut self, client: ClientId) {
        if self.clients.remove(&client).is_none() {
            return;
        }
        let inside = self.outbox.remove(client);
        if self.port.is_some() && (inside || self.clients.is_empty()) {
            self.outbox.push_farewell(own_chunks(&Message::ClientDisconnected));
        }
    }

    /// A client talks to the agent that is there, and takes so many messages.
    pub fn start(&mut self, client: ClientId, tokens: u32, now: Instant) {
        let Some(port) = &mut self.port else { return };
        let Some(started) = self.clients.get_mut(&client) else { return };
        started.start(tokens);
        port.devices_due |= port.wants_devices;
        self.catch_up(client, now);
    }

    /// A client takes so many messages more.
    pub fn grant(&mut self, client: ClientId, tokens: u32, now: Instant) {
        if let Some(granted) = self.clients.get_mut(&client).filter(|client| client.started) {
            granted.grant(tokens);
            self.catch_up(client, now);
        }
    }

    fn catch_up(&mut self, id: ClientId, now: Instant) {
        let late = self.clients.get_mut(&id).map(|client| client.catch_up(now));
        let late = late.into_iter().flatten().map(|piece| (id, ToClient::Data(piece)));
        self.outputs.extend(late);
    }

    /// A client has sent a piece of a message. A whole arrangement of monitors comes out, also without an agent.
    ///
    /// # Errors
    /// When it fits no message, or the client has sent more than it had tokens for: the client has to go.
    pub fn on_data(
        &mut self,
        id: ClientId,
        piece: &Bytes,
        now: Instant,
    ) -> Result<Option<Monitors>, ClientFault> {
        let Some(client) = self.clients.get_mut(&id) else { return Ok(None) };
        let (settings, talks) = (self.settings, self.port.is_some() && client.started);
        let sorted = client.sort(piece, |kind| talks && settings.pass(kind))?;
        let (entry, monitors) = match sorted {
            Sorted::Kept => return Ok(None),
            Sorted::Dropped => {
                self.give_back(id, 1);
                return Ok(None);
            }
            Sorted::Relayed { ends } => (client_entry(id, std::slice::from_ref(piece), ends), None),
            Sorted::Monitors { body, pieces } => {
                let monitors = Monitors { body, for_agent: talks };
                let entry = Entry { held: true, ..client_entry(id, &pieces, true) };
                if !talks {
                    self.give_back_without_agent(id, entry.price);
                    return Ok(Some(monitors));
                }
                (entry, Some(monitors))
            }
        };
        client.outstanding = client.outstanding.saturating_add(entry.price);
        if client.outstanding > MAX_OUTSTANDING {
            let count = client.outstanding;
            return Err(ClientFault::new(format_args!("{count} agent messages that the guest has not read")));
        }
        self.outbox.push(entry);
        self.watch_stuck(now);
        Ok(monitors)
    }

    /// The first wish for monitors that is not decided: devices have taken it, or the agent gets it.
    pub fn decide_monitors(&mut self, id: ClientId, taken: bool) {
        if let Some(entry) = self.outbox.decide(id, !taken) {
            self.settle(&entry);
        }
    }

    /// The pointer is somewhere, and the agent is to move it there. Of several such while the port is full only the
    /// last counts.
    pub fn move_pointer(&mut self, state: MouseState) {
        if let Some(port) = &mut self.port {
            port.pointer_due = Some(state);
            self.queue_own();
        }
    }

    /// Which device is which display, in the order of displays.
    pub fn set_devices(&mut self, devices: Vec<GraphicsDevice>) {
        self.devices = devices;
        if let Some(port) = &mut self.port {
            port.devices_due |= port.wants_devices;
        }
    }

    /// Clients that get what the agent sends.
    pub fn listeners(&self) -> impl Iterator<Item = ClientId> + '_ {
        self.clients.iter().filter(|(_, client)| client.started).map(|(id, _)| *id)
    }

    /// What is to be done at the port. `room`: the connections of all [`Relay::listeners`] can take more.
    pub fn next_step(&mut self, room: bool) -> PortStep {
        if !self.machine_runs {
            return PortStep::Rest;
        }
        self.queue_own();
        let is_wanted = self.is_wanted();
        let Some(port) = &mut self.port else { return PortStep::Rest };
        port.ask();
        if !port.is_full
            && let Some(bytes) = self.outbox.next()
        {
            return PortStep::Write(bytes);
        }
        if !port.is_empty && room && is_wanted {
            return PortStep::Read(port.reader.wants());
        }
        PortStep::Rest
    }

    /// Whether somebody takes what the guest sends, or nobody is there to miss it.
    fn is_wanted(&self) -> bool {
        let mut listeners = self.clients.values().filter(|client| client.started).peekable();
        listeners.peek().is_none() || listeners.any(AgentClient::is_ready)
    }

    /// The port has taken so many of the bytes that it was given.
    pub fn wrote(&mut self, count: usize, now: Instant) {
        let Some(port) = &mut self.port else { return };
        if count == 0 {
            port.took_nothing(now);
            return;
        }
        if let Some(entry) = self.outbox.wrote(count) {
            self.settle(&entry);
        }
        self.watch_stuck(now);
    }

    /// The port has given these bytes, at most as many as it was asked for; none when it has none.
    ///
    /// # Errors
    /// When they are no part of a message: the port is of no use until it is opened again.
    pub fn read(&mut self, mut bytes: &[u8], now: Instant) -> Result<(), GuestFault> {
        if bytes.is_empty()
            && let Some(port) = &mut self.port
        {
            port.had_nothing();
        }
        while !bytes.is_empty() {
            let Some(port) = &mut self.port else { return Ok(()) };
            if let Some(chunk) = port.reader.take(&mut bytes).map_err(GuestFault::new)? {
                self.on_chunk(chunk, now)?;
            }
        }
        Ok(())
    }

    fn on_chunk(&mut self, chunk: Chunk, now: Instant) -> Result<(), GuestFault> {
        let Some(port) = &mut self.port else { return Ok(()) };
        // What the agent tells the server itself has no use.
        if chunk.peer == Peer::Server {
            return Ok(());
        }
        let mut piece = chunk.data;
        let part = port.follower.follow(&piece).map_err(GuestFault::new)?;
        if part.begins {
            port.passes = self.settings.pass(part.kind) && !self.clients.is_empty();
        }
        if !port.passes {
            return Ok(());
        }
        if part.kind == kind::ANNOUNCE_CAPABILITIES {
            let mut changed = BytesMut::from(piece.as_ref());
            if let Some(data) = changed.get_mut(part.header_size()..) {
                if let Some(wants) = filter::wants_devices(part.offset, data) {
                    port.wants_devices = wants;
                    port.devices_due = wants;
                }
                self.settings.take_back(part.offset, data);
            }
            piece = changed.freeze();
        }
        for (id, client) in &mut self.clients {
            match client.deliver(part.begins, &piece, now) {
                Delivery::Now => self.outputs.push((*id, ToClient::Data(piece.clone()))),
                Delivery::NotNow => {}
                Delivery::TooLate => {
                    let what = "tokens for no message of the agent, while others have some";
                    self.faults.push((*id, ClientFault::new(what)));
                }
            }
        }
        Ok(())
    }

    /// When [`Relay::on_time`] has something to do.
    pub fn due(&self) -> Option<Instant> {
        let late = self.clients.values().filter_map(AgentClient::late_since);
        let stuck = self.stuck.map(|(_, since)| since);
        let patience = late.chain(stuck).min().map(|since| since + PATIENCE);
        patience.into_iter().chain(self.port.as_ref().and_then(Port::due)).min()
    }

    /// Does what time has come for.
    pub fn on_time(&mut self, now: Instant) {
        if let Some(port) = &mut self.port {
            port.on_time(now);
        }
        // Those who waited may have gone.
        self.stuck = self.stuck.filter(|(id, _)| self.outbox.stuck() == Some(*id));
        let is_over = |since: Instant| since + PATIENCE <= now;
        let late = self.clients.iter().filter(|(_, client)| client.late_since().is_some_and(is_over));
        let late = late.map(|(id, _)| (*id, ClientFault::new("no tokens for the agent's messages")));
        let stuck = self.stuck.filter(|(_, since)| is_over(*since)).map(|(id, _)| id);
        let stuck = stuck.map(|id| (id, ClientFault::new("half an agent message, for which others wait")));
        self.faults.extend(late.chain(stuck));
    }

    /// What clients are to be sent, in order.
    pub fn take_outputs(&mut self) -> Vec<(ClientId, ToClient)> {
        std::mem::take(&mut self.outputs)
    }

    /// Clients that have to go.
    pub fn take_faults(&mut self) -> Vec<(ClientId, ClientFault)> {
        std::mem::take(&mut self.faults)
    }

    /// Appends the server's own messages, one at a time: the pointer first.
    fn queue_own(&mut self) {
        let Some(port) = &mut self.port else { return };
        if self.outbox.has_server() {
            return;
        }
        let message = if let Some(state) = port.pointer_due.take() {
            Message::MouseState(state)
        } else if std::mem::take(&mut port.devices_due) {
            debug!("telling the agent of {} displays", self.devices.len());
            Message::GraphicsDevices(self.devices.clone())
        } else {
            return;
        };
        let (from, chunks) = (Origin::Server, own_chunks(&message));
        self.outbox.push(Entry { from, chunks, price: 0, ends: true, held: false });
    }

    /// An entry is written, or never will be.
    fn settle(&mut self, entry: &Entry) {
        if let Origin::Client(id) = entry.from
            && let Some(client) = self.clients.get_mut(&id)
        {
            client.outstanding = client.outstanding.saturating_sub(entry.price);
            self.give_back(id, entry.price);
        }
    }

    /// Messages of a client that talks to the agent are done with.
    fn give_back(&mut self, id: ClientId, messages: u32) {
        let talking = self.clients.get_mut(&id).filter(|client| client.started);
        let tokens = talking.and_then(|client| client.give_back(messages));
        self.outputs.extend(tokens.map(|tokens| (id, ToClient::Tokens(tokens))));
    }

    /// A wish for monitors costs nothing while no agent is there: a client may have many. Once one is there the tokens
    /// that were spent before count no more.
    fn give_back_without_agent(&mut self, id: ClientId, messages: u32) {
        if self.port.is_none() {
            self.outputs.push((id, ToClient::Tokens(messages)));
        }
    }

    fn watch_stuck(&mut self, now: Instant) {
        let stuck = self.outbox.stuck();
        if stuck != self.stuck.map(|(id, _)| id) {
            self.stuck = stuck.map(|id| (id, now));
        }
    }
}

/// Each piece becomes a chunk and costs a token.
fn client_entry(client: ClientId, pieces: &[Bytes], ends: bool) -> Entry {
    let price = u32::try_from(pieces.len()).unwrap_or(u32::MAX);
    let chunks = in_chunks(pieces.iter().flat_map(|piece| chunks(Peer::Client, piece)));
    Entry { from: Origin::Client(client), chunks, price, ends, held: false }
}

fn own_chunks(message: &Message) -> Bytes {
    in_chunks(chunks(Peer::Server, &message.encode(ClipboardLayout::default())))
}

/// Bytes for the port: chunks with their headers.
fn in_chunks(chunks: impl Iterator<Item = Chunk>) -> Bytes {
    let mut bytes = BytesMut::new();
    for chunk in chunks {
        bytes.extend_from_slice(&chunk.header());
        bytes.extend_from_slice(&chunk.data);
    }
    bytes.freeze()
}

#[cfg(test)]
mod tests;
