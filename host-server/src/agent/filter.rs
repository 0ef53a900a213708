//! What the host lets pass between clients and the agent: kinds of messages, and what the agent says that it can do.
//!
//! The relay asks once for each message, at its beginning. Types that nobody here knows pass: clients and agents may
//! be newer than the server.

use vdagent::capability::{
    CLIPBOARD, CLIPBOARD_BY_DEMAND, CLIPBOARD_SELECTION, FILE_XFER_DISABLED, GRAPHICS_DEVICE_INFO,
};
use vdagent::kind;

/// What the host lets pass. Everything, unless it says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentSettings {
    /// The clipboard, in both directions.
    pub copy_paste: bool,
    /// Files, in both directions.
    pub file_transfer: bool,
    /// The agent may move the guest's pointer.
    pub pointer: bool,
}

impl Default for AgentSettings {
    fn default() -> Self {
        Self { copy_paste: true, file_transfer: true, pointer: true }
    }
}

impl AgentSettings {
    /// Whether messages of this type pass.
    pub(super) const fn pass(&self, kind: u32) -> bool {
        match kind {
            kind::CLIPBOARD | kind::CLIPBOARD_GRAB | kind::CLIPBOARD_REQUEST | kind::CLIPBOARD_RELEASE => {
                self.copy_paste
            }
            kind::FILE_XFER_START | kind::FILE_XFER_STATUS | kind::FILE_XFER_DATA => self.file_transfer,
            _ => true,
        }
    }

    /// Takes back what the agent announces and the host does not let pass. `data` belong at `offset` of the
    /// announcement's data.
    pub(super) fn take_back(&self, offset: u32, data: &mut [u8]) {
        let clipboard = bit(CLIPBOARD) | bit(CLIPBOARD_BY_DEMAND) | bit(CLIPBOARD_SELECTION);
        let keep = if self.copy_paste { u32::MAX } else { !clipboard };
        let add = if self.file_transfer { 0 } else { bit(FILE_XFER_DISABLED) };
        let bytes = keep.to_le_bytes().into_iter().zip(add.to_le_bytes());
        for (index, (keep, add)) in bytes.enumerate() {
            if let Some(byte) = position(index, offset).and_then(|position| data.get_mut(position)) {
                *byte = *byte & keep | add;
            }
        }
    }
}

/// Whether the agent says that it wants to know which device is which display, where these data tell.
pub(super) fn wants_devices(offset: u32, data: &[u8]) -> Option<bool> {
    let [_, wanted, ..] = bit(GRAPHICS_DEVICE_INFO).to_le_bytes();
    let byte = data.get(position(1, offset)?)?;
    Some(byte & wanted != 0)
}

/// Where a byte of the first word of capabilities is in data that belong at `offset`. The word is behind the flag that
/// asks for an answer.
fn position(index_in_word: usize, offset: u32) -> Option<usize> {
    index_in_word.checked_add(4)?.checked_sub(usize::try_from(offset).ok()?)
}

const fn bit(capability: u32) -> u32 {
    1 << capability
}

#[cfg(test)]
mod tests {
    use vdagent::capability::Capabilities;

    use super::*;

    /// All that there is, and an announcement of it: a flag and two words.
    fn announcement() -> Vec<u8> {
        let words = Capabilities::of(0..40).words;
        [1].into_iter().chain(words).flat_map(u32::to_le_bytes).collect()
    }

    fn announced(settings: AgentSettings, cut: usize) -> Vec<u8> {
        let mut data = announcement();
        for (piece, offset) in data.chunks_mut(cut).zip((0..).step_by(cut)) {
            settings.take_back(offset, piece);
        }
        data
    }

    #[test]
    fn what_does_not_pass_is_not_announced_however_it_is_cut() {
        for cut in 1..=12 {
            assert_eq!(announced(AgentSettings::default(), cut), announcement());
            let no_clipboard = AgentSettings { copy_paste: false, ..AgentSettings::default() };
            let found = announced(no_clipboard, cut);
            assert_eq!(found[4..8], (!(1_u32 << 3 | 1 << 5 | 1 << 6)).to_le_bytes());
            assert_eq!((&found[..4], &found[8..]), (&announcement()[..4], &announcement()[8..]));
        }
        let no_files = AgentSettings { file_transfer: false, ..AgentSettings::default() };
        let mut nothing = [0; 12];
        no_files.take_back(0, &mut nothing);
        assert_eq!(nothing, [0, 0, 0, 0, 0, 0x20, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn the_bit_for_devices_is_found_where_it_is() {
        let data = announcement();
        assert_eq!(wants_devices(0, &data), Some(true));
        assert_eq!(wants_devices(5, &data[5..6]), Some(true));
        assert_eq!((wants_devices(0, &data[..5]), wants_devices(6, &data[6..])), (None, None));
        assert_eq!(wants_devices(4, &[0xff, 0x7f]), Some(false));
        assert_eq!(wants_devices(u32::MAX - 1, &[0xff; 8]), None, "far behind the capabilities");
    }

    #[test]
    fn only_what_is_switched_off_is_held_back() {
        let settings = AgentSettings { copy_paste: false, file_transfer: true, pointer: true };
        let held: Vec<u32> = (0..40).filter(|kind| !settings.pass(*kind)).collect();
        assert_eq!(held, [4, 7, 8, 9]);
        let settings = AgentSettings { copy_paste: true, file_transfer: false, pointer: true };
        let held: Vec<u32> = (0..40).filter(|kind| !settings.pass(*kind)).collect();
        assert_eq!(held, [10, 11, 12]);
    }
}
