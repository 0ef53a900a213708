//! `spice-input.h`: keyboard, mouse and tablet.

use std::ffi::c_int;

use super::core::{SpiceBaseInstance, SpiceBaseInterface};
use crate::pointer::Held;
use crate::server::DeviceState;

/// A keyboard's functions.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct SpiceKbdInterface {
    /// "keyboard".
    pub base: SpiceBaseInterface,
    /// Takes a byte of AT scan code set 1.
    pub push_scan_freg: Option<unsafe extern "C" fn(*mut SpiceKbdInstance, u8)>,
    /// Tells the lamps.
    pub get_leds: Option<unsafe extern "C" fn(*mut SpiceKbdInstance) -> u8>,
}

/// A keyboard.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct SpiceKbdInstance {
    /// Its interface.
    pub base: SpiceBaseInstance,
    /// Ours.
    pub st: Held<DeviceState>,
}

/// A mouse's functions.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct SpiceMouseInterface {
    /// "mouse".
    pub base: SpiceBaseInterface,
    /// Moves: right, down, wheel, buttons.
    pub motion: Option<unsafe extern "C" fn(*mut SpiceMouseInstance, c_int, c_int, c_int, u32)>,
    /// Sets the buttons.
    pub buttons: Option<unsafe extern "C" fn(*mut SpiceMouseInstance, u32)>,
}

/// A mouse.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct SpiceMouseInstance {
    /// Its interface.
    pub base: SpiceBaseInstance,
    /// Ours.
    pub st: Held<DeviceState>,
}

/// A tablet's functions.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct SpiceTabletInterface {
    /// "tablet".
    pub base: SpiceBaseInterface,
    /// Tells the display's size.
    pub set_logical_size: Option<unsafe extern "C" fn(*mut SpiceTabletInstance, c_int, c_int)>,
    /// Moves: x, y, buttons.
    pub position: Option<unsafe extern "C" fn(*mut SpiceTabletInstance, c_int, c_int, u32)>,
    /// Turns the wheel: steps, buttons.
    pub wheel: Option<unsafe extern "C" fn(*mut SpiceTabletInstance, c_int, u32)>,
    /// Sets the buttons.
    pub buttons: Option<unsafe extern "C" fn(*mut SpiceTabletInstance, u32)>,
}

/// A tablet.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct SpiceTabletInstance {
    /// Its interface.
    pub base: SpiceBaseInstance,
    /// Ours.
    pub st: Held<DeviceState>,
}

const _: () = {
    assert!(size_of::<SpiceKbdInterface>() == 40);
    assert!(size_of::<SpiceKbdInstance>() == 16);
    assert!(size_of::<SpiceMouseInterface>() == 40);
    assert!(size_of::<SpiceMouseInstance>() == 16);
    assert!(size_of::<SpiceTabletInterface>() == 56);
    assert!(size_of::<SpiceTabletInstance>() == 16);
};
