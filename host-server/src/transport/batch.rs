//! Frames on their way into the socket: headers and small bodies copied together, large bodies by reference.
//!
//! Used by the pump of one connection. A copy of a few hundred bytes costs less than an entry of its own in
//! the kernel's list, and most messages are that small, so that a whole window of them is one entry.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use wire::frame::HeaderKind;

use crate::channel::parcel::Parcel;

/// Parts of a body below this size are copied, in bytes.
const COPY_BELOW: usize = 2048;

/// Entries handed to the kernel in one call.
pub(super) const MAX_SLICES: usize = 64;

/// Room for copies that an idle connection keeps, in bytes.
const KEEP: usize = 64 * 1024;

/// What has been taken from the queue and not yet been written.
#[derive(Debug)]
pub(super) struct Batch {
    header: HeaderKind,
    serial: u64,
    copied: Vec<u8>,
    segments: VecDeque<Segment>,
}

#[derive(Debug)]
enum Segment {
    Copied(Range<usize>),
    Shared(Bytes),
    /// Goes with one byte in a call of its own, so that no byte before it carries it.
    Descriptor(Arc<OwnedFd>),
}

impl Segment {
    fn len(&self) -> usize {
        match self {
            Self::Copied(range) => range.len(),
            Self::Shared(bytes) => bytes.len(),
            Self::Descriptor(_) => 1,
        }
    }
}

impl Batch {
    pub(super) fn new(header: HeaderKind) -> Self {
        Self { header, serial: 0, copied: Vec::new(), segments: VecDeque::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// Appends a frame behind its header, and its descriptors behind the frame.
    pub(super) fn push(&mut self, parcel: Parcel) {
        let Parcel { frame, descriptors } = parcel;
        match self.header {
            HeaderKind::Mini => self.copy(&frame.mini_header()),
            HeaderKind::Full => {
                self.serial += 1;
                self.copy(&frame.full_header(self.serial));
            }
        }
        for part in frame.parts() {
            if part.len() < COPY_BELOW {
                self.copy(part);
            } else {
                self.segments.push_back(Segment::Shared(part.clone()));
            }
        }
        self.segments.extend(descriptors.into_iter().map(Segment::Descriptor));
    }

    /// The descriptor that comes next, if one does; with it goes one byte.
    pub(super) fn descriptor(&self) -> Option<&Arc<OwnedFd>> {
        match self.segments.front() {
            Some(Segment::Descriptor(descriptor)) => Some(descriptor),
            _ => None,
        }
    }

    fn copy(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let start = self.copied.len();
        self.copied.extend_from_slice(bytes);
        let end = self.copied.len();
        match self.segments.back_mut() {
            Some(Segment::Copied(range)) => range.end = end,
            _ => self.segments.push_back(Segment::Copied(start..end)),
        }
    }

    /// Fills `slices` with what comes next, up to a descriptor, and says how many of them it took.
    pub(super) fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>; MAX_SLICES]) -> usize {
        let mut count = 0;
        for (segment, slice) in self.segments.iter().zip(slices.iter_mut()) {
            *slice = IoSlice::new(match segment {
                Segment::Copied(range) => self.copied.get(range.clone()).unwrap_or_default(),
                Segment::Shared(bytes) => bytes,
                Segment::Descriptor(_) => break,
            });
            count += 1;
        }
        count
    }

    /// Drops the first `written` bytes.
    pub(super) fn advance(&mut self, mut written: usize) {
        while let Some(segment) = self.segments.front_mut() {
            let len = segment.len();
            if written < len {
                match segment {
                    Segment::Copied(range) => range.start += written,
                    Segment::Shared(bytes) => bytes.advance(written),
                    Segment::Descriptor(_) => {}
                }
                return;
            }
            written -= len;
            self.segments.pop_front();
        }
        self.copied.clear();
        self.copied.shrink_to(KEEP);
    }
}

#[cfg(test)]
mod tests {
    use wire::frame::Frame;

    use super::*;

    fn drain(batch: &mut Batch, step: usize) -> Vec<u8> {
        let mut out = Vec::new();
        while !batch.is_empty() {
            let mut slices = [IoSlice::new(&[]); MAX_SLICES];
            let count = batch.slices(&mut slices);
            let next: Vec<u8> =
                slices[..count].iter().flat_map(|slice| slice.iter().copied()).take(step).collect();
            batch.advance(next.len());
            out.extend(next);
        }
        out
    }

    fn frames() -> Vec<Frame> {
        vec![
            Frame::new(3, Bytes::from_static(b"small")),
            Frame::new(4, Bytes::from(vec![7; 3 * COPY_BELOW])),
            Frame::new(5, Bytes::new()),
            Frame::new(6, Bytes::from(vec![9; COPY_BELOW - 1])),
        ]
    }

    fn expected(header: HeaderKind) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (frame, serial) in frames().iter().zip(1..) {
            match header {
                HeaderKind::Mini => bytes.extend(frame.mini_header()),
                HeaderKind::Full => bytes.extend(frame.full_header(serial)),
            }
            bytes.extend(frame.to_body());
        }
        bytes
    }

    #[test]
    fn bytes_keep_their_order_for_every_size_of_a_write() {
        for header in [HeaderKind::Mini, HeaderKind::Full] {
            for step in [1, 7, 100, 4096, usize::MAX] {
                let mut batch = Batch::new(header);
                frames().into_iter().for_each(|frame| batch.push(frame.into()));
                assert_eq!(drain(&mut batch, step), expected(header), "{header:?} {step}");
            }
        }
    }

    #[test]
    fn small_messages_share_one_entry() {
        let mut batch = Batch::new(HeaderKind::Mini);
        for _ in 0..1000 {
            batch.push(Frame::new(1, Bytes::from_static(&[0; 60])).into());
        }
        assert_eq!(batch.segments.len(), 1);
    }
    #[test]
    fn descriptors_come_alone_and_behind_their_frame() {
        let (end, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        let descriptor = Arc::new(OwnedFd::from(end));
        let mut batch = Batch::new(HeaderKind::Mini);
        let frame = Frame::new(3, Bytes::from_static(b"small"));
        let descriptors = vec![Arc::clone(&descriptor), Arc::clone(&descriptor)];
        batch.push(Parcel { frame: frame.clone(), descriptors });
        batch.push(frame.clone().into());
        for _ in 0..11 {
            assert!(batch.descriptor().is_none(), "before the last byte of its frame");
            batch.advance(1);
        }
        for _ in 0..2 {
            assert!(batch.descriptor().is_some());
            assert_eq!(batch.slices(&mut [IoSlice::new(&[]); MAX_SLICES]), 0);
            batch.advance(1);
        }
        assert_eq!(Arc::strong_count(&descriptor), 1, "let go of");
        assert_eq!(drain(&mut batch, 4).len(), 11);
    }
}
