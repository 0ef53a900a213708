//! Capabilities: what each end can do, as a row of bits in words of 32, told in the link.
//!
//! One set is common to all channels ([`base`]), one belongs to the channel's type; the modules hold the
//! numbers of the bits.

use alloc::vec::Vec;

/// A set of capability bits. Words beyond the last are 0.
#[derive(Clone, Debug, Default)]
pub struct Capabilities {
    words: Vec<u32>,
}

impl Capabilities {
    /// The set of these bits.
    pub fn of(bits: impl IntoIterator<Item = u32>) -> Self {
        let mut set = Self::default();
        bits.into_iter().for_each(|bit| set.insert(bit));
        set
    }

    /// The set that these words hold.
    #[must_use]
    pub const fn from_words(words: Vec<u32>) -> Self {
        Self { words }
    }

    /// The words as they stand on the wire.
    #[must_use]
    pub fn words(&self) -> &[u32] {
        &self.words
    }

    /// Adds a bit.
    pub fn insert(&mut self, bit: u32) {
        let word = word_of(bit);
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        if let Some(word) = self.words.get_mut(word) {
            *word |= 1 << (bit % 32);
        }
    }

    /// Whether the bit is set.
    #[must_use]
    pub fn contains(&self, bit: u32) -> bool {
        self.words.get(word_of(bit)).is_some_and(|word| word & (1 << (bit % 32)) != 0)
    }
}

/// Trailing words of 0 make no difference.
impl PartialEq for Capabilities {
    fn eq(&self, other: &Self) -> bool {
        let length = self.words.len().max(other.words.len());
        let word = |set: &Self, index| set.words.get(index).copied().unwrap_or(0);
        (0..length).all(|index| word(self, index) == word(other, index))
    }
}

impl Eq for Capabilities {}

const fn word_of(bit: u32) -> usize {
    (bit / 32) as usize
}

/// Common to all channels.
pub mod base {
    /// The client names its authentication mechanism before it uses it.
    pub const AUTH_SELECTION: u32 = 0;
    /// Authentication by a ticket that is encrypted with the server's RSA key.
    pub const AUTH_TICKET: u32 = 1;
    /// Authentication through SASL.
    pub const AUTH_SASL: u32 = 2;
    /// Headers of 6 bytes.
    pub const MINI_HEADER: u32 = 3;
}

/// Of the main channel.
pub mod main {
    /// Migration in which the client connects to the target before the source ends.
    pub const SEMI_SEAMLESS_MIGRATE: u32 = 0;
    /// The messages `Name` and `Uuid`.
    pub const NAME_AND_UUID: u32 = 1;
    /// The message `AgentConnectedTokens`.
    pub const AGENT_CONNECTED_TOKENS: u32 = 2;
    /// Migration in which each channel hands its state over.
    pub const SEAMLESS_MIGRATE: u32 = 3;
}

/// Of display channels.
pub mod display {
    /// The message `StreamDataSized`.
    pub const SIZED_STREAM: u32 = 0;
    /// The message `MonitorsConfig`.
    pub const MONITORS_CONFIG: u32 = 1;
    /// Drawing with `Composite`.
    pub const COMPOSITE: u32 = 2;
    /// Surfaces of 8 bit alpha.
    pub const A8_SURFACE: u32 = 3;
    /// The messages `StreamActivateReport` and `StreamReport`.
    pub const STREAM_REPORT: u32 = 4;
    /// Images in LZ4.
    pub const LZ4_COMPRESSION: u32 = 5;
    /// The message `PreferredCompression`.
    pub const PREF_COMPRESSION: u32 = 6;
    /// The messages `GlScanoutUnix` and `GlDraw`.
    pub const GL_SCANOUT: u32 = 7;
    /// The codec bits say which video codecs the client has.
    pub const MULTI_CODEC: u32 = 8;
    /// Video in Motion JPEG.
    pub const CODEC_MJPEG: u32 = 9;
    /// Video in VP8.
    pub const CODEC_VP8: u32 = 10;
    /// Video in H.264.
    pub const CODEC_H264: u32 = 11;
    /// The message `PreferredVideoCodecs`.
    pub const PREF_VIDEO_CODEC_TYPE: u32 = 12;
    /// Video in VP9.
    pub const CODEC_VP9: u32 = 13;
    /// Video in H.265.
    pub const CODEC_H265: u32 = 14;
    /// The message `GlScanout2Unix`.
    pub const GL_SCANOUT2: u32 = 15;
}

/// Of the inputs channel.
pub mod inputs {
    /// The message `KeyScancode`.
    pub const KEY_SCANCODE: u32 = 0;
}

/// Of the playback channel.
pub mod playback {
    /// Sound in CELT 0.5.1, which nothing sends any more.
    pub const CELT_0_5_1: u32 = 0;
    /// The messages `Volume` and `Mute`.
    pub const VOLUME: u32 = 1;
    /// The message `Latency`.
    pub const LATENCY: u32 = 2;
    /// Sound in Opus.
    pub const OPUS: u32 = 3;
}

/// Of the record channel.
pub mod record {
    /// Sound in CELT 0.5.1, which nothing sends any more.
    pub const CELT_0_5_1: u32 = 0;
    /// The messages `Volume` and `Mute`.
    pub const VOLUME: u32 = 1;
    /// Sound in Opus.
    pub const OPUS: u32 = 2;
}

/// Of usbredir, port and webdav channels.
pub mod port {
    /// Data compressed with LZ4.
    pub const DATA_COMPRESS_LZ4: u32 = 0;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bit_beyond_the_words_is_clear() {
        let set = Capabilities::of([0, 33]);
        assert_eq!(set.words(), [1, 2]);
        assert!(set.contains(33) && !set.contains(1) && !set.contains(u32::MAX));
        assert_eq!(set, Capabilities::from_words(alloc::vec![1, 2, 0]));
    }
}
