//! Reading a message's body: the only place that turns a peer's bytes into numbers and slices.

use alloc::vec::Vec;

use bytes::Bytes;

use crate::error::WireError;
use crate::message::Wire;

/// A position in a message's body. Every read checks what is left; nothing is copied but numbers.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    body: &'a Bytes,
    position: usize,
}

impl<'a> Reader<'a> {
    /// Reads `body` from its start.
    pub const fn new(body: &'a Bytes) -> Self {
        Self { body, position: 0 }
    }

    /// A reader of the same body from its start.
    #[must_use]
    pub const fn start(&self) -> Self {
        Self { body: self.body, position: 0 }
    }

    /// Bytes from the start of the body.
    pub const fn position(&self) -> usize {
        self.position
    }

    /// Bytes that are left.
    pub fn remaining(&self) -> usize {
        self.body.len().saturating_sub(self.position)
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// [`WireError::Truncated`] when fewer are left.
    pub fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], WireError> {
        let rest = self.body.get(self.position..).unwrap_or_default();
        let Some(bytes) = rest.first_chunk::<N>() else {
            return Err(self.truncated(field, N as u64));
        };
        self.position += N;
        Ok(*bytes)
    }

    /// The next `size` bytes, shared with the body.
    ///
    /// # Errors
    /// [`WireError::Truncated`] when fewer are left.
    pub fn bytes(&mut self, size: u64, field: &'static str) -> Result<Bytes, WireError> {
        match usize::try_from(size) {
            Ok(length) if length <= self.remaining() => {
                let bytes = self.body.slice(self.position..self.position + length);
                self.position += length;
                Ok(bytes)
            }
            _ => Err(self.truncated(field, size)),
        }
    }

    /// All that is left, shared with the body.
    pub fn rest(&mut self) -> Bytes {
        let rest = self.body.slice(self.position.min(self.body.len())..);
        self.position = self.body.len();
        rest
    }

    /// A reader of the same body at the place that the pointer here leads to, or `None` for a null pointer.
    ///
    /// # Errors
    /// [`WireError::BadPointer`] when it leads out of the body.
    pub fn pointer(&mut self, field: &'static str) -> Result<Option<Self>, WireError> {
        let offset = self.position;
        let target = u32::from_le_bytes(self.array(field)?);
        if target == 0 {
            return Ok(None);
        }
        match usize::try_from(target) {
            Ok(position) if position < self.body.len() => Ok(Some(Self { body: self.body, position })),
            _ => Err(WireError::BadPointer { field, offset, target, size: self.body.len() }),
        }
    }

    /// As [`Reader::pointer`], where null is not allowed.
    ///
    /// # Errors
    /// [`WireError::BadPointer`] when it is null or leads out of the body.
    pub fn required_pointer(&mut self, field: &'static str) -> Result<Self, WireError> {
        let offset = self.position;
        self.pointer(field)?.ok_or(WireError::BadPointer { field, offset, target: 0, size: self.body.len() })
    }

    /// `count` values in a row. What is reserved is bounded by the bytes that are left.
    pub(crate) fn list<T: Wire>(&mut self, count: u64, field: &'static str) -> Result<Vec<T>, WireError> {
        let smallest = T::MIN_SIZE.max(1);
        let room = self.remaining() / smallest;
        let count = match usize::try_from(count) {
            Ok(count) if count <= room => count,
            _ => return Err(self.truncated(field, count.saturating_mul(smallest as u64))),
        };
        let mut list = Vec::with_capacity(count);
        for _ in 0..count {
            list.push(T::take(self, field)?);
        }
        Ok(list)
    }

    /// The error for a field that began here and has `value`.
    pub(crate) fn bad_value(&self, field: &'static str, size: usize, value: u64) -> WireError {
        WireError::BadValue { field, offset: self.position.saturating_sub(size), value }
    }

    fn truncated(&self, field: &'static str, needed: u64) -> WireError {
        WireError::Truncated { field, offset: self.position, needed, left: self.remaining() }
    }
}
