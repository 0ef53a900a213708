//! Encoders for tests: frames say what they are, and come when a test says so.

use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use image::bitmap::{Bitmap, BitmapFormat, Layout};
use image::geometry::Size;
use wire::display::VideoCodec;

use super::codec::Supply;
use super::encoder::{EncoderFault, Encoders, VideoEncoder};
use crate::display::encode::pool::Wake;
use crate::settings::video_codecs::CodecOrder;

/// Encoders that a test steers.
#[derive(Clone, Debug, Default)]
pub(super) struct FakeEncoders(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    missing: Vec<VideoCodec>,
    refuses: bool,
    fails: bool,
    /// How many frames may come yet.
    finished: usize,
    bits: Vec<u32>,
}

#[derive(Debug)]
struct FakeEncoder {
    encoders: FakeEncoders,
    begun: bool,
    pushed: bool,
}

impl FakeEncoders {
    /// These, for a host with this order.
    pub(super) fn supply(&self, order: CodecOrder) -> Supply {
        Supply { order, encoders: Arc::new(self.clone()), wake: Wake::new(|| ()) }
    }

    /// The frame that is being encoded is ready.
    pub(super) fn finish(&self) {
        self.lock().finished += 1;
    }

    /// It turns out that there is none of a codec.
    pub(super) fn lose(&self, codec: VideoCodec) {
        self.lock().missing.push(codec);
    }

    /// No encoder can be opened from now on.
    pub(super) fn refuse(&self) {
        self.lock().refuses = true;
    }

    /// No encoder gives a frame from now on.
    pub(super) fn fail(&self) {
        self.lock().fails = true;
    }

    /// Bits a second of the pictures so far.
    pub(super) fn bits(&self) -> Vec<u32> {
        self.lock().bits.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl Encoders for FakeEncoders {
    fn prepare(&self, _: &mut dyn Iterator<Item = VideoCodec>) {}

    fn has(&self, codec: VideoCodec) -> bool {
        !self.lock().missing.contains(&codec)
    }

    fn open(&self, _: VideoCodec, _: Size, _: &Wake) -> Result<Box<dyn VideoEncoder>, EncoderFault> {
        if self.lock().refuses {
            return Err(EncoderFault::new("refused"));
        }
        Ok(Box::new(FakeEncoder { encoders: self.clone(), begun: false, pushed: false }))
    }
}

impl VideoEncoder for FakeEncoder {
    fn push(&mut self, _: Bitmap, bits_per_second: u32) {
        assert!(!self.pushed, "one picture at a time");
        self.pushed = true;
        self.encoders.lock().bits.push(bits_per_second);
    }

    fn poll(&mut self) -> Result<Option<Bytes>, EncoderFault> {
        let mut state = self.encoders.lock();
        if state.fails {
            return Err(EncoderFault::new("failed"));
        }
        if !self.pushed || state.finished == 0 {
            return Ok(None);
        }
        state.finished -= 1;
        self.pushed = false;
        let is_first = !std::mem::replace(&mut self.begun, true);
        Ok(Some(Bytes::from_static(if is_first { b"key" } else { b"delta" })))
    }
}

/// A black picture.
pub(super) fn picture(size: Size) -> Bitmap {
    let layout = Layout::packed(BitmapFormat::Xrgb32, size).unwrap();
    let bytes = usize::try_from(layout.data_bytes()).unwrap();
    Bitmap::new(layout, None, vec![0; bytes].into()).unwrap()
}
