//! Videos on a surface.

use bytes::Bytes;
use image::geometry::Rect;

use crate::drawable::{Clip, SurfaceId};
use crate::error::WireError;
use crate::message::{Wire, flags, numbers, structure};
use crate::read::Reader;
use crate::write::{FrameBuilder, count_u32};

flags! {
    /// How a video's frames are laid out.
    pub struct StreamFlags(u8) {
        /// Rows run from the top.
        TOP_DOWN = 1,
    }
}

numbers! {
    /// How a video is encoded.
    pub struct VideoCodec(u8) {
        /// Motion JPEG.
        MJPEG = 1,
        /// VP8.
        VP8 = 2,
        /// H.264.
        H264 = 3,
        /// VP9.
        VP9 = 4,
        /// H.265.
        H265 = 5,
    }
}

structure! {
    /// Body of [`ServerMessage::StreamCreate`](super::ServerMessage::StreamCreate).
    pub struct StreamCreate {
        /// The surface it is on.
        pub surface: SurfaceId,
        /// The video's number, below 64.
        pub id: u32,
        /// How its frames are laid out.
        pub flags: StreamFlags,
        /// How they are encoded.
        pub codec: VideoCodec,
        /// Nothing; the original sends 0.
        pub stamp: u64,
        /// Columns of an encoded frame.
        pub stream_width: u32,
        /// Rows of an encoded frame.
        pub stream_height: u32,
        /// Columns of the guest's video.
        pub source_width: u32,
        /// Rows of the guest's video.
        pub source_height: u32,
        /// Where it is shown.
        pub destination: Rect,
        /// What of it is seen.
        pub clip: Clip,
    }

    /// Body of [`ServerMessage::StreamClip`](super::ServerMessage::StreamClip).
    pub struct StreamClip {
        /// The video's number.
        pub id: u32,
        /// What of it is seen.
        pub clip: Clip,
    }

    /// Body of [`ServerMessage::StreamDestroy`](super::ServerMessage::StreamDestroy).
    #[derive(Copy, Default)]
    pub struct StreamDestroy {
        /// The video's number.
        pub id: u32,
    }

    /// Body of [`ServerMessage::StreamActivateReport`](super::ServerMessage::StreamActivateReport).
    #[derive(Copy, Default)]
    pub struct StreamActivateReport {
        /// The video's number.
        pub id: u32,
        /// Comes back in each report.
        pub unique_id: u32,
        /// Most frames of one report.
        pub max_window_size: u32,
        /// Most milliseconds of one report.
        pub timeout_ms: u32,
    }

    /// Body of [`ClientMessage::StreamReport`](super::ClientMessage::StreamReport).
    #[derive(Copy, Default)]
    pub struct StreamReport {
        /// The video's number.
        pub id: u32,
        /// From `StreamActivateReport`.
        pub unique_id: u32,
        /// Time of the first frame, in milliseconds of the server's clock.
        pub start_frame_mm_time: u32,
        /// Time of the last frame.
        pub end_frame_mm_time: u32,
        /// How many frames arrived. None, with `u32::MAX` drops, says that the client cannot show the video.
        pub num_frames: u32,
        /// How many of them were too late.
        pub num_drops: u32,
        /// Milliseconds that the last frame came before its time; negative when it was late.
        pub last_frame_delay: i32,
        /// Milliseconds of delay of the sound; `u32::MAX` without sound.
        pub audio_delay: u32,
    }
}

/// Body of [`ServerMessage::StreamData`](super::ServerMessage::StreamData).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamData {
    /// The video's number.
    pub id: u32,
    /// When the frame is shown, in milliseconds of the server's clock.
    pub multi_media_time: u32,
    /// The encoded frame.
    pub data: Bytes,
}

impl Wire for StreamData {
    const MIN_SIZE: usize = 12;

    fn put(&self, to: &mut FrameBuilder) {
        to.put(&self.id);
        to.put(&self.multi_media_time);
        to.put(&count_u32(self.data.len()));
        to.payload(&self.data);
    }

    fn take(from: &mut Reader<'_>, _: &'static str) -> Result<Self, WireError> {
        let id = u32::take(from, "StreamData::id")?;
        let multi_media_time = u32::take(from, "StreamData::multi_media_time")?;
        let size = u32::take(from, "StreamData::size")?;
        Ok(Self { id, multi_media_time, data: from.bytes(size.into(), "StreamData::data")? })
    }
}

/// Body of [`ServerMessage::StreamDataSized`](super::ServerMessage::StreamDataSized).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamDataSized {
    /// The video's number.
    pub id: u32,
    /// When the frame is shown, in milliseconds of the server's clock.
    pub multi_media_time: u32,
    /// Columns of this frame.
    pub width: u32,
    /// Rows of this frame.
    pub height: u32,
    /// Where it is shown.
    pub destination: Rect,
    /// The encoded frame.
    pub data: Bytes,
}

impl Wire for StreamDataSized {
    const MIN_SIZE: usize = 36;

    fn put(&self, to: &mut FrameBuilder) {
        let Self { id, multi_media_time, width, height, destination, data } = self;
        to.put(id);
        to.put(multi_media_time);
        to.put(width);
        to.put(height);
        to.put(destination);
        to.put(&count_u32(data.len()));
        to.payload(data);
    }

    fn take(from: &mut Reader<'_>, _: &'static str) -> Result<Self, WireError> {
        Ok(Self {
            id: u32::take(from, "StreamDataSized::id")?,
            multi_media_time: u32::take(from, "StreamDataSized::multi_media_time")?,
            width: u32::take(from, "StreamDataSized::width")?,
            height: u32::take(from, "StreamDataSized::height")?,
            destination: Rect::take(from, "StreamDataSized::destination")?,
            data: {
                let size = u32::take(from, "StreamDataSized::size")?;
                from.bytes(size.into(), "StreamDataSized::data")?
            },
        })
    }
}
