//! One client's main channel: what it is told about the session, and what it wants of it.
//!
//! Pure logic over a [`Connection`]: the session feeds messages and time, and acts on the [`Wish`]es.

use std::time::{Duration, Instant};

use bytes::Bytes;
use wire::base;
use wire::capability::{self, Capabilities};
use wire::channel::ChannelId;
use wire::link::LinkError;
use wire::main::{
    AgentDisconnected, AgentTokens, ChannelsList, ClientMessage, Init, MouseMode, MouseModes, Name,
    ServerMessage,
};

use super::liveness::{Check, Liveness};
use crate::agent::{ToClient, WINDOW};
use crate::channel::connection::Connection;
use crate::fault::ClientFault;

/// What a client wants of the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// The list of channels.
    Channels,
    /// Another mouse mode.
    Mode(MouseMode),
    /// To talk to the agent, and to take so many messages of it.
    AgentStart(u32),
    /// To take so many messages more.
    AgentTokens(u32),
    /// A message for the agent, or a piece of one.
    AgentData(Bytes),
}

/// What each client is told whenever it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct News {
    /// Which mouse modes there are and which holds.
    pub(super) modes: MouseModes,
    /// Which opening of the agent's port it is, if the agent is there.
    pub(super) agent: Option<u32>,
}

/// What a client is told first.
#[derive(Clone, Debug)]
pub(super) struct Welcome<'a> {
    pub(super) connection_id: u32,
    pub(super) displays: u32,
    pub(super) news: News,
    /// Milliseconds of the clock that sound and video are dated with.
    pub(super) multi_media_time: u32,
    pub(super) ram_hint: u32,
    pub(super) name: Option<&'a str>,
    pub(super) uuid: Option<[u8; 16]>,
}

/// The server's end of a main channel.
#[derive(Debug)]
pub(super) struct MainChannel {
    connection: Connection,
    /// `None` where pings tell nothing: on a unix socket.
    liveness: Option<Liveness>,
    /// Whether the client can be told of an agent and tokens in one message.
    takes_agent_tokens: bool,
    /// What it knows.
    told: News,
}

impl MainChannel {
    /// Begins the session for a client.
    pub(super) fn begin(
        connection: Connection,
        capabilities: &Capabilities,
        welcome: &Welcome<'_>,
        liveness: Option<Liveness>,
    ) -> Self {
        let takes_agent_tokens = capabilities.contains(capability::main::AGENT_CONNECTED_TOKENS);
        let channel = Self { connection, liveness, takes_agent_tokens, told: welcome.news };
        channel.send(&ServerMessage::Init(Init {
            session_id: welcome.connection_id,
            display_channels_hint: welcome.displays,
            supported_mouse_modes: welcome.news.modes.supported.into(),
            current_mouse_mode: welcome.news.modes.current.0.into(),
            agent_connected: welcome.news.agent.is_some().into(),
            agent_tokens: WINDOW,
            multi_media_time: welcome.multi_media_time,
            ram_hint: welcome.ram_hint,
        }));
        if capabilities.contains(capability::main::NAME_AND_UUID) {
            channel.send_identity(welcome);
        }
        channel
    }

    fn send_identity(&self, welcome: &Welcome<'_>) {
        if let Some(name) = welcome.name {
            let bytes = Bytes::from([name.as_bytes(), b"\0"].concat());
            self.send(&ServerMessage::Name(Name { bytes }));
        }
        if let Some(uuid) = welcome.uuid {
            self.send(&ServerMessage::Uuid(uuid));
        }
    }

    /// Handles one message of the client.
    ///
    /// # Errors
    /// When it is none that a main channel has, or malformed: the client has to go.
    pub(super) fn on_message(
        &mut self,
        kind: u16,
        body: Bytes,
        now: Instant,
    ) -> Result<Option<Wish>, ClientFault> {
        if let Some(liveness) = &mut self.liveness {
            liveness.heard(now);
        }
        match ClientMessage::decode(kind, body)? {
            ClientMessage::AttachChannels => Ok(Some(Wish::Channels)),
            ClientMessage::MouseModeRequest(request) => Ok(Some(Wish::Mode(request.mode))),
            ClientMessage::AgentStart(tokens) => Ok(Some(Wish::AgentStart(tokens.count))),
            ClientMessage::AgentTokens(tokens) => Ok(Some(Wish::AgentTokens(tokens.count))),
            ClientMessage::AgentData(bytes) => Ok(Some(Wish::AgentData(bytes))),
            ClientMessage::Base(base::ClientMessage::Pong(pong)) => {
                if let Some(liveness) = &mut self.liveness {
                    liveness.on_pong(pong.id, now);
                }
                Ok(None)
            }
            // Acknowledgements nobody asked for, migration that does not happen.
            ClientMessage::Base(_)
            | ClientMessage::ClientInfo(_)
            | ClientMessage::MigrateConnected
            | ClientMessage::MigrateConnectError
            | ClientMessage::MigrateEnd
            | ClientMessage::MigrateDstDoSeamless(_)
            | ClientMessage::MigrateConnectedSeamless
            | ClientMessage::QualityIndicator(_) => Ok(None),
        }
    }

    /// Answers [`Wish::Channels`].
    pub(super) fn send_channels(&self, channels: Vec<ChannelId>) {
        self.send(&ServerMessage::ChannelsList(ChannelsList { channels }));
    }

    /// Tells what the client does not know yet. While it does not read it is told nothing, so that no number of changes
    /// fills its queue; it hears of the last one when it reads again.
    pub(super) fn tell(&mut self, news: &News) {
        if !self.has_room() {
            return;
        }
        if news.modes != self.told.modes {
            self.send(&ServerMessage::MouseMode(news.modes));
        }
        if news.agent != self.told.agent {
            if self.told.agent.is_some() {
                let gone = AgentDisconnected { reason: LinkError::OK };
                self.send(&ServerMessage::AgentDisconnected(gone));
            }
            if news.agent.is_some() {
                self.send_agent_connected();
            }
        }
        self.told = *news;
    }

    fn send_agent_connected(&self) {
        self.send(&if self.takes_agent_tokens {
            ServerMessage::AgentConnectedTokens(AgentTokens { count: WINDOW })
        } else {
            ServerMessage::AgentConnected
        });
    }

    /// The opening of the agent's port that the client knows of.
    pub(super) const fn told_agent(&self) -> Option<u32> {
        self.told.agent
    }

    /// Whether the client reads what it is sent; otherwise a `Writable` follows.
    pub(super) fn has_room(&self) -> bool {
        self.connection.backlog() <= Connection::LOW_WATER
    }

    /// Passes on what the relay has for the client.
    pub(super) fn send_agent(&self, message: ToClient) {
        self.send(&match message {
            ToClient::Data(piece) => ServerMessage::AgentData(piece),
            ToClient::Tokens(count) => ServerMessage::AgentTokens(AgentTokens { count }),
        });
    }

    /// Tells the user something.
    pub(super) fn notify(&self, text: &'static str, clock: Duration) {
        let notify = base::Notify {
            timestamp: nanoseconds(clock),
            severity: base::Severity::WARN,
            visibility: base::Visibility::HIGH,
            what: 0,
            text: Bytes::from_static(text.as_bytes()),
        };
        self.send(&ServerMessage::Base(base::ServerMessage::Notify(notify)));
    }

    /// When [`MainChannel::on_time`] has something to do.
    pub(super) fn due(&self) -> Option<Instant> {
        self.liveness.as_ref().map(Liveness::due)
    }

    /// Sends a ping when it is time for one. `clock` is the time since the server's start.
    ///
    /// # Errors
    /// When the client is not there any more.
    pub(super) fn on_time(&mut self, now: Instant, clock: Duration) -> Result<(), ClientFault> {
        let Some(liveness) = &mut self.liveness else { return Ok(()) };
        match liveness.check(now) {
            Check::Wait => Ok(()),
            Check::Dead => {
                Err(ClientFault::new(format_args!("no answer for {} seconds", Liveness::PATIENCE.as_secs())))
            }
            Check::Ping(id) => {
                let ping = base::Ping { id, timestamp: nanoseconds(clock), padding: Bytes::new() };
                self.send(&ServerMessage::Base(base::ServerMessage::Ping(ping)));
                Ok(())
            }
        }
    }

    /// The shortest roundtrip seen so far.
    pub(super) fn roundtrip(&self) -> Option<Duration> {
        self.liveness.as_ref().and_then(Liveness::roundtrip)
    }

    /// Ends the channel.
    pub(super) fn close(&self) {
        self.connection.close();
    }

    fn send(&self, message: &ServerMessage) {
        super::send_bounded(&self.connection, message.encode());
    }
}

fn nanoseconds(clock: Duration) -> u64 {
    u64::try_from(clock.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use wire::frame::{Frame, HeaderKind};

    use super::*;
    use crate::channel::connection::Outlet;

    fn sent(outlet: &Outlet) -> Vec<ServerMessage> {
        let mut parcels = Vec::new();
        outlet.take(&mut parcels);
        let decode = |frame: &Frame| ServerMessage::decode(frame.kind(), frame.to_body()).unwrap();
        parcels.iter().map(|parcel| decode(&parcel.frame)).collect()
    }

    fn news(agent: Option<u32>) -> News {
        News { modes: MouseModes { supported: 3, current: MouseMode::SERVER }, agent }
    }

    fn welcome() -> Welcome<'static> {
        Welcome {
            connection_id: 7,
            displays: 1,
            news: news(None),
            multi_media_time: 5,
            ram_hint: 64,
            name: Some("vm"),
            uuid: Some([9; 16]),
        }
    }

    fn begin(capabilities: &Capabilities, liveness: Option<Liveness>) -> (MainChannel, Outlet) {
        let (connection, outlet) = Connection::open(HeaderKind::Mini);
        (MainChannel::begin(connection, capabilities, &welcome(), liveness), outlet)
    }

    fn feed(channel: &mut MainChannel, message: &ClientMessage) -> Result<Option<Wish>, ClientFault> {
        let frame = message.encode();
        channel.on_message(frame.kind(), frame.to_body(), Instant::now())
    }

    #[test]
    fn a_client_is_welcomed_with_name_and_uuid_when_it_can_take_them() {
        let (_channel, outlet) = begin(&Capabilities::default(), None);
        let messages = sent(&outlet);
        let [ServerMessage::Init(init)] = messages.as_slice() else { panic!("{messages:?}") };
        assert_eq!((init.session_id, init.agent_connected, init.agent_tokens), (7, 0, WINDOW));

        let (_channel, outlet) = begin(&Capabilities::of([capability::main::NAME_AND_UUID]), None);
        let messages = sent(&outlet);
        let [_, ServerMessage::Name(name), ServerMessage::Uuid(uuid)] = messages.as_slice() else {
            panic!("{messages:?}")
        };
        assert_eq!((name.bytes.as_ref(), uuid), (b"vm\0".as_slice(), &[9; 16]));
    }

    #[test]
    fn wishes_come_out_and_the_rest_is_ignored() {
        let (mut channel, _outlet) = begin(&Capabilities::default(), None);
        assert_eq!(feed(&mut channel, &ClientMessage::AttachChannels).unwrap(), Some(Wish::Channels));
        for message in [ClientMessage::MigrateConnected, ClientMessage::MigrateEnd] {
            assert_eq!(feed(&mut channel, &message).unwrap(), None);
        }
    }

    #[test]
    fn a_client_hears_of_each_opening_of_the_agents_port() {
        for takes_tokens in [true, false] {
            let bits = takes_tokens.then_some(capability::main::AGENT_CONNECTED_TOKENS);
            let (mut channel, outlet) = begin(&Capabilities::of(bits), None);
            sent(&outlet);
            let connected = if takes_tokens {
                ServerMessage::AgentConnectedTokens(AgentTokens { count: WINDOW })
            } else {
                ServerMessage::AgentConnected
            };
            let gone = ServerMessage::AgentDisconnected(AgentDisconnected { reason: LinkError::OK });
            channel.tell(&news(Some(1)));
            channel.tell(&news(Some(1)));
            assert_eq!(sent(&outlet), std::slice::from_ref(&connected));
            channel.tell(&news(Some(3)));
            assert_eq!(sent(&outlet), [gone.clone(), connected], "it was closed and opened meanwhile");
            channel.tell(&news(None));
            assert_eq!(sent(&outlet), [gone]);
        }
    }

    #[test]
    fn a_client_that_does_not_read_hears_of_the_last_change_only() {
        let (mut channel, outlet) = begin(&Capabilities::default(), None);
        let filler = ToClient::Data(vec![0; Connection::LOW_WATER].into());
        channel.send_agent(filler);
        for opening in 0..1_000_000 {
            channel.tell(&news(Some(opening)));
            channel.tell(&news(None));
        }
        channel.tell(&news(Some(7)));
        let mut parcels = Vec::new();
        outlet.take(&mut parcels);
        assert_eq!(parcels.len(), 2, "nothing but the welcome and the filler");
        let bytes = parcels.iter().map(|parcel| parcel.frame.size() as usize + 6).sum();
        assert!(outlet.written(bytes, Instant::now()));
        channel.tell(&news(Some(8)));
        assert_eq!(sent(&outlet), [ServerMessage::AgentConnected]);
    }

    #[test]
    fn unknown_and_short_messages_are_the_clients_fault() {
        let (mut channel, _outlet) = begin(&Capabilities::default(), None);
        assert!(channel.on_message(250, Bytes::new(), Instant::now()).is_err());
        assert!(channel.on_message(105, Bytes::from_static(&[1]), Instant::now()).is_err());
    }

    #[test]
    fn a_client_is_pinged_and_given_up() {
        let now = Instant::now();
        let (mut channel, outlet) = begin(&Capabilities::default(), Some(Liveness::new(now)));
        sent(&outlet);
        let due = channel.due().unwrap();
        channel.on_time(due, Duration::from_secs(1)).unwrap();
        let messages = sent(&outlet);
        let [ServerMessage::Base(base::ServerMessage::Ping(ping))] = messages.as_slice() else {
            panic!("{messages:?}")
        };
        assert_eq!((ping.id, ping.timestamp), (1, 1_000_000_000));
        let due = channel.due().unwrap();
        assert!(channel.on_time(due, Duration::from_secs(40)).is_err());
    }
}
