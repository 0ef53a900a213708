//! A pipeline of GStreamer that gives a frame for each picture. It waits, and so belongs to a thread of its own.

use std::time::{Duration, Instant};

use bytes::Bytes;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::{AppSink, AppSrc};
use image::bitmap::{Bitmap, BitmapFormat};
use image::geometry::Size;

use super::element::Element;
use crate::display::stream::encoder::EncoderFault;

/// Frames a second that encoders divide their bits by.
const FRAMES_PER_SECOND: i32 = 25;

/// A running pipeline.
pub(super) struct Pipeline {
    element: Element,
    size: Size,
    pipeline: gst::Pipeline,
    encoder: gst::Element,
    pictures: AppSrc,
    frames: AppSink,
    bits_per_second: u32,
    start: Instant,
    /// When the last picture is shown, since the start.
    last: Option<gst::ClockTime>,
}

impl Pipeline {
    /// How long one frame may take.
    const PATIENCE: Duration = Duration::from_secs(5);

    /// A pipeline for pictures of `size`. GStreamer must have been initialised.
    pub(super) fn open(element: Element, size: Size) -> Result<Self, EncoderFault> {
        let fault = |what: &dyn std::fmt::Display| fault(element, what);
        let pipeline = gst::parse::launch_full(&element.pipeline(), None, gst::ParseFlags::FATAL_ERRORS)
            .map_err(|error| fault(&error))?
            .downcast::<gst::Pipeline>()
            .map_err(|_| fault(&"it is no pipeline"))?;
        let part = |name| pipeline.by_name(name).ok_or_else(|| fault(&"a part of it is missing"));
        if let Some(bus) = pipeline.bus() {
            // Nobody reads the others.
            bus.set_sync_handler(|_, message| match message.type_() {
                gst::MessageType::Error => gst::BusSyncReply::Pass,
                _ => gst::BusSyncReply::Drop,
            });
        }
        let encoder = part("encoder")?;
        let pictures =
            part("pictures")?.downcast::<AppSrc>().map_err(|_| fault(&"appsrc is something else"))?;
        let frames =
            part("frames")?.downcast::<AppSink>().map_err(|_| fault(&"appsink is something else"))?;
        let side = |pixels: u32| i32::try_from(pixels).unwrap_or(i32::MAX);
        let caps = gst::Caps::builder("video/x-raw")
            .field("format", "BGRx")
            .field("width", side(size.width))
            .field("height", side(size.height))
            .field("framerate", gst::Fraction::new(FRAMES_PER_SECOND, 1))
            .build();
        pictures.set_caps(Some(&caps));
        let opened = Self {
            element,
            size,
            pipeline,
            encoder,
            pictures,
            frames,
            bits_per_second: 0,
            start: Instant::now(),
            last: None,
        };
        Ok(opened)
    }

    /// The frame of a picture.
    pub(super) fn encode(&mut self, picture: &Bitmap, bits_per_second: u32) -> Result<Bytes, EncoderFault> {
        let pixels = pixels(picture, self.size).ok_or_else(|| self.fault(&"no picture of its size"))?;
        self.set_rate(bits_per_second);
        if self.last.is_none() {
            self.pipeline.set_state(gst::State::Playing).map_err(|error| self.failure(&error))?;
        }
        let mut buffer = gst::Buffer::from_slice(pixels);
        if let Some(buffer) = buffer.get_mut() {
            buffer.set_pts(self.next_time());
        }
        self.pictures.push_buffer(buffer).map_err(|error| self.failure(&error))?;
        let patience = gst::ClockTime::try_from(Self::PATIENCE).unwrap_or(gst::ClockTime::MAX);
        let sample =
            self.frames.try_pull_sample(patience).ok_or_else(|| self.failure(&"it gives no frame"))?;
        let buffer = sample.buffer_owned().ok_or_else(|| self.fault(&"it gives no frame"))?;
        let mapped =
            buffer.into_mapped_buffer_readable().map_err(|_| self.fault(&"its frame cannot be read"))?;
        Ok(Bytes::from_owner(mapped))
    }

    /// Pictures are shown when they come; each later than the one before.
    fn next_time(&mut self) -> gst::ClockTime {
        let now = gst::ClockTime::try_from(self.start.elapsed()).unwrap_or(gst::ClockTime::MAX);
        let time = self.last.map_or(now, |last| now.max(last + gst::ClockTime::MSECOND));
        self.last = Some(time);
        time
    }

    fn set_rate(&mut self, bits_per_second: u32) {
        if self.bits_per_second == bits_per_second {
            return;
        }
        self.bits_per_second = bits_per_second;
        let (name, value) = self.element.rate.value(bits_per_second);
        // From text, because elements differ in the type of their number.
        if self.encoder.find_property(name).is_some() {
            self.encoder.set_property_from_str(name, &value.to_string());
        }
    }

    /// Why it gives no frame: what its elements say, or else `what`.
    fn failure(&self, what: &dyn std::fmt::Display) -> EncoderFault {
        let error = self.pipeline.bus().and_then(|bus| bus.pop_filtered(&[gst::MessageType::Error]));
        match error.as_ref().map(|message| message.view()) {
            Some(gst::MessageView::Error(error)) => self.fault(&error.error()),
            _ => self.fault(what),
        }
    }

    fn fault(&self, what: &dyn std::fmt::Display) -> EncoderFault {
        fault(self.element, what)
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        if self.pipeline.set_state(gst::State::Null).is_err() {
            tracing::warn!(element = self.element.name, "a pipeline does not stop");
        }
    }
}

fn fault(element: Element, what: &dyn std::fmt::Display) -> EncoderFault {
    let Element { name, package, .. } = element;
    EncoderFault::new(format_args!("GStreamer's element {name} (Debian package {package}): {what}"))
}

/// Rows from the top without gaps, four bytes a pixel; `None` when the picture is another one.
fn pixels(picture: &Bitmap, size: Size) -> Option<Bytes> {
    let of_32_bits = matches!(picture.format(), BitmapFormat::Xrgb32 | BitmapFormat::Argb32);
    if picture.size() != size || !of_32_bits {
        return None;
    }
    if picture.top_down() && picture.stride() == size.width * 4 {
        return Some(picture.data().clone());
    }
    Some(picture.rows().flatten().copied().collect())
}
