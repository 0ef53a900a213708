//! What each end can do, as bits in words of 32.

use alloc::vec::Vec;

/// The pointer's place by `MouseState`.
pub const MOUSE_STATE: u32 = 0;
/// The message `MonitorsConfig`.
pub const MONITORS_CONFIG: u32 = 1;
/// The message `Reply`.
pub const REPLY: u32 = 2;
/// The clipboard without requests, which nothing uses any more.
pub const CLIPBOARD: u32 = 3;
/// The message `DisplayConfig`.
pub const DISPLAY_CONFIG: u32 = 4;
/// The clipboard by grab, request and release.
pub const CLIPBOARD_BY_DEMAND: u32 = 5;
/// Clipboard messages say which selection they are about.
pub const CLIPBOARD_SELECTION: u32 = 6;
/// A monitor of no size is one that is off.
pub const SPARSE_MONITORS_CONFIG: u32 = 7;
/// The guest's lines end with LF.
pub const GUEST_LINEEND_LF: u32 = 8;
/// The guest's lines end with CR LF.
pub const GUEST_LINEEND_CRLF: u32 = 9;
/// The message `MaxClipboard`.
pub const MAX_CLIPBOARD: u32 = 10;
/// The message `AudioVolumeSync`.
pub const AUDIO_VOLUME_SYNC: u32 = 11;
/// Monitors have a place.
pub const MONITORS_CONFIG_POSITION: u32 = 12;
/// Files are not taken.
pub const FILE_XFER_DISABLED: u32 = 13;
/// The status of a file says more about an error.
pub const FILE_XFER_DETAILED_ERRORS: u32 = 14;
/// The message `GraphicsDevices`.
pub const GRAPHICS_DEVICE_INFO: u32 = 15;
/// A new grab needs no release before it.
pub const CLIPBOARD_NO_RELEASE_ON_REGRAB: u32 = 16;
/// A grab has a number, so that of two at once one wins.
pub const CLIPBOARD_GRAB_SERIAL: u32 = 17;

/// A set of capability bits. Words beyond the last are 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// The words as they stand in the message.
    pub words: Vec<u32>,
}

impl Capabilities {
    /// The set of these bits.
    pub fn of(bits: impl IntoIterator<Item = u32>) -> Self {
        let mut words = Vec::new();
        for bit in bits {
            let index = (bit / 32) as usize;
            if words.len() <= index {
                words.resize(index + 1, 0);
            }
            if let Some(word) = words.get_mut(index) {
                *word |= 1 << (bit % 32);
            }
        }
        Self { words }
    }

    /// Whether the bit is set.
    #[must_use]
    pub fn contains(&self, bit: u32) -> bool {
        self.words.get((bit / 32) as usize).is_some_and(|word| word & (1 << (bit % 32)) != 0)
    }
}
