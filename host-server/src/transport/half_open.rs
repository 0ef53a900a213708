//! Links that are under way: so many at once, and no more. The network thread asks for a place for each link
//! that a stranger begins. When all places are taken, the link that has waited longest makes way, so that
//! peers which connect and say nothing do not keep clients out. Never waits.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// The places, oldest first.
#[derive(Debug)]
pub(super) struct HalfOpen {
    limit: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    next_serial: u64,
    keepers: VecDeque<Keeper>,
}

/// Lets the link with this serial number stay; dropping it tells the link to make way.
#[derive(Debug)]
struct Keeper {
    serial: u64,
    #[allow(dead_code, reason = "held for its drop")]
    stay: oneshot::Sender<()>,
}

/// A link's place, until it is dropped.
#[derive(Debug)]
pub(super) struct LinkPlace {
    places: Arc<HalfOpen>,
    serial: u64,
    stay: oneshot::Receiver<()>,
}

impl HalfOpen {
    pub(super) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, taken: Mutex::default() })
    }

    /// A place for a new link; when there is none left, that of the oldest.
    pub(super) fn take(self: &Arc<Self>) -> LinkPlace {
        let (sender, stay) = oneshot::channel();
        let mut taken = self.taken();
        while taken.keepers.len() >= self.limit && taken.keepers.pop_front().is_some() {}
        let serial = taken.next_serial;
        taken.next_serial += 1;
        taken.keepers.push_back(Keeper { serial, stay: sender });
        drop(taken);
        LinkPlace { places: Arc::clone(self), serial, stay }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LinkPlace {
    /// Returns when a newer link has taken the place.
    pub(super) async fn lost(&mut self) {
        // Nothing is ever sent.
        let _ = (&mut self.stay).await;
    }
}

impl Drop for LinkPlace {
    fn drop(&mut self) {
        self.places.taken().keepers.retain(|keeper| keeper.serial != self.serial);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_link_makes_way_when_all_places_are_taken() {
        let places = HalfOpen::new(2);
        let lost = |place: &mut LinkPlace| place.stay.try_recv() == Err(oneshot::error::TryRecvError::Closed);
        let (mut first, mut second) = (places.take(), places.take());
        assert!(!lost(&mut first));
        let third = places.take();
        assert!(lost(&mut first));
        assert!(!lost(&mut second));
        drop((first, third));
        let mut fourth = places.take();
        assert!(!lost(&mut second), "the third has left its place");
        let _fifth = places.take();
        assert!(lost(&mut second));
        assert!(!lost(&mut fourth));
    }
}
