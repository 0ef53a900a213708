//! What a driver has done: for a debug file, benches and tests. Numbers only grow, but for what is in use now.

use qxl::ioport::{IoPort, PORT_COUNT};

/// Counted since the start of the driver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Bytes that were written into the device's memory for commands, with all that they point to.
    pub bytes: u64,
    /// Areas of one colour.
    pub fills: u64,
    /// Areas that were moved on the screen.
    pub copies: u64,
    /// Areas whose pixels were written.
    pub images: u64,
    /// Tiles whose pixels were written and kept.
    pub tiles_written: u64,
    /// Tiles that the device had already.
    pub tiles_reused: u64,
    /// Tiles that made room.
    pub tiles_evicted: u64,
    /// Pointer shapes that were written.
    pub shapes_written: u64,
    /// Pointer shapes that the device had already.
    pub shapes_reused: u64,
    /// Commands that moved or hid the pointer.
    pub gestures: u64,
    /// Pointer moves that were no news.
    pub moves_dropped: u64,
    /// Commands that the device gave back.
    pub released: u64,
    /// Times that something had to wait for the device.
    pub stalls: u64,
    /// Times that the device was reset, or found fault with the driver, and was taken up again.
    pub restarts: u64,
    /// Primary surfaces.
    pub screens: u64,
    /// Writes to each port, by its code.
    pub ports: [u64; PORT_COUNT as usize],
    /// Commands that the device has now.
    pub outstanding: u64,
    /// Bytes of command memory in use now.
    pub heap_taken: u64,
    /// Those of them that hold tiles which no command uses: they stay for later and go when memory is short.
    pub heap_kept: u64,
    /// The most that ever was.
    pub heap_peak: u64,
    /// Bytes of command memory.
    pub heap_len: u64,
}

impl Statistics {
    /// Writes to a port.
    pub fn port(&self, port: IoPort) -> u64 {
        self.ports.get(usize::from(port.code())).copied().unwrap_or_default()
    }

    pub(crate) fn count_port(&mut self, port: IoPort) {
        if let Some(count) = self.ports.get_mut(usize::from(port.code())) {
            *count = count.saturating_add(1);
        }
    }
}
