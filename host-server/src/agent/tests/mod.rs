//! The relay with a guest and clients that are only queues, and a time that is only a number.

mod clients;
mod flow;
mod guest;
mod streams;

use vdagent::assembly::RawMessage;
use vdagent::clipboard::ClipboardLayout;
use vdagent::pieces::PieceReader;
use vdagent::port::{Chunk, Peer};
use vdagent::{MouseState, kind};

use super::*;
use crate::fault::GuestFault;

const ANNA: ClientId = ClientId(1);
const BERT: ClientId = ClientId(2);

/// Tokens of a client that takes everything, as the stock client grants them.
const PLENTY: u32 = u32::MAX;

struct World {
    relay: Relay,
    now: Instant,
    /// What the guest has written and nobody has read.
    written: Vec<u8>,
    /// What the guest has read, and how much more it reads.
    received: Vec<u8>,
    reads: usize,
    /// Whether clients' connections have room.
    room: bool,
    clients: Vec<(ClientId, ToClient)>,
}

impl World {
    /// An agent is there, and clients that talk to it.
    fn with(clients: &[ClientId]) -> Self {
        let mut world = Self {
            relay: Relay::default(),
            now: Instant::now(),
            written: Vec::new(),
            received: Vec::new(),
            reads: usize::MAX,
            room: true,
            clients: Vec::new(),
        };
        world.relay.attach(true);
        for client in clients {
            world.relay.join(*client);
            world.relay.start(*client, PLENTY, world.now);
        }
        world
    }

    /// The guest writes.
    fn guest_writes(&mut self, bytes: &[u8]) {
        self.written.extend_from_slice(bytes);
        self.relay.wake();
    }

    /// Moves the port's bytes until nothing goes on.
    fn run(&mut self) -> Result<(), GuestFault> {
        loop {
            match self.relay.next_step(self.room) {
                PortStep::Write(bytes) => {
                    let count = bytes.len().min(self.reads);
                    self.received.extend_from_slice(&bytes[..count]);
                    self.reads -= count;
                    self.relay.wrote(count, self.now);
                }
                PortStep::Read(size) => {
                    let bytes: Vec<u8> = self.written.drain(..size.min(self.written.len())).collect();
                    self.relay.read(&bytes, self.now)?;
                }
                PortStep::Rest => break,
            }
        }
        self.clients.extend(self.relay.take_outputs());
        Ok(())
    }

    /// A client sends a message in pieces of this size.
    fn client_sends(&mut self, client: ClientId, message: &[u8], cut: usize) -> Result<(), ClientFault> {
        for piece in message.chunks(cut) {
            self.relay.on_data(client, &Bytes::copy_from_slice(piece), self.now)?;
        }
        Ok(())
    }

    /// What a client has got since the last time.
    fn take_data(&mut self, client: ClientId) -> Vec<u8> {
        let mut data = Vec::new();
        self.clients.retain(|(id, message)| match message {
            ToClient::Data(piece) if *id == client => {
                assert!((1..=2048).contains(&piece.len()));
                data.extend_from_slice(piece);
                false
            }
            _ => true,
        });
        data
    }

    /// The tokens that a client has got back since the last time.
    fn take_tokens(&mut self, client: ClientId) -> u32 {
        let mut tokens = 0;
        self.clients.retain(|(id, message)| match message {
            ToClient::Tokens(count) if *id == client => {
                tokens += count;
                false
            }
            _ => true,
        });
        tokens
    }

    /// What the guest has received, as bytes of clients' messages and of the server's own.
    fn take_received(&mut self) -> (Vec<u8>, Vec<u8>) {
        let (mut of_clients, mut own) = (Vec::new(), Vec::new());
        let mut reader = PieceReader::new();
        let bytes = std::mem::take(&mut self.received);
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            if let Some(Chunk { peer, data }) = reader.take(&mut rest).unwrap() {
                let into = if peer == Peer::Client { &mut of_clients } else { &mut own };
                into.extend_from_slice(&data);
            }
        }
        assert_eq!(reader.wants(), 8, "only whole chunks");
        (of_clients, own)
    }

    /// The server's own messages that the guest has received; there are no others.
    fn take_own(&mut self) -> Vec<u8> {
        let (of_clients, own) = self.take_received();
        assert_eq!(of_clients, []);
        own
    }
}

fn message(kind: u32, size: usize) -> Vec<u8> {
    let data = (0..=255).cycle().take(size).collect::<Vec<u8>>();
    RawMessage { kind, opaque: 7, data: data.into() }.encode().to_vec()
}

/// What an agent writes for a client, in chunks of this size.
fn chunked(message: &[u8], cut: usize) -> Vec<u8> {
    let chunk =
        |data: &[u8]| [1_u32.to_le_bytes().as_slice(), &(data.len() as u32).to_le_bytes(), data].concat();
    message.chunks(cut).flat_map(chunk).collect()
}

fn own(message: &Message) -> Vec<u8> {
    message.encode(ClipboardLayout::default()).to_vec()
}
