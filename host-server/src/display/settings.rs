//! What the host says about how pictures are sent.

use crate::settings::video_codecs::CodecOrder;
use crate::settings::{Compression, StreamingVideo};

/// Counts for all of a display's clients, from the next picture on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DisplaySettings {
    /// How images are compressed.
    pub compression: Compression,
    /// What is sent as video.
    pub streaming: StreamingVideo,
    /// What video is encoded in.
    pub video_codecs: CodecOrder,
}
