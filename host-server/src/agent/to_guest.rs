//! The way to the guest's agent: what clients send and what the server itself has to tell.
//!
//! Called by the session through the [`Relay`]. What the guest does not read keeps the tokens of those who sent it.

use std::time::Instant;

use bytes::{Bytes, BytesMut};
use tracing::debug;
use vdagent::clipboard::ClipboardLayout;
use vdagent::port::{Chunk, Peer, chunks};
use vdagent::{GraphicsDevice, Message, MouseState};

use super::client::Sorted;
use super::outbox::{Entry, Origin};
use super::{MAX_OUTSTANDING, Monitors, Relay, ToClient};
use crate::display::handle::ClientId;
use crate::fault::ClientFault;

impl Relay {
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

    /// The pointer is somewhere, and the agent is to move it there. Of several places while the port is full only the last
    /// counts.
    pub fn move_pointer(&mut self, state: MouseState) {
        if let Some(port) = &mut self.port {
            port.move_pointer(state);
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

    /// Appends the server's own messages, one at a time: the pointer first.
    pub(super) fn queue_own(&mut self) {
        let Some(port) = &mut self.port else { return };
        if self.outbox.has_server() {
            return;
        }
        let message = if let Some(state) = port.take_move() {
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

pub(super) fn own_chunks(message: &Message) -> Bytes {
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
