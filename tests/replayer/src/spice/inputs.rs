//! Keyboard, mouse and tablet that print what they receive.

use std::ffi::{CStr, c_int};

use super::abi::{
    BaseInstance, BaseInterface, InputInstance, KeyboardInterface, MouseInterface, TabletInterface,
};
use crate::report::{self, Line};

/// The three devices. They stay where they are until the library is gone.
pub(super) struct Inputs {
    keyboard: KeyboardInterface,
    mouse: MouseInterface,
    tablet: TabletInterface,
    instances: [InputInstance; 3],
}

impl Inputs {
    pub(super) fn new() -> Box<Self> {
        let mut inputs = Box::new(Self {
            keyboard: KeyboardInterface { base: base(c"keyboard"), push_scan_code, leds },
            mouse: MouseInterface { base: base(c"mouse"), motion, buttons },
            tablet: TabletInterface {
                base: base(c"tablet"),
                set_logical_size,
                position,
                wheel,
                buttons: tablet_buttons,
            },
            instances: [(); 3].map(|()| InputInstance {
                base: BaseInstance { interface: std::ptr::null() },
                state: std::ptr::null_mut(),
            }),
        });
        let bases =
            [&raw const inputs.keyboard.base, &raw const inputs.mouse.base, &raw const inputs.tablet.base];
        for (instance, interface) in inputs.instances.iter_mut().zip(bases) {
            instance.base.interface = interface;
        }
        inputs
    }

    /// What `spice_server_add_interface` takes.
    pub(super) fn instances(&mut self) -> [*mut BaseInstance; 3] {
        self.instances.each_mut().map(|instance| &raw mut instance.base)
    }
}

fn base(kind: &'static CStr) -> BaseInterface {
    BaseInterface { kind: kind.as_ptr(), description: c"replayer input".as_ptr(), major: 1, minor: 1 }
}

extern "C" fn push_scan_code(_: *mut InputInstance, code: u8) {
    report::print(&Line::Key { code });
}

extern "C" fn leds(_: *mut InputInstance) -> u8 {
    0
}

extern "C" fn motion(_: *mut InputInstance, dx: c_int, dy: c_int, dz: c_int, buttons: u32) {
    report::print(&Line::Motion { dx, dy, dz, buttons });
}

extern "C" fn buttons(_: *mut InputInstance, buttons: u32) {
    report::print(&Line::Buttons { buttons });
}

extern "C" fn set_logical_size(_: *mut InputInstance, width: c_int, height: c_int) {
    report::print(&Line::TabletSize { width, height });
}

extern "C" fn position(_: *mut InputInstance, x: c_int, y: c_int, buttons: u32) {
    report::print(&Line::Position { x, y, buttons });
}

extern "C" fn wheel(_: *mut InputInstance, dz: c_int, buttons: u32) {
    report::print(&Line::Wheel { dz, buttons });
}

extern "C" fn tablet_buttons(_: *mut InputInstance, buttons: u32) {
    report::print(&Line::Buttons { buttons });
}
