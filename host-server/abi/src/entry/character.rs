//! Character devices: `spice-char.h`. The agent's port is served; hosts can register the others, and nothing of them
//! is read or written yet.

use std::ffi::c_char;
use std::ptr;

use crate::boundary::not_yet;
use crate::layout::character::SpiceCharDeviceInstance;
use crate::pointer::{Instance, Text};

/// Names for C, up to a null.
#[repr(transparent)]
struct Names([*const c_char; 5]);

// SAFETY: pointers to constants.
unsafe impl Sync for Names {}

/// Hosts refuse to start with a device whose name is not here, so that all that the original knows are.
static SUBTYPES: Names =
    Names([c"vdagent".as_ptr(), c"smartcard".as_ptr(), c"usbredir".as_ptr(), c"port".as_ptr(), ptr::null()]);

/// Whether a device is the port of the guest's agent.
pub(super) fn is_agent(instance: &SpiceCharDeviceInstance) -> bool {
    Text::from(instance.subtype).bytes().as_deref() == Some(b"vdagent")
}

/// Says once that other devices are not served; also said when one is added.
pub(super) fn closed() {
    not_yet("character devices (USB, smart cards, ports)", "the guest's port stays closed");
}

entries! {
    /// The host has something to read, or room for more. Of other devices than the agent's port nothing is read.
    fn spice_server_char_device_wakeup(sin: Instance<SpiceCharDeviceInstance>), or () => {
        let Some(instance) = sin.read() else { return };
        if is_agent(&instance) {
            // A copy, as the call may end with the device removed. A port that is not registered is none yet.
            let agent = instance.st.get().map(|state| state.agent.clone());
            agent.inspect(|agent| agent.wake());
        } else {
            closed();
        }
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
