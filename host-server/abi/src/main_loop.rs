//! The host's main loop, through `SpiceCoreInterface`.

use std::collections::BTreeMap;
use std::ffi::{c_int, c_void};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use host_server::fault::HostError;
use host_server::server::{Callback, MainLoop, Timer, Watch};
use host_server::session::{ChannelEvent, ChannelNotice};
use host_server::transport::peer::{Address, PeerId};

use crate::boundary::guard;
use crate::layout::core::{
    CHANNEL_EVENT_FLAG_ADDR_EXT, SockAddr, SockAddrStorage, SpiceChannelEventInfo, SpiceCoreInterface,
    SpiceTimer, SpiceWatch, WATCH_EVENT_READ,
};
use crate::pointer::Held;

/// Addresses of the families, as `<sys/socket.h>` numbers them on Linux.
const AF_UNIX: u16 = 1;
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;

/// The host's functions, and what it holds of ours.
pub(crate) struct HostLoop {
    core: CoreFunctions,
    /// One for each socket that the host knows of: it keeps the pointer.
    channels: Mutex<BTreeMap<PeerId, Held<SpiceChannelEventInfo>>>,
}

/// The functions of `SpiceCoreInterface` that are used. None of them is missing but the last.
#[derive(Clone, Copy)]
struct CoreFunctions {
    timer_add: TimerAdd,
    timer_start: unsafe extern "C" fn(*mut SpiceTimer, u32),
    timer_cancel: unsafe extern "C" fn(*mut SpiceTimer),
    timer_remove: unsafe extern "C" fn(*mut SpiceTimer),
    watch_add: WatchAdd,
    watch_remove: unsafe extern "C" fn(*mut SpiceWatch),
    channel_event: Option<unsafe extern "C" fn(c_int, *mut SpiceChannelEventInfo)>,
}

type TimerAdd = unsafe extern "C" fn(crate::layout::core::SpiceTimerFunc, *mut c_void) -> *mut SpiceTimer;
type WatchAdd =
    unsafe extern "C" fn(c_int, c_int, crate::layout::core::SpiceWatchFunc, *mut c_void) -> *mut SpiceWatch;

impl HostLoop {
    /// The loop behind an interface.
    ///
    /// # Errors
    /// When a function is missing.
    pub(crate) fn new(core: SpiceCoreInterface) -> Result<Self, HostError> {
        let SpiceCoreInterface {
            base: _,
            timer_add,
            timer_start,
            timer_cancel,
            timer_remove,
            watch_add,
            watch_update_mask: _,
            watch_remove,
            channel_event,
        } = core;
        let functions = || {
            Some(CoreFunctions {
                timer_add: timer_add?,
                timer_start: timer_start?,
                timer_cancel: timer_cancel?,
                timer_remove: timer_remove?,
                watch_add: watch_add?,
                watch_remove: watch_remove?,
                channel_event,
            })
        };
        let core = functions().ok_or_else(|| HostError::new("the core interface lacks functions"))?;
        Ok(Self { core, channels: Mutex::default() })
    }
}

impl MainLoop for HostLoop {
    fn watch_readable(&self, fd: BorrowedFd<'_>, callback: Callback) -> Result<Box<dyn Watch>, HostError> {
        let callback = Held::give(callback);
        let opaque = callback.pointer().cast();
        // SAFETY: the host's function with an open descriptor, and an object that outlives the watch.
        let watch = unsafe { (self.core.watch_add)(fd.as_raw_fd(), WATCH_EVENT_READ, on_readable, opaque) };
        if watch.is_null() {
            drop(callback.take());
            return Err(HostError::new("the host does not watch our events"));
        }
        Ok(Box::new(HostWatch { watch: Thing(watch), callback, remove: self.core.watch_remove }))
    }

    fn timer(&self, callback: Callback) -> Result<Box<dyn Timer>, HostError> {
        let callback = Held::give(callback);
        // SAFETY: the host's function with an object that outlives the timer.
        let timer = unsafe { (self.core.timer_add)(on_timer, callback.pointer().cast()) };
        if timer.is_null() {
            drop(callback.take());
            return Err(HostError::new("the host has no timer for us"));
        }
        Ok(Box::new(HostTimer { timer: Thing(timer), callback, core: self.core }))
    }

    fn channel_event(&self, notice: &ChannelNotice) {
        let Some(channel_event) = self.core.channel_event else { return };
        let (event, id) = (notice.event, notice.peer.id);
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        let known = match event {
            ChannelEvent::Disconnected => channels.remove(&id),
            ChannelEvent::Connected | ChannelEvent::Initialized => channels.get(&id).copied(),
        };
        let held = known.unwrap_or_else(|| Held::give(describe(notice)));
        if event != ChannelEvent::Disconnected {
            channels.insert(id, held);
        }
        drop(channels);
        if event == ChannelEvent::Initialized {
            // SAFETY: the object is ours, and the host looks at it on this thread only.
            unsafe { held.pointer().write(describe(notice)) };
        }
        // SAFETY: the host's function on its main loop's thread; the object lives until "disconnected".
        unsafe { channel_event(number(event), held.pointer()) };
        if event == ChannelEvent::Disconnected {
            drop(held.take());
        }
    }
}

const fn number(event: ChannelEvent) -> c_int {
    match event {
        ChannelEvent::Connected => 1,
        ChannelEvent::Initialized => 2,
        ChannelEvent::Disconnected => 3,
    }
}

fn describe(notice: &ChannelNotice) -> SpiceChannelEventInfo {
    let (laddr_ext, llen_ext) = socket_address(&notice.peer.local);
    let (paddr_ext, plen_ext) = socket_address(&notice.peer.remote);
    let seat = notice.seat;
    SpiceChannelEventInfo {
        connection_id: seat.map_or(0, |seat| seat.connection_id.cast_signed()),
        r#type: seat.map_or(0, |seat| seat.channel.channel_type.0.into()),
        id: seat.map_or(0, |seat| seat.channel.id.into()),
        flags: CHANNEL_EVENT_FLAG_ADDR_EXT,
        laddr: beginning(&laddr_ext),
        paddr: beginning(&paddr_ext),
        llen: llen_ext.min(16),
        plen: plen_ext.min(16),
        laddr_ext,
        paddr_ext,
        llen_ext,
        plen_ext,
    }
}

fn beginning(address: &SockAddrStorage) -> SockAddr {
    SockAddr { bytes: address.bytes.first_chunk().copied().unwrap_or_default() }
}

/// An address as `struct sockaddr_storage`, with its size.
fn socket_address(address: &Address) -> (SockAddrStorage, u32) {
    let mut bytes = Vec::with_capacity(128);
    match address {
        Address::Inet(std::net::SocketAddr::V4(v4)) => {
            bytes.extend(AF_INET.to_ne_bytes());
            bytes.extend(v4.port().to_be_bytes());
            bytes.extend(v4.ip().octets());
            bytes.extend([0; 8]);
        }
        Address::Inet(std::net::SocketAddr::V6(v6)) => {
            bytes.extend(AF_INET6.to_ne_bytes());
            bytes.extend(v6.port().to_be_bytes());
            bytes.extend(v6.flowinfo().to_be_bytes());
            bytes.extend(v6.ip().octets());
            bytes.extend(v6.scope_id().to_ne_bytes());
        }
        Address::Unix(path) => {
            bytes.extend(AF_UNIX.to_ne_bytes());
            if let Some(path) = path {
                bytes.extend(path.as_os_str().as_bytes().iter().take(107));
                bytes.push(0);
            }
        }
        Address::Unknown => {}
    }
    let size = u32::try_from(bytes.len()).unwrap_or(0);
    bytes.resize(128, 0);
    (SockAddrStorage { bytes: bytes.try_into().unwrap_or([0; 128]) }, size)
}

/// Something of the host's that only its own functions look into.
struct Thing<T>(*mut T);

// SAFETY: only handed back to the host's functions, on the main loop's thread or with its lock held.
unsafe impl<T> Send for Thing<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Thing<T> {}

struct HostWatch {
    watch: Thing<SpiceWatch>,
    callback: Held<Callback>,
    remove: unsafe extern "C" fn(*mut SpiceWatch),
}

impl Watch for HostWatch {}

impl Drop for HostWatch {
    fn drop(&mut self) {
        // SAFETY: the host's function with a watch of its own, once.
        unsafe { (self.remove)(self.watch.0) };
        drop(self.callback.take());
    }
}

struct HostTimer {
    timer: Thing<SpiceTimer>,
    callback: Held<Callback>,
    core: CoreFunctions,
}

impl Timer for HostTimer {
    fn start(&self, after: Duration) {
        // Never early: a timer that fires before its time would only be started again.
        let milliseconds = u32::try_from(after.as_millis()).unwrap_or(u32::MAX - 1) + 1;
        // SAFETY: the host's function with a timer of its own.
        unsafe { (self.core.timer_start)(self.timer.0, milliseconds) };
    }

    fn cancel(&self) {
        // SAFETY: the host's function with a timer of its own.
        unsafe { (self.core.timer_cancel)(self.timer.0) };
    }
}

impl Drop for HostTimer {
    fn drop(&mut self) {
        // SAFETY: the host's function with a timer of its own, once.
        unsafe { (self.core.timer_remove)(self.timer.0) };
        drop(self.callback.take());
    }
}

extern "C" fn on_readable(_: c_int, _: c_int, opaque: *mut c_void) {
    call_back("event watch", opaque);
}

extern "C" fn on_timer(opaque: *mut c_void) {
    call_back("timer", opaque);
}

fn call_back(name: &str, opaque: *mut c_void) {
    guard(
        name,
        || (),
        || {
            // SAFETY: what was given with the watch or timer, which has not been removed as it calls.
            let callback: Option<&Callback> = unsafe { opaque.cast::<Callback>().as_ref() };
            // A copy, as the call may end with the watch removed.
            let callback = callback.cloned();
            callback.inspect(|callback| callback());
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_laid_out_as_sockets_have_them() {
        let (v4, size) = socket_address(&Address::Inet("127.0.0.1:258".parse().unwrap()));
        assert_eq!((size, &v4.bytes[..8]), (16, [2, 0, 1, 2, 127, 0, 0, 1].as_slice()));
        let (v6, size) = socket_address(&Address::Inet("[::1]:258".parse().unwrap()));
        assert_eq!((size, v6.bytes[0], v6.bytes[23]), (28, 10, 1));
        let (unix, size) = socket_address(&Address::Unix(Some("/s".into())));
        assert_eq!((size, &unix.bytes[..5]), (5, [1, 0, b'/', b's', 0].as_slice()));
    }
}
