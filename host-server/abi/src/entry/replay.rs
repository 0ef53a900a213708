//! Replaying a recorded device: `spice-replay.h`. Not yet: there is nothing to replay.

use std::ffi::{c_int, c_void};
use std::ptr;

use crate::boundary::not_yet;
use crate::layout::qxl::{QXLCommandExt, QXLInstance};
use crate::pointer::Instance;

entries! {
    /// Null: the recording cannot be read.
    fn spice_replay_new(_file: *mut c_void, _nsurfaces: c_int) -> *mut c_void, or ptr::null_mut() => {
        not_yet("replaying through the C interface", "the recording is not read");
        ptr::null_mut()
    }

    /// Null: there is no command.
    fn spice_replay_next_cmd(_replay: *mut c_void, _instance: Instance<QXLInstance>) -> *mut QXLCommandExt, or ptr::null_mut() => {
        ptr::null_mut()
    }

    /// Nothing to free.
    fn spice_replay_free_cmd(_replay: *mut c_void, _cmd: *mut QXLCommandExt), or () => {}

    /// Nothing to free.
    fn spice_replay_free(_replay: *mut c_void), or () => {}
}
