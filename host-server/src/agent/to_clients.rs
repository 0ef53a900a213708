//! The way from the guest's agent to clients: what the port gives, and who takes it.
//!
//! Called by the session through the [`Relay`]. What nobody takes is not read, or dropped when nobody is there to miss it.

use std::time::Instant;

use bytes::BytesMut;
use vdagent::kind;
use vdagent::port::{Chunk, Peer};

use super::client::{AgentClient, Delivery};
use super::{Relay, ToClient, filter};
use crate::display::handle::ClientId;
use crate::fault::{ClientFault, GuestFault};

impl Relay {
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

    /// Clients that get what the agent sends.
    pub fn listeners(&self) -> impl Iterator<Item = ClientId> + '_ {
        self.clients.iter().filter(|(_, client)| client.started).map(|(id, _)| *id)
    }

    /// Whether somebody takes what the guest sends, or nobody is there to miss it.
    pub(super) fn is_wanted(&self) -> bool {
        let mut listeners = self.clients.values().filter(|client| client.started).peekable();
        listeners.peek().is_none() || listeners.any(AgentClient::is_ready)
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
}
