//! A device that does what bytes tell it, whenever its memory is looked at.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::mem::offset_of;
use std::rc::Rc;

use guest_display::bus::Bus;
use qxl::ioport::IoPort;
use qxl::model::{Config, Device as Model, Memory};
use qxl::ram::{RamHeader, RingHeader};
use qxl::ring::{HostRings, SharedMemory};
use zerocopy::little_endian::{U32, U64};

const CONFIG_RAM: u32 = 0xc0000;
const PRIMARY: u32 = 0x10000;

/// The device.
pub(super) struct Host {
    script: RefCell<VecDeque<u8>>,
    /// Decides when it is time for the next line of the script.
    dice: Cell<u32>,
    accesses: Cell<u64>,
    ram: Memory,
    rom: Memory,
    header: usize,
    /// Ids of commands that it has taken.
    taken: RefCell<VecDeque<u64>>,
    /// Whether what lies at the start of memory is the picture, and not VGA's.
    has_primary: Cell<bool>,
}

impl Host {
    /// A device at power on, with a script.
    pub(super) fn new(script: &[u8]) -> Self {
        let config = Config { ram_bytes: CONFIG_RAM, primary_bytes: PRIMARY, ..Config::default() };
        // Only its memory is used.
        let Some(model) = Model::new(config, 0) else { panic!("the model refuses its own numbers") };
        Self {
            script: RefCell::new(script.iter().copied().collect()),
            dice: Cell::new(script.len() as u32 | 1),
            accesses: Cell::new(0),
            ram: model.ram(),
            rom: model.rom(),
            header: config.ram_header_offset() as usize,
            taken: RefCell::default(),
            has_primary: Cell::new(false),
        }
    }

    pub(super) fn script_is_over(&self) -> bool {
        self.script.borrow().is_empty()
    }

    /// The next byte of the script, 0 when it is over.
    pub(super) fn byte(&self) -> u8 {
        self.script.borrow_mut().pop_front().unwrap_or_default()
    }

    pub(super) fn begin_call(&self) {
        self.accesses.set(0);
    }

    /// How often memory was looked at since the call began.
    pub(super) fn accesses(&self) -> u64 {
        self.accesses.get()
    }

    fn word(&self) -> u32 {
        u32::from_le_bytes([self.byte(), self.byte(), self.byte(), self.byte()])
    }

    /// Memory is looked at: perhaps it is another one now.
    fn look(&self) {
        self.accesses.set(self.accesses.get() + 1);
        let dice = self.dice.get().wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.dice.set(dice);
        if dice >> 28 == 0 && !self.script_is_over() {
            self.act();
        }
    }

    /// Does what the script says: most of the time what a device does, but not only.
    fn act(&self) {
        let field = |at: usize, word: usize| self.header + at + word;
        let (commands, cursor) = (offset_of!(RamHeader, command_ring), offset_of!(RamHeader, cursor_ring));
        match self.byte() % 16 {
            0..4 => self.take(commands),
            4..6 => self.take(cursor),
            6..10 => {
                let id = self.taken.borrow_mut().pop_front();
                if let Some(id) = id {
                    self.release(id);
                }
            }
            10 => self.release(u64::from(self.byte()) | u64::from(self.byte() % 4) << 32),
            11 => drop(self.ram.put(field(commands, offset_of!(RingHeader, cons)), &U32::new(self.word()))),
            12 => drop(self.rom.put(self.word() as usize % 1156, &U32::new(self.word()))),
            13 => drop(self.ram.put(self.word() as usize % self.header, &U64::new(u64::from(self.word())))),
            14 => self.put_header(),
            _ => drop(self.ram.put(field(offset_of!(RamHeader, int_pending), 0), &U32::new(self.word()))),
        }
    }

    /// Writes to any word of the RAM header.
    fn put_header(&self) {
        let at = self.word() as usize % (size_of::<RamHeader>() / 4) * 4;
        let _ = self.ram.put(self.header + at, &U32::new(self.word()));
    }

    fn index(&self, ring: usize, field: usize) -> u32 {
        self.ram.get::<U32>(self.header + ring + field).map_or(0, U32::get)
    }

    /// Takes a command from a ring, and remembers its id.
    fn take(&self, ring: usize) {
        let (prod, cons) = (offset_of!(RingHeader, prod), offset_of!(RingHeader, cons));
        let at = self.index(ring, cons);
        if at == self.index(ring, prod) {
            return;
        }
        let item = self.header + ring + size_of::<RingHeader>() + (at % 32) as usize * 16;
        let address = self.ram.get::<U64>(item).map_or(0, U64::get);
        // The slot begins at the start of RAM.
        let offset = usize::try_from(address & 0xffff_ffff).unwrap_or(usize::MAX);
        if let Some(id) = self.ram.get::<U64>(offset) {
            self.taken.borrow_mut().push_back(id.get());
            // Nothing follows it when it is released.
            let _ = self.ram.put(offset, &U64::new(0));
        }
        let _ = self.ram.put(self.header + ring + cons, &U32::new(at.wrapping_add(1)));
    }

    fn release(&self, id: u64) {
        let ring = offset_of!(RamHeader, release_ring);
        let at = self.index(ring, offset_of!(RingHeader, prod));
        if at.wrapping_sub(self.index(ring, offset_of!(RingHeader, cons))) >= 8 {
            return;
        }
        let item = self.header + ring + size_of::<RingHeader>() + (at % 8) as usize * 8;
        let _ = self.ram.put(item, &U64::new(id));
        let prod = self.header + ring + offset_of!(RingHeader, prod);
        let _ = self.ram.put(prod, &U32::new(at.wrapping_add(1)));
    }
}

/// The device's memory as the driver has it: every access is inside.
#[derive(Clone)]
pub(super) struct HostRam(Rc<Host>);

impl HostRam {
    fn check(&self, at: usize, len: usize) {
        assert!(at.checked_add(len).is_some_and(|end| end <= self.0.ram.len()), "{len} bytes at {at}");
        self.0.look();
    }
}

impl SharedMemory for HostRam {
    fn load(&self, at: usize) -> u32 {
        self.check(at, 4);
        self.0.ram.view(0).load(at)
    }

    fn store(&self, at: usize, word: u32) {
        self.check(at, 4);
        assert!(at >= self.0.header && at.is_multiple_of(4), "a word at {at}");
        self.0.ram.view(0).store(at, word);
    }

    fn take_bits(&self, at: usize, bits: u32) -> u32 {
        self.check(at, 4);
        self.0.ram.view(0).take_bits(at, bits)
    }

    fn read(&self, at: usize, bytes: &mut [u8]) {
        self.check(at, bytes.len());
        let _ = self.0.ram.read(at, bytes);
    }

    fn write(&self, at: usize, bytes: &[u8]) {
        self.check(at, bytes.len());
        let may_write = at >= PRIMARY as usize || !self.0.has_primary.get();
        assert!(may_write, "the primary surface is the device's");
        let _ = self.0.ram.write(at, bytes);
    }
}

/// The device's slot.
pub(super) struct Slot {
    host: Rc<Host>,
    ram: HostRam,
}

impl Slot {
    pub(super) fn new(host: Rc<Host>) -> Self {
        Self { ram: HostRam(Rc::clone(&host)), host }
    }
}

impl Bus for Slot {
    type Ram = HostRam;

    fn ram(&self) -> &HostRam {
        &self.ram
    }

    fn ram_len(&self) -> u64 {
        u64::from(CONFIG_RAM)
    }

    fn ram_base(&self) -> u64 {
        0xf400_0000
    }

    fn revision(&self) -> u8 {
        4
    }

    fn rom(&self, at: usize, bytes: &mut [u8]) {
        assert!(self.host.rom.read(at, bytes).is_some(), "outside the rom");
        self.host.look();
    }

    fn random(&self) -> u32 {
        0
    }

    fn port(&mut self, port: IoPort, _: u8) {
        if port == IoPort::CreatePrimary {
            self.host.has_primary.set(true);
        }
        if port == IoPort::Reset {
            self.host.has_primary.set(false);
            self.host.taken.borrow_mut().clear();
            let _ = self.host.ram.put(self.host.header, &RamHeader::default());
            let magic = U32::new(qxl::ram::RAM_MAGIC);
            let _ = self.host.ram.put(self.host.header, &magic);
            let _ = HostRings::reset(&self.host.ram.view(self.host.header));
        }
        self.host.look();
    }

    fn wait(&mut self, _: u32, _: u32) {
        self.host.look();
    }
}
