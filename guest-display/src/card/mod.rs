//! The device as the rest of the driver uses it: its ports, rings and command memory.
//!
//! [`Device`](crate::Device) owns one. The [translator](crate::damage::Translator) draws into it as its
//! [`Sink`](crate::damage::Sink) ([`draw`]), the [pointer](crate::cursor) sends its commands, and [`reclaim`] takes back
//! what the device is done with. It never waits: what does not fit is refused, and [`pause`] asks for the interrupt that
//! says when it is worth another try.

mod draw;
mod images;
mod pause;
mod pointer;
mod reclaim;
mod send;
mod vga;

use core::mem::offset_of;

use qxl::ioport::IoPort;
use qxl::memslot::GuestSlot;
use qxl::ram::{RamHeader, SlotRange, interrupt};
use qxl::ring::{GuestRings, SharedMemory};
use qxl::rom::Rom;
use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromZeros, IntoBytes};

use crate::bus::Bus;
use crate::fault::{Dead, StartError};
use crate::heap::Heap;
use crate::layout::{Layout, check_header};
use crate::outstanding::Outstanding;
use crate::resident::Residents;
use crate::statistics::Statistics;
use crate::window::Window;

use self::pause::Blocked;
use self::vga::VgaMemory;

/// Commands that the device may have at once. The original server keeps at most a thousand drawings.
const COMMANDS: u32 = 2048;

/// Tiles that may stay in the device's memory.
const TILES: u32 = 2048;

/// Pointer shapes that may stay in the device's memory.
const SHAPES: u32 = 64;

/// The most memory for pointers.
const POINTER_BYTES: u64 = 2 << 20;

// The three bytes that tell a slot's generation lie together.
const _: () = assert!(offset_of!(Rom, slot_generation) == offset_of!(Rom, slot_gen_bits) + 2);

/// Interrupts that are let through at all times. The mask is never 0, by which a reset device is told.
const ALWAYS: u32 = interrupt::ERROR | interrupt::CLIENT_MONITORS_CONFIG | interrupt::IO_COMMAND;

/// A device that is up.
#[derive(Debug)]
pub(crate) struct Card<B: Bus> {
    pub(crate) bus: B,
    pub(crate) layout: Layout,
    pub(crate) header: Window<B::Ram>,
    pub(crate) statistics: Statistics,
    slot: GuestSlot,
    rings: GuestRings<Window<B::Ram>>,
    outstanding: Outstanding,
    heap: Heap,
    tiles: Residents,
    /// Pointers have memory of their own: the device keeps the last shape for as long as it likes, which must not stand
    /// in the way of drawings, nor drawings in the way of the pointer.
    pointer_heap: Heap,
    shapes: Residents,
    vga: VgaMemory,
    /// The most pixels of one image.
    most_pixels: usize,
    /// Pixels of a row of the screen.
    screen_width: u32,
    /// The host's clock when the last batch of drawings began.
    mm_time: U32,
    /// What stood in the way since the last look.
    blocked: Blocked,
    /// Memory is what is waited for.
    starving: bool,
    /// What the mask lets through.
    mask: u32,
    /// The device is to be told that a ring has commands.
    wake_display: bool,
    wake_pointer: bool,
    /// Why the device is not to be used any more.
    dead: Option<Dead>,
}

impl<B: Bus> Card<B> {
    /// Resets the device and takes it up.
    pub(crate) fn start(mut bus: B) -> Result<Self, StartError> {
        // The ROM is checked before anything is written.
        let layout = Layout::read(&bus)?;
        let mut statistics = Statistics::default();
        let header = Window::new(bus.ram().clone(), layout.header);
        let vga = VgaMemory::read(&bus, layout.primary);
        let (slot, rings) = take_up(&mut bus, &layout, &header, &mut statistics)?;
        let pointer_len = POINTER_BYTES.min(layout.commands.len / 8);
        let start = layout.commands.start;
        let heap_len = layout.commands.len.saturating_sub(pointer_len);
        let heap_start = start.saturating_add(pointer_len);
        // Each command has a block, each tile has one, and between any two may be a free one.
        let heap = Heap::new(heap_start, heap_len, 2 * (COMMANDS + TILES) + 2)?;
        statistics.heap_len = heap.len();
        Ok(Self {
            slot,
            rings,
            outstanding: Outstanding::new(COMMANDS)?,
            heap,
            tiles: Residents::new(TILES)?,
            pointer_heap: Heap::new(start, pointer_len, 2 * (COMMANDS + SHAPES) + 2)?,
            shapes: Residents::new(SHAPES)?,
            vga,
            most_pixels: images::most_pixels(heap_len),
            screen_width: 0,
            mm_time: U32::new(0),
            blocked: Blocked::default(),
            starving: false,
            mask: ALWAYS,
            wake_display: false,
            wake_pointer: false,
            dead: None,
            bus,
            layout,
            header,
            statistics,
        })
    }

    /// Resets the device and takes it up again. What was sent before is gone.
    pub(crate) fn restart(&mut self) -> Result<(), StartError> {
        let layout = Layout::read(&self.bus)?;
        if layout != self.layout {
            // Heaps and screens were made for another device.
            return Err(StartError::Changed);
        }
        let (slot, rings) = take_up(&mut self.bus, &self.layout, &self.header, &mut self.statistics)?;
        self.slot = slot;
        self.rings = rings;
        self.outstanding.clear();
        self.heap.clear();
        self.tiles.clear();
        self.pointer_heap.clear();
        self.shapes.clear();
        self.blocked = Blocked::default();
        self.starving = false;
        self.mask = ALWAYS;
        self.wake_display = false;
        self.wake_pointer = false;
        self.dead = None;
        self.note_use();
        Ok(())
    }

    /// Resets the device for good: it forgets everything and shows what VGA had when the driver came.
    pub(crate) fn abandon(&mut self) {
        self.header.store(offset_of!(RamHeader, int_mask), 0);
        self.port(IoPort::Reset, 0);
        self.vga.put_back(&mut self.bus, self.layout.primary);
        self.dead = Some(Dead::Suspended);
    }

    /// Whether somebody reset the device behind the driver's back.
    pub(crate) fn was_reset(&self) -> bool {
        self.header.load(offset_of!(RamHeader, int_mask)) != self.mask
    }

    /// Writes to a port.
    pub(crate) fn port(&mut self, port: IoPort, argument: u8) {
        self.statistics.count_port(port);
        self.header.barrier();
        self.bus.port(port, argument);
    }

    /// A part of RAM, as an address for the device.
    pub(crate) fn address(&self, offset: u64, len: u64) -> Option<qxl::memslot::PhysAddr> {
        self.slot.address(offset, len)
    }

    /// Fits the size of images to a screen.
    pub(crate) fn fit_screen(&mut self, width: u32) {
        self.screen_width = width;
    }

    /// Why a drawing was refused for ever, if one was.
    pub(crate) fn dead(&self) -> Option<Dead> {
        self.dead
    }

    /// Notes what the host's clock says, for the drawings to come.
    pub(crate) fn look_at_clock(&mut self) {
        let mut clock = U32::new_zeroed();
        self.bus.rom(offset_of!(Rom, mm_clock), clock.as_mut_bytes());
        self.mm_time = clock;
    }

    fn note_use(&mut self) {
        let taken = self.heap.taken();
        self.statistics.heap_taken = taken;
        self.statistics.heap_kept = self.tiles.idle();
        self.statistics.heap_peak = self.statistics.heap_peak.max(taken);
        self.statistics.outstanding = u64::try_from(self.outstanding.len()).unwrap_or(u64::MAX);
    }
}

/// What a device gives to those who take it up.
type TakenUp<M> = (GuestSlot, GuestRings<Window<M>>);

/// Resets the device, adds the memory slot and takes up the rings.
fn take_up<B: Bus>(
    bus: &mut B,
    layout: &Layout,
    header: &Window<B::Ram>,
    statistics: &mut Statistics,
) -> Result<TakenUp<B::Ram>, StartError> {
    let mut port = |bus: &mut B, port, argument| {
        statistics.count_port(port);
        header.barrier();
        bus.port(port, argument);
    };
    port(bus, IoPort::Reset, 0);
    check_header(header)?;
    let base = bus.ram_base();
    let end = base
        .checked_add(layout.slot_len)
        .ok_or(StartError::NoRoom { primary: layout.primary.len, header: layout.slot_len })?;
    header.put(offset_of!(RamHeader, mem_slot), &SlotRange { start: U64::new(base), end: U64::new(end) });
    port(bus, IoPort::MemslotAdd, layout.slot);
    // The device says which generation it gave the slot.
    let mut bits = [0_u8; 3];
    bus.rom(offset_of!(Rom, slot_gen_bits), &mut bits);
    let [generation_bits, id_bits, generation] = bits;
    let slot = GuestSlot::new(layout.addresses, layout.slot, generation, layout.slot_len);
    let slot = slot.ok_or(StartError::Slots { first: layout.slot, id_bits, generation_bits })?;
    let rings = GuestRings::attach(header)?;
    header.store(offset_of!(RamHeader, int_mask), ALWAYS);
    port(bus, IoPort::UpdateIrq, 0);
    Ok((slot, rings))
}

#[cfg(test)]
mod race;
#[cfg(test)]
mod tests;
