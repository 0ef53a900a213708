//! What drawings cost, as far as choosing between them needs to know.

use crate::geometry::Rect;

/// Bytes that a command takes beside its pixels: its structures, its way through ring and server, its message.
pub(super) const COMMAND: u64 = 250;

/// Bytes of a pixel.
pub(super) const PIXEL: u64 = 4;

/// Bytes of an image's pixels.
pub(super) fn pixels(area: Rect) -> u64 {
    u64::from(area.width()).saturating_mul(u64::from(area.height())).saturating_mul(PIXEL)
}

/// Whether one image of `both`, of at most so many bytes, is no dearer than images of `one` and of `other`.
pub(super) fn join(one: Rect, other: Rect, most: u64) -> Option<Rect> {
    let both = one.union(&other);
    let apart = pixels(one).saturating_add(pixels(other)).saturating_add(COMMAND);
    (pixels(both) <= apart.min(most)).then_some(both)
}
