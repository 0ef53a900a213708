//! Reading the fields of a message's data.

use alloc::vec::Vec;

use bytes::Bytes;

use crate::error::AgentError;

/// A position in a message's data.
pub(crate) struct Fields<'a> {
    data: &'a Bytes,
    position: usize,
}

impl<'a> Fields<'a> {
    pub(crate) const fn new(data: &'a Bytes) -> Self {
        Self { data, position: 0 }
    }

    pub(crate) fn remaining(&self) -> usize {
        self.data.len().saturating_sub(self.position)
    }

    pub(crate) fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], AgentError> {
        let rest = self.data.get(self.position..).unwrap_or_default();
        let bytes = rest.first_chunk::<N>().ok_or(AgentError::Truncated { field, offset: self.position })?;
        self.position += N;
        Ok(*bytes)
    }

    pub(crate) fn u8(&mut self, field: &'static str) -> Result<u8, AgentError> {
        self.array(field).map(u8::from_le_bytes)
    }

    pub(crate) fn u16(&mut self, field: &'static str) -> Result<u16, AgentError> {
        self.array(field).map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self, field: &'static str) -> Result<u32, AgentError> {
        self.array(field).map(u32::from_le_bytes)
    }

    pub(crate) fn i32(&mut self, field: &'static str) -> Result<i32, AgentError> {
        self.array(field).map(i32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self, field: &'static str) -> Result<u64, AgentError> {
        self.array(field).map(u64::from_le_bytes)
    }

    /// The next `size` bytes, shared with the data.
    pub(crate) fn bytes(&mut self, size: u32, field: &'static str) -> Result<Bytes, AgentError> {
        match usize::try_from(size) {
            Ok(length) if length <= self.remaining() => {
                let bytes = self.data.slice(self.position..self.position + length);
                self.position += length;
                Ok(bytes)
            }
            _ => Err(AgentError::Truncated { field, offset: self.position }),
        }
    }

    /// All that is left, shared with the data.
    pub(crate) fn rest(&mut self) -> Bytes {
        let rest = self.data.slice(self.position.min(self.data.len())..);
        self.position = self.data.len();
        rest
    }

    /// Numbers of four bytes to the end; a rest of fewer bytes is left out.
    pub(crate) fn rest_u32(&mut self) -> Vec<u32> {
        let mut numbers = Vec::with_capacity(self.remaining() / 4);
        while let Ok(number) = self.u32("number") {
            numbers.push(number);
        }
        numbers
    }
}
