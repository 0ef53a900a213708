//! Channels that are read slowly or not at all, as clients on bad networks do.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use wire::channel::ChannelType;

/// Who may read how much. Shared between the client and the threads that read.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    frozen: BTreeSet<ChannelType>,
    closing: bool,
}

impl Pace {
    /// Stops or resumes the reading of all channels of a type.
    pub(crate) fn freeze(&self, channel: ChannelType, frozen: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if frozen {
            state.frozen.insert(channel);
        } else {
            state.frozen.remove(&channel);
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Lets all threads go.
    pub(crate) fn close(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).closing = true;
        self.changed.notify_all();
    }

    /// Waits until the channel may be read; false when the client closes.
    pub(crate) fn wait(&self, channel: ChannelType) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let frozen = |state: &mut State| state.frozen.contains(&channel) && !state.closing;
        let state = self.changed.wait_while(state, frozen).unwrap_or_else(PoisonError::into_inner);
        !state.closing
    }

    /// Waits as long as `bytes` take at `rate` bytes a second, or until the client closes.
    pub(crate) fn spend(&self, bytes: usize, rate: Option<u32>) {
        let Some(rate) = rate.filter(|rate| *rate > 0) else { return };
        let until = Instant::now() + Duration::from_secs_f64(bytes as f64 / f64::from(rate));
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while !state.closing {
            let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
            else {
                return;
            };
            let waited = self.changed.wait_timeout(state, left);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }
}
