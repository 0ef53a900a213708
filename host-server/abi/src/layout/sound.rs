//! `spice-audio.h`: sound. Nothing but names is needed until sound is supported.

use std::ffi::c_void;

use super::core::SpiceBaseInstance;

/// Sound from the guest.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct SpicePlaybackInstance {
    /// Its interface.
    pub base: SpiceBaseInstance,
    /// Ours.
    pub st: *mut c_void,
}

/// Sound to the guest.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct SpiceRecordInstance {
    /// Its interface.
    pub base: SpiceBaseInstance,
    /// Ours.
    pub st: *mut c_void,
}

const _: () = {
    assert!(size_of::<SpicePlaybackInstance>() == 16);
    assert!(size_of::<SpiceRecordInstance>() == 16);
};
