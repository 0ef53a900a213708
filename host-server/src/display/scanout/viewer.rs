//! One client that shows graphics memory itself: which scanout it has still to be given, and what it owes an answer for.
//!
//! Whatever the guest does, a client is sent one draw at a time, and holds up the descriptor of one scanout beside those that
//! have been sent.

use std::sync::Arc;

use image::geometry::Rect;

use super::Scanout;

/// What one client has seen of scanouts.
#[derive(Debug, Default)]
pub struct ScanoutViewer {
    /// The scanout that the client has not been sent, with its number.
    unsent: Option<(u64, Arc<Scanout>)>,
    shown: u64,
    /// Whether the client has been sent a draw, or will be when it has read its pipe, and has not answered.
    owes: bool,
    /// What has changed since then.
    changed: Option<Rect>,
}

impl ScanoutViewer {
    /// There is another scanout; returns the number under which [`ScanoutViewer::take`] has it.
    pub fn show(&mut self, scanout: Arc<Scanout>) -> u64 {
        self.shown += 1;
        self.unsent = Some((self.shown, scanout));
        self.shown
    }

    /// There is none any more.
    pub fn end(&mut self) {
        self.unsent = None;
        self.changed = None;
    }

    /// The scanout of that number, unless there is a newer one or none.
    pub fn take(&mut self, number: u64) -> Option<Arc<Scanout>> {
        self.unsent.take_if(|(newest, _)| *newest == number).map(|(_, scanout)| scanout)
    }

    /// `area` has changed. What the client is to be told now, and then owes an answer for.
    pub fn draw(&mut self, area: Rect) -> Option<Rect> {
        let area = self.changed.map_or(area, |changed| changed.union(&area));
        self.changed = self.owes.then_some(area);
        (!std::mem::replace(&mut self.owes, true)).then_some(area)
    }

    /// The client has answered. What it is to be told now, of all that has changed meanwhile.
    pub fn answered(&mut self) -> Option<Rect> {
        self.owes = false;
        self.changed.take().and_then(|changed| self.draw(changed))
    }
}

#[cfg(test)]
mod tests {
    use image::geometry::Size;

    use super::super::Planes;
    use super::*;

    fn scanout() -> Arc<Scanout> {
        let (end, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        Arc::new(Scanout {
            size: Size::new(10, 10),
            planes: Planes::one(40),
            fourcc: Scanout::XRGB8888,
            modifier: Scanout::LINEAR,
            top_down: true,
            descriptors: vec![Arc::new(end.into())],
            open: |_, _| Err("not read here".to_owned()),
        })
    }

    #[test]
    fn only_the_newest_scanout_is_held_and_given_once() {
        let mut viewer = ScanoutViewer::default();
        let (old, new) = (scanout(), scanout());
        let (first, second) = (viewer.show(old.clone()), viewer.show(new.clone()));
        assert_eq!(Arc::strong_count(&old), 1);
        assert!(viewer.take(first).is_none());
        assert!(viewer.take(second).is_some_and(|taken| Arc::ptr_eq(&taken, &new)));
        assert!(viewer.take(second).is_none());
        let third = viewer.show(new.clone());
        viewer.end();
        assert!(viewer.take(third).is_none() && Arc::strong_count(&new) == 1);
    }

    #[test]
    fn a_client_owes_one_answer_and_then_hears_of_all_that_it_missed() {
        let mut viewer = ScanoutViewer::default();
        let (one, two) = (Rect::new(0, 0, 4, 4), Rect::new(6, 6, 8, 8));
        assert_eq!(viewer.draw(one), Some(one));
        assert_eq!((viewer.draw(one), viewer.draw(two)), (None, None));
        assert_eq!(viewer.answered(), Some(Rect::new(0, 0, 8, 8)));
        assert_eq!(viewer.draw(two), None, "it owes an answer again");
        assert_eq!(viewer.answered(), Some(two));
        assert_eq!(viewer.answered(), None);
        assert_eq!(viewer.draw(one), Some(one));
    }
}
