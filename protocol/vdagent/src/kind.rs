//! Types of messages, as they stand in a message's header.

/// Where the pointer is.
pub const MOUSE_STATE: u32 = 1;
/// The monitors that a client wants.
pub const MONITORS_CONFIG: u32 = 2;
/// How a message was taken.
pub const REPLY: u32 = 3;
/// The clipboard's content.
pub const CLIPBOARD: u32 = 4;
/// Effects that a client can do without.
pub const DISPLAY_CONFIG: u32 = 5;
/// What the sender can do.
pub const ANNOUNCE_CAPABILITIES: u32 = 6;
/// The sender has something for the clipboard.
pub const CLIPBOARD_GRAB: u32 = 7;
/// The sender wants the clipboard's content.
pub const CLIPBOARD_REQUEST: u32 = 8;
/// The sender has nothing for the clipboard any more.
pub const CLIPBOARD_RELEASE: u32 = 9;
/// A file is on its way.
pub const FILE_XFER_START: u32 = 10;
/// How a transfer goes.
pub const FILE_XFER_STATUS: u32 = 11;
/// A part of a file.
pub const FILE_XFER_DATA: u32 = 12;
/// The client is gone.
pub const CLIENT_DISCONNECTED: u32 = 13;
/// The most bytes of the clipboard.
pub const MAX_CLIPBOARD: u32 = 14;
/// How loud the client's sound is.
pub const AUDIO_VOLUME_SYNC: u32 = 15;
/// Which device is which display.
pub const GRAPHICS_DEVICE_INFO: u32 = 16;
