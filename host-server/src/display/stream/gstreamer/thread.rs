//! An encoder's thread, and its face for the display's.

use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};

use bytes::Bytes;
use image::bitmap::Bitmap;
use image::geometry::Size;

use super::element::Element;
use super::pipeline::Pipeline;
use crate::display::encode::pool::Wake;
use crate::display::stream::encoder::{EncoderFault, VideoEncoder};

/// A pipeline on a thread of its own, which ends when this is dropped.
#[derive(Debug)]
pub(super) struct EncoderThread {
    pictures: Sender<(Bitmap, u32)>,
    frames: Receiver<Result<Bytes, EncoderFault>>,
}

impl EncoderThread {
    /// Starts the thread, which begins by finding its element.
    pub(super) fn start(
        find: impl FnOnce() -> Result<Element, EncoderFault> + Send + 'static,
        size: Size,
        wake: &Wake,
    ) -> Result<Self, EncoderFault> {
        let (pictures, pushed) = channel();
        let (ready, frames) = channel();
        let wake = wake.clone();
        let work = move || {
            // Dropped after the sender of frames, also by a panic: whoever is woken sees that there will be none.
            let wake = WakeAtEnd(wake);
            let ready = ready;
            run(find, size, &pushed, &ready, &wake.0);
        };
        crate::thread::spawn_masked("SPICE video", work)
            .map_err(|error| EncoderFault::new(format_args!("no thread for a video: {error}")))?;
        Ok(Self { pictures, frames })
    }
}

impl VideoEncoder for EncoderThread {
    fn push(&mut self, picture: Bitmap, bits_per_second: u32) {
        // A thread that has ended has said why, or `poll` says that it is gone.
        let _ = self.pictures.send((picture, bits_per_second));
    }

    fn poll(&mut self) -> Result<Option<Bytes>, EncoderFault> {
        match self.frames.try_recv() {
            Ok(frame) => frame.map(Some),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(EncoderFault::new("the thread of an encoder has ended")),
        }
    }
}

/// Wakes when it is dropped.
struct WakeAtEnd(Wake);

impl Drop for WakeAtEnd {
    fn drop(&mut self) {
        self.0.call();
    }
}

/// Encodes until nobody pushes any more, or something fails.
fn run(
    find: impl FnOnce() -> Result<Element, EncoderFault>,
    size: Size,
    pictures: &Receiver<(Bitmap, u32)>,
    frames: &Sender<Result<Bytes, EncoderFault>>,
    wake: &Wake,
) {
    let mut pipeline = match find().and_then(|element| Pipeline::open(element, size)) {
        Ok(pipeline) => pipeline,
        Err(fault) => return drop(frames.send(Err(fault))),
    };
    while let Ok((picture, bits_per_second)) = pictures.recv() {
        let frame = pipeline.encode(&picture, bits_per_second);
        let failed = frame.is_err();
        // Nobody listens any more when the video has ended.
        if frames.send(frame).is_err() || failed {
            return;
        }
        wake.call();
    }
}
