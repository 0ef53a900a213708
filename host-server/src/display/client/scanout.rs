//! What a client that shows graphics memory itself is told of it.

use std::sync::Arc;

use image::geometry::Rect;
use wire::display::{GlDraw, ServerMessage};

use super::DisplayClient;
use crate::channel::parcel::Parcel;
use crate::display::item::Moment;
use crate::display::pipe::PipeItem;
use crate::display::scanout::Scanout;

impl DisplayClient {
    /// Whether the client shows this graphics memory itself: it needs no pixels of it.
    pub fn shows(&self, scanout: &Scanout) -> bool {
        self.scanouts.is_some() && scanout.suits(&self.taker.capabilities)
    }

    /// Queues another scanout, or takes back one that has not been sent when there is none any more that the client can show. What it
    /// shows in that case it shows until it gets a primary surface, as with the original server.
    pub fn show_scanout(&mut self, moment: Moment, scanout: Option<&Arc<Scanout>>) {
        let scanout = scanout.filter(|scanout| self.shows(scanout));
        let Some(viewer) = &mut self.scanouts else { return };
        match scanout {
            Some(scanout) => {
                let number = viewer.show(Arc::clone(scanout));
                self.push(moment, PipeItem::Scanout(number));
            }
            None => viewer.end(),
        }
    }

    /// Queues a draw of the scanout; whether the client is going to answer it.
    pub fn draw_scanout(&mut self, moment: Moment, area: Rect) -> bool {
        let area = self.scanouts.as_mut().and_then(|viewer| viewer.draw(area));
        self.push_scanout_draw(moment, area)
    }

    /// Queues a draw of all that has changed since the one that the client has answered.
    pub fn draw_missed(&mut self, moment: Moment) {
        let area = self.scanouts.as_mut().and_then(super::ScanoutViewer::answered);
        self.push_scanout_draw(moment, area);
    }

    fn push_scanout_draw(&mut self, moment: Moment, area: Option<Rect>) -> bool {
        let Some(area) = area else { return false };
        self.push(moment, PipeItem::ScanoutDraw(area));
        true
    }

    /// The message that gives the client a scanout, with its descriptors, unless there is a newer one.
    pub(super) fn scanout_parcel(&mut self, number: u64) -> Option<Parcel> {
        let scanout = self.scanouts.as_mut()?.take(number)?;
        let frame = scanout.message(&self.taker.capabilities).encode();
        Some(Parcel { frame, descriptors: scanout.descriptors.clone() })
    }
}

/// The message that tells of a draw.
pub(super) fn draw_message(area: Rect) -> ServerMessage {
    let (x, y) = (area.left.unsigned_abs(), area.top.unsigned_abs());
    ServerMessage::GlDraw(GlDraw { x, y, width: area.width(), height: area.height() })
}
