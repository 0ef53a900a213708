//! Character devices: `spice-char.h`. Not yet: hosts can register them, and nothing is read or written.

use std::ffi::c_char;
use std::ptr;

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

entries! {
    /// The host has something to read. Nothing is read.
    fn spice_server_char_device_wakeup(_sin: Instance<SpiceCharDeviceInstance>), or () => {}

    /// The guest has opened or closed a port. Nothing happens.
    fn spice_server_port_event(_sin: Instance<SpiceCharDeviceInstance>, _event: u8), or () => {}

    /// The names that devices can have, up to a null.
    fn spice_server_char_device_recognized_subtypes() -> *const *const c_char, or SUBTYPES.0.as_ptr() => {
        SUBTYPES.0.as_ptr()
    }
}
