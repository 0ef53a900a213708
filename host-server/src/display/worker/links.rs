//! Client connections: messages in, frames out.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use wire::base;
use wire::channel::ChannelType;
use wire::display::ClientMessage;

use super::Worker;
use crate::channel::connection::{Connection, ConnectionEvent};
use crate::channel::parcel::Parcel;
use crate::cursor::{CursorClient, PointerState};
use crate::display::client::DisplayClient;
use crate::display::engine::Engine;
use crate::display::handle::{ClientChannel, ClientId};
use crate::display::link::Outgoing;
use crate::fault::ClientFault;

/// One client's connections.
#[derive(Debug, Default)]
pub(super) struct Links {
    display: Option<Connection>,
    cursor: Option<(Connection, CursorClient)>,
}

impl Links {
    /// Sends what the client may be sent.
    fn transmit(&mut self, client: ClientId, engine: &mut Engine, pointer: &PointerState, now: Instant) {
        if let Some(connection) = &self.display {
            transmit(connection, |backlog, rate| engine.next_frame(client, Outgoing { backlog, rate }, now));
        }
        if let Some((connection, cursor)) = &mut self.cursor {
            transmit(connection, |_, _| cursor.next_frame(pointer).map(Parcel::from));
        }
    }
}

/// Sends what `next` gives, as long as there is room.
fn transmit(connection: &Connection, mut next: impl FnMut(usize, Option<u64>) -> Option<Parcel>) {
    loop {
        let (backlog, rate) = connection.load();
        if backlog >= Connection::HIGH_WATER {
            break;
        }
        let Some(parcel) = next(backlog, rate) else { break };
        connection.queue(parcel);
    }
    connection.flush();
}

impl Worker {
    pub(super) fn attach(&mut self, channel: ClientChannel) {
        let ClientChannel { client, kind, connection, capabilities, is_local, media_clock, caches } = channel;
        let links = self.links.entry(client).or_default();
        if kind == ChannelType::CURSOR {
            links.cursor = Some((connection, CursorClient::new()));
        } else {
            links.display = Some(connection);
            // Channels of a display have its number, which is a byte.
            let sharing = (caches, u8::try_from(self.id).unwrap_or(u8::MAX));
            let (supply, now) = (self.engine.video_supply(), self.now());
            let joining = DisplayClient::new(capabilities, is_local, sharing, media_clock, supply, now);
            self.engine.attach(client, joining);
            self.tell_capabilities();
        }
    }

    pub(super) fn event(&mut self, client: ClientId, kind: ChannelType, event: ConnectionEvent) {
        match event {
            ConnectionEvent::Message { kind: message, body, credit: _held } => {
                let outcome = if kind == ChannelType::CURSOR {
                    self.cursor_message(client, message, body)
                } else {
                    ClientMessage::decode(message, body)
                        .map_err(ClientFault::from)
                        .and_then(|message| self.engine.handle(client, &message, self.now()))
                };
                if let Err(fault) = outcome {
                    self.refuse(client, kind, &fault);
                }
            }
            ConnectionEvent::Writable => {}
            ConnectionEvent::Closed(_) => self.close(client, kind),
        }
    }

    pub(super) fn cursor_message(
        &mut self,
        client: ClientId,
        kind: u16,
        body: bytes::Bytes,
    ) -> Result<(), ClientFault> {
        let message = base::ClientMessage::decode(kind, body)?;
        match self.links.get_mut(&client).and_then(|links| links.cursor.as_mut()) {
            Some((_, cursor)) => cursor.handle(&message),
            None => Ok(()),
        }
    }

    /// Sends what clients may be sent. A client whose pixels cannot be encoded, by a mistake of ours, is lost;
    /// the others are not.
    pub(super) fn transmit(&mut self) {
        let now = self.now();
        let mut lost = Vec::new();
        for (client, links) in &mut self.links {
            let (engine, pointer) = (&mut self.engine, &self.pointer);
            let sent = catch_unwind(AssertUnwindSafe(|| links.transmit(*client, engine, pointer, now)));
            if sent.is_err() {
                lost.push(*client);
            }
        }
        for client in lost {
            self.faults.panicked("what a client was to be sent");
            self.refuse(client, ChannelType::DISPLAY, &ClientFault::new("none: the mistake was ours"));
        }
    }

    pub(super) fn refuse(&mut self, client: ClientId, kind: ChannelType, fault: &ClientFault) {
        self.faults.client(client, fault);
        let connections = self.links.get(&client).into_iter().flat_map(|links| {
            [links.display.as_ref(), links.cursor.as_ref().map(|(connection, _)| connection)]
        });
        // At once: the client's other displays do not count on what would still go out.
        connections.flatten().for_each(Connection::abort);
        self.close(client, kind);
    }

    pub(super) fn drop_dead_clients(&mut self, now: Instant) {
        for (client, fault) in self.engine.faults(now) {
            self.refuse(client, ChannelType::DISPLAY, &fault);
        }
    }

    pub(super) fn close(&mut self, client: ClientId, kind: ChannelType) {
        let Some(links) = self.links.get_mut(&client) else { return };
        if kind == ChannelType::CURSOR {
            links.cursor = None;
        } else {
            links.display = None;
            self.engine.detach(client);
            self.tell_capabilities();
        }
    }

    pub(super) fn detach(&mut self, client: ClientId) {
        self.links.remove(&client);
        self.engine.detach(client);
        self.tell_capabilities();
    }

    /// Tells the device what clients can do, when that has changed and the guest can see it.
    pub(super) fn tell_capabilities(&mut self) {
        let capabilities = self.engine.common_capabilities();
        if !self.running || self.told_capabilities == Some(capabilities) {
            return;
        }
        self.told_capabilities = Some(capabilities);
        let (present, bits) = capabilities;
        self.device.set_client_capabilities(present, &bits);
    }
}
