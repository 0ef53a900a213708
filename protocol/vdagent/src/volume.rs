//! How loud the client's sound is, which the guest should follow.

use alloc::vec::Vec;

use crate::error::AgentError;
use crate::fields::Fields;

/// How loud one direction of sound is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AudioVolumeSync {
    /// Whether it is sound from the guest, rather than to it.
    pub is_playback: bool,
    /// Whether it is silent.
    pub mute: bool,
    /// One for each channel, 65535 for the loudest; at most 255.
    pub channels: Vec<u16>,
}

impl AudioVolumeSync {
    pub(crate) fn put(&self, to: &mut Vec<u8>) {
        let count = u8::try_from(self.channels.len()).unwrap_or(u8::MAX);
        to.extend_from_slice(&[u8::from(self.is_playback), u8::from(self.mute), count]);
        for volume in self.channels.iter().take(count.into()) {
            to.extend_from_slice(&volume.to_le_bytes());
        }
    }

    pub(crate) fn take(from: &mut Fields<'_>) -> Result<Self, AgentError> {
        let is_playback = from.u8("playback flag")? != 0;
        let mute = from.u8("mute flag")? != 0;
        let count = from.u8("count of volumes")?;
        let channels = (0..count).map(|_| from.u16("volume")).collect::<Result<_, _>>()?;
        Ok(Self { is_playback, mute, channels })
    }
}
