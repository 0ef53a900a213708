//! The session: clients and what they share, apart from pictures.
//!
//! A state machine that the server drives on the host's main loop: [`Inbound`] events and time in, frames and
//! [`Action`]s out. It serves the main and inputs channels itself and hands display and cursor channels to
//! their display. It reads no clock, waits for nothing and calls nothing of the host: the server carries the
//! actions out after it has let go of the session.

mod agent;
mod clients;
pub mod inbox;
mod inputs_channel;
mod keyboard;
mod liveness;
mod main_channel;
pub mod migration;
mod pointer;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tracing::{debug, info, warn};
use vdagent::GraphicsDevice;
use wire::channel::{ChannelId, ChannelType};
use wire::frame::Frame;
use wire::inputs::Modifiers;
use wire::main::MouseMode;

use self::clients::Clients;
use self::inbox::{Inbound, Inbox};
use self::keyboard::KeyboardState;
use self::main_channel::Wish;
use self::migration::Migration;
use self::pointer::{Pointer, PointerChange};
use crate::agent::Relay;
use crate::channel::connection::{Connection, ConnectionEvent, EventSink};
use crate::display::handle::{ClientChannel, ClientId, Handle};
use crate::fault::ClientFault;
use crate::link::refusal::LogBudget;
use crate::media_clock::MediaClock;
use crate::transport::peer::{Peer, PeerId};

/// From a lock key to telling clients the guest's lamps: the guest may have ignored the key.
const LAMPS_DELAY: Duration = Duration::from_secs(2);

/// Something for the host to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// One byte of AT scan code set 1 for the keyboard.
    ScanCode(u8),
    /// The mouse moves, by pixels and steps of the wheel.
    MouseMotion {
        /// To the right.
        dx: i32,
        /// Downwards.
        dy: i32,
        /// Steps of the wheel, downwards.
        dz: i32,
        /// Buttons that are down, in the host's bits.
        buttons: u32,
    },
    /// Buttons of the mouse, in the host's bits.
    MouseButtons(u32),
    /// The display's size in pixels, for the tablet.
    TabletSize {
        /// Pixels in a row.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// The tablet's pen is somewhere, in pixels.
    TabletPosition {
        /// From the left edge.
        x: u32,
        /// From the top edge.
        y: u32,
        /// Buttons that are down, in the host's bits.
        buttons: u32,
    },
    /// The wheel of the tablet.
    TabletWheel {
        /// Steps, downwards.
        dz: i32,
        /// Buttons that are down, in the host's bits.
        buttons: u32,
    },
    /// Buttons of the tablet, in the host's bits.
    TabletButtons(u32),
    /// A client wants monitors, for all displays. When the devices do not take that, the agent gets it.
    Monitors {
        /// The body of the agent's message.
        body: Bytes,
        /// Whose wish it is, if the agent is there to get it: then [`Session::decide_monitors`] has to follow.
        client: Option<ClientId>,
    },
    /// The agent's port is served from now on, or not any more.
    AgentPort {
        /// Whether it is.
        open: bool,
    },
    /// For the host's list of connections.
    Channel(ChannelNotice),
    /// The last client is gone, and the host wanted to end with it.
    Exit,
}

/// What the host is told about one socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelNotice {
    /// What has happened.
    pub event: ChannelEvent,
    /// The socket.
    pub peer: Arc<Peer>,
    /// Which session and channel it has become, once it has.
    pub seat: Option<Seat>,
}

/// What can happen to a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelEvent {
    /// Accepted.
    Connected,
    /// Linked and authenticated.
    Initialized,
    /// Closed.
    Disconnected,
}

/// A socket's place in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// The session's number.
    pub connection_id: u32,
    /// The channel.
    pub channel: ChannelId,
}

/// A display as the session needs it.
pub trait DisplayPort: Send {
    /// A client's channel joins; its events go to the sink.
    fn attach(&self, channel: ClientChannel) -> EventSink;
    /// A client has gone.
    fn detach(&self, client: ClientId);
    /// Clients draw the pointer themselves, or do not.
    fn set_mouse_mode(&self, client: bool);
}

impl DisplayPort for Handle {
    fn attach(&self, channel: ClientChannel) -> EventSink {
        Self::attach(self, channel)
    }

    fn detach(&self, client: ClientId) {
        Self::detach(self, client);
    }

    fn set_mouse_mode(&self, client: bool) {
        Self::set_mouse_mode(self, client);
    }
}

/// What the host has said about the session.
#[derive(Clone, Debug, Default)]
pub struct SessionSettings {
    /// The machine's name.
    pub name: Option<String>,
    /// The machine's UUID.
    pub uuid: Option<[u8; 16]>,
    /// Whether a second client may join; otherwise it takes the first one's place.
    pub allow_multiple_clients: bool,
    /// Whether the host ends with its client.
    pub exit_on_disconnect: bool,
    /// The guest's video memory in bytes.
    pub ram_hint: u32,
}

/// See the module.
pub struct Session {
    /// What the host has said.
    pub settings: SessionSettings,
    /// What it has said of moving to another host.
    pub migration: Migration,
    inbox: Arc<Inbox>,
    start: Instant,
    clients: Clients,
    displays: BTreeMap<u8, Box<dyn DisplayPort>>,
    keyboard: KeyboardState,
    has_keyboard: bool,
    pointer: Pointer,
    relay: Relay,
    /// Which devices of the guest each display shows.
    graphics_devices: BTreeMap<u8, Vec<GraphicsDevice>>,
    /// When clients are told the lamps.
    lamps_due: Option<Instant>,
    actions: Vec<Action>,
    /// The time of the event that is being handled.
    now: Instant,
    log_budget: LogBudget,
    agent_log_budget: LogBudget,
}

impl Session {
    /// A session without clients. `connection_ids` gives numbers that nobody can guess.
    pub fn new(inbox: Arc<Inbox>, connection_ids: Box<dyn FnMut() -> u32 + Send>, now: Instant) -> Self {
        Self {
            settings: SessionSettings::default(),
            migration: Migration::default(),
            inbox,
            start: now,
            clients: Clients::new(connection_ids),
            displays: BTreeMap::new(),
            keyboard: KeyboardState::new(),
            has_keyboard: false,
            pointer: Pointer::new(),
            relay: Relay::default(),
            graphics_devices: BTreeMap::new(),
            lamps_due: None,
            actions: Vec::new(),
            now,
            log_budget: LogBudget::new(now),
            agent_log_budget: LogBudget::new(now),
        }
    }

    /// What the host has to do, in order. To be called after everything else.
    pub fn take_actions(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.actions)
    }

    /// Handles one event.
    pub fn handle(&mut self, event: Inbound, now: Instant) {
        self.now = now;
        match event {
            Inbound::Arrived(peer) => self.on_arrived(peer),
            Inbound::Linked(linked) => self.on_linked(linked, now),
            Inbound::Event(peer, event) => self.on_event(peer, event, now),
            Inbound::Left(peer) => self.on_left(peer),
            Inbound::Lamps(lamps) => {
                self.keyboard.set_lamps(Modifiers(lamps.into()));
                self.clients.send_lamps(self.keyboard.lamps());
            }
            Inbound::Primary { display, surface } => {
                let change = self.pointer.set_primary(display, surface);
                self.pointer_changed(change);
            }
            Inbound::DisconnectAll(reason) => self.disconnect_all(reason),
            Inbound::AgentGoesOn => {}
        }
        self.pass_on();
    }

    /// When [`Session::on_time`] has something to do.
    pub fn due(&self) -> Option<Instant> {
        self.clients.due().into_iter().chain(self.lamps_due).chain(self.relay.due()).min()
    }

    /// Does what time has come for.
    pub fn on_time(&mut self, now: Instant) {
        self.now = now;
        if self.lamps_due.is_some_and(|due| due <= now) {
            self.lamps_due = None;
            self.clients.send_lamps(self.keyboard.lamps());
        }
        let clock = now.saturating_duration_since(self.start);
        for (client, fault) in self.clients.on_time(now, clock) {
            self.drop_client(client, &fault.to_string());
        }
        self.relay.on_time(now);
        self.pass_on();
    }

    /// A display joins.
    pub fn add_display(&mut self, id: u8, display: Box<dyn DisplayPort>) {
        display.set_mouse_mode(self.pointer.mode() == MouseMode::CLIENT);
        self.displays.insert(id, display);
        let change = self.pointer.add_display(id);
        self.pointer_changed(change);
    }

    /// A display leaves.
    pub fn remove_display(&mut self, id: u8) {
        self.displays.remove(&id);
        if self.graphics_devices.remove(&id).is_some() {
            self.graphics_devices_changed();
        }
        let change = self.pointer.remove_display(id);
        self.pointer_changed(change);
    }

    /// The guest has a keyboard with these lamps, or none.
    pub fn set_keyboard(&mut self, lamps: Option<u8>) {
        self.has_keyboard = lamps.is_some();
        self.keyboard.set_lamps(Modifiers(lamps.unwrap_or(0).into()));
    }

    /// The guest has a tablet, or none.
    pub fn set_tablet(&mut self, present: bool) {
        let change = self.pointer.set_tablet(present);
        self.pointer_changed(change);
    }

    /// Whether the guest draws the pointer.
    pub fn is_server_mouse(&self) -> bool {
        self.pointer.mode() == MouseMode::SERVER
    }

    /// Clients whose main channel is linked.
    pub fn client_count(&self) -> usize {
        self.clients.count()
    }

    /// The channels that clients can link to, the main one included.
    pub fn channels(&self) -> Vec<ChannelId> {
        let one = |channel_type, id| ChannelId { channel_type, id };
        let pictures = self.displays.keys().flat_map(|id| {
            [ChannelType::DISPLAY, ChannelType::CURSOR].map(|channel_type| one(channel_type, *id))
        });
        [one(ChannelType::MAIN, 0), one(ChannelType::INPUTS, 0)].into_iter().chain(pictures).collect()
    }

    /// The clock that sound and video are dated with.
    fn media_clock(&self) -> MediaClock {
        MediaClock::new(self.start)
    }

    fn notice(&mut self, event: ChannelEvent, peer: Arc<Peer>, seat: Option<Seat>) {
        self.actions.push(Action::Channel(ChannelNotice { event, peer, seat }));
    }

    fn pointer_changed(&mut self, change: PointerChange) {
        if change.mode_changed {
            let client_mode = self.pointer.mode() == MouseMode::CLIENT;
            self.displays.values().for_each(|display| display.set_mouse_mode(client_mode));
        }
        if change.announce {
            self.tell_clients();
        }
        if let Some((width, height)) = change.tablet_size {
            self.actions.push(Action::TabletSize { width, height });
        }
    }

    fn on_event(&mut self, peer: PeerId, event: ConnectionEvent, now: Instant) {
        match event {
            ConnectionEvent::Message { kind, body, credit } => {
                if let Err(fault) = self.on_message(peer, kind, body, now) {
                    self.drop_channel(peer, &fault.to_string());
                }
                drop(credit);
            }
            ConnectionEvent::Writable => {
                let news = self.news();
                if let Some(main) = self.clients.main_channel(peer) {
                    main.tell(&news);
                }
            }
            ConnectionEvent::Closed(reason) => {
                if let Some(reason) = &reason {
                    debug!(?peer, reason, "a channel has ended");
                }
                self.channel_ended(peer);
            }
        }
    }

    fn on_message(&mut self, peer: PeerId, kind: u16, body: Bytes, now: Instant) -> Result<(), ClientFault> {
        if let Some(main) = self.clients.main_channel(peer) {
            if let Some(wish) = main.on_message(kind, body, now)? {
                return self.grant(peer, &wish);
            }
        } else if let Some(inputs) = self.clients.inputs_channel(peer) {
            let target = self.pointer.target();
            let effects = inputs.on_message(kind, body, &mut self.keyboard, target, &mut self.actions)?;
            if effects.lamps && self.has_keyboard {
                self.lamps_due = Some(now + LAMPS_DELAY);
            }
            if let Some(state) = effects.pointer {
                self.relay.move_pointer(state);
            }
        }
        Ok(())
    }

    fn grant(&mut self, peer: PeerId, wish: &Wish) -> Result<(), ClientFault> {
        match wish {
            Wish::Channels => {
                let mut channels = self.channels();
                channels.retain(|channel| channel.channel_type != ChannelType::MAIN);
                if let Some(main) = self.clients.main_channel(peer) {
                    main.send_channels(channels);
                }
            }
            Wish::Mode(mode) => {
                let change = self.pointer.request(*mode);
                self.pointer_changed(change);
            }
            Wish::AgentStart(_) | Wish::AgentTokens(_) | Wish::AgentData(_) => {
                if let Some(client) = self.clients.client_of_main(peer) {
                    self.on_agent_wish(client, wish)?;
                }
            }
        }
        Ok(())
    }

    /// Ends a channel whose client has broken the protocol; with a main channel, the client.
    fn drop_channel(&mut self, peer: PeerId, reason: &str) {
        if let Some(client) = self.clients.client_of_main(peer) {
            self.drop_client(client, reason);
            return;
        }
        if let Some((seat, name)) = self.clients.close_channel(peer) {
            self.log_drop(&format!("dropped channel {:?} of client {name}: {reason}", seat.channel));
        }
        self.channel_ended(peer);
    }

    fn drop_client(&mut self, client: ClientId, reason: &str) {
        if let Some(name) = self.clients.name(client) {
            self.log_drop(&format!("dropped client {name}: {reason}"));
        }
        self.remove_client(client);
    }

    /// Logs a client's fault, unless clients have had too many lately.
    fn log_drop(&mut self, line: &str) {
        match self.log_budget.spend(self.now) {
            Some(0) => warn!("{line}"),
            Some(more) => warn!("{line} ({more} more were not logged)"),
            None => {}
        }
    }

    fn disconnect_all(&mut self, reason: &str) {
        for client in self.clients.ids() {
            if let Some(name) = self.clients.name(client) {
                info!("disconnecting client {name}: {reason}");
            }
            self.remove_client(client);
        }
    }

    /// The channel's connection is over: nothing of it comes any more.
    fn channel_ended(&mut self, peer: PeerId) {
        if let Some(client) = self.clients.client_of_main(peer) {
            self.remove_client(client);
        } else if self.clients.inputs_ended(peer) {
            self.keyboard.release_all(&mut self.actions);
        }
    }

    fn on_left(&mut self, peer: PeerId) {
        self.channel_ended(peer);
        let (peer, seat) = self.clients.forget(peer).unzip();
        if let Some(peer) = peer {
            self.notice(ChannelEvent::Disconnected, peer, seat.flatten());
        }
    }

    /// Lets go of all that belongs to a client.
    fn remove_client(&mut self, client: ClientId) {
        let Some(had_inputs) = self.clients.remove(client) else { return };
        self.displays.values().for_each(|display| display.detach(client));
        self.relay.leave(client);
        if had_inputs {
            self.keyboard.release_all(&mut self.actions);
        }
        if self.settings.exit_on_disconnect {
            self.actions.push(Action::Exit);
        }
    }
}

/// Sends, unless the client has stopped reading: then its connection ends. For channels whose messages are
/// few, so that their owner needs no pipe.
fn send_bounded(connection: &Connection, frame: Frame) {
    if connection.backlog() > Connection::HIGH_WATER {
        connection.close();
    } else {
        connection.send(frame);
    }
}

#[cfg(test)]
mod tests;
