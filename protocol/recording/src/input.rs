//! The text layer of a recording: lines of a key and numbers, and blocks of bytes.
//!
//! Numbers were written by C's `%d`, so that a field of 32 bits without sign may stand as a negative
//! number; both spellings are taken.

use std::io::{self, BufRead, Read};

use crate::error::{Error, ErrorKind};

/// No line of the format comes near this many bytes.
const LONGEST_LINE: usize = 256;

/// What one command may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one command, with the pixels it points to, or of one primary surface.
    pub command_bytes: usize,
}

impl Default for Limits {
    /// 256 MiB: a picture of 8192 x 8192 pixels of 32 bits.
    fn default() -> Self {
        Self { command_bytes: 256 << 20 }
    }
}

/// A reader that knows where it is.
#[derive(Debug)]
pub(crate) struct Input<R> {
    source: R,
    line: u64,
    offset: u64,
    text: Vec<u8>,
    pub(crate) limits: Limits,
}

impl<R: BufRead> Input<R> {
    pub(crate) fn new(source: R, limits: Limits) -> Self {
        Self { source, line: 0, offset: 0, text: Vec::with_capacity(LONGEST_LINE), limits }
    }

    /// An error at the place that was read last.
    pub(crate) fn error(&self, kind: ErrorKind) -> Error {
        Error { line: self.line, offset: self.offset, kind }
    }

    /// Whether nothing follows.
    pub(crate) fn at_end(&mut self) -> Result<bool, Error> {
        match self.source.fill_buf() {
            Ok(rest) => Ok(rest.is_empty()),
            Err(error) => Err(self.error(error.into())),
        }
    }

    /// Reads up to `end`, which is not part of the result in `self.text`.
    fn until(&mut self, end: u8) -> Result<(), Error> {
        self.text.clear();
        let window = LONGEST_LINE as u64 + 1;
        let read = self.source.by_ref().take(window).read_until(end, &mut self.text);
        let count = read.map_err(|error| self.error(error.into()))?;
        self.offset += count as u64;
        if self.text.pop_if(|last| *last == end).is_some() {
            return Ok(());
        }
        let kind =
            if count > LONGEST_LINE { ErrorKind::LongLine(LONGEST_LINE) } else { ErrorKind::Truncated };
        Err(self.error(kind))
    }

    fn unexpected(&self, expected: &'static str) -> Error {
        let found = String::from_utf8_lossy(&self.text).into_owned();
        self.error(ErrorKind::Expected { expected, found })
    }

    /// Reads a line of `key` and exactly `N` numbers; an empty key stands for a line of numbers only.
    pub(crate) fn numbers<const N: usize>(&mut self, key: &'static str) -> Result<[i128; N], Error> {
        self.line += 1;
        self.until(b'\n')?;
        parse_numbers(&self.text, key).ok_or_else(|| self.unexpected(key))
    }

    /// Reads a line of `key` and one number, which has to fit the type of the field.
    pub(crate) fn field<T: Field>(&mut self, key: &'static str) -> Result<T, Error> {
        let [value] = self.numbers(key)?;
        self.fit(key, value)
    }

    pub(crate) fn fit<T: Field>(&self, field: &'static str, value: i128) -> Result<T, Error> {
        T::from_recorded(value).ok_or_else(|| self.error(ErrorKind::Range { field, value }))
    }

    /// Reads a line of `key` and a number that says whether something is there.
    pub(crate) fn flag(&mut self, key: &'static str) -> Result<bool, Error> {
        Ok(self.field::<i32>(key)? != 0)
    }

    /// Reads a line of `key` alone.
    pub(crate) fn marker(&mut self, key: &'static str) -> Result<(), Error> {
        self.numbers::<0>(key).map(|[]| ())
    }

    /// Reads a line that begins with one of two keys and says whether it was the second.
    pub(crate) fn either<T: Field>(
        &mut self,
        first: &'static str,
        second: &'static str,
    ) -> Result<(bool, T), Error> {
        self.line += 1;
        self.until(b'\n')?;
        if let Some([value]) = parse_numbers(&self.text, first) {
            return Ok((false, self.fit(first, value)?));
        }
        match parse_numbers(&self.text, second) {
            Some([value]) => Ok((true, self.fit(second, value)?)),
            None => Err(self.unexpected(first)),
        }
    }

    /// Appends the bytes of the block `name` to `output` and says how many they are. With what is there
    /// already they may not exceed the limit.
    pub(crate) fn block(&mut self, name: &'static str, output: &mut Vec<u8>) -> Result<usize, Error> {
        self.line += 1;
        self.until(b':')?;
        let header = std::str::from_utf8(&self.text).ok().and_then(|text| block_header(text, name));
        let (compressed, size) = header.ok_or_else(|| self.unexpected(name))?;
        let limit = self.limits.command_bytes;
        let size = usize::try_from(size).ok().filter(|size| limit.saturating_sub(output.len()) >= *size);
        let size = size.ok_or_else(|| self.error(ErrorKind::TooLarge { limit }))?;
        if compressed {
            self.compressed_bytes(name, size, output)?;
        } else {
            self.bytes(size, output)?;
        }
        self.until(b'\n')?;
        if self.text.is_empty() { Ok(size) } else { Err(self.unexpected("end of line")) }
    }

    fn bytes(&mut self, size: usize, output: &mut Vec<u8>) -> Result<(), Error> {
        let read = self.source.by_ref().take(size as u64).read_to_end(output);
        let count = read.map_err(|error| self.error(error.into()))?;
        self.offset += count as u64;
        if count == size { Ok(()) } else { Err(self.error(ErrorKind::Truncated)) }
    }

    fn compressed_bytes(
        &mut self,
        name: &'static str,
        size: usize,
        output: &mut Vec<u8>,
    ) -> Result<(), Error> {
        self.until(b':')?;
        let [packed] = parse_numbers(&self.text, "").ok_or_else(|| self.unexpected(name))?;
        let limit = self.limits.command_bytes;
        let packed = usize::try_from(packed).ok().filter(|packed| *packed <= limit);
        let packed = packed.ok_or_else(|| self.error(ErrorKind::TooLarge { limit }))?;
        let mut source = Vec::new();
        self.bytes(packed, &mut source)?;
        let unpacked = flate2::bufread::ZlibDecoder::new(source.as_slice());
        let read = unpacked.take(size as u64).read_to_end(output);
        match read {
            Ok(count) if count == size => Ok(()),
            Ok(_) => Err(self.error(ErrorKind::Zlib(name))),
            Err(error) if error.kind() == io::ErrorKind::OutOfMemory => Err(self.error(error.into())),
            Err(_) => Err(self.error(ErrorKind::Zlib(name))),
        }
    }
}

/// `binary <compressed> <name> <size>`.
fn block_header(text: &str, name: &str) -> Option<(bool, u64)> {
    let mut words = text.split(' ');
    if words.next()? != "binary" {
        return None;
    }
    let compressed: i32 = words.next()?.parse().ok()?;
    if words.next()? != name {
        return None;
    }
    let size = words.next()?.parse().ok()?;
    words.next().is_none().then_some((compressed != 0, size))
}

/// The `N` numbers that follow `key`, and nothing else.
fn parse_numbers<const N: usize>(line: &[u8], key: &str) -> Option<[i128; N]> {
    let text = std::str::from_utf8(line).ok()?;
    let mut words = text.strip_prefix(key)?.split_ascii_whitespace();
    let mut numbers = [0; N];
    for number in &mut numbers {
        *number = words.next()?.parse().ok()?;
    }
    words.next().is_none().then_some(numbers)
}

/// A type that a recorded number can be.
pub(crate) trait Field: Sized {
    /// The value, unless it does not fit.
    fn from_recorded(value: i128) -> Option<Self>;
}

macro_rules! fields {
    ($($field:ty, $twin:ty);*) => {$(
        impl Field for $field {
            fn from_recorded(value: i128) -> Option<Self> {
                let twin = || <$twin>::try_from(value).ok().map(|twin| Self::from_ne_bytes(twin.to_ne_bytes()));
                Self::try_from(value).ok().or_else(twin)
            }
        }
    )*};
}

fields!(u8, i8; u16, i16; u32, i32; u64, i64; i16, u16; i32, u32);
