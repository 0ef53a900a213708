//! Everything that the client knows of the session.

use std::collections::BTreeMap;
use std::time::Instant;

use wire::channel::{ChannelId, ChannelType};
use wire::inputs::Modifiers;
use wire::main::{Init, MouseMode};
use wire::{cursor, display, inputs, main};

use crate::pointer::Pointer;
use crate::screen::Screen;
use crate::statistics::ChannelStatistics;

/// Most faults that are kept; the rest are only counted.
const MAX_FAULTS: usize = 100;

/// What the client knows. Conditions of [`Client::wait`](crate::Client::wait) look at it.
#[derive(Debug, Default)]
pub struct View {
    /// The session.
    pub session: Option<Init>,
    /// The channels of the session, once the server listed them.
    pub channels: Option<Vec<ChannelId>>,
    /// How the guest's pointer is moved.
    pub mouse_mode: MouseMode,
    /// The machine's name.
    pub name: Option<String>,
    /// Displays by number.
    pub displays: BTreeMap<u8, Screen>,
    /// The pointer.
    pub pointer: Pointer,
    /// The keyboard's lamps.
    pub lamps: Modifiers,
    /// Notices of the server.
    pub notices: Vec<String>,
    /// Acknowledged groups of pointer motions.
    pub motion_acks: u64,
    /// What came in, by channel.
    pub statistics: BTreeMap<ChannelId, ChannelStatistics>,
    /// Channels whose connection ended, and how.
    pub closed: BTreeMap<ChannelId, String>,
    /// What the client was told about the guest's agent, and by it, in order.
    pub agent: Vec<AgentEvent>,
    /// What was wrong with messages, the first ones of them.
    pub faults: Vec<String>,
    /// How many messages something was wrong with.
    pub fault_count: u64,
    /// When the last message of a display came in.
    pub last_display_message: Option<Instant>,
}

/// Something about the guest's agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AgentEvent {
    /// It is there, and the client may send so many messages; as many as before, if there is no number.
    Connected(Option<u32>),
    /// It is gone.
    Disconnected,
    /// A piece of a message of it.
    Data(bytes::Bytes),
    /// The client may send so many messages more.
    Tokens(u32),
}

impl View {
    /// A display; one that nothing was drawn on yet is absent.
    #[must_use]
    pub fn display(&self, id: u8) -> Option<&Screen> {
        self.displays.get(&id)
    }

    /// How many messages of this type came on a channel.
    pub(crate) fn count(&self, channel: ChannelId, kind: u16) -> u64 {
        let messages = self.statistics.get(&channel).and_then(|statistics| statistics.messages.get(&kind));
        messages.map_or(0, |count| count.number)
    }

    pub(crate) fn fault(&mut self, channel: ChannelId, what: impl std::fmt::Display) {
        self.fault_count += 1;
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(format!("{channel}: {what}"));
        }
    }

    /// Does what a message of a channel says.
    pub(crate) fn apply(&mut self, channel: ChannelId, kind: u16, body: bytes::Bytes) -> Result<(), String> {
        match channel.channel_type {
            ChannelType::MAIN => {
                let message = main::ServerMessage::decode(kind, body).map_err(|error| error.to_string())?;
                self.apply_main(message);
                Ok(())
            }
            ChannelType::DISPLAY => {
                let message =
                    display::ServerMessage::decode(kind, body).map_err(|error| error.to_string())?;
                self.last_display_message = Some(Instant::now());
                self.count_images(channel, &message);
                self.displays.entry(channel.id).or_default().apply(message)
            }
            ChannelType::CURSOR => {
                let message = cursor::ServerMessage::decode(kind, body).map_err(|error| error.to_string())?;
                self.pointer.apply(message)
            }
            ChannelType::INPUTS => {
                let message = inputs::ServerMessage::decode(kind, body).map_err(|error| error.to_string())?;
                self.apply_inputs(&message);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn apply_main(&mut self, message: main::ServerMessage) {
        match message {
            main::ServerMessage::Init(init) => {
                let mode = u16::try_from(init.current_mouse_mode).unwrap_or_default();
                self.mouse_mode = MouseMode(mode);
                self.session = Some(init);
            }
            main::ServerMessage::ChannelsList(list) => self.channels = Some(list.channels),
            main::ServerMessage::MouseMode(modes) => self.mouse_mode = modes.current,
            main::ServerMessage::AgentConnected => self.agent.push(AgentEvent::Connected(None)),
            main::ServerMessage::AgentConnectedTokens(tokens) => {
                self.agent.push(AgentEvent::Connected(Some(tokens.count)));
            }
            main::ServerMessage::AgentDisconnected(_) => self.agent.push(AgentEvent::Disconnected),
            main::ServerMessage::AgentData(piece) => self.agent.push(AgentEvent::Data(piece)),
            main::ServerMessage::AgentTokens(tokens) => self.agent.push(AgentEvent::Tokens(tokens.count)),
            main::ServerMessage::Name(name) => {
                let text = String::from_utf8_lossy(&name.bytes);
                self.name = Some(text.trim_end_matches('\0').to_owned());
            }
            main::ServerMessage::Base(wire::base::ServerMessage::Notify(notice)) => {
                self.notices.push(String::from_utf8_lossy(&notice.text).into_owned());
            }
            _ => {}
        }
    }

    fn apply_inputs(&mut self, message: &inputs::ServerMessage) {
        match message {
            inputs::ServerMessage::Init(lamps) | inputs::ServerMessage::KeyModifiers(lamps) => {
                self.lamps = lamps.modifiers;
            }
            inputs::ServerMessage::MouseMotionAck => self.motion_acks += 1,
            inputs::ServerMessage::Base(_) => {}
        }
    }

    fn count_images(&mut self, channel: ChannelId, message: &display::ServerMessage) {
        if let display::ServerMessage::Draw(drawable) = message {
            let statistics = self.statistics.entry(channel).or_default();
            for image in drawable.operation.images() {
                statistics.image(image.body.name(), image.body.data_size());
            }
        }
    }
}
