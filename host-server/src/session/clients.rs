//! Who is connected: sockets, the clients that they belong to, and how a socket becomes a client's channel.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::info;
use wire::channel::ChannelType;
use wire::inputs::Modifiers;

use super::inbox::{Inbound, Inbox, Linked, Verdict};
use super::inputs_channel::InputsChannel;
use super::liveness::Liveness;
use super::main_channel::{MainChannel, News, Welcome};
use super::{ChannelEvent, Seat, Session};
use crate::channel::connection::{Connection, EventSink};
use crate::display::caches::ClientCaches;
use crate::display::handle::{ClientChannel, ClientId};
use crate::fault::ClientFault;
use crate::link::refusal::Refusal;
use crate::transport::peer::{Peer, PeerId};

/// Channels of one client: far more than there can be.
const MAX_CHANNELS: usize = 64;

/// All sockets and clients.
pub(super) struct Clients {
    connection_ids: Box<dyn FnMut() -> u32 + Send>,
    last_id: u32,
    clients: BTreeMap<ClientId, Client>,
    sockets: BTreeMap<PeerId, Socket>,
}

struct Client {
    connection_id: u32,
    main: MainChannel,
    main_peer: PeerId,
    name: String,
    caches: ClientCaches,
}

/// A socket that has arrived and not yet left.
struct Socket {
    peer: Arc<Peer>,
    role: Option<Role>,
}

/// What a socket has become.
struct Role {
    client: ClientId,
    seat: Seat,
    connection: Connection,
    inputs: Option<InputsChannel>,
}

impl Clients {
    pub(super) const fn new(connection_ids: Box<dyn FnMut() -> u32 + Send>) -> Self {
        Self { connection_ids, last_id: 0, clients: BTreeMap::new(), sockets: BTreeMap::new() }
    }

    pub(super) fn count(&self) -> usize {
        self.clients.len()
    }

    pub(super) fn ids(&self) -> Vec<ClientId> {
        self.clients.keys().copied().collect()
    }

    /// How logs call a client.
    pub(super) fn name(&self, client: ClientId) -> Option<String> {
        self.clients.get(&client).map(|client| client.name.clone())
    }

    pub(super) fn main_channel(&mut self, peer: PeerId) -> Option<&mut MainChannel> {
        self.clients.values_mut().find(|client| client.main_peer == peer).map(|client| &mut client.main)
    }

    pub(super) fn main_of(&mut self, client: ClientId) -> Option<&mut MainChannel> {
        self.clients.get_mut(&client).map(|client| &mut client.main)
    }

    /// Whether a client's main channel takes more; one that is not there stops nobody.
    pub(super) fn has_room(&self, client: ClientId) -> bool {
        self.clients.get(&client).is_none_or(|client| client.main.has_room())
    }

    pub(super) fn client_of_main(&self, peer: PeerId) -> Option<ClientId> {
        self.clients.iter().find(|(_, client)| client.main_peer == peer).map(|(id, _)| *id)
    }

    pub(super) fn inputs_channel(&mut self, peer: PeerId) -> Option<&mut InputsChannel> {
        self.sockets.get_mut(&peer)?.role.as_mut()?.inputs.as_mut()
    }

    pub(super) fn send_lamps(&self, lamps: Modifiers) {
        let roles = self.sockets.values().filter_map(|socket| socket.role.as_ref());
        roles.filter_map(|role| role.inputs.as_ref()).for_each(|inputs| inputs.send_lamps(lamps));
    }

    pub(super) fn tell(&mut self, news: &News) {
        self.clients.values_mut().for_each(|client| client.main.tell(news));
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.clients.values().filter_map(|client| client.main.due()).min()
    }

    /// Clients that time has ended.
    pub(super) fn on_time(&mut self, now: Instant, clock: Duration) -> Vec<(ClientId, ClientFault)> {
        let check =
            |(id, client): (&ClientId, &mut Client)| Some((*id, client.main.on_time(now, clock).err()?));
        self.clients.iter_mut().filter_map(check).collect()
    }

    /// Closes the connection of a channel that is no main channel.
    pub(super) fn close_channel(&mut self, peer: PeerId) -> Option<(Seat, String)> {
        let role = self.sockets.get(&peer)?.role.as_ref()?;
        role.connection.close();
        Some((role.seat, self.name(role.client).unwrap_or_default()))
    }

    /// No message of this channel is handled any more; whether it was an inputs channel until now.
    pub(super) fn inputs_ended(&mut self, peer: PeerId) -> bool {
        let role = self.sockets.get_mut(&peer).and_then(|socket| socket.role.as_mut());
        role.is_some_and(|role| role.inputs.take().is_some())
    }

    /// The socket is gone.
    pub(super) fn forget(&mut self, peer: PeerId) -> Option<(Arc<Peer>, Option<Seat>)> {
        let socket = self.sockets.remove(&peer)?;
        Some((socket.peer, socket.role.map(|role| role.seat)))
    }

    /// Closes all channels of a client; whether it had an inputs channel, `None` when it is not there.
    pub(super) fn remove(&mut self, client: ClientId) -> Option<bool> {
        let removed = self.clients.remove(&client)?;
        removed.main.close();
        let roles = self.sockets.values_mut().filter_map(|socket| socket.role.as_mut());
        let mut had_inputs = false;
        for role in roles.filter(|role| role.client == client) {
            role.connection.close();
            had_inputs |= role.inputs.take().is_some();
        }
        info!("client {} has left; its best roundtrip was {:?}", removed.name, removed.main.roundtrip());
        Some(had_inputs)
    }

    /// A number that no client has, and not 0.
    fn new_connection_id(&mut self) -> u32 {
        loop {
            let id = (self.connection_ids)();
            if id != 0 && self.clients.values().all(|client| client.connection_id != id) {
                return id;
            }
        }
    }

    fn roles_of(&self, client: ClientId) -> impl Iterator<Item = &Role> {
        let roles = self.sockets.values().filter_map(|socket| socket.role.as_ref());
        roles.filter(move |role| role.client == client)
    }

    fn take_seat(&mut self, peer: PeerId, role: Role) {
        if let Some(socket) = self.sockets.get_mut(&peer) {
            socket.role = Some(role);
        }
    }
}

impl Session {
    pub(super) fn on_arrived(&mut self, peer: Arc<Peer>) {
        self.clients.sockets.insert(peer.id, Socket { peer: Arc::clone(&peer), role: None });
        self.notice(ChannelEvent::Connected, peer, None);
    }

    /// Decides about a peer that has proved itself.
    pub(super) fn on_linked(&mut self, linked: Linked, now: Instant) {
        if linked.request.channel.channel_type == ChannelType::MAIN {
            self.on_main_linked(linked, now);
        } else {
            self.on_channel_linked(linked, now);
        }
    }

    fn on_main_linked(&mut self, linked: Linked, now: Instant) {
        let Linked { peer, request, connection, answer } = linked;
        // Only a client that migrates here from another host names a session; there is none to go on with.
        if request.connection_id != 0 {
            refuse(answer, Refusal::UnknownConnection(request.connection_id));
            return;
        }
        if !self.settings.allow_multiple_clients {
            self.disconnect_all("another client takes its place");
        }
        let connection_id = self.clients.new_connection_id();
        self.clients.last_id = self.clients.last_id.wrapping_add(1);
        let client = ClientId(self.clients.last_id);
        let welcome = Welcome {
            connection_id,
            displays: u32::try_from(self.displays.len()).unwrap_or(u32::MAX),
            news: self.news(),
            multi_media_time: self.media_clock().told(now),
            ram_hint: self.settings.ram_hint,
            name: self.settings.name.as_deref(),
            uuid: self.settings.uuid,
        };
        let liveness = (!peer.is_unix()).then(|| Liveness::new(now));
        let main = MainChannel::begin(connection.clone(), &request.specific, &welcome, liveness);
        let name = peer.to_string();
        info!("client {name} has joined");
        let caches = ClientCaches::default();
        let record = Client { connection_id, main, main_peer: peer.id, name, caches };
        self.clients.clients.insert(client, record);
        self.relay.join(client);
        let seat = Seat { connection_id, channel: request.channel };
        self.clients.take_seat(peer.id, Role { client, seat, connection, inputs: None });
        accept(answer, events_to(&self.inbox, peer.id));
        self.notice(ChannelEvent::Initialized, peer, Some(seat));
    }

    fn on_channel_linked(&mut self, linked: Linked, now: Instant) {
        let client = match self.seat_for(&linked) {
            Ok(client) => client,
            Err(refusal) => return refuse(linked.answer, refusal),
        };
        let Linked { peer, request, connection, answer } = linked;
        let seat = Seat { connection_id: request.connection_id, channel: request.channel };
        let (sink, inputs) = match request.channel.channel_type {
            ChannelType::INPUTS => {
                if let Some(client) = self.clients.clients.get(&client) {
                    let clock = now.saturating_duration_since(self.start);
                    client.main.notify("keyboard channel is insecure", clock);
                }
                let inputs = InputsChannel::begin(connection.clone(), self.keyboard.lamps());
                (events_to(&self.inbox, peer.id), Some(inputs))
            }
            kind @ (ChannelType::DISPLAY | ChannelType::CURSOR) => {
                let Some(display) = self.displays.get(&request.channel.id) else {
                    return refuse(answer, Refusal::NoSuchChannel(request.channel));
                };
                let Some(Client { caches, .. }) = self.clients.clients.get(&client) else {
                    return refuse(answer, Refusal::UnknownConnection(seat.connection_id));
                };
                let channel = ClientChannel {
                    client,
                    kind,
                    connection: connection.clone(),
                    capabilities: request.specific,
                    is_local: peer.is_unix(),
                    media_clock: self.media_clock(),
                    caches: caches.clone(),
                };
                (display.attach(channel), None)
            }
            _ => return refuse(answer, Refusal::NoSuchChannel(request.channel)),
        };
        self.clients.take_seat(peer.id, Role { client, seat, connection, inputs });
        accept(answer, sink);
        self.notice(ChannelEvent::Initialized, peer, Some(seat));
    }

    fn seat_for(&self, linked: &Linked) -> Result<ClientId, Refusal> {
        let wanted = &linked.request;
        let known = |client: &Client| client.connection_id == wanted.connection_id;
        let Some((client, _)) = self.clients.clients.iter().find(|(_, client)| known(client)) else {
            return Err(Refusal::UnknownConnection(wanted.connection_id));
        };
        let taken = self.clients.roles_of(*client).any(|role| role.seat.channel == wanted.channel);
        if taken || self.clients.roles_of(*client).count() >= MAX_CHANNELS {
            return Err(Refusal::ChannelTaken(wanted.channel));
        }
        Ok(*client)
    }
}

fn events_to(inbox: &Arc<Inbox>, peer: PeerId) -> EventSink {
    let inbox = Arc::clone(inbox);
    Box::new(move |event| inbox.post(Inbound::Event(peer, event)))
}

/// The socket's task may have ended meanwhile; then nobody waits for the verdict, and `Left` follows.
fn accept(answer: tokio::sync::oneshot::Sender<Verdict>, sink: EventSink) {
    let _ = answer.send(Verdict::Accept(sink));
}

fn refuse(answer: tokio::sync::oneshot::Sender<Verdict>, refusal: Refusal) {
    let _ = answer.send(Verdict::Refuse(refusal));
}
