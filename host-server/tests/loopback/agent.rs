//! The guest's agent and a client, with the port at one end of the server and a real socket at the other.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex};

use host_server::server::{Agent, AgentPort};
use vdagent::assembly::RawMessage;
use wire::channel::ChannelType;
use wire::main::{AgentTokens, ClientMessage, ServerMessage};

use crate::PATIENCE;
use crate::client::{Client, tcp};
use crate::rig::{Rig, listen};

/// The guest's end of the port.
#[derive(Default)]
struct Guest {
    writes: Mutex<VecDeque<u8>>,
    received: Mutex<Vec<u8>>,
    changed: Condvar,
}

impl Guest {
    /// What it has read, once it is so much.
    fn received(&self, count: usize) -> Vec<u8> {
        let too_few = |received: &mut Vec<u8>| received.len() < count;
        let received = self.received.lock().unwrap();
        let (received, waited) = self.changed.wait_timeout_while(received, PATIENCE, too_few).unwrap();
        assert!(!waited.timed_out(), "{} bytes have come", received.len());
        received.clone()
    }
}

impl AgentPort for Guest {
    fn set_open(&self, _: bool) {}

    fn write(&self, bytes: &[u8]) -> usize {
        self.received.lock().unwrap().extend_from_slice(bytes);
        self.changed.notify_all();
        bytes.len()
    }

    fn read(&self, bytes: &mut [u8]) -> usize {
        let mut writes = self.writes.lock().unwrap();
        let count = bytes.len().min(writes.len());
        bytes.iter_mut().zip(writes.drain(..count)).for_each(|(place, byte)| *place = byte);
        self.changed.notify_all();
        count
    }

    fn announces_room(&self) -> bool {
        true
    }
}

fn chunk(data: &[u8]) -> Vec<u8> {
    [1_u32.to_le_bytes().as_slice(), &(data.len() as u32).to_le_bytes(), data].concat()
}

fn message(size: usize) -> Vec<u8> {
    let data: Vec<u8> = (0..size).map(|index| (index % 251) as u8).collect();
    RawMessage { kind: 4, opaque: 0, data: data.into() }.encode().to_vec()
}

#[test]
fn a_large_clipboard_waits_for_a_client_that_does_not_read_and_arrives_whole() {
    let guest = Arc::new(Guest::default());
    let (mut address, mut agent): (_, Option<Agent>) = (None, None);
    let rig = Rig::new(|server| {
        address = Some(listen(server));
        server.disable_ticketing();
        agent = server.attach_agent(Arc::clone(&guest) as Arc<dyn AgentPort>).ok();
        agent.as_ref().unwrap().begin();
    });
    let mut client = Client::link(tcp(address.unwrap()), ChannelType::MAIN, 0, b"").unwrap();
    let ServerMessage::Init(init) = client.receive_main() else { panic!("no beginning") };
    assert_eq!(init.agent_connected, 1);
    client.send(&ClientMessage::AgentStart(AgentTokens { count: u32::MAX }).encode());
    let hello = message(100);
    client.send(&ClientMessage::AgentData(hello.clone().into()).encode());
    assert_eq!(guest.received(128), chunk(&hello));

    // Far more than sockets and queues hold.
    let sent = message(40 << 20);
    guest.writes.lock().unwrap().extend(chunk(&sent));
    agent.as_ref().unwrap().wake();
    // The other direction goes on meanwhile.
    for count in 2..10 {
        client.send(&ClientMessage::AgentData(hello.clone().into()).encode());
        guest.received(count * 128);
    }
    assert!(guest.writes.lock().unwrap().len() > 20 << 20, "most of it waits in the guest");
    let mut received = Vec::new();
    while received.len() < sent.len() {
        if let ServerMessage::AgentData(piece) = client.receive_main() {
            received.extend_from_slice(&piece);
        }
    }
    assert!(received == sent);
    agent.unwrap().detach();
    let told = std::iter::repeat_with(|| client.receive_main());
    assert!(told.take(10).any(|message| matches!(message, ServerMessage::AgentDisconnected(_))));
    assert_eq!(rig.server.client_count(), 1);
}
