//! Videos: parts of the screen that change so often that clients get them as frames, with loss, the newest one at a time.
//!
//! A video is a place, not a sequence of commands. What is drawn there is drawn on the host's surface and marks the video as
//! changed; when a client can take another frame it gets the pixels that are there at that moment. So it does not matter in what
//! rectangles a guest paints, nor how far a client is behind. A video ends when it has not changed often enough for a second; then
//! clients get its pixels without loss.
//!
//! Sans-IO: the engine says what changes when, and does what [`Streams::look`] and [`Streams::take_ended`] say.

pub mod codec;
pub mod encoder;
#[cfg(test)]
mod fake;
pub mod frame;
#[cfg(feature = "gstreamer")]
mod gstreamer;
mod heat;
mod rate;
pub mod viewer;

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use image::bitmap::Bitmap;
use image::geometry::{Rect, Size};
use image::region::Region;

use self::frame::Frame;
use self::heat::{CELL, Heat};
use crate::settings::StreamingVideo;

/// The videos on a display's primary surface.
#[derive(Debug)]
pub struct Streams {
    setting: StreamingVideo,
    heat: Option<Heat>,
    all: BTreeMap<u32, Stream>,
    /// When hot areas are looked for next.
    next_look: Option<Instant>,
    /// How many videos there have been.
    begun: u32,
}

/// One video.
#[derive(Debug)]
pub struct Stream {
    shape: StreamShape,
    /// How often it has changed.
    serial: u64,
    /// How many frames these changes were: one may come in several drawings.
    frames: u64,
    begun: Instant,
    /// The last changes, the oldest first.
    changes: VecDeque<Instant>,
    /// What has been captured at a serial.
    captured: Option<(u64, Frame)>,
}

/// What clients are told of a video.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamShape {
    /// Its number, below [`Streams::MAX`]; used again when it has ended.
    pub id: u32,
    /// A number that no other video has.
    pub unique_id: u32,
    /// Where it is.
    pub area: Rect,
}

impl Streams {
    /// Videos at the same time. The protocol has room for 64.
    pub const MAX: u32 = 32;
    /// Columns and rows from which on a filter takes something for a video, as the original has it.
    const MIN_SIDE: u32 = 96;
    /// From one look for hot areas to the next.
    const LOOK: Duration = Duration::from_millis(50);
    /// The same after something hot that was no video.
    const LOOK_AWAY: Duration = Duration::from_millis(400);
    /// Changes of which the oldest must be younger than [`Streams::PAUSE`], or the video has ended.
    const LIVELY: usize = 4;
    /// Drawings that are not further apart belong to one frame.
    const ONE_FRAME: Duration = Duration::from_millis(5);
    /// How long a video may go without [`Streams::LIVELY`] changes.
    const PAUSE: Duration = Duration::from_secs(1);

    /// No videos.
    pub const fn new(setting: StreamingVideo) -> Self {
        Self { setting, heat: None, all: BTreeMap::new(), next_look: None, begun: 0 }
    }

    /// Changes the host's setting. Videos that are shown then end by themselves, or go on.
    pub const fn set_setting(&mut self, setting: StreamingVideo) {
        self.setting = setting;
    }

    /// There is another primary surface, or none. All videos must have been taken away before.
    pub fn set_screen(&mut self, size: Option<Size>) {
        self.heat = size.map(Heat::new);
        self.all.clear();
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// All videos.
    pub fn shapes(&self) -> impl Iterator<Item = StreamShape> {
        self.all.values().map(|stream| stream.shape)
    }

    /// Where videos are.
    pub fn areas(&self) -> Region {
        Region::from_rects(self.shapes().map(|shape| shape.area))
    }

    /// A video by its number.
    pub fn get(&self, id: u32) -> Option<&Stream> {
        self.all.get(&id)
    }

    /// A video by its number, to be captured.
    pub fn get_mut(&mut self, id: u32) -> Option<&mut Stream> {
        self.all.get_mut(&id)
    }

    /// Pixels of `areas` are going to change at `now`, by a picture that replaces them.
    pub fn warm(&mut self, areas: &[Rect], now: Instant) {
        if let Some(heat) = self.heat.as_mut().filter(|_| self.setting != StreamingVideo::Off) {
            areas.iter().for_each(|area| heat.touch(area, now));
        }
    }

    /// Videos in `region` change at `now`.
    pub fn changed(&mut self, region: &Region, now: Instant) {
        for stream in self.all.values_mut().filter(|stream| region.intersects_rect(&stream.shape.area)) {
            stream.serial += 1;
            if stream.changes.back().is_none_or(|last| now.duration_since(*last) > Self::ONE_FRAME) {
                stream.frames += 1;
                stream.changes.push_back(now);
            }
            if stream.changes.len() > Self::LIVELY {
                stream.changes.pop_front();
            }
        }
    }

    /// Areas that look like videos and are none yet. `is_moving_picture` looks at an area's pixels.
    pub fn look(&mut self, now: Instant, mut is_moving_picture: impl FnMut(Rect) -> bool) -> Vec<Rect> {
        let Some(heat) = self.heat.as_ref().filter(|_| self.setting != StreamingVideo::Off) else {
            return Vec::new();
        };
        if self.next_look.is_some_and(|next| now < next) {
            return Vec::new();
        }
        self.next_look = Some(now + Self::LOOK);
        let known: Vec<Rect> = self.shapes().map(|shape| shape.area).collect();
        let filter = self.setting == StreamingVideo::Filter;
        let mut found = Vec::new();
        for area in heat.hot_areas(now) {
            // Cells are coarse: what is hot beside a video by less than one of them belongs to it.
            if known.iter().any(|known| belongs_to(known, &area)) {
                continue;
            }
            let large = !filter || (area.width() >= Self::MIN_SIDE && area.height() >= Self::MIN_SIDE);
            if !large {
                continue;
            }
            if filter && !is_moving_picture(area) {
                self.next_look = Some(now + Self::LOOK_AWAY);
                continue;
            }
            found.push(area);
        }
        found
    }

    /// Begins a video; `None` when there are too many. An odd last column or row is left out: most codecs have one colour
    /// for two of them.
    pub fn begin(&mut self, area: Rect, now: Instant) -> Option<StreamShape> {
        let right = area.right - (area.right - area.left) % 2;
        let bottom = area.bottom - (area.bottom - area.top) % 2;
        let area = Rect { right, bottom, ..area };
        if area.is_empty() {
            return None;
        }
        let id = (0..Self::MAX).find(|id| !self.all.contains_key(id))?;
        self.begun = self.begun.wrapping_add(1);
        let shape = StreamShape { id, unique_id: self.begun, area };
        let stream =
            Stream { shape, serial: 1, frames: 1, begun: now, changes: VecDeque::new(), captured: None };
        self.all.insert(id, stream);
        Some(shape)
    }

    /// Ends a video.
    pub fn end(&mut self, id: u32) -> Option<StreamShape> {
        self.all.remove(&id).map(|stream| stream.shape)
    }

    /// Nothing that looks like a video becomes one before `until`.
    pub const fn rest(&mut self, until: Instant) {
        self.next_look = Some(until);
    }

    /// Videos that have ended by `now`.
    pub fn ended(&self, now: Instant) -> Vec<u32> {
        self.all.iter().filter(|(_, stream)| stream.ends_at() <= now).map(|(id, _)| *id).collect()
    }

    /// When the next video ends, if it changes no more.
    pub fn next_end(&self) -> Option<Instant> {
        self.all.values().map(Stream::ends_at).min()
    }
}

impl Stream {
    /// What clients are told of it.
    pub const fn shape(&self) -> StreamShape {
        self.shape
    }

    /// How often it has changed.
    pub const fn serial(&self) -> u64 {
        self.serial
    }

    /// How many frames there have been.
    pub const fn frames(&self) -> u64 {
        self.frames
    }

    /// The frame that is there now; `snapshot` has the pixels of an area.
    pub fn capture(&mut self, snapshot: impl FnOnce(Rect) -> Option<Bitmap>) -> Option<&mut Frame> {
        if self.captured.as_ref().is_none_or(|(serial, _)| *serial != self.serial) {
            self.captured = Some((self.serial, Frame::new(snapshot(self.shape.area)?)));
        }
        self.captured.as_mut().map(|(_, frame)| frame)
    }

    fn ends_at(&self) -> Instant {
        let often = self.changes.len() >= Streams::LIVELY;
        let oldest = self.changes.front().filter(|_| often).unwrap_or(&self.begun);
        *oldest + Streams::PAUSE
    }
}

/// Whether `area`, which is one of whole cells, is no larger than `video` but for these cells.
pub fn belongs_to(video: &Rect, area: &Rect) -> bool {
    Rect::new(video.left - CELL, video.top - CELL, video.right + CELL, video.bottom + CELL).contains(area)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_of_videos_are_even() {
        let (mut streams, now) = (Streams::new(StreamingVideo::All), Instant::now());
        let shape = streams.begin(Rect::new(16, 0, 117, 97), now);
        assert_eq!(shape.map(|shape| shape.area), Some(Rect::new(16, 0, 116, 96)));
        assert_eq!(streams.begin(Rect::new(16, 0, 17, 97), now), None);
    }
}
