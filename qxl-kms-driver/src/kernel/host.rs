//! Where there is no kernel: there are no devices to reach, and what would be logged is nobody's business.

use core::ffi::c_void;

pub(super) fn port(_device: *mut c_void, _port: u8, _argument: u8) {}

pub(super) fn wait(_device: *mut c_void, _bits: u32, _milliseconds: u32) {}

pub(super) fn random() -> u32 {
    0
}

pub(super) fn log_error(_text: &[u8]) {}
