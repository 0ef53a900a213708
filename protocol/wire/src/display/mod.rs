//! Display channels: surfaces, drawing, video and monitors of one device.

mod draw_decode;
mod draw_encode;
mod gl;
mod invalidation;
mod monitors;
mod preferences;
mod stream;
mod surface;

use bytes::Bytes;

pub use gl::{GlDraw, GlScanout2Unix, GlScanoutFlags, GlScanoutUnix};
pub use invalidation::{CacheId, InvalList, Resource, ResourceType};
pub use monitors::{Head, MonitorsConfig};
pub use preferences::{Init, PreferredCompression, PreferredVideoCodecs};
pub use stream::{
    StreamActivateReport, StreamClip, StreamCreate, StreamData, StreamDataSized, StreamDestroy, StreamFlags,
    StreamReport, VideoCodec,
};
pub use surface::{ImageCompression, Mode, SurfaceCreate, SurfaceDestroy, SurfaceFlags};

use crate::base::{self, WaitForChannels};
use crate::drawable::Drawable;
use crate::frame::Frame;
use crate::image::Image;
use crate::message::messages;
use crate::write::FrameBuilder;

messages! {
    /// What the server sends.
    pub enum ServerMessage("display server messages") includes [
        /// What every channel has.
        Base(base::ServerMessage),
        /// One drawing operation; the message's type is the operation's.
        Draw(Drawable<Image>),
    ] {
        /// The primary surface of a server without surfaces; nothing sends it any more.
        Mode(Mode) = 101,
        /// The primary surface is complete and can be shown.
        Mark = 102,
        /// The client forgets surfaces and caches.
        Reset = 103,
        /// Images leave the client's cache.
        InvalList(InvalList) = 105,
        /// All images leave it, after other channels got that far.
        InvalAllPixmaps(WaitForChannels) = 106,
        /// A palette leaves the client's cache.
        InvalPalette(CacheId) = 107,
        /// All palettes leave it.
        InvalAllPalettes = 108,
        /// A video begins.
        StreamCreate(StreamCreate) = 122,
        /// A frame of it.
        StreamData(StreamData) = 123,
        /// Another part of it is seen.
        StreamClip(StreamClip) = 124,
        /// It ends.
        StreamDestroy(StreamDestroy) = 125,
        /// All videos end.
        StreamDestroyAll = 126,
        /// A surface begins; its pixels are 0.
        SurfaceCreate(SurfaceCreate) = 314,
        /// A surface ends.
        SurfaceDestroy(SurfaceDestroy) = 315,
        /// A frame of a video, of another size and in another place.
        StreamDataSized(StreamDataSized) = 316,
        /// Which monitors show which part of the primary surface.
        MonitorsConfig(MonitorsConfig) = 317,
        /// The client reports on a video.
        StreamActivateReport(StreamActivateReport) = 319,
        /// What monitors show is a texture, whose file descriptor comes with the next byte.
        GlScanoutUnix(GlScanoutUnix) = 320,
        /// A part of the texture changed; the client answers with `GlDrawDone`.
        GlDraw(GlDraw) = 321,
        /// Quality of the connection; the original never sends it.
        QualityIndicator(Bytes) = 322,
        /// As `GlScanoutUnix`, of a texture in several planes.
        GlScanout2Unix(GlScanout2Unix) = 323,
    }
}

messages! {
    /// What the client sends.
    pub enum ClientMessage("display client messages") includes [
        /// What every channel has.
        Base(base::ClientMessage),
    ] {
        /// The client's caches: its first message.
        Init(Init) = 101,
        /// How a video goes.
        StreamReport(StreamReport) = 102,
        /// The compression that the client wants.
        PreferredCompression(PreferredCompression) = 103,
        /// The answer to `GlDraw`.
        GlDrawDone = 104,
        /// The video codecs that the client wants, the best first.
        PreferredVideoCodecs(PreferredVideoCodecs) = 105,
    }
}

impl Drawable<Image> {
    /// The operation as a frame, without a [`ServerMessage`] around it. Image data is shared, not copied.
    #[must_use]
    pub fn encode(&self) -> Frame {
        let mut body = FrameBuilder::new(draw_encode::kind(&self.operation));
        draw_encode::put(&mut body, self);
        body.finish()
    }
}
