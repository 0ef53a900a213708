//! What the core asks of the kernel, by way of the shim. Where there is no kernel, as in tests, `host` stands in.

#[cfg(not(target_os = "none"))]
mod host;
#[cfg(target_os = "none")]
mod linux;

use core::ffi::c_void;
use core::fmt::{self, Write};

use qxl::ioport::IoPort;

#[cfg(not(target_os = "none"))]
use host as services;
#[cfg(target_os = "none")]
use linux as services;

/// The longest line of the log in bytes; the rest is cut off.
const LINE: usize = 200;

/// The shim's device: a handle that only the services look into.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shim(*mut c_void);

impl Shim {
    /// # Safety
    /// The services may be called with `device` as long as this and its copies are used.
    pub(crate) unsafe fn new(device: *mut c_void) -> Self {
        Self(device)
    }

    pub(crate) fn port(self, port: IoPort, argument: u8) {
        services::port(self.0, port.code(), argument);
    }

    pub(crate) fn wait(self, bits: u32, milliseconds: u32) {
        services::wait(self.0, bits, milliseconds);
    }
}

/// Bits that nobody can foresee.
pub(crate) fn random() -> u32 {
    services::random()
}

/// Writes a line into the kernel's log, as an error.
pub(crate) fn log_error(text: fmt::Arguments<'_>) {
    let mut line = Line::default();
    // It never fails: what is too long is cut off.
    let _ = line.write_fmt(text);
    services::log_error(line.text());
}

/// Text of limited length, without memory of its own.
struct Line {
    bytes: [u8; LINE],
    len: usize,
}

impl Default for Line {
    fn default() -> Self {
        Self { bytes: [0; LINE], len: 0 }
    }
}

impl Line {
    fn text(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.bytes.get_mut(self.len..).unwrap_or_default();
        for (place, byte) in room.iter_mut().zip(text.bytes()) {
            *place = byte;
            self.len += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_off() {
        let mut line = Line::default();
        write!(line, "{:>300}", 1).expect("never fails");
        assert_eq!(line.text(), [b' '; LINE]);
    }
}
