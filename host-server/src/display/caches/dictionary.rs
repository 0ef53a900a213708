//! The images that GLZ streams of all displays of a client refer to.

use image::glz;

use super::serials::{Serials, ShareId};

/// A dictionary, as long as the client is known to get all streams that were made with it.
#[derive(Debug)]
pub(super) struct SharedDictionary {
    streams: Option<glz::Dictionary>,
    /// Each display's last message with a stream.
    uses: Serials,
}

impl SharedDictionary {
    /// An empty dictionary for a client whose window holds `max_pixels`.
    pub(super) fn new(max_pixels: u64) -> Self {
        Self { streams: Some(glz::Dictionary::new(max_pixels)), uses: Serials::default() }
    }

    /// Whether streams are still made with it.
    pub(super) const fn is_open(&self) -> bool {
        self.streams.is_some()
    }

    /// What encodes, if anything still may.
    pub(super) const fn streams(&mut self) -> Option<&mut glz::Dictionary> {
        self.streams.as_mut()
    }

    /// A message has a stream.
    pub(super) fn note_use(&mut self, by: ShareId, serial: u64) {
        self.uses.note(by, serial);
    }

    /// Ends: the client does not get what later streams would refer to. A client may keep all images from the first
    /// missing one on, so no new dictionary takes its place.
    pub(super) fn end(&mut self) {
        self.streams = None;
    }

    /// A display goes, of whose messages the client is known to have handled those up to a serial.
    pub(super) fn leave(&mut self, share: ShareId, handled: u64) {
        if self.uses.get(share) > handled {
            self.end();
        }
        self.uses.forget(share);
    }
}
