//! The main loop that a host lends to the library: timers and watches, as `SpiceCoreInterface`.
//!
//! Everything here belongs to the thread that called [`iterate`] first. The library may call these
//! functions on that thread only; a call from another one ends the process with a message, because it
//! would be a race in any real host.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::{c_int, c_void};
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::abi::{BaseInterface, ChannelEventInfo, CoreInterface, TimerFunc, WatchFunc};
use crate::report::{self, Line};

const READ: c_int = 1;
const WRITE: c_int = 2;

#[derive(Default)]
struct State {
    /// Ids are given out once and never again, so that a stale handle finds nothing.
    last_id: usize,
    timers: BTreeMap<usize, Timer>,
    watches: BTreeMap<usize, Watch>,
}

#[derive(Clone, Copy)]
struct Timer {
    call: TimerFunc,
    opaque: *mut c_void,
    due: Option<Instant>,
}

#[derive(Clone, Copy)]
struct Watch {
    fd: RawFd,
    mask: c_int,
    call: WatchFunc,
    opaque: *mut c_void,
}

thread_local! {
    static STATE: RefCell<Option<State>> = const { RefCell::new(None) };
}

/// Makes this thread the main one.
pub(super) fn claim() {
    STATE.with_borrow_mut(|state| *state = Some(State::default()));
}

fn with<T>(what: &str, work: impl FnOnce(&mut State) -> T) -> T {
    STATE.with_borrow_mut(|state| {
        let Some(state) = state.as_mut() else {
            eprintln!("replayer: the library called {what} outside of the main thread");
            std::process::abort();
        };
        work(state)
    })
}

impl State {
    fn new_id(&mut self) -> usize {
        self.last_id += 1;
        self.last_id
    }
}

/// Waits until `wake` is readable, a watched descriptor is ready or a timer is due, and calls the library
/// for what happened.
pub(super) fn iterate(wake: BorrowedFd<'_>) -> Result<()> {
    let (watches, due) = with("iterate", |state| {
        let watches: Vec<_> = state.watches.iter().map(|(id, watch)| (*id, *watch)).collect();
        (watches, state.timers.values().filter_map(|timer| timer.due).min())
    });
    let mut fds = vec![PollFd::from_borrowed_fd(wake, PollFlags::IN)];
    for (_, watch) in &watches {
        // SAFETY: the library keeps a descriptor open until it has removed the watch, and no code of the
        // library runs on this thread before the poll returns.
        let fd = unsafe { BorrowedFd::borrow_raw(watch.fd) };
        fds.push(PollFd::from_borrowed_fd(fd, flags(watch.mask)));
    }
    wait(&mut fds, due)?;
    let ready: Vec<_> = fds.iter().skip(1).map(PollFd::revents).collect();
    for ((id, _), ready) in watches.iter().zip(ready) {
        call_watch(*id, ready);
    }
    call_timers();
    Ok(())
}

fn wait(fds: &mut [PollFd<'_>], due: Option<Instant>) -> Result<()> {
    let timeout = due.map(|due| due.saturating_duration_since(Instant::now()));
    let timeout = timeout.map(|left| Timespec::try_from(left).unwrap_or_default());
    match poll(fds, timeout.as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error).context("poll"),
    }
}

fn flags(mask: c_int) -> PollFlags {
    let mut flags = PollFlags::empty();
    flags.set(PollFlags::IN, mask & READ != 0);
    flags.set(PollFlags::OUT, mask & WRITE != 0);
    flags
}

fn call_watch(id: usize, ready: PollFlags) {
    let mut events = 0;
    if ready.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
        events |= READ;
    }
    if ready.intersects(PollFlags::OUT | PollFlags::ERR) {
        events |= WRITE;
    }
    // An earlier callback of this round may have removed or changed the watch.
    let watch = with("iterate", |state| state.watches.get(&id).copied());
    if let Some(watch) = watch.filter(|watch| watch.mask & events != 0) {
        // SAFETY: the library gave this function with this argument, and has not removed the watch.
        unsafe { (watch.call)(watch.fd.as_raw_fd(), watch.mask & events, watch.opaque) };
    }
}

fn call_timers() {
    let now = Instant::now();
    let due = with("iterate", |state| {
        let due = |timer: &Timer| timer.due.is_some_and(|due| due <= now);
        state.timers.iter().filter(|(_, timer)| due(timer)).map(|(id, _)| *id).collect::<Vec<_>>()
    });
    for id in due {
        let timer = with("iterate", |state| {
            let timer = state.timers.get_mut(&id)?;
            timer.due.take_if(|due| *due <= now).map(|_| *timer)
        });
        if let Some(timer) = timer {
            // SAFETY: the library gave this function with this argument, and has not removed the timer.
            unsafe { (timer.call)(timer.opaque) };
        }
    }
}

fn handle(id: usize) -> *mut c_void {
    std::ptr::without_provenance_mut(id)
}

extern "C" fn timer_add(call: Option<TimerFunc>, opaque: *mut c_void) -> *mut c_void {
    let Some(call) = call else { return std::ptr::null_mut() };
    with("timer_add", |state| {
        let id = state.new_id();
        state.timers.insert(id, Timer { call, opaque, due: None });
        handle(id)
    })
}

extern "C" fn timer_start(timer: *mut c_void, milliseconds: u32) {
    set_due(timer, Some(Instant::now() + Duration::from_millis(milliseconds.into())));
}

extern "C" fn timer_cancel(timer: *mut c_void) {
    set_due(timer, None);
}

fn set_due(timer: *mut c_void, due: Option<Instant>) {
    with("timer_start", |state| {
        if let Some(timer) = state.timers.get_mut(&timer.addr()) {
            timer.due = due;
        }
    });
}

extern "C" fn timer_remove(timer: *mut c_void) {
    with("timer_remove", |state| state.timers.remove(&timer.addr()));
}

extern "C" fn watch_add(fd: c_int, mask: c_int, call: Option<WatchFunc>, opaque: *mut c_void) -> *mut c_void {
    let Some(call) = call else { return std::ptr::null_mut() };
    with("watch_add", |state| {
        let id = state.new_id();
        state.watches.insert(id, Watch { fd, mask, call, opaque });
        handle(id)
    })
}

extern "C" fn watch_update_mask(watch: *mut c_void, mask: c_int) {
    with("watch_update_mask", |state| {
        if let Some(watch) = state.watches.get_mut(&watch.addr()) {
            watch.mask = mask;
        }
    });
}

extern "C" fn watch_remove(watch: *mut c_void) {
    with("watch_remove", |state| state.watches.remove(&watch.addr()));
}

extern "C" fn channel_event(event: c_int, info: *mut ChannelEventInfo) {
    with("channel_event", |_| ());
    // SAFETY: the library passes a structure that begins so and lives for this call.
    let Some(info) = (unsafe { info.as_ref() }) else { return };
    let what = match event {
        1 => "connected",
        2 => "initialized",
        3 => "disconnected",
        _ => "unknown",
    };
    report::print(&Line::Channel { what, kind: info.kind, id: info.id });
}

/// The interface for `spice_server_init`.
pub(super) fn interface() -> CoreInterface {
    CoreInterface {
        base: BaseInterface {
            kind: c"core".as_ptr(),
            description: c"replayer main loop".as_ptr(),
            major: 1,
            minor: 3,
        },
        timer_add,
        timer_start,
        timer_cancel,
        timer_remove,
        watch_add,
        watch_update_mask,
        watch_remove,
        channel_event,
    }
}
