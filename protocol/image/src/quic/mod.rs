//! The QUIC image format of SPICE: prediction and adaptive Golomb-Rice codes, for pictures with many
//! colours.
//!
//! The host server encodes photographs and smooth pictures with it (image type `QUIC`), which is what
//! QEMU's default asks for, and the headless client decodes them. Streams are bit for bit those of
//! spice-server.
//!
//! # Format
//! Words of 32 bits, little endian, whose bits are read from the highest to the lowest. Five numbers of 32
//! bits: magic 0x43495551, version 0, [`Kind`], width and height in pixels; then the rows from the top, and
//! a word of zeros.
//!
//! Channels (red, green, blue; alpha has a coder of its own, whose row follows that of the colours) are
//! predicted from the pixel to the left in the first row, and from the mean of that and the one above in
//! all others. The error, folded so that small ones of either sign are small numbers, is written in one of
//! 8 (at 5 bits: 5) Golomb-Rice codes, no code longer than 26 bits. Which one is what a [`model::Model`]
//! has found best for errors of the size of the one to the left. Models learn now and then, as
//! [`pace::Pace`] has it.
//!
//! Where the row above has two equal pixels and the two last pixels were equal, a run begins: the number of
//! further equal pixels in an adaptive run length code ([`run::RunLength`]).
//!
//! The format was first described by `quic.c` of spice-common, after SFALIC by Roman Starosolski.

mod bits;
mod decode;
mod encode;
mod lanes;
mod model;
mod pace;
mod run;

pub use decode::{DecodeError, decode};
pub use encode::{EncodeError, Encoder};

use model::{MAX_WORD_BITS, Model};
use pace::Pace;
use run::RunLength;

use crate::bitmap::{BitmapFormat, UnknownFormat};

const MAGIC: u32 = 0x4349_5551;
const VERSION: u32 = 0;
/// Pixels that a stream may stand for: clients refuse more.
const MAX_PIXELS: u64 = 512 * 1024 * 1024 - 1;

/// What the pixels of a stream are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// One channel of 8 bits.
    Gray,
    /// Three channels of 5 bits.
    Rgb16,
    /// Three channels of 8 bits, out of pixels of 3 bytes.
    Rgb24,
    /// Three channels of 8 bits, out of pixels of 4 bytes.
    Rgb32,
    /// Four channels of 8 bits.
    Rgba,
}

impl Kind {
    const fn code(self) -> u32 {
        match self {
            Self::Gray => 1,
            Self::Rgb16 => 2,
            Self::Rgb24 => 3,
            Self::Rgb32 => 4,
            Self::Rgba => 5,
        }
    }

    const fn from_code(code: u32) -> Result<Self, UnknownFormat> {
        Ok(match code {
            1 => Self::Gray,
            2 => Self::Rgb16,
            3 => Self::Rgb24,
            4 => Self::Rgb32,
            5 => Self::Rgba,
            other => return Err(UnknownFormat(other)),
        })
    }

    /// What a bitmap of that format becomes; `None` for indexed ones, of which there are no streams.
    pub const fn of_bitmap(format: BitmapFormat) -> Option<Self> {
        Some(match format {
            BitmapFormat::Alpha8 => Self::Gray,
            BitmapFormat::Rgb555 => Self::Rgb16,
            BitmapFormat::Rgb24 => Self::Rgb24,
            BitmapFormat::Xrgb32 => Self::Rgb32,
            BitmapFormat::Argb32 => Self::Rgba,
            _ => return None,
        })
    }
}

/// What `N` channels of `BITS` bits each that are coded together have learnt so far.
#[derive(Clone, Debug)]
struct Channels<const N: usize, const BITS: u32> {
    models: [Model<BITS>; N],
    pace: Pace,
    runs: RunLength,
    /// The folded errors of the last row at each place, a byte for each channel, behind those before the first pixel.
    /// Inside of runs they are left from earlier rows.
    errors: alloc::vec::Vec<u32>,
}

impl<const N: usize, const BITS: u32> Channels<N, BITS> {
    fn new(width: usize) -> Self {
        Self {
            models: core::array::from_fn(|_| Model::new()),
            pace: Pace::new(),
            runs: RunLength::new(),
            errors: alloc::vec![0; width + 1],
        }
    }

    /// Prepares for the next row.
    fn begin_row(&mut self, first: bool) {
        let before = if first { 0 } else { self.errors.get(1).copied().unwrap_or(0) };
        if let Some(start) = self.errors.first_mut() {
            *start = before;
        }
    }

    /// Learns from the errors of pixel `at`.
    fn learn(models: &mut [Model<BITS>; N], errors: &[u32], at: usize, trigger: u32) {
        if let Some([before, now]) = errors.get(at..at + 2) {
            for ((model, before), now) in models.iter_mut().zip(before.to_le_bytes()).zip(now.to_le_bytes()) {
                model.learn(before, now, trigger);
            }
        }
    }
}

/// One side of coding a row: writes or reads its pixels.
trait RowCoder<const N: usize, const BITS: u32> {
    /// Why a row cannot be coded.
    type Error;

    /// Codes pixels from `at` on, predicted from their neighbours, until `end` or until a run begins: the place, and
    /// whether it is a run. Runs begin at `first_run` at the earliest.
    fn pixels(
        &mut self,
        models: &[Model<BITS>; N],
        errors: &mut [u32],
        at: usize,
        end: usize,
        first_run: usize,
    ) -> (usize, bool);

    /// Codes the run of pixels from `at` on, before `end`, that equal the one before; its length.
    fn run(&mut self, runs: &mut RunLength, at: usize, end: usize) -> Result<usize, Self::Error>;
}

/// Codes a row of `width` pixels. Without a row above there are no runs.
fn code_row<const N: usize, const BITS: u32, C: RowCoder<N, BITS>>(
    channels: &mut Channels<N, BITS>,
    coder: &mut C,
    width: usize,
    first: bool,
) -> Result<(), C::Error> {
    channels.begin_row(first);
    let Channels { models, pace, runs, errors } = channels;
    pace.each_segment(width, |pace, from, end| {
        let mut at = from;
        if at == 0 {
            (at, _) = coder.pixels(models, errors, 0, 1, usize::MAX);
            if pace.wait > 0 {
                pace.wait -= 1;
            } else {
                pace.wait = pace.interval();
                Channels::learn(models, errors, 0, pace.trigger());
            }
        }
        // The pixel that is learnt from next.
        let mut stop = at + pace.wait;
        let mut first_run = if first { usize::MAX } else { 3 };
        loop {
            let run;
            (at, run) = coder.pixels(models, errors, at, end.min(stop + 1), first_run);
            if run {
                // An empty run must not begin again where it was.
                first_run = at + 1;
                pace.wait = stop - at;
                at += coder.run(runs, at, end)?;
                if at >= end {
                    return Ok(());
                }
                stop = at + pace.wait;
            } else if stop < end {
                Channels::learn(models, errors, stop, pace.trigger());
                stop = at + pace.interval();
            } else {
                pace.wait = stop - end;
                return Ok(());
            }
        }
    })
}
