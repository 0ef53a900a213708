//! Building a message's body: little-endian fields, pointers that are fixed up later, and payloads that
//! are appended without a copy.

use alloc::vec::Vec;

use bytes::Bytes;

use crate::frame::Frame;
use crate::message::Wire;

/// Room that is enough for a fill, a copy's fixed part or any control message.
const USUAL_SIZE: usize = 96;

/// A message's body under construction; [`FrameBuilder::finish`] makes the frame.
///
/// A body without payload takes one allocation.
#[derive(Debug)]
pub struct FrameBuilder {
    kind: u16,
    inline: Vec<u8>,
    /// Payloads, each with the length of `inline` when it was appended.
    payloads: Vec<(usize, Bytes)>,
    payload_bytes: usize,
    /// What is appended after the last field, each with the pointer to it.
    deferred: Vec<(Pointer, Bytes)>,
}

/// The place of a pointer that does not lead anywhere yet; null until [`FrameBuilder::point_here`].
#[derive(Debug)]
#[must_use = "a pointer stays null until it is set"]
pub struct Pointer {
    place: usize,
}

impl FrameBuilder {
    /// An empty body of a message of type `kind`.
    pub fn new(kind: u16) -> Self {
        Self {
            kind,
            inline: Vec::with_capacity(USUAL_SIZE),
            payloads: Vec::new(),
            payload_bytes: 0,
            deferred: Vec::new(),
        }
    }

    /// Bytes of the body so far, payloads included.
    pub fn len(&self) -> usize {
        self.inline.len() + self.payload_bytes
    }

    /// Whether the body has no bytes yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends bytes by copying them.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.inline.extend_from_slice(bytes);
    }

    /// Appends bytes of 0.
    pub fn zeros(&mut self, count: usize) {
        self.inline.resize(self.inline.len() + count, 0);
    }

    /// Appends a payload by reference.
    pub fn payload(&mut self, payload: &Bytes) {
        if !payload.is_empty() {
            self.payload_bytes += payload.len();
            self.payloads.push((self.inline.len(), payload.clone()));
        }
    }

    /// Appends a pointer, null for now.
    pub fn pointer(&mut self) -> Pointer {
        let place = self.inline.len();
        self.bytes(&[0; 4]);
        Pointer { place }
    }

    /// Appends the bytes after the last field of the message, and lets `pointer` lead there. Empty bytes leave
    /// it null, as there is no place for them to be.
    pub fn defer(&mut self, pointer: Pointer, bytes: &Bytes) {
        if !bytes.is_empty() {
            self.deferred.push((pointer, bytes.clone()));
        }
    }

    /// Appends a pointer that stays null.
    pub fn null(&mut self) {
        self.bytes(&[0; 4]);
    }

    /// Lets `pointer` lead to what is appended next.
    #[allow(clippy::needless_pass_by_value, reason = "a pointer is set once")]
    pub fn point_here(&mut self, pointer: Pointer) {
        let target = u32::try_from(self.len()).unwrap_or(u32::MAX);
        if let Some(place) = self.inline.get_mut(pointer.place..).and_then(<[u8]>::first_chunk_mut) {
            *place = target.to_le_bytes();
        }
    }

    pub(crate) fn put<T: Wire>(&mut self, value: &T) {
        value.put(self);
    }

    /// A one byte count and as many of the values as it can count.
    pub(crate) fn list_u8<T: Wire>(&mut self, values: &[T]) {
        let count = u8::try_from(values.len()).unwrap_or(u8::MAX);
        self.put(&count);
        values.iter().take(count.into()).for_each(|value| self.put(value));
    }

    /// A four byte count and the values.
    pub(crate) fn list_u32<T: Wire>(&mut self, values: &[T]) {
        self.put(&count_u32(values.len()));
        values.iter().for_each(|value| self.put(value));
    }

    /// The frame.
    pub fn finish(mut self) -> Frame {
        for (pointer, bytes) in core::mem::take(&mut self.deferred) {
            self.point_here(pointer);
            self.payload(&bytes);
        }
        let Self { kind, inline, payloads, .. } = self;
        let inline = Bytes::from(inline.into_boxed_slice());
        if payloads.is_empty() {
            return Frame::from_parts(kind, inline, Vec::new());
        }
        let mut parts = Vec::with_capacity(payloads.len() * 2);
        let mut rest = inline;
        let mut cut = 0;
        for (place, payload) in payloads {
            let fields = rest.split_to((place - cut).min(rest.len()));
            cut = place;
            parts.push(fields);
            parts.push(payload);
        }
        parts.push(rest);
        let mut parts = parts.into_iter();
        let head = parts.next().unwrap_or_default();
        Frame::from_parts(kind, head, parts.filter(|part| !part.is_empty()).collect())
    }
}

/// A length as the four byte count in front of it. A body over 4 GiB cannot be framed at all, so that the
/// bound is never met.
pub(crate) fn count_u32(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
