//! The session's part in relaying the guest's agent: main channels of clients on one side of the relay, the host's port
//! on the other.
//!
//! The server calls it on the host's main loop, and moves the port's bytes between the host and
//! [`Session::agent_step`].

use std::time::Instant;

use tracing::{debug, warn};
use vdagent::GraphicsDevice;

use super::main_channel::{News, Wish};
use super::{Action, Session};
use crate::agent::{AgentSettings, PortStep};
use crate::display::handle::ClientId;
use crate::fault::ClientFault;

impl Session {
    /// An agent has opened the guest's port. `announces_room`: the host says so when it has room again.
    pub fn attach_agent(&mut self, announces_room: bool) {
        self.relay.attach(announces_room);
        debug!("the agent is there");
        self.actions.push(Action::AgentPort { open: true });
        self.agent_changed();
    }

    /// The port is closed.
    pub fn detach_agent(&mut self) {
        if !self.has_agent() {
            return;
        }
        self.relay.detach();
        debug!("the agent is gone");
        self.actions.push(Action::AgentPort { open: false });
        self.agent_changed();
    }

    fn agent_changed(&mut self) {
        let moves_pointer = self.has_agent() && self.relay.settings().pointer;
        let change = self.pointer.set_agent(moves_pointer);
        self.pass_on();
        self.pointer_changed(change);
        self.tell_clients();
    }

    /// Whether an agent is there.
    pub fn has_agent(&self) -> bool {
        self.relay.opening().is_some()
    }

    /// The host has something to read for us, or room to write.
    pub fn wake_agent(&mut self) {
        self.relay.wake();
    }

    /// What the host lets pass.
    pub const fn agent_settings(&self) -> AgentSettings {
        self.relay.settings()
    }

    /// Changes what the host lets pass.
    pub fn set_agent_settings(&mut self, settings: AgentSettings) {
        self.relay.set_settings(settings);
        self.agent_changed();
    }

    /// The machine runs or is stopped. While it is stopped its port is left alone.
    pub fn set_machine_runs(&mut self, runs: bool) {
        self.relay.set_machine_runs(runs);
    }

    /// Which devices of the guest a display shows; for the agent.
    pub fn set_graphics_devices(&mut self, display: u8, devices: Vec<GraphicsDevice>) {
        self.graphics_devices.insert(display, devices);
        self.graphics_devices_changed();
    }

    pub(super) fn graphics_devices_changed(&mut self) {
        self.relay.set_devices(self.graphics_devices.values().flatten().cloned().collect());
    }

    /// What is to be done at the port next.
    pub fn agent_step(&mut self) -> PortStep {
        let room = self.relay.listeners().all(|client| self.clients.has_room(client));
        self.relay.next_step(room)
    }

    /// The port has taken so many of the bytes that [`Session::agent_step`] had for it.
    pub fn agent_wrote(&mut self, count: usize, now: Instant) {
        self.relay.wrote(count, now);
        self.pass_on();
    }

    /// The port has given these bytes.
    pub fn agent_read(&mut self, bytes: &[u8], now: Instant) {
        self.now = now;
        if let Err(fault) = self.relay.read(bytes, now) {
            match self.agent_log_budget.spend(now) {
                Some(0) => warn!("{fault}; the agent was disconnected"),
                Some(more) => warn!("{fault}; the agent was disconnected ({more} more were not logged)"),
                None => {}
            }
            self.detach_agent();
        }
        self.pass_on();
    }

    /// Whether the devices have taken the first wish for monitors of this client that had to be asked about.
    pub fn decide_monitors(&mut self, client: ClientId, taken: bool) {
        self.relay.decide_monitors(client, taken);
        self.pass_on();
    }

    /// What a client wants of the agent.
    pub(super) fn on_agent_wish(&mut self, client: ClientId, wish: &Wish) -> Result<(), ClientFault> {
        match wish {
            // Who answers an agent that has gone since will hear of the one that is there, and answer again.
            Wish::AgentStart(tokens) => {
                if self.clients.main_of(client).is_some_and(|main| main.told_agent() == self.relay.opening())
                {
                    self.relay.start(client, *tokens, self.now);
                }
            }
            Wish::AgentTokens(tokens) => self.relay.grant(client, *tokens, self.now),
            Wish::AgentData(piece) => {
                if let Some(monitors) = self.relay.on_data(client, piece, self.now)? {
                    let client = monitors.for_agent.then_some(client);
                    self.actions.push(Action::Monitors { body: monitors.body, client });
                }
            }
            Wish::Channels | Wish::Mode(_) => {}
        }
        Ok(())
    }

    /// Sends what the relay has for clients, and drops those that it wants to go.
    pub(super) fn pass_on(&mut self) {
        for (client, message) in self.relay.take_outputs() {
            if let Some(main) = self.clients.main_of(client) {
                main.send_agent(message);
            }
        }
        for (client, fault) in self.relay.take_faults() {
            self.drop_client(client, &fault.to_string());
        }
    }

    /// Tells clients of mouse modes and of the agent, as far as they do not know.
    pub(super) fn tell_clients(&mut self) {
        let news = self.news();
        self.clients.tell(&news);
    }

    pub(super) fn news(&self) -> News {
        News { modes: self.pointer.modes(), agent: self.relay.opening() }
    }
}
