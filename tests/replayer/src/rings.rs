//! The device's rings: commands on their way from the feeder to the library, and the memory that the
//! library may still read.
//!
//! The feeder pushes and waits; the library's threads take, release and complete, and never wait. The
//! library is held to its contract: what it releases twice, or never took, is counted as a fault.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};
use recording::{CommandKind, Memory};

use crate::pixels::{Pixels, Shape};
use crate::report::Counts;

/// How long the library may take for anything before it counts as stuck.
const PATIENCE: Duration = Duration::from_secs(120);

/// A command that is ready for a ring.
#[derive(Debug)]
pub struct Prepared {
    /// What its first 8 bytes hold: what the library gives back.
    pub id: u64,
    /// Its type.
    pub kind: CommandKind,
    /// Where it lies.
    pub address: u64,
    /// Its structures.
    pub memory: Memory,
    /// The surface whose id is free when the command is released.
    pub destroys: Option<u32>,
}

/// One of the two rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ring {
    /// Everything but the pointer.
    Display = 0,
    /// The pointer.
    Cursor = 1,
}

/// What the library finds in a ring.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// `QXL_CMD_*`.
    pub kind: CommandKind,
    /// Where the command lies.
    pub address: u64,
}

/// A surface that a command in `live` created.
#[derive(Clone, Copy, Debug)]
struct OffScreen {
    command: u64,
    shape: Shape,
    /// Where in the command's memory its pixels are.
    at: usize,
}

/// What the feeder waits for.
#[derive(Clone, Copy, Debug)]
enum Wish {
    Room,
    Taken(u64),
    Completions(u64),
}

#[derive(Default)]
struct State {
    rings: [VecDeque<Entry>; 2],
    /// The library has seen the ring empty and waits to be woken.
    asleep: [bool; 2],
    /// By their numbers, which rise: the oldest is the one that mostly goes next.
    live: BTreeMap<u64, (Memory, Option<u32>)>,
    /// Surfaces that commands have created and not destroyed, by their numbers.
    surfaces: BTreeMap<u32, OffScreen>,
    /// Memory of released commands, where it is kept to the end.
    kept: Vec<Memory>,
    /// Surfaces whose ids may be given out again.
    freed_surfaces: Vec<u32>,
    counts: Counts,
    wish: Option<Wish>,
}

/// Both rings of the device.
pub struct Rings {
    state: Mutex<State>,
    granted: Condvar,
    capacity: usize,
    keep: bool,
}

impl Rings {
    /// Rings of `capacity` commands each. With `keep` the memory of released commands is freed at the end
    /// only, so that the process's memory shows the library's.
    pub fn new(capacity: usize, keep: bool) -> Self {
        Self { state: Mutex::default(), granted: Condvar::new(), capacity, keep }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_granted(&self, state: &State, wish: Wish) -> bool {
        match wish {
            // Half a ring at a time, as the device's interrupt does.
            Wish::Room => state.rings.iter().all(|ring| ring.len() <= self.capacity / 2),
            Wish::Taken(count) => state.counts.taken >= count,
            Wish::Completions(count) => state.counts.completions >= count,
        }
    }

    fn grant(&self, state: &State) {
        if state.wish.is_some_and(|wish| self.is_granted(state, wish)) {
            self.granted.notify_one();
        }
    }

    fn wait(&self, wish: Wish) -> Result<()> {
        let mut state = self.lock();
        state.wish = Some(wish);
        let waiting = |state: &mut State| !self.is_granted(state, wish);
        let (mut state, timeout) =
            self.granted.wait_timeout_while(state, PATIENCE, waiting).unwrap_or_else(PoisonError::into_inner);
        state.wish = None;
        if timeout.timed_out() {
            let counts = state.counts;
            bail!("the library is stuck: waited {PATIENCE:?} for {wish:?}, have {counts:?}");
        }
        Ok(())
    }

    /// Puts as many commands into the rings as fit, after waiting for room, and says whether the library
    /// has to be woken.
    ///
    /// # Errors
    /// The library takes nothing.
    pub fn push(&self, batch: &mut VecDeque<Prepared>) -> Result<bool> {
        self.wait(Wish::Room)?;
        let mut state = self.lock();
        let mut wake = false;
        while let Some(prepared) = batch.pop_front() {
            let Prepared { id, kind, address, mut memory, destroys } = prepared;
            let ring = if kind == CommandKind::Cursor { Ring::Cursor } else { Ring::Display };
            if kind == CommandKind::Surface {
                state.follow(id, &mut memory, destroys);
            }
            state.live.insert(id, (memory, destroys));
            let (entries, asleep) = state.ring(ring);
            entries.push_back(Entry { kind, address });
            wake |= std::mem::take(asleep);
            if entries.len() >= self.capacity {
                break;
            }
        }
        Ok(wake)
    }

    /// Waits until the library has taken this many commands.
    ///
    /// # Errors
    /// It does not.
    pub fn wait_taken(&self, count: u64) -> Result<()> {
        self.wait(Wish::Taken(count))
    }

    /// Waits until the library has completed this many asynchronous calls.
    ///
    /// # Errors
    /// It does not.
    pub fn wait_completions(&self, count: u64) -> Result<()> {
        self.wait(Wish::Completions(count))
    }

    /// Takes the oldest command of a ring.
    pub fn take(&self, ring: Ring) -> Option<Entry> {
        let mut state = self.lock();
        let entry = state.ring(ring).0.pop_front()?;
        state.counts.taken += 1;
        self.grant(&state);
        Some(entry)
    }

    /// The library is about to sleep: says whether it may, which it may if the ring is empty.
    pub fn may_sleep(&self, ring: Ring) -> bool {
        let mut state = self.lock();
        let (entries, asleep) = state.ring(ring);
        *asleep = entries.is_empty();
        *asleep
    }

    /// The library needs a command no longer.
    pub fn release(&self, id: u64) {
        let mut state = self.lock();
        let Some((memory, destroys)) = state.live.remove(&id) else {
            state.counts.faults += 1;
            return;
        };
        state.counts.released += 1;
        state.freed_surfaces.extend(destroys);
        if self.keep {
            state.kept.push(memory);
        }
    }

    /// The library has completed an asynchronous call.
    pub fn complete(&self) {
        let mut state = self.lock();
        state.counts.completions += 1;
        self.grant(&state);
    }

    /// What happened so far.
    pub fn counts(&self) -> Counts {
        self.lock().counts
    }

    /// The surfaces that commands have created and not destroyed.
    pub fn surfaces(&self) -> Vec<(u32, Shape)> {
        self.lock().surfaces.iter().map(|(surface, OffScreen { shape, .. })| (*surface, *shape)).collect()
    }

    /// What the memory of such a surface holds.
    pub fn pixels(&self, surface: u32) -> Option<Pixels> {
        let mut state = self.lock();
        let OffScreen { command, shape, at } = *state.surfaces.get(&surface)?;
        let (memory, _) = state.live.get_mut(&command)?;
        Some(Pixels { surface, shape, rows: shape.rows(memory.bytes_mut().get(at..)?) })
    }

    /// Surfaces whose ids became free since the last call.
    pub fn freed_surfaces(&self) -> Vec<u32> {
        std::mem::take(&mut self.lock().freed_surfaces)
    }
}

impl State {
    /// Takes note of a surface that a command creates or destroys.
    fn follow(&mut self, command: u64, memory: &mut Memory, destroys: Option<u32>) {
        if let Some(surface) = destroys {
            self.surfaces.remove(&surface);
            return;
        }
        let base = memory.address();
        let bytes = memory.bytes_mut();
        let number = bytes.get(8..).and_then(|rest| rest.first_chunk()).copied();
        let address = bytes.get(33..).and_then(|rest| rest.first_chunk()).copied();
        if let (Some(number), Some(address), Some(shape)) = (number, address, Shape::of_command(bytes)) {
            let at = u64::from_le_bytes(address).wrapping_sub(base);
            let at = usize::try_from(at).unwrap_or(usize::MAX);
            self.surfaces.insert(u32::from_le_bytes(number), OffScreen { command, shape, at });
        }
    }

    fn ring(&mut self, ring: Ring) -> (&mut VecDeque<Entry>, &mut bool) {
        let [display, cursor] = &mut self.rings;
        let [display_asleep, cursor_asleep] = &mut self.asleep;
        match ring {
            Ring::Display => (display, display_asleep),
            Ring::Cursor => (cursor, cursor_asleep),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(id: u64, kind: CommandKind) -> Prepared {
        Prepared { id, kind, address: id * 16, memory: Memory::zeroed(8), destroys: None }
    }

    fn draws(ids: std::ops::Range<u64>) -> VecDeque<Prepared> {
        ids.map(|id| prepared(id, CommandKind::Draw)).collect()
    }

    #[test]
    fn commands_come_out_in_order_and_by_ring() {
        let rings = Rings::new(8, false);
        let mut batch = draws(1..3);
        batch.push_back(prepared(3, CommandKind::Cursor));
        rings.push(&mut batch).unwrap();
        let taken = || rings.take(Ring::Display).map(|entry| entry.address);
        assert_eq!((taken(), taken(), taken()), (Some(16), Some(32), None));
        assert_eq!(rings.take(Ring::Cursor).map(|entry| entry.address), Some(48));
        assert_eq!(rings.counts().taken, 3);
    }

    #[test]
    fn only_a_library_that_found_the_ring_empty_is_woken() {
        let rings = Rings::new(8, false);
        assert!(!rings.push(&mut draws(1..2)).unwrap());
        assert!(!rings.may_sleep(Ring::Display));
        assert!(rings.take(Ring::Display).is_some());
        assert!(rings.may_sleep(Ring::Display));
        assert!(rings.push(&mut draws(2..3)).unwrap());
        assert!(!rings.push(&mut draws(3..4)).unwrap(), "it was woken already");
    }

    #[test]
    fn a_full_ring_takes_no_more() {
        let rings = Rings::new(4, false);
        let mut batch = draws(1..7);
        rings.push(&mut batch).unwrap();
        assert_eq!(batch.len(), 2);
    }

    #[test]
    fn a_push_waits_for_a_ring_that_is_half_empty() {
        let rings = Rings::new(4, false);
        let mut batch = draws(1..6);
        rings.push(&mut batch).unwrap();
        std::thread::scope(|scope| {
            let pushing = scope.spawn(|| rings.push(&mut batch).map(|_| rings.counts().taken));
            assert!(rings.take(Ring::Display).is_some());
            assert!(rings.take(Ring::Display).is_some());
            assert!(pushing.join().unwrap().unwrap() >= 2);
        });
    }

    #[test]
    fn what_is_released_twice_or_was_never_there_is_a_fault() {
        let rings = Rings::new(8, true);
        rings.push(&mut draws(1..2)).unwrap();
        rings.release(1);
        rings.release(1);
        rings.release(9);
        let Counts { released, faults, .. } = rings.counts();
        assert_eq!((released, faults), (1, 2));
    }

    #[test]
    fn a_destroyed_surface_is_free_when_its_command_is_released() {
        let rings = Rings::new(8, false);
        let destroys = Some(5);
        rings
            .push(&mut VecDeque::from([Prepared { destroys, ..prepared(1, CommandKind::Surface) }]))
            .unwrap();
        assert!(rings.freed_surfaces().is_empty());
        rings.release(1);
        assert_eq!(rings.freed_surfaces(), [5]);
        assert!(rings.freed_surfaces().is_empty());
    }
}
