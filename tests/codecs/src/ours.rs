//! Our side: the same sequences of pictures, with the time that they take.

use anyhow::Result;
use image::bitmap::Bitmap;
use image::{glz, lz, lz4, quic};
use rustix::time::{ClockId, clock_gettime};

use crate::pictures::Named;

/// Pixels of a dictionary, as on the original's side.
const WINDOW: u64 = 8 << 20;

/// A codec that both sides have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Codec {
    Quic,
    Lz,
    Lz4,
    Glz,
}

/// What encoding one picture takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// Of processor time of the thread.
    pub(crate) nanoseconds: f64,
    /// Length of the stream.
    pub(crate) bytes: u64,
}

impl Codec {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Quic => "quic",
            Self::Lz => "lz",
            Self::Lz4 => "lz4",
            Self::Glz => "glz",
        }
    }
}

/// Our encoders, with the buffer that they write into: both are kept, as a server keeps them.
pub(crate) struct Ours {
    quic: quic::Encoder,
    lz: lz::Encoder,
    lz4: lz4::Encoder,
    out: Vec<u8>,
}

impl Ours {
    pub(crate) fn new() -> Self {
        let (quic, lz, lz4) = (quic::Encoder::new(), lz::Encoder::new(), lz4::Encoder::new());
        Self { quic, lz, lz4, out: Vec::new() }
    }

    /// Encodes a sequence of pictures `repeats` times, which share a dictionary if the codec has one: the cost of the last.
    pub(crate) fn encode(&mut self, codec: Codec, pictures: &[&Named], repeats: u32) -> Result<Cost> {
        let mut cost = Cost { nanoseconds: 0.0, bytes: 0 };
        for _ in 0..repeats {
            let mut dictionary = glz::Dictionary::new(WINDOW);
            let mut last = 0.0;
            for picture in pictures {
                self.out.clear();
                let before = processor_time();
                self.encode_one(codec, &picture.bitmap, &mut dictionary)?;
                last = processor_time() - before;
            }
            cost.nanoseconds += last / f64::from(repeats);
            cost.bytes = self.out.len() as u64;
        }
        Ok(cost)
    }

    /// The streams of a sequence of pictures.
    pub(crate) fn streams(&mut self, codec: Codec, pictures: &[&Named]) -> Result<Vec<Vec<u8>>> {
        let mut dictionary = glz::Dictionary::new(WINDOW);
        let mut encode = |picture: &&Named| {
            self.out.clear();
            self.encode_one(codec, &picture.bitmap, &mut dictionary)?;
            Ok(self.out.clone())
        };
        pictures.iter().map(&mut encode).collect()
    }

    fn encode_one(&mut self, codec: Codec, bitmap: &Bitmap, dictionary: &mut glz::Dictionary) -> Result<()> {
        match codec {
            Codec::Quic => self.quic.encode(bitmap, &mut self.out)?,
            Codec::Lz => self.lz.encode(bitmap, &mut self.out)?,
            Codec::Lz4 => self.lz4.encode(bitmap, &mut self.out)?,
            Codec::Glz => dictionary.encode(bitmap, &mut self.out)?,
        }
        Ok(())
    }
}

/// Decodes a sequence of streams `repeats` times: the last bitmap, and the nanoseconds that it takes.
pub(crate) fn decode(
    codec: Codec,
    streams: &[Vec<u8>],
    like: &Bitmap,
    repeats: u32,
) -> Result<(Bitmap, f64)> {
    let mut nanoseconds = 0.0;
    let mut decoded = like.clone();
    for _ in 0..repeats {
        let mut window = glz::Window::new(WINDOW);
        let mut last = 0.0;
        for stream in streams {
            let before = processor_time();
            decoded = match codec {
                Codec::Quic => quic::decode(stream, u64::MAX)?,
                Codec::Lz => lz::decode(stream, None, u64::MAX)?,
                Codec::Lz4 => lz4::decode(stream, like.size(), u64::MAX)?,
                Codec::Glz => window.decode(stream)?,
            };
            last = processor_time() - before;
        }
        nanoseconds += last / f64::from(repeats);
    }
    Ok((decoded, nanoseconds))
}

fn processor_time() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}
