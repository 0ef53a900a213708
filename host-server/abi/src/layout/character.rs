//! `spice-char.h`: character devices.

use std::ffi::{c_char, c_void};

use super::core::SpiceBaseInstance;

/// A character device.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct SpiceCharDeviceInstance {
    /// Its interface.
    pub base: SpiceBaseInstance,
    /// What it is for, such as "vdagent".
    pub subtype: *const c_char,
    /// Ours.
    pub st: *mut c_void,
    /// Name of a "port".
    pub portname: *const c_char,
}

const _: () = assert!(size_of::<SpiceCharDeviceInstance>() == 32);
