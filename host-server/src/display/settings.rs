//! What the host says about how pictures are sent.

use wire::display::ImageCompression;

use crate::settings::StreamingVideo;

/// Counts for all of a display's clients, from the next picture on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DisplaySettings {
    /// How images are compressed when the client has no wish of its own.
    pub compression: ImageCompression,
    /// What is sent as video.
    pub streaming: StreamingVideo,
}
