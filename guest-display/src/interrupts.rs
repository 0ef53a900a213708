//! The part of a driver that runs in its hard interrupt handler.

use qxl::ram::RamHeader;
use qxl::ring::SharedMemory;

use crate::window::Window;

/// Takes interrupts from the device, beside whatever else the driver does at that moment: a handle to be kept by the
/// interrupt handler. The handler then writes [`UpdateIrq`](qxl::ioport::IoPort::UpdateIrq), which drops the line, and
/// has [`Device::interrupted`](crate::Device::interrupted) called where it may wait for a lock.
#[derive(Clone, Debug)]
pub struct Interrupts<M> {
    header: Window<M>,
}

impl<M: SharedMemory> Interrupts<M> {
    pub(crate) fn new(header: Window<M>) -> Self {
        Self { header }
    }

    /// Takes what has happened, as bits of [`interrupt`](qxl::ram::interrupt): 0 when the interrupt was another device's.
    #[must_use = "what is taken is not told again"]
    pub fn take(&self) -> u32 {
        self.header.take_bits(core::mem::offset_of!(RamHeader, int_pending), u32::MAX)
    }
}
