//! The device as the kernel has mapped it.

use guest_display::bus::Bus;
use qxl::ioport::IoPort;
use qxl::ring::SharedMemory;

use crate::kernel::{self, Shim};
use crate::layout::CoreWindows;
use crate::window::Window;

/// The device's windows, and its ports by way of the shim.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Windows {
    ram: Window,
    rom: Window,
    ram_base: u64,
    revision: u8,
    shim: Shim,
}

impl Windows {
    /// Takes what the shim has mapped; nothing when something is missing.
    ///
    /// # Safety
    /// The windows stay mapped, and the shim's device valid, as long as this and its copies are used.
    pub(crate) unsafe fn new(mapped: &CoreWindows) -> Option<Self> {
        let ram_len = usize::try_from(mapped.ram_len).ok()?;
        // SAFETY: by this function's contract.
        let ram = unsafe { Window::new(mapped.ram.cast(), ram_len) }?;
        // SAFETY: by this function's contract.
        let rom = unsafe { rom(mapped) }?;
        // SAFETY: by this function's contract.
        let shim = unsafe { Shim::new(mapped.shim) };
        Some(Self { ram, rom, ram_base: mapped.ram_base, revision: revision(mapped), shim })
    }

    /// The ports, for the interrupt handler.
    pub(crate) fn shim(&self) -> Shim {
        self.shim
    }
}

/// The ROM alone.
///
/// # Safety
/// It stays mapped as long as this and its copies are used.
pub(crate) unsafe fn rom(mapped: &CoreWindows) -> Option<Window> {
    let len = usize::try_from(mapped.rom_len).ok()?;
    // SAFETY: by this function's contract. Nothing writes to this window.
    unsafe { Window::new(mapped.rom.cast_mut().cast(), len) }
}

/// One beyond all that are known is as good as the last.
pub(crate) fn revision(mapped: &CoreWindows) -> u8 {
    u8::try_from(mapped.revision).unwrap_or(u8::MAX)
}

impl Bus for Windows {
    type Ram = Window;

    fn ram(&self) -> &Window {
        &self.ram
    }

    fn ram_len(&self) -> u64 {
        u64::try_from(self.ram.len()).unwrap_or(u64::MAX)
    }

    fn ram_base(&self) -> u64 {
        self.ram_base
    }

    fn revision(&self) -> u8 {
        self.revision
    }

    fn rom(&self, at: usize, bytes: &mut [u8]) {
        self.rom.read(at, bytes);
    }

    fn random(&self) -> u32 {
        kernel::random()
    }

    fn port(&mut self, port: IoPort, argument: u8) {
        self.shim.port(port, argument);
    }

    fn wait(&mut self, bits: u32, milliseconds: u32) {
        self.shim.wait(bits, milliseconds);
    }
}
