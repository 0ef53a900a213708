//! The keyboard's lamps: `spice-input.h`.

use std::ffi::c_int;

use super::OK;
use crate::layout::input::SpiceKbdInstance;
use crate::pointer::Instance;

entries! {
    /// The guest has switched its lamps: scroll lock 1, num lock 2, caps lock 4. From any thread. Always 0.
    fn spice_server_kbd_leds(sin: Instance<SpiceKbdInstance>, leds: c_int) -> c_int, or OK => {
        if let Some(SpiceKbdInstance { base: _, st }) = sin.read()
            && let Some(face) = st.get().and_then(|state| state.face.upgrade())
        {
            face.server.set_lamps(u8::try_from(leds & 0xff).unwrap_or(0));
        }
        OK
    }
}
