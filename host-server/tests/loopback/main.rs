//! The server with real sockets and a main loop of the test's own: a client links by ticket over TCP, types a
//! key, and leaves; peers that are no clients are turned away without harm to it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod agent;
mod client;
mod crowd;
mod rig;
mod scanout;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use bytes::Bytes;
use client::{Client, begin, pair, tcp};
use host_server::server::Server;
use host_server::session::ChannelEvent;
use rig::{Rig, listen};
use wire::channel::ChannelType;
use wire::frame::{Frame, Received};
use wire::link::LinkError;
use wire::{inputs, main};

/// No step of a test takes longer than this unless something is broken.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn a_client_links_over_tcp_and_types() {
    let mut address = None;
    let rig = Rig::new(|server| {
        address = Some(listen(server));
        server.set_ticket(Some(b"secret"), None).unwrap();
    });
    let address = address.unwrap();
    let wrong = Client::link(tcp(address), ChannelType::MAIN, 0, b"guess");
    assert_eq!(wrong.err(), Some(LinkError::PERMISSION_DENIED));
    let (mut client, id) = begin(tcp(address), b"secret");
    client.send(&main::ClientMessage::AttachChannels.encode());
    let main::ServerMessage::ChannelsList(list) = client.receive_main() else { panic!("no list") };
    assert_eq!(list.channels.len(), 1, "inputs alone, as there is no display");

    let mut keys = Client::link(tcp(address), ChannelType::INPUTS, id, b"secret").unwrap();
    let Received { kind, body, .. } = keys.receive().unwrap();
    let lamps = inputs::KeyModifiers { modifiers: inputs::Modifiers::NUM_LOCK };
    assert_eq!(inputs::ServerMessage::decode(kind, body).unwrap(), inputs::ServerMessage::Init(lamps));
    keys.send(&inputs::ClientMessage::KeyDown(inputs::Key { code: 0x1e }).encode());
    assert_eq!(rig.keys.recv_timeout(PATIENCE), Ok(0x1e));
    assert_eq!(rig.server.client_count(), 1);
    drop(keys);
    assert_eq!(rig.keys.recv_timeout(PATIENCE), Ok(0x9e), "let go when the client leaves");
    let notices = rig.main_loop.notices();
    let linked = notices.iter().filter(|notice| notice.event == ChannelEvent::Initialized);
    assert!(linked.filter_map(|notice| notice.seat).all(|seat| seat.connection_id == id));
}

#[test]
fn peers_that_are_no_clients_do_no_harm_to_those_that_are() {
    let rig = Rig::new(Server::disable_ticketing);
    let add = |trusted| {
        let (ours, theirs) = pair();
        rig.server.add_client(theirs, trusted).unwrap();
        ours
    };
    let (mut client, id) = begin(add(false), b"");
    for noise in
        [b"GET / HTTP/1.1\r\n\r\n".as_slice(), &[0xff; 5000], b"REDQ\x01\0\0\0\0\0\0\0\xff\xff\xff\xff"]
    {
        let mut peer = add(false);
        // The server may hang up before it has read everything.
        let _ = peer.write_all(noise);
        let mut answer = Vec::new();
        let _ = peer.read_to_end(&mut answer);
        assert!(!answer.is_empty());
    }
    let half_open: Vec<UnixStream> = (0..30).map(|_| add(false)).collect();
    let unknown = Client::link(add(false), ChannelType::INPUTS, id ^ 1, b"");
    assert_eq!(unknown.err(), Some(LinkError::BAD_CONNECTION_ID));
    let missing = Client::link(add(false), ChannelType::PLAYBACK, id, b"");
    assert_eq!(missing.err(), Some(LinkError::CHANNEL_NOT_AVAILABLE));
    client.send(&main::ClientMessage::AttachChannels.encode());
    assert!(matches!(client.receive_main(), main::ServerMessage::ChannelsList(_)));
    drop(half_open);

    client.send(&Frame::new(4000, Bytes::new()));
    assert!(client.receive().is_none(), "a message that does not exist ends the client");
}

#[test]
fn idle_links_make_way_for_clients_but_never_those_that_the_host_vouches_for() {
    let mut address = None;
    let rig = Rig::new(|server| {
        address = Some(listen(server));
        server.disable_ticketing();
    });
    let address = address.unwrap();
    let (ours, theirs) = pair();
    rig.server.add_client(theirs, true).unwrap();
    let mut idle: Vec<TcpStream> = (0..65).map(|_| tcp(address)).collect();
    let (client, _) = begin(tcp(address), b"");
    drop(client);
    for oldest in &mut idle[..2] {
        assert_eq!(oldest.read(&mut [0]).unwrap(), 0, "has made way");
    }
    begin(ours, b"");
}

#[test]
fn a_new_client_and_a_new_ticket_end_the_old_client() {
    let rig = Rig::new(Server::disable_ticketing);
    let add = |trusted| {
        let (ours, theirs) = pair();
        rig.server.add_client(theirs, trusted).unwrap();
        ours
    };
    let (mut first, _) = begin(add(false), b"");
    let (mut second, _) = begin(add(false), b"");
    assert!(first.receive().is_none());
    rig.server.set_ticket(Some(b"secret"), None).unwrap();
    assert!(second.receive().is_none());
    let denied = Client::link(add(false), ChannelType::MAIN, 0, b"");
    assert_eq!(denied.err(), Some(LinkError::PERMISSION_DENIED));
    begin(add(true), b"the host vouches for me");
    begin(add(false), b"secret");
    rig.server.set_ticket(Some(b"secret"), Some(Duration::ZERO)).unwrap();
    let late = Client::link(add(false), ChannelType::MAIN, 0, b"secret");
    assert_eq!(late.err(), Some(LinkError::PERMISSION_DENIED));
}

#[test]
fn a_server_that_is_dropped_hangs_up() {
    let rig = Rig::new(Server::disable_ticketing);
    let (ours, theirs) = pair();
    rig.server.add_client(theirs, false).unwrap();
    let (mut client, _) = begin(ours, b"");
    drop(rig);
    assert!(client.receive().is_none());
}
