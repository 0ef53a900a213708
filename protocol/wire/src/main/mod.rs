//! The main channel: the session, its channels, the mouse mode, the agent's bytes, and migration.

use alloc::vec::Vec;

use bytes::Bytes;

use crate::base;
use crate::channel::ChannelId;
use crate::error::WireError;
use crate::link::LinkError;
use crate::message::{Wire, messages, numbers, structure};
use crate::read::Reader;
use crate::write::{FrameBuilder, Pointer, count_u32};

messages! {
    /// What the server sends.
    pub enum ServerMessage("main server messages") includes [
        /// What every channel has.
        Base(base::ServerMessage),
    ] {
        /// The client connects to the migration's target and says so.
        MigrateBegin(MigrationTarget) = 101,
        /// Migration does not happen.
        MigrateCancel = 102,
        /// The session begins.
        Init(Init) = 103,
        /// The channels that the client may link to.
        ChannelsList(ChannelsList) = 104,
        /// Mouse modes, on each change.
        MouseMode(MouseModes) = 105,
        /// The server's clock for sound and video.
        MultiMediaTime(MultiMediaTime) = 106,
        /// The guest's agent is there.
        AgentConnected = 107,
        /// The guest's agent is gone.
        AgentDisconnected(AgentDisconnected) = 108,
        /// Bytes of the agent's protocol.
        AgentData(Bytes) = 109,
        /// The client may send more agent messages.
        AgentTokens(AgentTokens) = 110,
        /// The client links to another host and forgets this one.
        MigrateSwitchHost(MigrationTarget) = 111,
        /// The client moves over to the target.
        MigrateEnd = 112,
        /// The machine's name, UTF-8 and a terminating 0.
        Name(Name) = 113,
        /// The machine's UUID.
        Uuid([u8; 16]) = 114,
        /// The guest's agent is there, and the client may send as many messages.
        AgentConnectedTokens(AgentTokens) = 115,
        /// As `MigrateBegin`, with the version of the channels' state.
        MigrateBeginSeamless(MigrateBeginSeamless) = 116,
        /// The target takes the channels' state.
        MigrateDstSeamlessAck = 117,
        /// The target does not take it.
        MigrateDstSeamlessNack = 118,
    }
}

messages! {
    /// What the client sends.
    pub enum ClientMessage("main client messages") includes [
        /// What every channel has.
        Base(base::ClientMessage),
    ] {
        /// The client's cache.
        ClientInfo(ClientInfo) = 101,
        /// The client is connected to the migration's target.
        MigrateConnected = 102,
        /// The client cannot connect to it.
        MigrateConnectError = 103,
        /// The client wants the list of channels.
        AttachChannels = 104,
        /// The client wants another mouse mode.
        MouseModeRequest(MouseModeRequest) = 105,
        /// The client talks to the agent, and takes as many messages.
        AgentStart(AgentTokens) = 106,
        /// Bytes of the agent's protocol.
        AgentData(Bytes) = 107,
        /// The server may send more agent messages.
        AgentTokens(AgentTokens) = 108,
        /// All channels have moved to the target.
        MigrateEnd = 109,
        /// The client asks the target to take the channels' state.
        MigrateDstDoSeamless(MigrateDstDoSeamless) = 110,
        /// The client is connected to a target that takes the channels' state.
        MigrateConnectedSeamless = 111,
        /// Quality of the connection; the original ignores it.
        QualityIndicator(Bytes) = 112,
    }
}

/// Most bytes of one `AgentData`, in both directions.
pub const AGENT_MAX_DATA_SIZE: usize = 2048;

numbers! {
    /// One way to move the guest's pointer.
    pub struct MouseMode(u16) {
        /// The client sends motions, and the guest draws the pointer.
        SERVER = 1,
        /// The client sends positions, and draws the pointer itself.
        CLIENT = 2,
    }
}

structure! {
    /// Body of [`ServerMessage::Init`].
    #[derive(Copy, Default)]
    pub struct Init {
        /// The session's number, with which other channels link.
        pub session_id: u32,
        /// How many displays there are; 0 when that is not known.
        pub display_channels_hint: u32,
        /// The modes there are, as bits of [`MouseMode`].
        pub supported_mouse_modes: u32,
        /// The mode that holds, a number of [`MouseMode`].
        pub current_mouse_mode: u32,
        /// Whether the guest's agent is there: 1 or 0.
        pub agent_connected: u32,
        /// How many agent messages the client may send.
        pub agent_tokens: u32,
        /// The server's clock for sound and video, in milliseconds.
        pub multi_media_time: u32,
        /// The guest's video memory in bytes, as a hint for the client's caches; 0 when not known.
        pub ram_hint: u32,
    }

    /// Body of [`ServerMessage::MouseMode`].
    #[derive(Copy, Default)]
    pub struct MouseModes {
        /// The modes there are, as bits of [`MouseMode`].
        pub supported: u16,
        /// The mode that holds.
        pub current: MouseMode,
    }

    /// Body of [`ServerMessage::MultiMediaTime`].
    #[derive(Copy, Default)]
    pub struct MultiMediaTime {
        /// Milliseconds.
        pub time: u32,
    }

    /// Body of [`ServerMessage::AgentDisconnected`].
    #[derive(Copy, Default)]
    pub struct AgentDisconnected {
        /// Why.
        pub reason: LinkError,
    }

    /// Body of the messages that hand out agent tokens: one message takes one token.
    #[derive(Copy, Default)]
    pub struct AgentTokens {
        /// How many more.
        pub count: u32,
    }

    /// Body of [`ServerMessage::MigrateBeginSeamless`].
    pub struct MigrateBeginSeamless {
        /// Where to.
        pub target: MigrationTarget,
        /// Version of the channels' state on the source.
        pub source_version: u32,
    }

    /// Body of [`ClientMessage::MigrateDstDoSeamless`].
    #[derive(Copy, Default)]
    pub struct MigrateDstDoSeamless {
        /// Version of the channels' state on the source.
        pub source_version: u32,
    }

    /// Body of [`ClientMessage::ClientInfo`].
    #[derive(Copy, Default)]
    pub struct ClientInfo {
        /// Bytes of the client's cache.
        pub cache_size: u64,
    }

    /// Body of [`ClientMessage::MouseModeRequest`].
    #[derive(Copy, Default)]
    pub struct MouseModeRequest {
        /// The mode.
        pub mode: MouseMode,
    }
}

/// Body of [`ServerMessage::ChannelsList`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChannelsList {
    /// All channels but the main one.
    pub channels: Vec<ChannelId>,
}

impl Wire for ChannelsList {
    const MIN_SIZE: usize = 4;

    fn put(&self, to: &mut FrameBuilder) {
        to.list_u32(&self.channels);
    }

    fn take(from: &mut Reader<'_>, _: &'static str) -> Result<Self, WireError> {
        let count = u32::take(from, "ChannelsList::count")?;
        Ok(Self { channels: from.list(count.into(), "ChannelsList::channels")? })
    }
}

/// Body of [`ServerMessage::Name`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Name {
    /// The name as it stands on the wire: the original sends a terminating 0 and counts it.
    pub bytes: Bytes,
}

impl Wire for Name {
    const MIN_SIZE: usize = 4;

    fn put(&self, to: &mut FrameBuilder) {
        to.put(&count_u32(self.bytes.len()));
        to.payload(&self.bytes);
    }

    fn take(from: &mut Reader<'_>, _: &'static str) -> Result<Self, WireError> {
        let size = u32::take(from, "Name::size")?;
        Ok(Self { bytes: from.bytes(size.into(), "Name::bytes")? })
    }
}

/// The host that a migration goes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MigrationTarget {
    /// Port without TLS; 0 for none.
    pub port: u16,
    /// Port with TLS; 0 for none.
    pub secure_port: u16,
    /// Name or address, with a terminating 0 as the original sends and counts it.
    pub host: Bytes,
    /// Subject of the certificate, in the same way and not empty; `None` for the host's name.
    pub certificate_subject: Option<Bytes>,
}

impl Wire for MigrationTarget {
    const MIN_SIZE: usize = 20;

    fn put(&self, to: &mut FrameBuilder) {
        to.put(&self.port);
        to.put(&self.secure_port);
        let host = put_text_pointer(to, Some(&self.host));
        let subject = put_text_pointer(to, self.certificate_subject.as_ref());
        // What follows the fixed part is found by its pointer only, so that a field may come after it.
        to.defer(host, &self.host);
        if let Some(text) = &self.certificate_subject {
            to.defer(subject, text);
        }
    }

    fn take(from: &mut Reader<'_>, _: &'static str) -> Result<Self, WireError> {
        Ok(Self {
            port: u16::take(from, "MigrationTarget::port")?,
            secure_port: u16::take(from, "MigrationTarget::secure_port")?,
            host: take_text(from, "MigrationTarget::host")?.unwrap_or_default(),
            certificate_subject: take_text(from, "MigrationTarget::certificate_subject")?,
        })
    }
}

fn put_text_pointer(to: &mut FrameBuilder, text: Option<&Bytes>) -> Pointer {
    to.put(&count_u32(text.map_or(0, Bytes::len)));
    to.pointer()
}

fn take_text(from: &mut Reader<'_>, field: &'static str) -> Result<Option<Bytes>, WireError> {
    let size = u32::take(from, field)?;
    let text = from.pointer(field)?.map(|mut at| at.bytes(size.into(), field)).transpose()?;
    Ok(text.filter(|text| !text.is_empty()))
}
