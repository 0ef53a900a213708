//! Every element, by what comes out of it: frames that GStreamer's decoders show like the pictures that went in.

use std::sync::mpsc::channel;
use std::time::Duration;

use bytes::Bytes;
use gstreamer::prelude::*;
use gstreamer_app::{AppSink, AppSrc};
use image::bitmap::{Bitmap, BitmapFormat, Layout};

use super::*;
use crate::display::stream::gstreamer::pipeline::Pipeline;

const CODECS: [VideoCodec; 4] = [VideoCodec::VP8, VideoCodec::VP9, VideoCodec::H264, VideoCodec::H265];
const SIZE: Size = Size::new(320, 192);

/// A gradient that moves on with every picture.
fn picture(size: Size, number: u32) -> Bitmap {
    let layout = Layout::packed(BitmapFormat::Xrgb32, size).unwrap();
    let pixel = |x: u32, y: u32| {
        let wave = |value: u32| (value & 0x1ff).abs_diff(0x100).min(0xff);
        wave(x + number * 4) << 16 | wave(y + number * 2 + 80) << 8 | wave(x + y + 160)
    };
    let pixels = (0..size.height).flat_map(|y| (0..size.width).map(move |x| pixel(x, y)));
    Bitmap::new(layout, None, pixels.flat_map(u32::to_le_bytes).collect::<Vec<_>>().into()).unwrap()
}

/// What decodes a codec at a client.
struct Decoder {
    pipeline: gst::Pipeline,
    frames: AppSrc,
    pictures: AppSink,
    number: u64,
}

impl Decoder {
    fn new(codec: VideoCodec) -> Self {
        let (caps, element) = match codec {
            VideoCodec::VP8 => ("video/x-vp8", "vp8dec"),
            VideoCodec::VP9 => ("video/x-vp9", "vp9dec"),
            VideoCodec::H264 => ("video/x-h264,stream-format=byte-stream", "h264parse ! avdec_h264"),
            _ => ("video/x-h265,stream-format=byte-stream", "h265parse ! avdec_h265"),
        };
        let description = format!(
            "appsrc name=frames caps={caps} format=time ! {element} ! videoconvert ! \
             video/x-raw,format=BGRx ! appsink name=pictures sync=false"
        );
        let pipeline = gst::parse::launch(&description).unwrap().downcast::<gst::Pipeline>().unwrap();
        let frames = pipeline.by_name("frames").unwrap().downcast().unwrap();
        let pictures = pipeline.by_name("pictures").unwrap().downcast().unwrap();
        pipeline.set_state(gst::State::Playing).unwrap();
        Self { pipeline, frames, pictures, number: 0 }
    }

    fn push(&mut self, frame: Bytes) {
        let mut buffer = gst::Buffer::from_slice(frame);
        buffer.get_mut().unwrap().set_pts(gst::ClockTime::from_mseconds(self.number * 40));
        self.number += 1;
        self.frames.push_buffer(buffer).unwrap();
    }

    /// All pictures of what was pushed.
    fn finish(self) -> Vec<Vec<u8>> {
        self.frames.end_of_stream().unwrap();
        let mut pictures = Vec::new();
        while let Ok(sample) = self.pictures.pull_sample() {
            pictures.push(sample.buffer().unwrap().map_readable().unwrap().to_vec());
        }
        self.pipeline.set_state(gst::State::Null).unwrap();
        pictures
    }
}

/// Mean difference of the colours of two pictures.
fn difference(one: &[u8], other: &[u8]) -> f64 {
    let (one, other) = (one.as_chunks::<4>().0, other.as_chunks::<4>().0);
    assert_eq!(one.len(), other.len());
    let apart = |(one, other): (&[u8; 4], &[u8; 4])| {
        (0..3).map(|channel| f64::from(one[channel].abs_diff(other[channel]))).sum::<f64>()
    };
    one.iter().zip(other).map(apart).sum::<f64>() / (one.len() * 3) as f64
}

fn open(codec: VideoCodec, size: Size) -> Pipeline {
    Pipeline::open(find(codec).unwrap(), size).unwrap()
}

#[test]
fn what_every_codec_shows_is_near_to_what_was_encoded() {
    for codec in CODECS {
        // Sides of videos are multiples of 16, but at the edges of the screen.
        for size in [SIZE, Size::new(16, 16), Size::new(170, 98)] {
            let mut pipeline = open(codec, size);
            let mut decoder = Decoder::new(codec);
            for number in 0..20 {
                let frame = pipeline.encode(&picture(size, number), 4_000_000);
                decoder.push(frame.unwrap_or_else(|fault| panic!("{codec:?}, {size:?}: {fault}")));
            }
            let pictures = decoder.finish();
            assert_eq!(pictures.len(), 20, "{codec:?}, {size:?}: one frame for each picture");
            for (number, shown) in (0..).zip(&pictures) {
                let difference = difference(picture(size, number).data(), shown);
                assert!(difference < 6.0, "{codec:?}, {size:?}, picture {number}: {difference}");
            }
        }
    }
}

#[test]
fn bits_are_followed_while_it_runs() {
    for codec in CODECS {
        let mut pipeline = open(codec, SIZE);
        let mut bytes = |bits: u32, from: u32| {
            let noise = |number| {
                let picture = picture(SIZE, number);
                let mut state = number;
                let mut next = || {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 28) as u8
                };
                let data: Vec<u8> = picture.data().iter().map(|byte| byte ^ next()).collect();
                Bitmap::new(*picture.layout(), None, data.into()).unwrap()
            };
            let sizes = (from..from + 30).map(|number| pipeline.encode(&noise(number), bits).unwrap().len());
            // The first ones are what the encoder had learnt before.
            sizes.skip(10).sum::<usize>()
        };
        let (many, few) = (bytes(4_000_000, 0), bytes(300_000, 30));
        assert!(few * 2 < many, "{codec:?}: {few} after {many}");
    }
}

#[test]
fn a_missing_element_is_named_with_its_package() {
    let element = Element { name: "noenc", ..Element::of(VideoCodec::VP8).unwrap() };
    let fault = look_for(element).unwrap_err().to_string();
    assert!(fault.contains("noenc") && fault.contains("gstreamer1.0-plugins-good"), "{fault}");
    let fault = Pipeline::open(element, SIZE).err().expect("no such pipeline").to_string();
    assert!(fault.contains("noenc") && fault.contains("gstreamer1.0-plugins-good"), "{fault}");
}

#[test]
fn an_encoder_on_its_thread_wakes_whoever_waits_for_its_frames() {
    let (woken, wakes) = channel();
    let wake = Wake::new(move || woken.send(()).unwrap_or_default());
    let mut encoder = Gstreamer.open(VideoCodec::VP8, SIZE, &wake).unwrap();
    for number in 0..3 {
        encoder.push(picture(SIZE, number), 1_000_000);
        wakes.recv_timeout(Duration::from_secs(60)).expect("a frame");
        assert!(encoder.poll().unwrap().is_some());
    }
    assert_eq!(encoder.poll(), Ok(None));
    encoder.push(picture(Size::new(64, 64), 0), 1_000_000);
    wakes.recv_timeout(Duration::from_secs(60)).expect("an end");
    assert!(encoder.poll().is_err(), "a picture of another size");
    drop(encoder);
}
