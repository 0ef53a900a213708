//! A model of the device, for tests of drivers: it stands where hardware would, believes nothing, and
//! says which rule was broken.
//!
//! A test gives the driver the three [`Memory`] BARs and passes port writes to [`Device::write_port`].
//! [`Device::poll`] is the device's own time: commands are taken, rendered and released, asynchronous ports
//! end. Afterwards `device.pixels(0)` is what a client would see.
//!
//! Where a real device has a choice, the model rolls dice from a seed: when it renders what is pending,
//! when it releases, and in which order. What a driver relies on beyond the rules breaks for some seed.
//!
//! # Invariants
//! - A command is kept while the device needs it: a drawing until it is rendered or covered by an opaque
//!   one, a cursor until the next shape, the creation of a surface until its destruction.
//! - Every command comes back exactly once, unless the device is reset, and was not changed meanwhile.
//! - Nothing that a driver writes makes the model panic.

mod area;
mod canvas;
mod commands;
mod display;
mod drawing;
mod guest;
mod memory;
mod picture;
mod pointer;
mod ports;
mod random;
mod releases;
mod setup;
mod violation;

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use zerocopy::IntoBytes;

pub use self::memory::{Memory, MemoryView};
pub use self::pointer::PointerState;
pub use self::setup::Config;
pub use self::violation::Violation;

use self::display::Display;
use self::guest::Slots;
use self::pointer::Pointer;
use self::random::Random;
use self::releases::{Held, Releases};
use crate::ioport::IoPort;
use crate::memslot::AddressLayout;
use crate::monitors::Head;
use crate::ram::{RamHeader, interrupt};
use crate::ring::{HostRings, SharedMemory, Wake};
use crate::surface::SurfaceFormat;

/// The device.
#[derive(Debug)]
pub struct Device {
    config: Config,
    rom: Memory,
    ram: Memory,
    vram: Memory,
    header: MemoryView,
    rings: HostRings<MemoryView>,
    slots: Slots,
    display: Display,
    pointer: Pointer,
    releases: Releases,
    /// Addresses of commands that have not been pushed into the release ring.
    owned: BTreeSet<u64>,
    monitors: Vec<Head>,
    /// The asynchronous port whose end has not been told.
    under_way: Option<IoPort>,
    violations: Vec<Violation>,
    random: Random,
}

/// The pixels of a surface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels {
    /// What a pixel is.
    pub format: SurfaceFormat,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// `width * height` pixels in that format, row by row from the top; the unused byte of
    /// [`SurfaceFormat::Xrgb`] is 0.
    pub pixels: Vec<u32>,
}

impl Device {
    /// A device at power on, or `None` when the address bits of `config` leave no offset. The same seed
    /// gives the same choices.
    pub fn new(config: Config, seed: u64) -> Option<Self> {
        let layout = AddressLayout::new(config.slot_id_bits, config.slot_gen_bits)?;
        let bytes = |count| usize::try_from(count).unwrap_or(usize::MAX);
        let ram = Memory::new(bytes(config.ram_bytes));
        let header = ram.view(bytes(config.ram_header_offset()));
        header.write(0, config.ram_header().as_bytes());
        Some(Self {
            rom: config.rom(),
            vram: Memory::new(bytes(config.vram_bytes)),
            rings: HostRings::reset(&header),
            slots: Slots::new(layout, guest::GUEST_GROUP + 1, guest::SLOTS),
            config,
            ram,
            header,
            display: Display::default(),
            pointer: Pointer::default(),
            releases: Releases::default(),
            owned: BTreeSet::new(),
            monitors: Vec::new(),
            under_way: None,
            violations: Vec::new(),
            random: Random::new(seed),
        })
    }

    /// BAR 0.
    pub fn ram(&self) -> Memory {
        self.ram.clone()
    }

    /// BAR 1.
    pub fn vram(&self) -> Memory {
        self.vram.clone()
    }

    /// BAR 2.
    pub fn rom(&self) -> Memory {
        self.rom.clone()
    }

    /// The RAM header, for [`GuestRings::attach`](crate::ring::GuestRings::attach).
    pub fn ram_header(&self) -> MemoryView {
        self.header.clone()
    }

    /// Whether the interrupt line is raised: a bit is pending that the mask lets through.
    pub fn interrupt_line(&self) -> bool {
        let word = |at| self.header.load(at);
        let pending = word(core::mem::offset_of!(RamHeader, int_pending));
        pending & word(core::mem::offset_of!(RamHeader, int_mask)) != 0
    }

    /// What a client sees of a surface once everything that was pushed is rendered. Commands that are
    /// still in the ring are not: [`Device::poll`] takes them.
    pub fn pixels(&mut self, surface: u32) -> Option<Pixels> {
        let done = self.display.render_all();
        self.done(done);
        let canvas = self.display.canvas(surface)?;
        let (format, width, height) = (canvas.format, canvas.width, canvas.height);
        Some(Pixels { format, width, height, pixels: canvas.pixels().to_vec() })
    }

    /// The pointer.
    pub fn pointer(&self) -> PointerState {
        self.pointer.state()
    }

    /// The monitors, as the driver configured them last.
    pub fn monitors(&self) -> &[Head] {
        &self.monitors
    }

    /// Commands that the driver does not have back.
    pub fn owned_commands(&self) -> usize {
        self.owned.len()
    }

    /// Every rule that was broken since power on, in order.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Lets the device work: takes all commands from both rings, renders and releases some of what it
    /// has by chance, and ends an asynchronous port.
    ///
    /// The error is the first rule that was found broken; the others are in [`Device::violations`].
    pub fn poll(&mut self) -> Result<(), Violation> {
        self.watched(|device| {
            device.take_commands();
            let count = device.random.below(device.display.pending().saturating_add(2));
            let done = device.display.render_oldest(count / 2);
            device.done(done);
            if device.releases.is_due(&mut device.random) {
                device.push_releases();
            }
            if device.under_way.take().is_some() {
                device.raise(interrupt::IO_COMMAND);
            }
        })
    }

    /// Does something, and returns the first rule that turned out to be broken.
    fn watched(&mut self, work: impl FnOnce(&mut Self)) -> Result<(), Violation> {
        let before = self.violations.len();
        work(self);
        self.violations.get(before).map_or(Ok(()), |first| Err(*first))
    }

    fn report<T>(&mut self, result: Result<T, Violation>) -> Option<T> {
        result.map_err(|violation| self.violations.push(violation)).ok()
    }

    /// Takes commands that the device needs no more.
    fn done(&mut self, commands: impl IntoIterator<Item = Held>) {
        for command in commands {
            let result = self.releases.add(command);
            self.report(result);
        }
    }

    fn push_releases(&mut self) {
        let result = self.releases.push(&mut self.rings.releases, &mut self.random);
        if let Some((addresses, wake)) = self.report(result) {
            for address in addresses {
                self.owned.remove(&address.bits());
            }
            self.wake(wake, interrupt::DISPLAY);
        }
    }

    fn wake(&self, wake: Wake, bits: u32) {
        if wake.0 {
            self.raise(bits);
        }
    }

    fn raise(&self, bits: u32) {
        self.header.set_bits(core::mem::offset_of!(RamHeader, int_pending), bits);
    }
}
