//! The library's own replayer, `spice-replay.h`: what it makes of a recording, in place of ours.

use std::ffi::{CString, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use recording::{CommandKind, Memory};

use super::Host;
use super::abi::CommandExt;
use crate::rings::{Prepared, Rings};
use crate::source::SURFACES;

unsafe extern "C" {
    fn fopen(path: *const c_char, mode: *const c_char) -> *mut c_void;
}

impl Host {
    /// Has the library read a recording, make the calls in it, and take the commands. Gives how many there were.
    ///
    /// # Errors
    /// The file cannot be opened, is no recording for the library, or the library gets stuck.
    pub fn replay(&self, path: &Path, rings: &Rings) -> Result<u64> {
        let shown = path.display();
        let name = CString::new(path.as_os_str().as_bytes())?;
        // SAFETY: two strings that end in 0.
        let file = unsafe { fopen(name.as_ptr(), c"r".as_ptr()) };
        ensure!(!file.is_null(), "cannot open {shown}");
        // SAFETY: an open file, which is the replay's from here on.
        let replay = unsafe { (self.entry.spice_replay_new)(file, SURFACES as c_int) };
        ensure!(!replay.is_null(), "{shown} is no recording for the library");
        // Neither the replay nor a command is freed: the library may read them to the end of the process.
        let waker = self.waker();
        let mut count = 0;
        loop {
            // SAFETY: the replay is valid, and the device was added.
            let command: *mut CommandExt = unsafe { (self.entry.spice_replay_next_cmd)(replay, self.device) };
            if command.is_null() {
                return Ok(count);
            }
            // SAFETY: a command of the library, which stays.
            let CommandExt { data: address, kind, .. } = unsafe { command.read_unaligned() };
            let kind = CommandKind::of(kind).with_context(|| format!("a command of kind {kind}"))?;
            // The library has put the command's own address where it is released by.
            let id = command.expose_provenance() as u64;
            let prepared = Prepared { id, kind, address, memory: Memory::zeroed(0), destroys: None };
            if rings.push(&mut [prepared].into())? {
                waker.wake();
            }
            count += 1;
            // The next call may be one of the host's.
            rings.wait_taken(count)?;
        }
    }
}
