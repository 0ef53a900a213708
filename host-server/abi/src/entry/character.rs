//! Character devices: `spice-char.h`. Not yet: hosts can register them, and nothing is read or written.

use std::ffi::c_char;
use std::ptr;

use crate::boundary::not_yet;
use crate::layout::character::SpiceCharDeviceInstance;
use crate::pointer::Instance;

/// Names for C, up to a null.
#[repr(transparent)]
struct Names([*const c_char; 5]);

// SAFETY: pointers to constants.
unsafe impl Sync for Names {}

/// Hosts refuse to start with a device whose name is not here, so that all that the original knows are.
static SUBTYPES: Names =
    Names([c"vdagent".as_ptr(), c"smartcard".as_ptr(), c"usbredir".as_ptr(), c"port".as_ptr(), ptr::null()]);

/// Says once that there are no character devices; also said when one is added.
fn closed() {
    not_yet("character devices (agent, USB, smart cards, ports)", "the guest's port stays closed");
}

entries! {
    /// The host has something to read. Nothing is read.
    fn spice_server_char_device_wakeup(_sin: Instance<SpiceCharDeviceInstance>), or () => {
        closed();
    }

    /// The guest has opened or closed a port. Nothing happens.
    fn spice_server_port_event(_sin: Instance<SpiceCharDeviceInstance>, _event: u8), or () => {
        closed();
    }

    /// The names that devices can have, up to a null.
    fn spice_server_char_device_recognized_subtypes() -> *const *const c_char, or SUBTYPES.0.as_ptr() => {
        SUBTYPES.0.as_ptr()
    }
}
