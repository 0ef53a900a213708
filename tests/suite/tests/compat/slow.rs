//! A client behind a slow link: what `auto` makes of it.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use probe::{Address, Client, Options};
use rustix::net::{AddressFamily, SocketType, sockopt};
use wire::channel::ChannelType;

use crate::replay::{self, Source};

/// Bytes a second towards the client: 4 Mbit, where the original calls less than 10 slow.
const RATE: f64 = 500_000.0;

/// Bytes that the link holds: small, so that its rate is felt at once.
const BUFFER: usize = 32 << 10;

/// How long the picture may take to lose detail.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whether a client behind a slow link gets photographs as JPEG, when the host leaves that to the server.
pub(crate) fn loses_detail(library: &Path, source: Source, slow: bool) -> Result<bool> {
    let options = ["--jpeg", "auto", "--compression", "quic", "--pace", "5000"];
    let mut replayer = replay::start(library, source, &options)?;
    replayer.go(1)?;
    let server = replayer.address();
    let address = if slow { behind_a_slow_link(server)? } else { server };
    let client = Client::connect(
        &Address::Tcp(address.to_string()),
        &Options { compression: None, ..Options::default() },
    )?;
    client.wait("the first picture", PATIENCE, |view| view.display(0).is_some())?;
    replayer.go_to_the_end()?;
    let has_jpeg = |view: &probe::View| {
        let mut displays =
            view.statistics.iter().filter(|(channel, _)| channel.channel_type == ChannelType::DISPLAY);
        displays.any(|(_, display)| display.images.contains_key("jpeg"))
    };
    client.settle(Duration::from_secs(1), PATIENCE)?;
    let lost = client.look(has_jpeg);
    drop(client);
    replayer.quit()?;
    Ok(lost)
}

/// An address that leads to `server` at [`RATE`].
fn behind_a_slow_link(server: SocketAddr) -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("the loopback has no free port")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            // A client that is not served notices it.
            let _ = link(client, server);
        }
    });
    Ok(address)
}

fn link(client: TcpStream, server: SocketAddr) -> Result<()> {
    let socket: OwnedFd = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None)?;
    sockopt::set_socket_recv_buffer_size(&socket, BUFFER)?;
    rustix::net::connect(&socket, &server)?;
    let server = TcpStream::from(socket);
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Both);
    });
    std::thread::spawn(move || {
        let _ = trickle(server, client);
    });
    Ok(())
}

/// Passes bytes on at [`RATE`].
fn trickle(mut from: TcpStream, mut to: TcpStream) -> Result<()> {
    let (begin, mut passed) = (Instant::now(), 0.0);
    let mut buffer = [0; 4096];
    loop {
        let count = from.read(&mut buffer)?;
        if count == 0 {
            return Ok(to.shutdown(Shutdown::Both)?);
        }
        to.write_all(buffer.get(..count).unwrap_or_default())?;
        // A link that was idle does not make up for it.
        passed = f64::max(passed, begin.elapsed().as_secs_f64() * RATE) + count as f64;
        let due = Duration::from_secs_f64(passed / RATE);
        std::thread::sleep(due.saturating_sub(begin.elapsed()));
    }
}
