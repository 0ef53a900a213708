//! zlib streams around those of other codecs: around GLZ, the image type `ZLIB_GLZ`.
//!
//! The host server deflates for clients whose link is slow, and the headless client inflates. A stream says nothing of what
//! it stands for: the message has the length beside it. Needs the feature `zlib`.

use alloc::vec::Vec;
use core::fmt;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// Deflates; keep it, because its tables are 256 KiB. It has none before the first stream.
#[derive(Debug, Default)]
pub struct Deflater(Option<Compress>);

impl Deflater {
    /// The original's: what a slow link saves by higher ones costs more time than it takes there.
    const LEVEL: Compression = Compression::new(3);

    /// A deflater without tables.
    pub const fn new() -> Self {
        Self(None)
    }

    /// Appends a stream to `out` that stands for `bytes`.
    ///
    /// # Errors
    /// [`DeflateError`], which does not happen; then `out` is as it was.
    pub fn deflate(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), DeflateError> {
        let compress = self.0.get_or_insert_with(|| Compress::new(Self::LEVEL, true));
        compress.reset();
        let start = out.len();
        // What cannot be made shorter becomes longer by five bytes for each stored block.
        out.reserve(bytes.len() + bytes.len() / 1024 + 64);
        loop {
            let done = usize::try_from(compress.total_in()).unwrap_or(usize::MAX);
            let rest = bytes.get(done..).unwrap_or_default();
            match compress.compress_vec(rest, out, FlushCompress::Finish) {
                Ok(Status::StreamEnd) => return Ok(()),
                Ok(Status::Ok | Status::BufError) if out.len() == out.capacity() => out.reserve(1024),
                _ => {
                    out.truncate(start);
                    return Err(DeflateError);
                }
            }
        }
    }
}

/// The `size` bytes that a stream stands for.
///
/// # Errors
/// [`InflateError`]; [`InflateError::Size`] when `size` is more than `max_size`, or than any stream of that length can stand
/// for, before anything is made room for.
pub fn inflate(stream: &[u8], size: usize, max_size: usize) -> Result<Vec<u8>, InflateError> {
    /// No stream stands for more than so many bytes for each of its own.
    const HIGHEST_RATIO: usize = 1032;
    if size > max_size || size / HIGHEST_RATIO > stream.len() {
        return Err(InflateError::Size(size));
    }
    // A stream that stands for more finds no room for it, and does not end.
    let mut out = alloc::vec![0; size];
    let mut decompress = Decompress::new(true);
    let status =
        decompress.decompress(stream, &mut out, FlushDecompress::Finish).map_err(|_| InflateError::Stream)?;
    let (read, written) = (decompress.total_in(), decompress.total_out());
    let all = |count: u64, length: usize| usize::try_from(count) == Ok(length);
    match status {
        Status::StreamEnd if all(read, stream.len()) && all(written, size) => Ok(out),
        _ => Err(InflateError::Length),
    }
}

/// The deflater did not finish a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeflateError;

impl fmt::Display for DeflateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a zlib stream was not finished")
    }
}

impl core::error::Error for DeflateError {}

/// Why bytes are not a zlib stream of the length that they are said to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InflateError {
    /// So many bytes are too many.
    Size(
        /// How many.
        usize,
    ),
    /// The stream is damaged.
    Stream,
    /// The stream stands for fewer or more bytes, is cut off, or has bytes behind its end.
    Length,
}

impl fmt::Display for InflateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size(size) => write!(f, "a zlib stream of {size} bytes is too large"),
            Self::Stream => f.write_str("the zlib stream is damaged"),
            Self::Length => f.write_str("the zlib stream does not have the length that it is said to have"),
        }
    }
}

impl core::error::Error for InflateError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(length: usize) -> Vec<u8> {
        let mut state = 1_u32;
        let next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        core::iter::repeat_with(next).take(length).collect()
    }

    #[test]
    fn one_deflater_serves_many_streams() {
        let mut deflater = Deflater::new();
        for bytes in [noise(200_000), alloc::vec![7; 300_000], Vec::new(), noise(1)] {
            let mut stream = alloc::vec![0xee];
            deflater.deflate(&bytes, &mut stream).unwrap();
            assert_eq!(inflate(&stream[1..], bytes.len(), 300_000), Ok(bytes));
        }
    }

    #[test]
    fn a_stream_of_another_length_is_refused() {
        let mut stream = Vec::new();
        Deflater::new().deflate(&[7; 1000], &mut stream).unwrap();
        assert_eq!(inflate(&stream, 1001, 2000), Err(InflateError::Length));
        assert_eq!(inflate(&stream, 999, 2000), Err(InflateError::Length));
        assert_eq!(inflate(&stream, 1000, 999), Err(InflateError::Size(1000)));
        assert_eq!(inflate(&stream[..stream.len() - 1], 1000, 2000), Err(InflateError::Length));
        stream.push(0);
        assert_eq!(inflate(&stream, 1000, 2000), Err(InflateError::Length));
        assert_eq!(inflate(&stream, 1 << 30, 1 << 31), Err(InflateError::Size(1 << 30)));
    }
}
