//! A proxy between a client and a server without TLS, which prints what passes.
//!
//! It changes no byte: the ticket passes encrypted with the server's key.

use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use wire::capability::{self, Capabilities};
use wire::channel::ChannelId;
use wire::frame::{FrameReader, HeaderKind};
use wire::link::{
    AuthMechanism, HEADER_SIZE, LinkError, LinkHeader, LinkMess, LinkReply, MAX_SIZE, TICKET_SIZE,
};

use crate::address::{Address, Listener, Stream};
use crate::trace::{Direction, describe};

/// Largest message that is followed.
const MAX_MESSAGE_SIZE: u32 = 512 << 20;

/// Where lines go.
pub type Lines = Arc<Mutex<dyn Write + Send>>;

/// Takes connections for ever.
///
/// # Errors
/// When no connection can be taken any more.
pub fn run(listener: &Listener, upstream: &Address, lines: &Lines) -> io::Result<()> {
    let start = Instant::now();
    for number in 1_u32.. {
        let client = listener.accept()?;
        let log = Log { lines: lines.clone(), start, name: format!("#{number}") };
        let upstream = upstream.clone();
        thread::spawn(move || {
            let mut log = log;
            if let Err(error) = relay(client, &upstream, &mut log) {
                log.line(&format!("ended: {error}"));
            }
        });
    }
    Ok(())
}

#[derive(Clone)]
struct Log {
    lines: Lines,
    start: Instant,
    name: String,
}

impl Log {
    fn line(&self, text: &str) {
        let Self { lines, start, name } = self;
        let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody is left to tell when the output is gone.
        let _ = writeln!(lines, "{:>10.4} {name:<12} {text}", start.elapsed().as_secs_f64());
    }
}

/// What the link told: who speaks, and how.
struct Linked {
    channel: ChannelId,
    header: HeaderKind,
}

fn relay(mut client: Stream, upstream: &Address, log: &mut Log) -> io::Result<()> {
    let mut server = upstream.connect(Duration::from_secs(10))?;
    let Some(linked) = relay_link(&mut client, &mut server, log)? else {
        return Ok(());
    };
    let (client_reads, server_writes) = (client.try_clone()?, server.try_clone()?);
    let upwards = Relay {
        channel: linked.channel,
        direction: Direction::FromClient,
        frames: FrameReader::new(linked.header, MAX_MESSAGE_SIZE),
        log: log.clone(),
    };
    let downwards = Relay {
        channel: linked.channel,
        direction: Direction::FromServer,
        frames: FrameReader::new(linked.header, MAX_MESSAGE_SIZE),
        log: log.clone(),
    };
    let other = thread::spawn(move || upwards.run(client_reads, server_writes));
    downwards.run(server, client);
    // A thread that panicked has said so on its own.
    let _ = other.join();
    Ok(())
}

/// Relays the link; `None` when the server refuses it.
fn relay_link(client: &mut Stream, server: &mut Stream, log: &mut Log) -> io::Result<Option<Linked>> {
    let (bytes, body) = read_link(client)?;
    let mess = LinkMess::decode(&body).map_err(invalid)?;
    log.name = mess.channel.to_string();
    log.line(&format!("> link session {:#x}, {}", mess.connection_id, words(&mess.common, &mess.specific)));
    server.write_all(&bytes)?;

    let (bytes, body) = read_link(server)?;
    let reply = LinkReply::decode(&body).map_err(invalid)?;
    log.line(&format!("< link {:?}, {}", reply.error, words(&reply.common, &reply.specific)));
    client.write_all(&bytes)?;
    if reply.error != LinkError::OK {
        return Ok(None);
    }
    let both = |bit| mess.common.contains(bit) && reply.common.contains(bit);
    if both(capability::base::AUTH_SELECTION) {
        let mut mechanism = [0; 4];
        client.read_exact(&mut mechanism)?;
        server.write_all(&mechanism)?;
        let mechanism = AuthMechanism(u32::from_le_bytes(mechanism));
        log.line(&format!("> authentication by {mechanism:?}"));
        if mechanism != AuthMechanism::TICKET {
            return Err(io::Error::other("only tickets can be followed"));
        }
    }
    let mut ticket = [0; TICKET_SIZE];
    client.read_exact(&mut ticket)?;
    server.write_all(&ticket)?;
    let mut result = [0; 4];
    server.read_exact(&mut result)?;
    client.write_all(&result)?;
    let result = LinkError(u32::from_le_bytes(result));
    log.line(&format!("< authentication {result:?}"));
    let header = if both(capability::base::MINI_HEADER) { HeaderKind::Mini } else { HeaderKind::Full };
    Ok((result == LinkError::OK).then_some(Linked { channel: mess.channel, header }))
}

/// A header with what follows it, and what follows alone.
fn read_link(stream: &mut Stream) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let mut header = [0; HEADER_SIZE];
    stream.read_exact(&mut header)?;
    let decoded = LinkHeader::decode(&header).ok_or_else(|| io::Error::other("not a SPICE link"))?;
    if decoded.size > MAX_SIZE {
        return Err(io::Error::other("the link message is too large"));
    }
    let mut body = vec![0; decoded.size as usize];
    stream.read_exact(&mut body)?;
    Ok(([header.as_slice(), body.as_slice()].concat(), body))
}

fn words(common: &Capabilities, specific: &Capabilities) -> String {
    format!("capabilities {:x?} {:x?}", common.words(), specific.words())
}

fn invalid(error: wire::WireError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error.to_string())
}

/// One direction after the link.
struct Relay {
    channel: ChannelId,
    direction: Direction,
    frames: FrameReader,
    log: Log,
}

impl Relay {
    /// Passes bytes on as they come, and hands them to another thread to be printed, so that printing does not
    /// slow the session down.
    fn run(self, mut from: Stream, mut to: Stream) {
        let (sender, receiver) = channel();
        let printer = thread::spawn(move || self.print(&receiver));
        if let Err(error) = pass(&mut from, &mut to, &sender) {
            let _ = sender.send(Err(error.to_string()));
        }
        drop(sender);
        to.finish();
        // A thread that panicked has said so on its own.
        let _ = printer.join();
    }

    fn print(mut self, pieces: &Receiver<Result<Vec<u8>, String>>) {
        let arrow = match self.direction {
            Direction::FromClient => '>',
            Direction::FromServer => '<',
        };
        for piece in pieces {
            match piece {
                Ok(bytes) => self.frames.feed(&bytes),
                Err(error) => self.log.line(&format!("{arrow} broke: {error}")),
            }
            loop {
                match self.frames.next() {
                    Ok(Some(frame)) => {
                        let channel = self.channel.channel_type;
                        let text = describe(channel, self.direction, frame.kind, frame.body);
                        self.log.line(&format!("{arrow} {text}"));
                    }
                    Ok(None) => break,
                    Err(error) => return self.log.line(&format!("{arrow} cannot be followed: {error}")),
                }
            }
        }
        self.log.line(&format!("{arrow} closed"));
    }
}

fn pass(from: &mut Stream, to: &mut Stream, copy: &Sender<Result<Vec<u8>, String>>) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let size = from.read(&mut buffer)?;
        let Some(bytes) = buffer.get(..size).filter(|bytes| !bytes.is_empty()) else {
            return Ok(());
        };
        to.write_all(bytes)?;
        // The printer ends early only when it cannot follow; the session goes on.
        let _ = copy.send(Ok(bytes.to_vec()));
    }
}
