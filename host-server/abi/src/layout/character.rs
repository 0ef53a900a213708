//! `spice-char.h`: character devices.

use std::ffi::{c_char, c_int};

use super::core::{SpiceBaseInstance, SpiceBaseInterface};
use crate::pointer::Held;
use crate::server::PortState;

/// A character device.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct SpiceCharDeviceInstance {
    /// Its interface.
    pub base: SpiceBaseInstance,
    /// What it is for, such as "vdagent".
    pub subtype: *const c_char,
    /// Ours.
    pub st: Held<PortState>,
    /// Name of a "port".
    pub portname: *const c_char,
}

/// A character device's functions, as far as every version has them.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct SpiceCharDeviceInterface1 {
    /// "char_device".
    pub base: SpiceBaseInterface,
    /// Tells whether the device is served.
    pub state: Option<unsafe extern "C" fn(*mut SpiceCharDeviceInstance, c_int)>,
    /// Takes bytes; returns how many.
    pub write: Option<unsafe extern "C" fn(*mut SpiceCharDeviceInstance, *const u8, c_int) -> c_int>,
    /// Gives bytes; returns how many.
    pub read: Option<unsafe extern "C" fn(*mut SpiceCharDeviceInstance, *mut u8, c_int) -> c_int>,
}

/// The same with what newer versions have.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct SpiceCharDeviceInterface {
    /// What every version has.
    pub since_1: SpiceCharDeviceInterface1,
    /// Tells of an event of a "port". Since minor version 2.
    pub event: Option<unsafe extern "C" fn(*mut SpiceCharDeviceInstance, u8)>,
    /// `SPICE_CHAR_DEVICE_*`. Since minor version 3.
    pub flags: c_int,
}

/// The minor version since which there are flags.
pub const FLAGS_SINCE_MINOR: u32 = 3;

/// `SPICE_CHAR_DEVICE_NOTIFY_WRITABLE`: the host wakes us when the device can take bytes again.
pub const NOTIFY_WRITABLE: c_int = 1;

const _: () = {
    assert!(size_of::<SpiceCharDeviceInstance>() == 32);
    assert!(size_of::<SpiceCharDeviceInterface1>() == 48);
    assert!(size_of::<SpiceCharDeviceInterface>() == 64);
    assert!(std::mem::offset_of!(SpiceCharDeviceInterface, flags) == 56);
};
