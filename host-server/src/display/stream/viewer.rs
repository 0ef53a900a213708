//! The videos that one client watches: which it has been told of, which frame of each it has, and how good they are.

use std::collections::BTreeMap;
use std::time::Instant;

use image::region::Region;
use wire::capability::{Capabilities, display as capability};
use wire::display::{
    ServerMessage, StreamActivateReport, StreamCreate, StreamData, StreamDataSized, StreamDestroy,
    StreamFlags, StreamReport, VideoCodec,
};
use wire::drawable::{Clip, SurfaceId};

use super::frame::{Encoded, Quality};
use super::rate::Rate;
use super::{StreamShape, Streams};
use crate::media_clock::MediaClock;

/// One client's videos.
#[derive(Debug)]
pub struct Viewer {
    takes_video: bool,
    takes_any_size: bool,
    reports: bool,
    clock: MediaClock,
    shown: BTreeMap<u32, Shown>,
}

/// A video that the client has been told of.
#[derive(Debug)]
struct Shown {
    shape: StreamShape,
    /// The last change that it got, and which frame that was.
    serial: u64,
    frame: u64,
    /// Whether an older drawing has been sent after that.
    is_stale: bool,
    sent: Instant,
    rate: Rate,
}

impl Viewer {
    /// Frames of one report.
    const REPORT_FRAMES: u32 = 5;
    /// Milliseconds of one report.
    const REPORT_TIME: u32 = 1000;

    /// A client that watches nothing yet. One on this host gets pixels as they are, which is cheaper for both.
    pub fn new(capabilities: &Capabilities, is_local: bool, clock: MediaClock) -> Self {
        // Clients from before the codec bits have Motion JPEG and nothing else.
        let has_codec =
            !capabilities.contains(capability::MULTI_CODEC) || capabilities.contains(capability::CODEC_MJPEG);
        Self {
            takes_video: has_codec && !is_local,
            takes_any_size: capabilities.contains(capability::SIZED_STREAM),
            reports: capabilities.contains(capability::STREAM_REPORT),
            clock,
            shown: BTreeMap::new(),
        }
    }

    /// Whether the client gets frames rather than drawings.
    pub const fn takes_video(&self) -> bool {
        self.takes_video
    }

    /// Tells the client that a video begins.
    pub fn begin(&mut self, shape: StreamShape, now: Instant) -> impl Iterator<Item = ServerMessage> + use<> {
        let StreamShape { id, unique_id, area } = shape;
        let (width, height) = (area.width(), area.height());
        let create = StreamCreate {
            surface: SurfaceId::PRIMARY,
            id,
            flags: StreamFlags::TOP_DOWN,
            codec: VideoCodec::MJPEG,
            stamp: 0,
            stream_width: width,
            stream_height: height,
            source_width: width,
            source_height: height,
            destination: area,
            clip: Clip::None,
        };
        let report = StreamActivateReport {
            id,
            unique_id,
            max_window_size: Self::REPORT_FRAMES,
            timeout_ms: Self::REPORT_TIME,
        };
        let rate = Rate::new(self.takes_any_size, now);
        self.shown.insert(id, Shown { shape, serial: 0, frame: 0, is_stale: false, sent: now, rate });
        let report = self.reports.then_some(ServerMessage::StreamActivateReport(report));
        std::iter::once(ServerMessage::StreamCreate(create)).chain(report)
    }

    /// Tells the client that a video has ended, if it knows of it.
    pub fn end(&mut self, id: u32) -> Option<ServerMessage> {
        self.shown.remove(&id).map(|_| ServerMessage::StreamDestroy(StreamDestroy { id }))
    }

    /// The video of which the client lacks the newest frame, and how well it gets that: of several the one that has waited
    /// longest.
    pub fn due(&self, streams: &Streams) -> Option<(u32, Quality)> {
        let lacks = |(id, shown): &(&u32, &Shown)| {
            // The number may be another video's by now, of which the client has not been told.
            let stream = streams.get(**id).filter(|stream| stream.shape() == shown.shape);
            stream.is_some_and(|stream| stream.serial() > shown.serial || shown.is_stale)
        };
        let (id, shown) = self.shown.iter().filter(lacks).min_by_key(|(_, shown)| shown.sent)?;
        Some((*id, shown.rate.quality()))
    }

    /// A drawing is sent that may be older than the frame that is shown there.
    pub fn on_draw(&mut self, region: &Region) {
        for shown in self.shown.values_mut() {
            shown.is_stale |= region.intersects_rect(&shown.shape.area);
        }
    }

    /// Sends the frame of `serial`, which is number `frame`.
    pub fn frame(
        &mut self,
        id: u32,
        (serial, frame): (u64, u64),
        encoded: Encoded,
        now: Instant,
    ) -> Option<ServerMessage> {
        let shown = self.shown.get_mut(&id)?;
        let skipped = if shown.serial == 0 { 0 } else { frame.saturating_sub(shown.frame + 1) };
        (shown.serial, shown.frame, shown.is_stale) = (serial, frame, false);
        shown.sent = now;
        shown.rate.on_sent(skipped, now);
        let multi_media_time = self.clock.told(now).wrapping_add(shown.rate.lead());
        let Encoded { size, data } = encoded;
        Some(if size == shown.shape.area.size() {
            ServerMessage::StreamData(StreamData { id, multi_media_time, data })
        } else {
            let destination = shown.shape.area;
            let (width, height) = (size.width, size.height);
            ServerMessage::StreamDataSized(StreamDataSized {
                id,
                multi_media_time,
                width,
                height,
                destination,
                data,
            })
        })
    }

    /// The client says how a video goes. `false` when it cannot show any.
    pub fn on_report(&mut self, report: &StreamReport, now: Instant) -> bool {
        let shown = self.shown.get_mut(&report.id).filter(|shown| shown.shape.unique_id == report.unique_id);
        let Some(shown) = shown else { return true };
        if report.num_frames == 0 && report.num_drops == u32::MAX {
            self.takes_video = false;
            return false;
        }
        shown.rate.on_report(report, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use image::geometry::{Rect, Size};

    use super::*;
    use crate::settings::StreamingVideo;

    const AREA: Rect = Rect::new(10, 10, 210, 110);

    fn file(size: Size) -> Encoded {
        Encoded { size, data: Bytes::from_static(b"frame") }
    }

    fn watching(capabilities: &Capabilities) -> (Viewer, Streams, Vec<ServerMessage>, Instant) {
        let now = Instant::now();
        let mut streams = Streams::new(StreamingVideo::All);
        let shape = streams.begin(AREA, now).unwrap();
        let mut viewer = Viewer::new(capabilities, false, MediaClock::new(now));
        let told = viewer.begin(shape, now).collect();
        (viewer, streams, told, now)
    }

    #[test]
    fn a_frame_is_due_once_for_each_change() {
        let (mut viewer, mut streams, told, now) = watching(&Capabilities::default());
        assert!(
            matches!(told.as_slice(), [ServerMessage::StreamCreate(create)] if create.destination == AREA)
        );
        let (id, _) = viewer.due(&streams).unwrap();
        assert!(matches!(
            viewer.frame(id, (1, 1), file(AREA.size()), now),
            Some(ServerMessage::StreamData(_))
        ));
        assert_eq!(viewer.due(&streams), None);
        streams.changed(&Region::from_rect(Rect::new(0, 0, 20, 20)), now);
        assert!(viewer.due(&streams).is_some());
        assert!(viewer.end(id).is_some() && viewer.end(id).is_none() && viewer.due(&streams).is_none());
    }

    #[test]
    fn an_older_drawing_makes_a_frame_due_again_and_another_video_of_the_number_does_not() {
        let (mut viewer, mut streams, _, now) = watching(&Capabilities::default());
        viewer.frame(0, (1, 1), file(AREA.size()), now);
        viewer.on_draw(&Region::from_rect(Rect::new(300, 300, 310, 310)));
        assert_eq!(viewer.due(&streams), None);
        viewer.on_draw(&Region::from_rect(Rect::new(0, 0, 20, 20)));
        assert!(viewer.due(&streams).is_some());
        streams.end(0);
        streams.begin(Rect::new(0, 0, 400, 400), now).unwrap();
        assert_eq!(viewer.due(&streams), None, "the client does not know of it");
    }

    #[test]
    fn of_several_videos_the_one_that_waits_longest_comes_first() {
        let (mut viewer, mut streams, _, now) = watching(&Capabilities::default());
        let second = streams.begin(Rect::new(300, 0, 400, 100), now).unwrap();
        viewer.begin(second, now).for_each(drop);
        let later = now + Duration::from_millis(1);
        viewer.frame(0, (1, 1), file(AREA.size()), later);
        streams.changed(&Region::from_rect(AREA), later);
        assert_eq!(viewer.due(&streams).map(|(id, _)| id), Some(1));
    }

    #[test]
    fn a_client_that_cannot_show_a_video_says_so() {
        let (mut viewer, _, told, now) = watching(&Capabilities::of([capability::STREAM_REPORT]));
        let [_, ServerMessage::StreamActivateReport(activate)] = told.as_slice() else { panic!("{told:?}") };
        let report = StreamReport {
            id: activate.id,
            unique_id: activate.unique_id,
            num_drops: u32::MAX,
            ..StreamReport::default()
        };
        assert!(viewer.on_report(&StreamReport { unique_id: 77, ..report }, now), "of another video");
        assert!(!viewer.on_report(&report, now));
        assert!(!viewer.takes_video());
    }

    #[test]
    fn a_codec_bit_that_is_missing_counts_only_when_there_are_codec_bits() {
        let takes = |bits: &[u32], local| {
            let capabilities = Capabilities::of(bits.iter().copied());
            Viewer::new(&capabilities, local, MediaClock::new(Instant::now())).takes_video()
        };
        assert!(takes(&[], false) && !takes(&[], true));
        assert!(!takes(&[capability::MULTI_CODEC, capability::CODEC_VP8], false));
        assert!(takes(&[capability::MULTI_CODEC, capability::CODEC_MJPEG], false));
    }
}
