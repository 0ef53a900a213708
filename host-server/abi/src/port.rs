//! The port of the guest's agent, as the host's character device.

use std::ffi::c_int;
use std::mem::offset_of;

use host_server::server::AgentPort;

use crate::layout::character::{
    FLAGS_SINCE_MINOR, NOTIFY_WRITABLE, SpiceCharDeviceInstance, SpiceCharDeviceInterface,
    SpiceCharDeviceInterface1,
};
use crate::pointer::Instance;

/// A character device's instance with the functions that its interface has; what is missing does nothing.
pub(crate) struct HostPort {
    instance: Instance<SpiceCharDeviceInstance>,
    state: Option<unsafe extern "C" fn(*mut SpiceCharDeviceInstance, c_int)>,
    write: Option<unsafe extern "C" fn(*mut SpiceCharDeviceInstance, *const u8, c_int) -> c_int>,
    read: Option<unsafe extern "C" fn(*mut SpiceCharDeviceInstance, *mut u8, c_int) -> c_int>,
    announces_room: bool,
}

impl HostPort {
    /// The device behind an instance, if it has an interface. The host's structure is read as far as its version goes,
    /// and not beyond.
    pub(crate) fn new(instance: Instance<SpiceCharDeviceInstance>) -> Option<Self> {
        let SpiceCharDeviceInterface1 { base, state, write, read } = instance.interface()?;
        let flags: Option<c_int> = if base.minor_version >= FLAGS_SINCE_MINOR {
            instance.interface_part(offset_of!(SpiceCharDeviceInterface, flags))
        } else {
            None
        };
        let announces_room = flags.is_some_and(|flags| flags & NOTIFY_WRITABLE != 0);
        Some(Self { instance, state, write, read, announces_room })
    }
}

impl AgentPort for HostPort {
    fn set_open(&self, open: bool) {
        if let Some(state) = self.state {
            // SAFETY: the host's function with its own instance, on the main loop's thread.
            unsafe { state(self.instance.pointer(), open.into()) };
        }
    }

    fn write(&self, bytes: &[u8]) -> usize {
        let size = c_int::try_from(bytes.len()).unwrap_or(c_int::MAX);
        // SAFETY: the host's function with its own instance and so many bytes, on the main loop's thread.
        let count =
            self.write.map_or(0, |write| unsafe { write(self.instance.pointer(), bytes.as_ptr(), size) });
        // Hosts return -1 when the device takes nothing.
        usize::try_from(count).unwrap_or(0)
    }

    fn read(&self, bytes: &mut [u8]) -> usize {
        let size = c_int::try_from(bytes.len()).unwrap_or(c_int::MAX);
        // SAFETY: the host's function with its own instance and room for so many bytes, on the main loop's thread.
        let count =
            self.read.map_or(0, |read| unsafe { read(self.instance.pointer(), bytes.as_mut_ptr(), size) });
        usize::try_from(count).unwrap_or(0)
    }

    fn announces_room(&self) -> bool {
        self.announces_room
    }
}
