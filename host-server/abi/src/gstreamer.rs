//! What GStreamer may not do in a process that is not ours, said before anything of it begins.

use gstreamer::{ffi, glib};

/// Forbids it to start a program that looks for plugins: hosts forbid that to themselves (`-sandbox on,spawn=deny` of
/// QEMU), and would be ended for it. It then looks for them in this process, when its cache is not there or old; the fault
/// handler that it puts in place meanwhile is forbidden, too.
pub(crate) fn tame() {
    // SAFETY: only sets a variable of the library, which nothing reads before it is initialised, by us and later; the C
    // interface has one thread at a time in `spice_server_new`.
    unsafe { ffi::gst_registry_fork_set_enabled(glib::ffi::GFALSE) };
    // SAFETY: the same.
    unsafe { ffi::gst_segtrap_set_enabled(glib::ffi::GFALSE) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_program_is_started() {
        tame();
        // SAFETY: reads a variable of the library.
        assert_eq!(unsafe { ffi::gst_registry_fork_is_enabled() }, glib::ffi::GFALSE);
    }
}
