//! What the host shows in graphics memory.

use image::geometry::{Rect, Size};

use super::{PrimaryShape, Worker};
use crate::display::scanout::Scanout;

impl Worker {
    pub(super) fn set_scanout(&mut self, scanout: Option<Scanout>) {
        self.engine.set_scanout(scanout);
        self.tell_screen();
    }

    pub(super) fn draw_scanout(&mut self, area: Rect, cookie: u64) {
        if self.engine.scanout_size().is_none() {
            tracing::warn!("the host has drawn a scanout that it does not show");
        }
        let now = self.now();
        self.engine.draw_scanout(area, cookie, now);
    }

    /// Completes the draws that the host need not wait for any longer.
    pub(super) fn complete_draws(&mut self, has_room: bool) {
        let now = self.now();
        while let Some(cookie) = self.engine.take_drawn(has_room, now) {
            self.device.async_complete(cookie);
        }
    }

    /// Completes all draws, because the display ends.
    pub(super) fn abandon_draws(&mut self) {
        while let Some(cookie) = self.engine.abandon_draw() {
            self.device.async_complete(cookie);
        }
    }

    /// Passes on what the pointer moves on: a scanout, which counts as one with a pointer of its own, or the guest's
    /// primary surface.
    pub(super) fn tell_screen(&self) {
        let scanout = self.engine.scanout_size();
        let shape = |Size { width, height }| PrimaryShape { width, height, hardware_cursor: true };
        (self.on_primary)(scanout.map(shape).or(self.primary));
    }
}
