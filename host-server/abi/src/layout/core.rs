//! `spice-core.h`: interfaces, instances, and the host's main loop.

use std::ffi::{c_char, c_int, c_void};

/// What every interface begins with.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct SpiceBaseInterface {
    /// Which interface, such as "qxl".
    pub r#type: *const c_char,
    /// For people.
    pub description: *const c_char,
    /// Must be the one that this library knows.
    pub major_version: u32,
    /// Newer ones have more fields at the end.
    pub minor_version: u32,
}

/// What every instance begins with.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct SpiceBaseInstance {
    /// The interface.
    pub sif: *const SpiceBaseInterface,
}

/// The host's timer.
#[derive(Debug)]
#[repr(C)]
pub struct SpiceTimer {
    _opaque: [u8; 0],
}

/// The host's watch.
#[derive(Debug)]
#[repr(C)]
pub struct SpiceWatch {
    _opaque: [u8; 0],
}

/// `SPICE_WATCH_EVENT_READ`.
pub const WATCH_EVENT_READ: c_int = 1;

/// `SPICE_CHANNEL_EVENT_FLAG_ADDR_EXT`.
pub const CHANNEL_EVENT_FLAG_ADDR_EXT: c_int = 2;

/// Called when a timer has run.
pub type SpiceTimerFunc = extern "C" fn(opaque: *mut c_void);

/// Called when a descriptor is ready.
pub type SpiceWatchFunc = extern "C" fn(fd: c_int, event: c_int, opaque: *mut c_void);

/// The host's main loop.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct SpiceCoreInterface {
    /// "core".
    pub base: SpiceBaseInterface,
    /// Makes a timer that does not run.
    pub timer_add: Option<unsafe extern "C" fn(SpiceTimerFunc, *mut c_void) -> *mut SpiceTimer>,
    /// Lets it run for milliseconds.
    pub timer_start: Option<unsafe extern "C" fn(*mut SpiceTimer, u32)>,
    /// Stops it.
    pub timer_cancel: Option<unsafe extern "C" fn(*mut SpiceTimer)>,
    /// Frees it.
    pub timer_remove: Option<unsafe extern "C" fn(*mut SpiceTimer)>,
    /// Watches a descriptor.
    pub watch_add: Option<unsafe extern "C" fn(c_int, c_int, SpiceWatchFunc, *mut c_void) -> *mut SpiceWatch>,
    /// Changes what for.
    pub watch_update_mask: Option<unsafe extern "C" fn(*mut SpiceWatch, c_int)>,
    /// Ends it.
    pub watch_remove: Option<unsafe extern "C" fn(*mut SpiceWatch)>,
    /// Tells the host of a client's socket.
    pub channel_event: Option<unsafe extern "C" fn(c_int, *mut SpiceChannelEventInfo)>,
}

/// `struct sockaddr`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(2))]
pub struct SockAddr {
    /// The family and what the family says.
    pub bytes: [u8; 16],
}

/// `struct sockaddr_storage`.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(8))]
pub struct SockAddrStorage {
    /// The family and what the family says.
    pub bytes: [u8; 128],
}

/// What the host is told about a client's socket. The host keeps the pointer from "initialized" to
/// "disconnected".
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct SpiceChannelEventInfo {
    /// The session.
    pub connection_id: c_int,
    /// The channel's type.
    pub r#type: c_int,
    /// Its number.
    pub id: c_int,
    /// `SPICE_CHANNEL_EVENT_FLAG_*`.
    pub flags: c_int,
    /// Our end, as far as it fits.
    pub laddr: SockAddr,
    /// The peer's end, as far as it fits.
    pub paddr: SockAddr,
    /// Size of our end.
    pub llen: u32,
    /// Size of the peer's end.
    pub plen: u32,
    /// Our end.
    pub laddr_ext: SockAddrStorage,
    /// The peer's end.
    pub paddr_ext: SockAddrStorage,
    /// Size of our end.
    pub llen_ext: u32,
    /// Size of the peer's end.
    pub plen_ext: u32,
}

const _: () = {
    assert!(size_of::<SpiceBaseInterface>() == 24);
    assert!(size_of::<SpiceBaseInstance>() == 8);
    assert!(size_of::<SpiceCoreInterface>() == 88);
    assert!(size_of::<SpiceChannelEventInfo>() == 320);
    assert!(std::mem::offset_of!(SpiceChannelEventInfo, laddr_ext) == 56);
    assert!(std::mem::offset_of!(SpiceChannelEventInfo, plen_ext) == 316);
};
