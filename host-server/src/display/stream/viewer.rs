//! The videos that one client watches: which it has been told of, which frame of each it has, and how good they are.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use image::bitmap::Bitmap;
use image::region::Region;
use wire::capability::{Capabilities, display as capability};
use wire::display::{
    ServerMessage, StreamActivateReport, StreamCreate, StreamData, StreamDataSized, StreamDestroy,
    StreamFlags, StreamReport, VideoCodec,
};
use wire::drawable::{Clip, SurfaceId};

use super::codec::{Supply, Taste};
use super::encoder::{EncoderFault, VideoEncoder};
use super::frame::{Encoded, Quality};
use super::rate::Rate;
use super::{StreamShape, Streams};
use crate::media_clock::MediaClock;
use crate::settings::video_codecs::CodecOrder;

/// One client's videos.
#[derive(Debug)]
pub struct Viewer {
    takes_video: bool,
    takes_any_size: bool,
    reports: bool,
    clock: MediaClock,
    taste: Taste,
    /// Bytes a second that the client's link carries, where that is known.
    link: Option<u64>,
    /// Whether the client has said what it likes, and its videos are not yet as it likes them.
    has_wished: bool,
    /// When its videos were last changed for that.
    followed: Option<Instant>,
    shown: BTreeMap<u32, Shown>,
}

/// A video that the client has been told of.
#[derive(Debug)]
struct Shown {
    shape: StreamShape,
    codec: VideoCodec,
    /// When it began in this codec, if that is not its first.
    begun_again: Option<Instant>,
    /// What makes its frames, unless they are JPEG files; there from the first frame on.
    encoder: Option<Box<dyn VideoEncoder>>,
    /// When a picture was given to the encoder of which there is no frame yet.
    encoding: Option<Instant>,
    /// The last change that it got, and which frame that was.
    serial: u64,
    frame: u64,
    /// Whether an older drawing has been sent after that.
    is_stale: bool,
    sent: Instant,
    rate: Rate,
}

/// What a client lacks of a video.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// A frame that is like this.
    Frame(Quality),
    /// A picture, for the encoder of its own.
    Picture,
}

/// What follows from something that the client or an encoder says.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What the client is told.
    pub messages: Vec<ServerMessage>,
    /// Whether the client can show no video any more: it gets drawings instead.
    pub no_video: bool,
}

impl Outcome {
    /// Adds what follows from something else.
    pub fn add(&mut self, other: Self) {
        self.messages.extend(other.messages);
        self.no_video |= other.no_video;
    }
}

impl Viewer {
    /// Frames of one report.
    const REPORT_FRAMES: u32 = 5;
    /// How long a wish lasts before the next one is followed.
    const BETWEEN_WISHES: Duration = Duration::from_secs(1);
    /// Milliseconds of one report.
    const REPORT_TIME: u32 = 1000;
    /// How long a client may complain of a video that has begun again and mean the one before.
    const ECHO: Duration = Duration::from_secs(1);
    /// How long an encoder may be at work on a frame. Its first one may be what GStreamer looks for its plugins for.
    const PATIENCE: Duration = Duration::from_secs(8);

    /// A client that watches nothing yet. One on this host gets pixels as they are, which is cheaper for both.
    pub fn new(capabilities: &Capabilities, is_local: bool, clock: MediaClock, supply: Supply) -> Self {
        let taste = Taste::new(capabilities, supply);
        let takes_video = !is_local && taste.choose().is_some();
        if takes_video {
            taste.prepare();
        }
        Self {
            takes_video,
            takes_any_size: capabilities.contains(capability::SIZED_STREAM),
            reports: capabilities.contains(capability::STREAM_REPORT),
            clock,
            taste,
            link: None,
            has_wished: false,
            followed: None,
            shown: BTreeMap::new(),
        }
    }

    /// Whether the client gets frames rather than drawings.
    pub const fn takes_video(&self) -> bool {
        self.takes_video
    }

    /// The host has another order of codecs, for videos that begin.
    pub fn set_order(&mut self, order: CodecOrder) {
        self.taste.set_order(order);
        if self.takes_video {
            self.taste.prepare();
        }
    }

    /// The client likes these codecs, the best first.
    pub fn set_wish(&mut self, wish: &[VideoCodec]) {
        if !self.takes_video || wish.is_empty() {
            return;
        }
        self.taste.set_wish(wish);
        self.taste.prepare();
        self.has_wished = true;
    }

    /// Videos that the client watches go on in the codec that it likes best since it said so. Only while it reads, and not
    /// too often: a client may say a lot.
    pub fn follow_wish(&mut self, now: Instant) -> Outcome {
        let is_early = self.followed.is_some_and(|last| now.duration_since(last) < Self::BETWEEN_WISHES);
        if is_early || !std::mem::take(&mut self.has_wished) {
            return Outcome::default();
        }
        self.followed = Some(now);
        let best = self.taste.choose();
        let other = |(id, shown): (&u32, &Shown)| (Some(shown.codec) != best).then_some(*id);
        let ids: Vec<u32> = self.shown.iter().filter_map(other).collect();
        self.begin_again(&ids, now)
    }

    /// The client's link carries so many bytes a second.
    pub const fn on_rate(&mut self, bytes_per_second: u64) {
        self.link = Some(bytes_per_second);
    }

    /// Tells the client that a video begins.
    pub fn begin(&mut self, shape: StreamShape, now: Instant) -> Vec<ServerMessage> {
        // One that is known to be missing is better than a video that is not seen at all: that it fails is noticed.
        let codec = self.taste.choose().or_else(|| self.taste.hope());
        let Some(codec) = codec else { return Vec::new() };
        let StreamShape { id, unique_id, area } = shape;
        let (width, height) = (area.width(), area.height());
        let create = StreamCreate {
            surface: SurfaceId::PRIMARY,
            id,
            flags: StreamFlags::TOP_DOWN,
            codec,
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
        let shown = Shown {
            shape,
            codec,
            begun_again: None,
            encoder: None,
            encoding: None,
            serial: 0,
            frame: 0,
            is_stale: false,
            sent: now,
            rate: Rate::new(self.takes_any_size, now),
        };
        self.shown.insert(id, shown);
        let report = self.reports.then_some(ServerMessage::StreamActivateReport(report));
        std::iter::once(ServerMessage::StreamCreate(create)).chain(report).collect()
    }

    /// Tells the client that a video has ended, if it knows of it.
    pub fn end(&mut self, id: u32) -> Option<ServerMessage> {
        self.shown.remove(&id).map(|_| ServerMessage::StreamDestroy(StreamDestroy { id }))
    }

    /// The video of which the client lacks the newest frame, and what it needs: of several the one that has waited
    /// longest.
    pub fn due(&self, streams: &Streams) -> Option<(u32, Lack)> {
        if !self.takes_video {
            return None;
        }
        let lacks = |(id, shown): &(&u32, &Shown)| {
            // The number may be another video's by now, of which the client has not been told.
            let stream = streams.get(**id).filter(|stream| stream.shape() == shown.shape);
            let has_news = stream.is_some_and(|stream| stream.serial() > shown.serial || shown.is_stale);
            has_news && shown.encoding.is_none()
        };
        let (id, shown) = self.shown.iter().filter(lacks).min_by_key(|(_, shown)| shown.sent)?;
        let is_shared = shown.codec == VideoCodec::MJPEG;
        Some((*id, if is_shared { Lack::Frame(shown.rate.quality()) } else { Lack::Picture }))
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
        shown.take((serial, frame), now);
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

    /// Begins to encode the picture of `serial`, which is number `frame`, for this client alone.
    pub fn picture(
        &mut self,
        id: u32,
        (serial, frame): (u64, u64),
        picture: Bitmap,
        now: Instant,
    ) -> Outcome {
        let Some(shown) = self.shown.get_mut(&id) else { return Outcome::default() };
        shown.take((serial, frame), now);
        let size = shown.shape.area.size();
        let bits = shown.rate.bits_per_second(size, self.link);
        if shown.encoder.is_none() {
            match self.taste.supply().open(shown.codec, size) {
                Ok(encoder) => shown.encoder = Some(encoder),
                Err(fault) => return self.give_up(id, &fault, now),
            }
        }
        if let Some(encoder) = &mut shown.encoder {
            encoder.push(picture, bits);
            shown.encoding = Some(now);
        }
        Outcome::default()
    }

    /// Sends the frames that encoders have made. A video whose encoder has failed goes on in another codec.
    pub fn collect(&mut self, streams: &Streams, now: Instant) -> Outcome {
        let mut outcome = Outcome::default();
        let mut failed = Vec::new();
        for (id, shown) in &mut self.shown {
            match shown.poll(now) {
                Ok(None) => {}
                Ok(Some(data)) => {
                    // What has changed meanwhile was not left out because of the link.
                    let stream = streams.get(*id).filter(|stream| stream.shape() == shown.shape);
                    shown.frame = stream.map_or(shown.frame, |stream| stream.frames());
                    let multi_media_time = self.clock.told(now).wrapping_add(shown.rate.lead());
                    let frame = StreamData { id: *id, multi_media_time, data };
                    outcome.messages.push(ServerMessage::StreamData(frame));
                }
                Err(fault) => failed.push((*id, fault)),
            }
        }
        for (id, fault) in failed {
            outcome.add(self.give_up(id, &fault, now));
        }
        outcome
    }

    /// The client says how a video goes.
    pub fn on_report(&mut self, report: &StreamReport, now: Instant) -> Outcome {
        let Some(shown) = self.shown.get_mut(&report.id) else { return Outcome::default() };
        let is_missing = report.num_frames == 0 && report.num_drops == u32::MAX;
        // The stock client does not say which video of the number it misses.
        let is_meant = report.unique_id == shown.shape.unique_id || (is_missing && report.unique_id == 0);
        if !is_meant {
            return Outcome::default();
        }
        if is_missing {
            // It says so once for each frame, and those of the codec before may be on their way.
            if shown.begun_again.is_some_and(|begun| now.saturating_duration_since(begun) < Self::ECHO) {
                return Outcome::default();
            }
            let fault = EncoderFault::new("the client cannot show it");
            return self.give_up(report.id, &fault, now);
        }
        shown.rate.on_report(report, now);
        Outcome::default()
    }

    /// The codec of a video does not work for this client.
    fn give_up(&mut self, id: u32, fault: &EncoderFault, now: Instant) -> Outcome {
        let Some(shown) = self.shown.get(&id).filter(|_| self.takes_video) else { return Outcome::default() };
        let codec = shown.codec;
        self.taste.fail(codec);
        match self.taste.choose() {
            Some(next) => tracing::warn!("no video in {codec:?}: {fault}; it goes on in {next:?}"),
            None => tracing::warn!("no video in {codec:?}: {fault}; the client gets drawings instead"),
        }
        let same = |(id, shown): (&u32, &Shown)| (shown.codec == codec).then_some(*id);
        let ids: Vec<u32> = self.shown.iter().filter_map(same).collect();
        self.begin_again(&ids, now)
    }

    /// Ends videos and begins them in the codec that is the best now.
    fn begin_again(&mut self, ids: &[u32], now: Instant) -> Outcome {
        if self.taste.choose().is_none() {
            self.takes_video = false;
            // The client is about to hear that they have ended.
            self.shown.values_mut().for_each(Shown::stop);
            return Outcome { messages: Vec::new(), no_video: true };
        }
        let mut messages = Vec::new();
        for id in ids {
            let Some(shape) = self.shown.get(id).map(|shown| shown.shape) else { continue };
            messages.extend(self.end(*id));
            messages.extend(self.begin(shape, now));
            if let Some(shown) = self.shown.get_mut(id) {
                shown.begun_again = Some(now);
            }
        }
        Outcome { messages, no_video: false }
    }
}

impl Shown {
    /// The client gets what is there at `serial`, which is number `frame`.
    fn take(&mut self, (serial, frame): (u64, u64), now: Instant) {
        let skipped = if self.serial == 0 { 0 } else { frame.saturating_sub(self.frame + 1) };
        (self.serial, self.frame, self.is_stale) = (serial, frame, false);
        self.sent = now;
        self.rate.on_sent(skipped, now);
    }

    /// There will be no frame any more.
    fn stop(&mut self) {
        (self.encoder, self.encoding) = (None, None);
    }

    /// The frame that its encoder has made, if it has.
    fn poll(&mut self, now: Instant) -> Result<Option<Bytes>, EncoderFault> {
        let (Some(encoder), Some(since)) = (&mut self.encoder, self.encoding) else { return Ok(None) };
        let frame = encoder.poll()?;
        if frame.is_some() {
            self.encoding = None;
        } else if now.saturating_duration_since(since) > Viewer::PATIENCE {
            return Err(EncoderFault::new(format_args!("no frame within {:?}", Viewer::PATIENCE)));
        }
        Ok(frame)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use image::geometry::{Rect, Size};

    use super::*;
    use crate::display::stream::fake::{FakeEncoders, picture};
    use crate::settings::StreamingVideo;

    const AREA: Rect = Rect::new(10, 10, 210, 110);

    fn file(size: Size) -> Encoded {
        Encoded { size, data: Bytes::from_static(b"frame") }
    }

    fn watching(capabilities: &Capabilities) -> (Viewer, Streams, Vec<ServerMessage>, Instant) {
        let now = Instant::now();
        let mut streams = Streams::new(StreamingVideo::All);
        let shape = streams.begin(AREA, now).unwrap();
        let supply = FakeEncoders::default().supply(CodecOrder::MJPEG);
        let mut viewer = Viewer::new(capabilities, false, MediaClock::new(now), supply);
        let told = viewer.begin(shape, now);
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
        viewer.begin(second, now);
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
        assert!(
            !viewer.on_report(&StreamReport { unique_id: 77, ..report }, now).no_video,
            "of another video"
        );
        assert!(viewer.on_report(&report, now).no_video);
        assert!(!viewer.takes_video());
    }

    #[test]
    fn a_codec_bit_that_is_missing_counts_only_when_there_are_codec_bits() {
        let takes = |bits: &[u32], local| {
            let capabilities = Capabilities::of(bits.iter().copied());
            let supply = FakeEncoders::default().supply(CodecOrder::MJPEG);
            Viewer::new(&capabilities, local, MediaClock::new(Instant::now()), supply).takes_video()
        };
        assert!(takes(&[], false) && !takes(&[], true));
        assert!(!takes(&[capability::MULTI_CODEC, capability::CODEC_VP8], false));
        assert!(takes(&[capability::MULTI_CODEC, capability::CODEC_MJPEG], false));
    }

    /// A client of every codec that watches a video on a host with this order, and what it was told.
    fn modern(
        encoders: &FakeEncoders,
        order: &[VideoCodec],
    ) -> (Viewer, Streams, Vec<ServerMessage>, Instant) {
        let now = Instant::now();
        let mut streams = Streams::new(StreamingVideo::All);
        let shape = streams.begin(AREA, now).unwrap();
        let capabilities = Capabilities::of([
            capability::MULTI_CODEC,
            capability::CODEC_MJPEG,
            capability::CODEC_VP8,
            capability::CODEC_H264,
        ]);
        let supply = encoders.supply(CodecOrder::of(order.iter().copied()));
        let mut viewer = Viewer::new(&capabilities, false, MediaClock::new(now), supply);
        let told = viewer.begin(shape, now);
        (viewer, streams, told, now)
    }

    /// The codecs of the videos that these messages begin; they may only begin again what they end.
    fn begun(messages: &[ServerMessage]) -> Vec<VideoCodec> {
        let codec = |message: &ServerMessage| match message {
            ServerMessage::StreamCreate(create) => Some(create.codec),
            _ => None,
        };
        messages.iter().filter_map(codec).collect()
    }

    fn frames(outcome: &Outcome) -> Vec<&[u8]> {
        let mut frames = Vec::new();
        for message in &outcome.messages {
            if let ServerMessage::StreamData(frame) = message {
                frames.push(frame.data.as_ref());
            }
        }
        frames
    }

    #[test]
    fn each_client_has_an_encoder_and_begins_with_a_key_frame() {
        let encoders = FakeEncoders::default();
        let (mut first, mut streams, told, now) = modern(&encoders, &[VideoCodec::VP8]);
        assert_eq!(begun(&told), [VideoCodec::VP8]);
        assert_eq!(first.due(&streams), Some((0, Lack::Picture)));
        first.picture(0, (1, 1), picture(AREA.size()), now);
        assert_eq!(first.due(&streams), None, "one at a time");
        assert_eq!(frames(&first.collect(&streams, now)), Vec::<&[u8]>::new());
        encoders.finish();
        assert_eq!(frames(&first.collect(&streams, now)), [b"key"]);
        streams.changed(&Region::from_rect(AREA), now);
        first.picture(0, (2, 2), picture(AREA.size()), now);
        encoders.finish();
        assert_eq!(frames(&first.collect(&streams, now)), [b"delta"]);
        let (mut late, ..) = modern(&encoders, &[VideoCodec::VP8]);
        late.picture(0, (2, 2), picture(AREA.size()), now);
        encoders.finish();
        assert_eq!(frames(&late.collect(&streams, now)), [b"key"]);
    }

    #[test]
    fn what_changes_while_a_frame_is_encoded_makes_another_one_due() {
        let encoders = FakeEncoders::default();
        let (mut viewer, mut streams, _, now) = modern(&encoders, &[VideoCodec::VP8]);
        viewer.picture(0, (1, 1), picture(AREA.size()), now);
        viewer.on_draw(&Region::from_rect(Rect::new(0, 0, 20, 20)));
        encoders.finish();
        viewer.collect(&streams, now);
        assert!(viewer.due(&streams).is_some(), "an older drawing has been sent meanwhile");
        viewer.picture(0, (1, 1), picture(AREA.size()), now);
        streams.changed(&Region::from_rect(AREA), now);
        encoders.finish();
        viewer.collect(&streams, now);
        assert!(viewer.due(&streams).is_some());
    }

    #[test]
    fn a_video_whose_encoder_fails_goes_on_in_the_next_codec() {
        for failure in [FakeEncoders::refuse, FakeEncoders::fail] {
            let encoders = FakeEncoders::default();
            let (mut viewer, streams, _, now) = modern(&encoders, &[VideoCodec::VP8]);
            failure(&encoders);
            let mut told = viewer.picture(0, (1, 1), picture(AREA.size()), now).messages;
            told.extend(viewer.collect(&streams, now).messages);
            assert!(matches!(
                told.as_slice(),
                [ServerMessage::StreamDestroy(_), ServerMessage::StreamCreate(_)]
            ));
            assert_eq!(begun(&told), [VideoCodec::MJPEG], "although the host does not name it");
            assert!(matches!(viewer.due(&streams), Some((0, Lack::Frame(_)))));
        }
    }

    #[test]
    fn an_encoder_that_gives_nothing_is_given_up_in_time() {
        let encoders = FakeEncoders::default();
        let (mut viewer, streams, _, now) = modern(&encoders, &[VideoCodec::VP8, VideoCodec::H264]);
        viewer.picture(0, (1, 1), picture(AREA.size()), now);
        assert_eq!(begun(&viewer.collect(&streams, now + Viewer::PATIENCE).messages), []);
        let later = now + Viewer::PATIENCE + Duration::from_millis(1);
        assert_eq!(begun(&viewer.collect(&streams, later).messages), [VideoCodec::H264]);
    }

    #[test]
    fn a_client_that_cannot_show_a_codec_gets_the_next_and_in_the_end_drawings() {
        let encoders = FakeEncoders::default();
        let (mut viewer, _, _, now) = modern(&encoders, &[VideoCodec::VP8]);
        // As the stock client says it.
        let report = StreamReport { num_drops: u32::MAX, ..StreamReport::default() };
        assert_eq!(begun(&viewer.on_report(&report, now).messages), [VideoCodec::MJPEG]);
        assert_eq!(begun(&viewer.on_report(&report, now).messages), [], "for a frame that was on its way");
        assert!(viewer.takes_video());
        let later = now + Viewer::ECHO;
        assert!(viewer.on_report(&report, later).no_video && !viewer.takes_video());
    }

    #[test]
    fn what_is_known_to_be_missing_is_not_begun() {
        let encoders = FakeEncoders::default();
        encoders.lose(VideoCodec::VP8);
        let (_, _, told, _) = modern(&encoders, &[VideoCodec::VP8, VideoCodec::H264]);
        assert_eq!(begun(&told), [VideoCodec::H264]);
    }

    #[test]
    fn a_clients_wish_counts_at_once_and_the_hosts_order_for_what_begins() {
        let encoders = FakeEncoders::default();
        let (mut viewer, mut streams, told, now) = modern(&encoders, &[VideoCodec::VP8, VideoCodec::H264]);
        assert_eq!(begun(&told), [VideoCodec::VP8]);
        viewer.set_wish(&[]);
        assert_eq!(begun(&viewer.follow_wish(now).messages), []);
        viewer.set_wish(&[VideoCodec::VP9, VideoCodec::H264]);
        assert_eq!(begun(&viewer.follow_wish(now).messages), [VideoCodec::H264]);
        assert_eq!(begun(&viewer.follow_wish(now).messages), [], "once");
        viewer.set_wish(&[VideoCodec::VP8]);
        assert_eq!(begun(&viewer.follow_wish(now).messages), [], "too early");
        let now = now + Viewer::BETWEEN_WISHES;
        assert_eq!(begun(&viewer.follow_wish(now).messages), [VideoCodec::VP8]);
        viewer.set_wish(&[VideoCodec::H264]);
        let now = now + Viewer::BETWEEN_WISHES;
        assert_eq!(begun(&viewer.follow_wish(now).messages), [VideoCodec::H264]);
        viewer.set_order(CodecOrder::of([VideoCodec::VP8]));
        assert!(matches!(viewer.due(&streams), Some((0, Lack::Picture))));
        let second = streams.begin(Rect::new(300, 0, 400, 100), now).unwrap();
        assert_eq!(begun(&viewer.begin(second, now)), [VideoCodec::VP8]);
    }

    #[test]
    fn a_client_whose_only_codec_is_missing_after_all_gets_drawings() {
        let encoders = FakeEncoders::default();
        let now = Instant::now();
        let mut streams = Streams::new(StreamingVideo::All);
        let shape = streams.begin(AREA, now).unwrap();
        let capabilities = Capabilities::of([capability::MULTI_CODEC, capability::CODEC_VP8]);
        let supply = encoders.supply(CodecOrder::of([VideoCodec::VP8]));
        let mut viewer = Viewer::new(&capabilities, false, MediaClock::new(now), supply);
        assert!(viewer.takes_video());
        encoders.lose(VideoCodec::VP8);
        encoders.refuse();
        assert_eq!(begun(&viewer.begin(shape, now)), [VideoCodec::VP8]);
        assert!(viewer.picture(0, (1, 1), picture(AREA.size()), now).no_video && !viewer.takes_video());
        streams.changed(&Region::from_rect(AREA), now);
        assert!(
            viewer.due(&streams).is_none() && !viewer.collect(&streams, now).no_video,
            "that is said once"
        );
    }

    #[test]
    fn bits_follow_the_link() {
        let encoders = FakeEncoders::default();
        let (mut viewer, streams, _, now) = modern(&encoders, &[VideoCodec::VP8]);
        viewer.on_rate(20_000);
        viewer.picture(0, (1, 1), picture(AREA.size()), now);
        assert_eq!(encoders.bits(), [120_000]);
        drop(streams);
    }
}
