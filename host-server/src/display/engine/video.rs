//! Videos on the primary surface: when they begin and end, and the frames that clients get.

use std::time::{Duration, Instant};

use image::geometry::Rect;
use image::region::Region;
use wire::drawable::SurfaceId;

use super::Engine;
use crate::display::client::DisplayClient;
use crate::display::handle::ClientId;
use crate::display::pipe::PipeItem;
use crate::display::stream::StreamShape;
use crate::display::stream::viewer::Lack;

/// How long nothing is taken for a video after one that could not be encoded.
const AFTER_FAILURE: Duration = Duration::from_secs(10);

impl Engine {
    /// Begins a video where `area` changes. Those that it replaces end.
    pub(super) fn begin_video(&mut self, area: Rect, now: Instant) {
        let mut area = area;
        loop {
            let replaced = self.streams.shapes().find(|shape| shape.area.intersects(&area));
            let Some(shape) = replaced else { break };
            self.end_video(shape.id);
            // What has grown goes on as one; a small video beside a large one does not make it larger.
            let union = area.union(&shape.area);
            if union.size().area() <= (area.size().area() + shape.area.size().area()) * 5 / 4 {
                area = union;
            }
        }
        let Some(shape) = self.streams.begin(area, now) else { return };
        tracing::debug!(?area, "a video begins");
        self.tell_viewers(&PipeItem::StreamCreate(shape));
    }

    /// Ends a video; clients get its pixels without loss.
    pub(super) fn end_video(&mut self, id: u32) {
        let Some(StreamShape { area, .. }) = self.streams.end(id) else { return };
        tracing::debug!(?area, "a video ends");
        self.tell_viewers(&PipeItem::StreamDestroy(id));
        for client in self.joined() {
            if self.clients.get(&client).is_some_and(DisplayClient::takes_video) {
                self.send_pixels(client, SurfaceId::PRIMARY, &Region::from_rect(area));
            }
        }
    }

    /// Ends all videos, because their surface ends.
    pub(super) fn drop_videos(&mut self) {
        for shape in self.streams.shapes().collect::<Vec<_>>() {
            self.streams.end(shape.id);
            self.tell_viewers(&PipeItem::StreamDestroy(shape.id));
        }
    }

    /// Tells a client that has just got the primary surface of the videos on it.
    pub(super) fn show_videos(&mut self, id: ClientId) {
        let Some(client) = self.clients.get_mut(&id).filter(|client| client.takes_video()) else { return };
        for shape in self.streams.shapes() {
            client.push(self.moment, PipeItem::StreamCreate(shape));
        }
    }

    /// A client cannot show videos: it gets what is there, and drawings from now on.
    pub(super) fn without_videos(&mut self, id: ClientId) {
        let shapes: Vec<_> = self.streams.shapes().collect();
        self.moment += 1;
        for StreamShape { id: video, area, .. } in shapes {
            let Some(client) = self.clients.get_mut(&id) else { return };
            client.push(self.moment, PipeItem::StreamDestroy(video));
            self.send_pixels(id, SurfaceId::PRIMARY, &Region::from_rect(area));
        }
    }

    /// Queues the newest frames of videos for a client that can take them now.
    pub(super) fn push_video_frames(&mut self, id: ClientId, backlog: usize, now: Instant) {
        let Some(client) = self.clients.get_mut(&id) else { return };
        let reaction = client.collect_frames(&self.streams, now);
        self.react(id, reaction, now);
        while let Some((video, lack)) =
            self.clients.get(&id).and_then(|client| client.due_video(&self.streams, backlog))
        {
            if !self.push_video_frame(id, video, lack, now) {
                self.end_video(video);
                self.streams.rest(now + AFTER_FAILURE);
            }
        }
    }

    /// Queues the newest frame of a video, or gives its picture to the client's encoder. `false` when there is none.
    fn push_video_frame(&mut self, id: ClientId, video: u32, lack: Lack, now: Instant) -> bool {
        let Some(stream) = self.streams.get_mut(video) else { return false };
        let moment = (stream.serial(), stream.frames());
        let surfaces = &mut self.surfaces;
        let frame = stream.capture(|area| surfaces.snapshot(SurfaceId::PRIMARY, area));
        let (Some(frame), Some(client)) = (frame, self.clients.get_mut(&id)) else { return false };
        match lack {
            Lack::Frame(quality) => {
                let Some(encoded) = frame.encode(quality, &mut self.jpeg) else { return false };
                client.push_video(video, moment, encoded, now);
            }
            Lack::Picture => {
                let reaction = client.push_picture(video, moment, frame.pixels().clone(), now);
                self.react(id, reaction, now);
            }
        }
        true
    }

    /// Ends the videos that have come to an end by `now`; returns when to ask again.
    pub fn end_videos(&mut self, now: Instant) -> Option<Instant> {
        for id in self.streams.ended(now) {
            self.end_video(id);
        }
        self.streams.next_end()
    }

    fn tell_viewers(&mut self, item: &PipeItem) {
        self.moment += 1;
        let watches =
            |client: &&mut DisplayClient| client.has_surface(SurfaceId::PRIMARY) && client.takes_video();
        for client in self.clients.values_mut().filter(watches) {
            client.push(self.moment, item.clone());
        }
    }
}
