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
mod to_clients;
mod to_guest;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use vdagent::{GraphicsDevice, Message};

pub use self::filter::AgentSettings;

use self::client::AgentClient;
use self::outbox::Outbox;
use self::port::Port;
use self::to_guest::own_chunks;
use crate::display::handle::ClientId;
use crate::fault::ClientFault;

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
}

#[cfg(test)]
mod tests;
