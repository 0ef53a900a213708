//! The device's model as a driver reaches it.

use std::cell::RefCell;
use std::rc::Rc;
use std::vec::Vec;

use guest_display::bus::Bus;
use qxl::ioport::IoPort;
use qxl::model::{Config, Device as Model, Memory, MemoryView};
use qxl::ram::{RamHeader, interrupt};
use qxl::ring::SharedMemory;

/// A slot with the model in it. Clones share it.
#[derive(Clone)]
pub(crate) struct Board {
    pub(crate) model: Rc<RefCell<Model>>,
    ram: MemoryView,
    pub(crate) rom: Memory,
    pub(crate) config: Config,
    pub(crate) revision: u8,
}

impl Board {
    pub(crate) fn new(seed: u64) -> Self {
        Self::with(Config { ram_bytes: 4 << 20, primary_bytes: 1 << 19, ..Config::default() }, seed)
    }

    pub(crate) fn with(config: Config, seed: u64) -> Self {
        let model = Model::new(config, seed).unwrap();
        let (ram, rom) = (model.ram().view(0), model.rom());
        Self { model: Rc::new(RefCell::new(model)), ram, rom, config, revision: 4 }
    }

    /// Lets the device do some work.
    pub(crate) fn poll(&self) {
        let _ = self.model.borrow_mut().poll();
    }

    /// What a client sees, as 0x00RRGGBB.
    pub(crate) fn pixels(&self) -> Option<Vec<u32>> {
        self.poll();
        self.model.borrow_mut().pixels(0).map(|pixels| pixels.pixels)
    }

    /// No rule was broken.
    pub(crate) fn assert_content(&self) {
        assert_eq!(self.model.borrow().violations(), []);
    }

    /// Resets the device, as a host may at any time.
    pub(crate) fn reset(&self) {
        self.model.borrow_mut().write_port(IoPort::Reset.code(), 0).unwrap();
    }

    pub(crate) fn mask(&self) -> u32 {
        self.ram.load(self.header() + core::mem::offset_of!(RamHeader, int_mask))
    }

    pub(crate) fn header(&self) -> usize {
        self.config.ram_header_offset() as usize
    }

    /// RAM, for a host that writes where it should not.
    pub(crate) fn memory(&self) -> Memory {
        self.model.borrow().ram()
    }

    pub(crate) fn line(&self) -> bool {
        self.model.borrow().interrupt_line()
    }
}

impl Bus for Board {
    type Ram = MemoryView;

    fn ram(&self) -> &MemoryView {
        &self.ram
    }

    fn ram_len(&self) -> u64 {
        u64::from(self.config.ram_bytes)
    }

    fn ram_base(&self) -> u64 {
        self.config.ram_base
    }

    fn revision(&self) -> u8 {
        self.revision
    }

    fn rom(&self, at: usize, bytes: &mut [u8]) {
        if self.rom.read(at, bytes).is_none() {
            bytes.fill(0);
        }
    }

    fn random(&self) -> u32 {
        40
    }

    fn port(&mut self, port: IoPort, argument: u8) {
        // What the device needs is not the driver's.
        allocation_counter::opt_out(|| {
            let _ = self.model.borrow_mut().write_port(port.code(), argument);
        });
    }

    fn wait(&mut self, bits: u32, _: u32) {
        let at = self.header() + core::mem::offset_of!(RamHeader, int_pending);
        for _ in 0..100 {
            self.poll();
            if self.ram.load(at) & bits != 0 {
                self.ram.take_bits(at, bits);
                return;
            }
        }
        assert_eq!(bits & interrupt::IO_COMMAND, 0, "an asynchronous port has no end");
    }
}
