//! The port of the guest's agent, from a stock client through the library and QEMU to a program in the guest, and back.

use std::fmt::Write;

use anyhow::{Context, Result, ensure};
use e2e::{Deadline, Guest, MouseMode};
use vdagent::assembly::{Assembler, RawMessage};
use vdagent::capability::{self, Capabilities};
use vdagent::clipboard::ClipboardLayout;
use vdagent::port::{ChunkReader, MAX_CHUNK_SIZE, Peer};
use vdagent::{AnnounceCapabilities, Message};

use crate::Session;

/// A program that has the port: what it reads goes to a file, and what it writes comes through a pipe.
const OPEN: &str = "n=$(grep -lx com.redhat.spice.0 /sys/class/virtio-ports/*/name); rm -f /tmp/say /tmp/got; mkfifo /tmp/say; \
    (exec 3<>/dev/$(basename $(dirname $n)) 4<>/tmp/say; cat <&3 >/tmp/got & echo $! >/tmp/reader; \
    cat <&4 >&3 & echo $! >/tmp/writer; exec sleep 1000000) >/dev/null 2>&1 & echo $! >/tmp/holder";

const CLOSE: &str = "kill $(cat /tmp/reader /tmp/writer /tmp/holder)";

/// Neither a client nor a server knows this type.
const UNKNOWN: u32 = 0x1234;

/// Client and agent introduce themselves.
pub(crate) fn introduced(session: &mut Session) -> Result<()> {
    let Session { vm, client, .. } = session;
    ensure!(client.state()?["agent"] == false, "an agent before there is one");
    vm.guest.run(OPEN, Deadline::seconds(20))?;
    connected(session, true)?;
    heard(session, "the client's capabilities", |message| {
        matches!(message, Message::AnnounceCapabilities(_))
    })?;
    announce(session, capability::MONITORS_CONFIG)
}

/// A display device that takes no wish for monitors leaves it to the agent.
pub(crate) fn asked_for_monitors(session: &mut Session) -> Result<()> {
    session.client.resize(1111, 777)?;
    heard(session, "a wish for monitors", |message| match message {
        Message::MonitorsConfig(config) => {
            config.monitors.first().is_some_and(|monitor| (monitor.width, monitor.height) == (1111, 777))
        }
        _ => false,
    })
}

/// More than the port, the server and the client hold at once goes through whole: what comes behind it is understood.
pub(crate) fn sent_much(session: &mut Session) -> Result<()> {
    const SIZE: u32 = 2_000_000;
    let mut header = RawMessage { kind: UNKNOWN, opaque: 0, data: bytes::Bytes::new() }.header();
    header[16..].copy_from_slice(&SIZE.to_le_bytes());
    let chunk = [1_u32, SIZE + 20].into_iter().flat_map(u32::to_le_bytes).chain(header);
    let begin = escaped(&chunk.collect::<Vec<u8>>());
    let line = format!("(printf '{begin}'; head -c {SIZE} /dev/zero) >/tmp/say");
    session.vm.guest.run(&line, Deadline::seconds(60))?;
    announce(session, capability::DISPLAY_CONFIG)
}

/// Without a tablet the agent moves the pointer.
pub(crate) fn moved_the_pointer(session: &mut Session) -> Result<()> {
    session.client.mouse_mode(MouseMode::Client, Deadline::seconds(30))?;
    session.client.position(123, 45)?;
    heard(
        session,
        "a place of the pointer",
        |message| matches!(message, Message::MouseState(state) if (state.x, state.y) == (123, 45)),
    )
}

/// The agent ends and another one begins.
pub(crate) fn replaced(session: &mut Session) -> Result<()> {
    session.vm.guest.run(CLOSE, Deadline::seconds(20))?;
    connected(session, false)?;
    session.client.mouse_mode(MouseMode::Server, Deadline::seconds(30))?;
    introduced(session)
}

/// An agent that writes nonsense is closed, and the guest may open the port again.
pub(crate) fn talked_nonsense(session: &mut Session) -> Result<()> {
    let nonsense = r"head -c 5000 /dev/zero | tr '\0' '\377' >/tmp/say";
    session.vm.guest.run(nonsense, Deadline::seconds(20))?;
    connected(session, false)?;
    session.vm.guest.run(CLOSE, Deadline::seconds(20))?;
    // Each library says so in a line of its own.
    session.vm.forget_complaints()?;
    introduced(session)
}

fn connected(session: &mut Session, there: bool) -> Result<()> {
    let what = if there { "an agent, as the client sees it" } else { "the end of the agent" };
    Deadline::seconds(30).until(what, || Ok((session.client.state()?["agent"] == there).then_some(())))
}

/// The agent announces one capability, and the client hears of it.
fn announce(session: &mut Session, bit: u32) -> Result<()> {
    let capabilities = Capabilities::of([bit]);
    let announced = Message::AnnounceCapabilities(AnnounceCapabilities { request: false, capabilities });
    let message = announced.encode(ClipboardLayout::default());
    let size = u32::try_from(message.len())?;
    let header = [1, size].into_iter().flat_map(u32::to_le_bytes);
    let line = format!("printf '{}' >/tmp/say", escaped(&header.chain(message).collect::<Vec<u8>>()));
    session.vm.guest.run(&line, Deadline::seconds(20))?;
    Deadline::seconds(60).until("the agent's capabilities at the client", || {
        Ok((session.client.state()?["agent-capabilities"] == 1 << bit).then_some(()))
    })
}

/// Waits until the agent has read such a message.
fn heard(session: &mut Session, what: &str, is_it: impl Fn(&Message) -> bool) -> Result<()> {
    Deadline::seconds(30)
        .until(what, || Ok(read_by_agent(&mut session.vm.guest)?.iter().any(&is_it).then_some(())))
}

/// All that the agent has read since it opened the port.
fn read_by_agent(guest: &mut Guest) -> Result<Vec<Message>> {
    let dump = guest.run("od -An -v -tx1 /tmp/got", Deadline::seconds(20))?;
    let digits: Vec<u32> = dump.chars().filter_map(|digit| digit.to_digit(16)).collect();
    let bytes: Vec<u8> =
        digits.chunks_exact(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1])).collect::<Result<_, _>>()?;
    let mut chunks = ChunkReader::new(u32::try_from(MAX_CHUNK_SIZE)?);
    let (mut of_client, mut own) = (Assembler::new(u32::MAX), Assembler::new(u32::MAX));
    let mut messages = Vec::new();
    chunks.feed(&bytes);
    while let Some(chunk) = chunks.next().context("chunks of the agent's port")? {
        let assembler = if chunk.peer == Peer::Client { &mut of_client } else { &mut own };
        if let Some(raw) = assembler.push(&chunk.data)? {
            messages.push(Message::decode(&raw, ClipboardLayout::default())?);
        }
    }
    Ok(messages)
}

/// Bytes as the shell's printf takes them.
fn escaped(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "\\{byte:03o}");
        text
    })
}
