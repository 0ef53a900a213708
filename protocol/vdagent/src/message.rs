//! Every message, and its type.

use alloc::vec::Vec;

use bytes::Bytes;

use crate::assembly::RawMessage;
use crate::capability::Capabilities;
use crate::clipboard::{
    Clipboard, ClipboardGrab, ClipboardLayout, ClipboardRequest, Selection, put_selection, take_release,
};
use crate::error::AgentError;
use crate::fields::Fields;
use crate::file_transfer::{FileData, FileStart, FileStatus};
use crate::kind;
use crate::monitors::MonitorsConfig;
use crate::volume::AudioVolumeSync;

/// Most devices of one `GraphicsDevices`.
const MAX_DEVICES: u32 = 256;

/// A message of the agent's protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Server to agent: where the pointer is.
    MouseState(MouseState),
    /// Client to agent: the monitors that the client wants.
    MonitorsConfig(MonitorsConfig),
    /// Agent to client: how a message was taken.
    Reply(Reply),
    /// The clipboard's content.
    Clipboard(Clipboard),
    /// Client to agent: effects that the client can do without.
    DisplayConfig(DisplayConfig),
    /// What the sender can do.
    AnnounceCapabilities(AnnounceCapabilities),
    /// The sender has something for the clipboard.
    ClipboardGrab(ClipboardGrab),
    /// The sender wants the clipboard's content.
    ClipboardRequest(ClipboardRequest),
    /// The sender has nothing for the clipboard any more.
    ClipboardRelease(Selection),
    /// Client to agent: a file is on its way.
    FileStart(FileStart),
    /// How a transfer goes.
    FileStatus(FileStatus),
    /// Client to agent: a part of a file.
    FileData(FileData),
    /// Server to agent: the client is gone.
    ClientDisconnected,
    /// Client to agent: the most bytes of the clipboard; -1 for no limit.
    MaxClipboard(i32),
    /// Client to agent: how loud the client's sound is.
    AudioVolumeSync(AudioVolumeSync),
    /// Server to agent: which device is which display.
    GraphicsDevices(Vec<GraphicsDevice>),
}

/// Where the pointer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MouseState {
    /// Pixels from the display's left edge.
    pub x: u32,
    /// Pixels from its top edge.
    pub y: u32,
    /// Buttons that are down, bits from 1: left, middle, right, wheel up, wheel down, side, extra.
    pub buttons: u32,
    /// Which display.
    pub display_id: u8,
}

/// How a message was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The type of the message.
    pub kind: u32,
    /// How it was taken.
    pub result: ReplyResult,
}

/// How a message was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyResult {
    /// Well.
    Success,
    /// Not.
    Error,
}

/// Effects that the client can do without.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DisplayConfig {
    /// Bits: no wallpaper 1, no font smoothing 2, no animation 4, set the colour depth 8.
    pub flags: u32,
    /// The colour depth, in bits of a pixel.
    pub depth: u32,
}

/// What the sender can do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnnounceCapabilities {
    /// Whether the receiver answers with its own; a client that connects asks so.
    pub request: bool,
    /// What the sender can do.
    pub capabilities: Capabilities,
}

/// A display of the client as a device of the guest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GraphicsDevice {
    /// The display channel.
    pub channel_id: u32,
    /// The monitor of that channel.
    pub monitor_id: u32,
    /// The device's own number for the monitor.
    pub device_display_id: u32,
    /// Where the device is, such as `pci/0000/02.0`, with a terminating 0 that is counted.
    pub address: Bytes,
}

impl Message {
    /// The message's type.
    #[must_use]
    pub const fn kind(&self) -> u32 {
        match self {
            Self::MouseState(_) => kind::MOUSE_STATE,
            Self::MonitorsConfig(_) => kind::MONITORS_CONFIG,
            Self::Reply(_) => kind::REPLY,
            Self::Clipboard(_) => kind::CLIPBOARD,
            Self::DisplayConfig(_) => kind::DISPLAY_CONFIG,
            Self::AnnounceCapabilities(_) => kind::ANNOUNCE_CAPABILITIES,
            Self::ClipboardGrab(_) => kind::CLIPBOARD_GRAB,
            Self::ClipboardRequest(_) => kind::CLIPBOARD_REQUEST,
            Self::ClipboardRelease(_) => kind::CLIPBOARD_RELEASE,
            Self::FileStart(_) => kind::FILE_XFER_START,
            Self::FileStatus(_) => kind::FILE_XFER_STATUS,
            Self::FileData(_) => kind::FILE_XFER_DATA,
            Self::ClientDisconnected => kind::CLIENT_DISCONNECTED,
            Self::MaxClipboard(_) => kind::MAX_CLIPBOARD,
            Self::AudioVolumeSync(_) => kind::AUDIO_VOLUME_SYNC,
            Self::GraphicsDevices(_) => kind::GRAPHICS_DEVICE_INFO,
        }
    }

    /// The message with its header, ready to be cut into chunks.
    #[must_use]
    pub fn encode(&self, layout: ClipboardLayout) -> Bytes {
        let mut data = Vec::new();
        self.put(&mut data, layout);
        RawMessage { kind: self.kind(), opaque: 0, data: data.into() }.encode()
    }

    fn put(&self, to: &mut Vec<u8>, layout: ClipboardLayout) {
        match self {
            Self::MouseState(MouseState { x, y, buttons, display_id }) => {
                put_u32s(to, &[*x, *y, *buttons]);
                to.push(*display_id);
            }
            Self::MonitorsConfig(config) => config.put(to),
            Self::Reply(Reply { kind, result }) => {
                let error = match result {
                    ReplyResult::Success => 1,
                    ReplyResult::Error => 2,
                };
                put_u32s(to, &[*kind, error]);
            }
            Self::Clipboard(clipboard) => clipboard.put(to, layout),
            Self::DisplayConfig(DisplayConfig { flags, depth }) => put_u32s(to, &[*flags, *depth]),
            Self::AnnounceCapabilities(AnnounceCapabilities { request, capabilities }) => {
                put_u32s(to, &[u32::from(*request)]);
                put_u32s(to, &capabilities.words);
            }
            Self::ClipboardGrab(grab) => grab.put(to, layout),
            Self::ClipboardRequest(request) => request.put(to, layout),
            Self::ClipboardRelease(selection) => put_selection(to, *selection, layout),
            Self::FileStart(start) => start.put(to),
            Self::FileStatus(status) => status.put(to),
            Self::FileData(data) => data.put(to),
            Self::ClientDisconnected => {}
            Self::MaxClipboard(max) => to.extend_from_slice(&max.to_le_bytes()),
            Self::AudioVolumeSync(volume) => volume.put(to),
            Self::GraphicsDevices(devices) => put_devices(to, devices),
        }
    }

    /// The message of a type and its data. Bytes after the last field are ignored, as a newer peer may send them.
    ///
    /// # Errors
    /// [`AgentError::UnknownMessage`] for a type without a name; otherwise what is wrong with the data.
    pub fn decode(raw: &RawMessage, layout: ClipboardLayout) -> Result<Self, AgentError> {
        let from = &mut Fields::new(&raw.data);
        Ok(match raw.kind {
            kind::MOUSE_STATE => Self::MouseState(MouseState {
                x: from.u32("mouse x")?,
                y: from.u32("mouse y")?,
                buttons: from.u32("mouse buttons")?,
                display_id: from.u8("mouse display")?,
            }),
            kind::MONITORS_CONFIG => Self::MonitorsConfig(MonitorsConfig::take(from)?),
            kind::REPLY => Self::Reply(take_reply(from)?),
            kind::CLIPBOARD => Self::Clipboard(Clipboard::take(from, layout)?),
            kind::DISPLAY_CONFIG => Self::DisplayConfig(DisplayConfig {
                flags: from.u32("display flags")?,
                depth: from.u32("color depth")?,
            }),
            kind::ANNOUNCE_CAPABILITIES => Self::AnnounceCapabilities(AnnounceCapabilities {
                request: from.u32("request flag")? != 0,
                capabilities: Capabilities { words: from.rest_u32() },
            }),
            kind::CLIPBOARD_GRAB => Self::ClipboardGrab(ClipboardGrab::take(from, layout)?),
            kind::CLIPBOARD_REQUEST => Self::ClipboardRequest(ClipboardRequest::take(from, layout)?),
            kind::CLIPBOARD_RELEASE => Self::ClipboardRelease(take_release(from, layout)?),
            kind::FILE_XFER_START => Self::FileStart(FileStart::take(from)?),
            kind::FILE_XFER_STATUS => Self::FileStatus(FileStatus::take(from)?),
            kind::FILE_XFER_DATA => Self::FileData(FileData::take(from)?),
            kind::CLIENT_DISCONNECTED => Self::ClientDisconnected,
            kind::MAX_CLIPBOARD => Self::MaxClipboard(from.i32("clipboard limit")?),
            kind::AUDIO_VOLUME_SYNC => Self::AudioVolumeSync(AudioVolumeSync::take(from)?),
            kind::GRAPHICS_DEVICE_INFO => Self::GraphicsDevices(take_devices(from)?),
            other => return Err(AgentError::UnknownMessage(other)),
        })
    }
}

fn put_u32s(to: &mut Vec<u8>, numbers: &[u32]) {
    for number in numbers {
        to.extend_from_slice(&number.to_le_bytes());
    }
}

fn take_reply(from: &mut Fields<'_>) -> Result<Reply, AgentError> {
    let kind = from.u32("replied type")?;
    let result = match from.u32("reply")? {
        1 => ReplyResult::Success,
        2 => ReplyResult::Error,
        other => return Err(AgentError::BadValue { field: "reply", value: other.into() }),
    };
    Ok(Reply { kind, result })
}

fn put_devices(to: &mut Vec<u8>, devices: &[GraphicsDevice]) {
    let count = u32::try_from(devices.len()).unwrap_or(MAX_DEVICES).min(MAX_DEVICES);
    put_u32s(to, &[count]);
    for device in devices.iter().take(MAX_DEVICES as usize) {
        let GraphicsDevice { channel_id, monitor_id, device_display_id, address } = device;
        let size = u32::try_from(address.len()).unwrap_or(u32::MAX);
        put_u32s(to, &[*channel_id, *monitor_id, *device_display_id, size]);
        to.extend_from_slice(address);
    }
}

fn take_devices(from: &mut Fields<'_>) -> Result<Vec<GraphicsDevice>, AgentError> {
    let count = from.u32("count of devices")?;
    if count > MAX_DEVICES {
        return Err(AgentError::BadValue { field: "count of devices", value: count.into() });
    }
    (0..count).map(|_| take_device(from)).collect()
}

fn take_device(from: &mut Fields<'_>) -> Result<GraphicsDevice, AgentError> {
    Ok(GraphicsDevice {
        channel_id: from.u32("display channel")?,
        monitor_id: from.u32("monitor")?,
        device_display_id: from.u32("device display")?,
        address: {
            let size = from.u32("size of a device address")?;
            from.bytes(size, "device address")?
        },
    })
}
