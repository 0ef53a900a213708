//! The host's keyboard, mouse and tablet.

use std::ffi::c_int;

use host_server::server::{Keyboard, Mouse, Tablet};

use crate::layout::input::{
    SpiceKbdInstance, SpiceKbdInterface, SpiceMouseInstance, SpiceMouseInterface, SpiceTabletInstance,
    SpiceTabletInterface,
};
use crate::pointer::Instance;

/// A keyboard instance with the functions that its interface has; what is missing does nothing.
pub(crate) struct HostKeyboard {
    instance: Instance<SpiceKbdInstance>,
    push: Option<unsafe extern "C" fn(*mut SpiceKbdInstance, u8)>,
    lamps: Option<unsafe extern "C" fn(*mut SpiceKbdInstance) -> u8>,
}

impl HostKeyboard {
    pub(crate) fn new(instance: Instance<SpiceKbdInstance>) -> Option<Self> {
        let SpiceKbdInterface { base: _, push_scan_freg, get_leds } = instance.interface()?;
        Some(Self { instance, push: push_scan_freg, lamps: get_leds })
    }
}

impl Keyboard for HostKeyboard {
    fn push_scan_code(&self, code: u8) {
        if let Some(push) = self.push {
            // SAFETY: the host's function with its own instance, on the main loop's thread.
            unsafe { push(self.instance.pointer(), code) };
        }
    }

    fn lamps(&self) -> u8 {
        // SAFETY: the host's function with its own instance, on the main loop's thread.
        self.lamps.map_or(0, |lamps| unsafe { lamps(self.instance.pointer()) })
    }
}

/// A mouse instance with the functions that its interface has; what is missing does nothing.
pub(crate) struct HostMouse {
    instance: Instance<SpiceMouseInstance>,
    motion: Option<unsafe extern "C" fn(*mut SpiceMouseInstance, c_int, c_int, c_int, u32)>,
    buttons: Option<unsafe extern "C" fn(*mut SpiceMouseInstance, u32)>,
}

impl HostMouse {
    pub(crate) fn new(instance: Instance<SpiceMouseInstance>) -> Option<Self> {
        let SpiceMouseInterface { base: _, motion, buttons } = instance.interface()?;
        Some(Self { instance, motion, buttons })
    }
}

impl Mouse for HostMouse {
    fn motion(&self, dx: i32, dy: i32, dz: i32, buttons: u32) {
        if let Some(motion) = self.motion {
            // SAFETY: the host's function with its own instance, on the main loop's thread.
            unsafe { motion(self.instance.pointer(), dx, dy, dz, buttons) };
        }
    }

    fn buttons(&self, buttons: u32) {
        if let Some(set) = self.buttons {
            // SAFETY: the host's function with its own instance, on the main loop's thread.
            unsafe { set(self.instance.pointer(), buttons) };
        }
    }
}

/// A tablet instance with the interface's functions; what is missing does nothing.
pub(crate) struct HostTablet {
    instance: Instance<SpiceTabletInstance>,
    set_logical_size: Option<unsafe extern "C" fn(*mut SpiceTabletInstance, c_int, c_int)>,
    position: Option<unsafe extern "C" fn(*mut SpiceTabletInstance, c_int, c_int, u32)>,
    wheel: Option<unsafe extern "C" fn(*mut SpiceTabletInstance, c_int, u32)>,
    buttons: Option<unsafe extern "C" fn(*mut SpiceTabletInstance, u32)>,
}

impl HostTablet {
    pub(crate) fn new(instance: Instance<SpiceTabletInstance>) -> Option<Self> {
        let SpiceTabletInterface { base: _, set_logical_size, position, wheel, buttons } =
            instance.interface()?;
        Some(Self { instance, set_logical_size, position, wheel, buttons })
    }
}

impl Tablet for HostTablet {
    fn set_logical_size(&self, width: i32, height: i32) {
        if let Some(set) = self.set_logical_size {
            // SAFETY: the host's function with its own instance, on the main loop's thread.
            unsafe { set(self.instance.pointer(), width, height) };
        }
    }

    fn position(&self, x: i32, y: i32, buttons: u32) {
        if let Some(position) = self.position {
            // SAFETY: the host's function with its own instance, on the main loop's thread.
            unsafe { position(self.instance.pointer(), x, y, buttons) };
        }
    }

    fn wheel(&self, steps: i32, buttons: u32) {
        if let Some(wheel) = self.wheel {
            // SAFETY: the host's function with its own instance, on the main loop's thread.
            unsafe { wheel(self.instance.pointer(), steps, buttons) };
        }
    }

    fn buttons(&self, buttons: u32) {
        if let Some(set) = self.buttons {
            // SAFETY: the host's function with its own instance, on the main loop's thread.
            unsafe { set(self.instance.pointer(), buttons) };
        }
    }
}
