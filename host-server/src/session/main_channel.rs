//! One client's main channel: what it is told about the session, and what it wants of it.
//!
//! Pure logic over a [`Connection`]: the session feeds messages and time, and acts on the [`Wish`]es.

use std::time::{Duration, Instant};

use bytes::Bytes;
use wire::base;
use wire::capability::{self, Capabilities};
use wire::channel::ChannelId;
use wire::main::{
    AgentTokens, ChannelsList, ClientMessage, Init, MouseMode, MouseModes, Name, ServerMessage,
};

use super::agent::AgentStream;
use super::liveness::{Check, Liveness};
use crate::channel::connection::Connection;
use crate::fault::ClientFault;

/// Agent messages that a client may send before it has to wait for tokens, as in the original.
const AGENT_WINDOW: u32 = 10;

/// What a client wants of the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// The list of channels.
    Channels,
    /// Another mouse mode.
    Mode(MouseMode),
    /// Monitors, as the body of the agent's message.
    Monitors(Bytes),
}

/// What a client is told first.
#[derive(Clone, Debug)]
pub(super) struct Welcome<'a> {
    pub(super) connection_id: u32,
    pub(super) displays: u32,
    pub(super) modes: MouseModes,
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
    agent: AgentStream,
}

impl MainChannel {
    /// Begins the session for a client.
    pub(super) fn begin(
        connection: Connection,
        capabilities: &Capabilities,
        welcome: &Welcome<'_>,
        liveness: Option<Liveness>,
    ) -> Self {
        let channel = Self { connection, liveness, agent: AgentStream::default() };
        channel.send(&ServerMessage::Init(Init {
            session_id: welcome.connection_id,
            display_channels_hint: welcome.displays,
            supported_mouse_modes: welcome.modes.supported.into(),
            current_mouse_mode: welcome.modes.current.0.into(),
            agent_connected: 0,
            agent_tokens: AGENT_WINDOW,
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
            ClientMessage::AgentData(bytes) => self.on_agent_data(&bytes),
            ClientMessage::Base(base::ClientMessage::Pong(pong)) => {
                if let Some(liveness) = &mut self.liveness {
                    liveness.on_pong(pong.id, now);
                }
                Ok(None)
            }
            // Acknowledgements nobody asked for, an agent that is not there, migration that does not happen.
            ClientMessage::Base(_)
            | ClientMessage::ClientInfo(_)
            | ClientMessage::AgentStart(_)
            | ClientMessage::AgentTokens(_)
            | ClientMessage::MigrateConnected
            | ClientMessage::MigrateConnectError
            | ClientMessage::MigrateEnd
            | ClientMessage::MigrateDstDoSeamless(_)
            | ClientMessage::MigrateConnectedSeamless
            | ClientMessage::QualityIndicator(_) => Ok(None),
        }
    }

    fn on_agent_data(&mut self, bytes: &[u8]) -> Result<Option<Wish>, ClientFault> {
        let monitors = self.agent.push(bytes)?;
        // Handled or dropped, the message is gone: its token comes back.
        self.send(&ServerMessage::AgentTokens(AgentTokens { count: 1 }));
        Ok(monitors.map(Wish::Monitors))
    }

    /// Answers [`Wish::Channels`].
    pub(super) fn send_channels(&self, channels: Vec<ChannelId>) {
        self.send(&ServerMessage::ChannelsList(ChannelsList { channels }));
    }

    /// Tells which mouse modes there are and which holds.
    pub(super) fn send_modes(&self, modes: MouseModes) {
        self.send(&ServerMessage::MouseMode(modes));
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
        let mut frames: Vec<Frame> = Vec::new();
        outlet.take(&mut frames);
        frames.iter().map(|frame| ServerMessage::decode(frame.kind(), frame.to_body()).unwrap()).collect()
    }

    fn welcome() -> Welcome<'static> {
        Welcome {
            connection_id: 7,
            displays: 1,
            modes: MouseModes { supported: 3, current: MouseMode::SERVER },
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
        assert_eq!((init.session_id, init.agent_connected, init.agent_tokens), (7, 0, AGENT_WINDOW));

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
    fn agent_messages_give_their_token_back() {
        let (mut channel, outlet) = begin(&Capabilities::default(), None);
        sent(&outlet);
        // A clipboard message for an agent that is not there.
        let mut data = Vec::new();
        data.extend(1_u32.to_le_bytes());
        data.extend(4_u32.to_le_bytes());
        data.extend([0; 8]);
        data.extend(3_u32.to_le_bytes());
        data.extend(b"abc");
        assert_eq!(feed(&mut channel, &ClientMessage::AgentData(data.into())).unwrap(), None);
        assert!(matches!(sent(&outlet).as_slice(), [ServerMessage::AgentTokens(AgentTokens { count: 1 })]));
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
