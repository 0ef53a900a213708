//! What a client, the guest's agent and the host see of each other through the relay.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use probe::{Address, AgentEvent, Client, Options, ProbeError};
use replayer::agent::hex;
use replayer::steer::Replayer;
use serde_json::Value;
use vdagent::assembly::RawMessage;
use wire::channel::ChannelType;
use wire::inputs::Button;
use wire::main::MouseMode;

use crate::replay::{self, Source};

const PATIENCE: Duration = Duration::from_secs(20);

/// Tokens as the stock client grants them.
pub(crate) const PLENTY: u32 = u32::MAX;

/// One thing that somebody does.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// The agent or the host: a step of the replayer's verb `agent`.
    Host(String),
    /// A client joins.
    Join,
    /// It leaves.
    Leave,
    /// It talks to the agent, and takes so many messages.
    Start(u32),
    /// It takes so many more.
    Grant(u32),
    /// It sends pieces of messages.
    Send(Vec<Bytes>),
    /// It asks for a mouse mode.
    Mode(MouseMode),
    /// It moves the pointer.
    Move(u32, u32),
    /// It clicks, again and again without waiting for anything.
    Click(Vec<Button>),
}

/// What can be seen after a step.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    step: String,
    /// By the host and the guest.
    host: Vec<String>,
    /// By the client.
    client: Vec<String>,
}

impl Seen {
    /// Whether the server has ended the client's connection.
    pub(crate) fn is_closed(&self) -> bool {
        self.client.iter().any(|event| event == "closed")
    }

    /// The pieces of agent's messages that the client has got.
    pub(crate) fn client_got(&self) -> Vec<String> {
        self.client.iter().filter_map(|event| event.strip_prefix("data ")).map(str::to_owned).collect()
    }

    /// Whether the host or the guest has seen something with this text in it.
    pub(crate) fn host_has(&self, text: &str) -> bool {
        self.host.iter().any(|event| event.contains(text))
    }
}

pub(crate) fn host(step: &str) -> Step {
    Step::Host(step.to_owned())
}

/// The guest writes these bytes in one go.
pub(crate) fn guest_writes(bytes: &[u8]) -> Step {
    Step::Host(format!("write {}", hex(bytes)))
}

/// A message with `size` bytes of data.
pub(crate) fn message(kind: u32, size: usize) -> Vec<u8> {
    let data: Vec<u8> = (0..=255).cycle().take(size).collect();
    RawMessage { kind, opaque: 7, data: data.into() }.encode().to_vec()
}

/// A message of these numbers.
pub(crate) fn numbers(kind: u32, numbers: &[u32]) -> Vec<u8> {
    let data: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    RawMessage { kind, opaque: 0, data: data.into() }.encode().to_vec()
}

/// A chunk of the port.
pub(crate) fn chunk(port: u32, data: &[u8]) -> Vec<u8> {
    let size = u32::try_from(data.len()).unwrap_or(u32::MAX);
    [port.to_le_bytes().as_slice(), &size.to_le_bytes(), data].concat()
}

/// A client sends a message in pieces of at most `cut` bytes.
pub(crate) fn sends(message: &[u8], cut: usize) -> impl Iterator<Item = Step> {
    message.chunks(cut).map(|piece| Step::Send(vec![Bytes::copy_from_slice(piece)]))
}

/// A client sends a message in pieces of at most `cut` bytes, at once.
pub(crate) fn sends_whole(message: &[u8], cut: usize) -> Step {
    Step::Send(message.chunks(cut).map(Bytes::copy_from_slice).collect())
}

/// What is seen with a library that is started with these options.
pub(crate) fn seen(library: &Path, options: &[&str], steps: &[Step]) -> Result<Vec<Seen>> {
    let mut replayer = replay::start(library, Source::Recording("qxl-desk"), options)?;
    replayer.go(200)?;
    let mut client = None;
    let mut seen = Vec::new();
    for step in steps {
        let shown = format!("{step:?}");
        let step = take(step, &mut replayer, &mut client).with_context(|| shown.clone())?;
        seen.push(Seen { step: shown.chars().take(100).collect(), ..step });
    }
    drop(client);
    replayer.quit()?;
    Ok(seen)
}

/// A client, and how much of what it was told has been looked at.
struct Joined {
    client: Client,
    events: usize,
    mode: MouseMode,
    is_closed: bool,
}

fn take(step: &Step, replayer: &mut Replayer, joined: &mut Option<Joined>) -> Result<Seen> {
    let mut lines = Vec::new();
    let mut told = Vec::new();
    if let Step::Join = step {
        let options = Options { channels: vec![ChannelType::INPUTS], ..Options::default() };
        let client = Client::connect(&Address::Tcp(replayer.address().to_string()), &options)?;
        let (session, mode) = client.look(|view| (view.session.unwrap_or_default(), view.mouse_mode));
        told.push(format!("init: agent {}, tokens {}", session.agent_connected, session.agent_tokens));
        *joined = Some(Joined { client, events: 0, mode, is_closed: false });
    }
    if let Step::Leave = step {
        *joined = None;
        lines.extend(end_of_client(replayer)?);
    }
    if let Step::Host(step) = step {
        lines.extend(replayer.agent(step)?);
    }
    if let Some(joined) = joined {
        let acted = act(step, &joined.client).and_then(|()| joined.client.round_trip(PATIENCE));
        lines.extend(replayer.agent("settle")?);
        match acted.and_then(|()| joined.client.round_trip(PATIENCE)) {
            Ok(()) => {}
            Err(ProbeError::Closed { .. } | ProbeError::Transport { .. }) => {
                told.extend(joined.news());
                told.push("closed".to_owned());
                if !std::mem::replace(&mut joined.is_closed, true) && !lines.iter().any(is_end_of_client) {
                    lines.extend(end_of_client(replayer)?);
                }
            }
            Err(error) => return Err(error.into()),
        }
        told.extend(joined.news());
    }
    // What follows from the end of a client may take the library one turn more.
    lines.extend(replayer.agent("settle")?);
    lines.extend(replayer.agent("settle")?);
    Ok(Seen { step: String::new(), host: host_lines(&lines), client: told })
}

/// The lines up to the one by which the library tells that a client's main channel has ended.
fn end_of_client(replayer: &mut Replayer) -> Result<Vec<Value>> {
    replayer.lines_until("the end of the client", is_end_of_client)
}

fn is_end_of_client(line: &Value) -> bool {
    let is = |name: &str, value: Value| line.get(name) == Some(&value);
    is("event", "channel".into()) && is("what", "disconnected".into()) && is("kind", 1.into())
}

fn act(step: &Step, client: &Client) -> Result<(), ProbeError> {
    match step {
        Step::Start(tokens) => client.start_agent(*tokens),
        Step::Grant(tokens) => client.grant_agent_tokens(*tokens),
        Step::Send(pieces) => pieces.iter().try_for_each(|piece| client.send_to_agent(piece.clone())),
        Step::Mode(mode) => client.request_mouse_mode(*mode),
        Step::Move(x, y) => client.move_pointer_to(0, *x, *y),
        Step::Click(buttons) => buttons.iter().try_for_each(|button| client.click(*button)),
        Step::Host(_) | Step::Join | Step::Leave => Ok(()),
    }
}

impl Joined {
    /// What the client was told since the last time. Tokens are added up: how they are bunched is nobody's business.
    fn news(&mut self) -> Vec<String> {
        let (events, mode) = self.client.look(|view| (view.agent.clone(), view.mouse_mode));
        let new = events.get(self.events..).unwrap_or_default();
        self.events = events.len();
        let mut news = Vec::new();
        let mut tokens = 0;
        for event in new {
            match event {
                AgentEvent::Connected(tokens) => news.push(format!("agent, {tokens:?} tokens")),
                AgentEvent::Disconnected => news.push("no agent".to_owned()),
                AgentEvent::Data(piece) => news.push(format!("data {}", hex(piece))),
                AgentEvent::Tokens(count) => tokens += count,
            }
        }
        if tokens > 0 {
            news.push(format!("{tokens} tokens more"));
        }
        if std::mem::replace(&mut self.mode, mode) != mode {
            news.push(format!("mouse mode {}", mode.0));
        }
        news
    }
}

/// What concerns the agent. Bytes that the guest reads are one text, however they were cut.
fn host_lines(lines: &[Value]) -> Vec<String> {
    let text = |line: &Value, field: &str| line.get(field).map(Value::to_string).unwrap_or_default();
    let mut host: Vec<String> = Vec::new();
    let mut read = String::new();
    for line in lines {
        match line.get("event").and_then(Value::as_str).unwrap_or_default() {
            "agent" => host.push(format!("result {}", text(line, "result"))),
            "agent_state" => host.push(format!("state {}", text(line, "connected"))),
            "monitors" => host.push(format!("{} monitors", text(line, "count"))),
            "position" | "wheel" | "motion" | "buttons" => host.push(line.to_string()),
            "agent_reads" => {
                read.push_str(line.get("bytes").and_then(Value::as_str).unwrap_or_default());
            }
            _ => {}
        }
    }
    if !read.is_empty() {
        host.push(format!("reads {read}"));
    }
    host
}

/// Fails at the first step after which the libraries show different things.
pub(crate) fn compare(name: &str, expected: &[Seen], found: &[Seen]) -> Result<()> {
    for (expected, found) in expected.iter().zip(found) {
        ensure!(expected == found, "{name}\nexpected {expected:#?}\nfound {found:#?}");
    }
    ensure!(expected.len() == found.len(), "{name}: one of them ends early");
    Ok(())
}
