//! Properties of the `qxl` crate, for a hostile guest and for a hostile device.

use std::collections::VecDeque;

use qxl::command::{Command, CommandKind};
use qxl::cursor::CursorCommand;
use qxl::drawable::{CompatDrawable, Drawable};
use qxl::image::Bitmap;
use qxl::memslot::{AddressLayout, GuestSlot, PhysAddr, Slot, SlotTable};
use qxl::model::{Config, Device, Memory, MemoryView};
use qxl::operation::Brush;
use qxl::ram::{PrimarySurface, RamHeader, SlotRange};
use qxl::ring::{GuestRings, HostRings, PushError, SharedMemory};
use qxl::rom::{ClientMonitorsConfig, Rom};
use qxl::surface::{SurfaceCommand, checked_shape};
use qxl::text::{GlyphString, RasterGlyph};
use zerocopy::little_endian::{I32, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::Oracle;

/// The fuzz targets `qxl_*`.
pub const ORACLES: &[Oracle] = &[
    Oracle { name: "qxl_address", check: address },
    Oracle { name: "qxl_model", check: model },
    Oracle { name: "qxl_ring", check: ring },
    Oracle { name: "qxl_structures", check: structures },
];

/// Bytes taken from the front, 0 when they run out.
struct Script<'a>(&'a [u8]);

impl Script<'_> {
    fn take<T: FromBytes + IntoBytes>(&mut self) -> T {
        let mut value = T::new_zeroed();
        let count = self.0.len().min(size_of::<T>());
        let (front, rest) = self.0.split_at(count);
        value.as_mut_bytes().iter_mut().zip(front).for_each(|(to, from)| *to = *from);
        self.0 = rest;
        value
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// An address splits into parts and comes back from them. What a table resolves is inside the slot, and
/// whatever a driver's slot forms, the table resolves to the same place.
pub fn address(bytes: &[u8]) {
    let mut script = Script(bytes);
    let Some(layout) = AddressLayout::new(script.take(), script.take()) else { return };
    let address = PhysAddr::new(script.take());
    let parts = layout.split(address);
    assert_eq!(layout.compose(parts), Some(address));
    assert!(parts.slot < layout.slot_numbers() && parts.offset <= layout.max_offset());

    let mut table = SlotTable::new(layout, 2, 8);
    let (number, generation): (u8, u8) = (script.take(), script.take());
    let (first, slot_len): (u64, u64) = (script.take(), script.take());
    let slot = Slot { generation: u64::from(generation), first, len: slot_len, region: () };
    let added = table.add(1, u32::from(number), slot);
    assert_eq!(added.is_ok(), number < 8);
    let (group, wanted): (u32, u64) = (script.take(), script.take());
    if let Ok((&(), offset)) = table.resolve(group, address, wanted) {
        assert_eq!((group, parts.slot, parts.generation), (1, u64::from(number), u64::from(generation)));
        assert!(u128::from(offset) + u128::from(wanted) <= u128::from(slot_len));
        assert_eq!(offset, parts.offset - first);
        assert_eq!(table.bytes_after(group, address), Ok(slot_len - offset));
    }
    guest_address(layout, number, generation, slot_len, script.take(), wanted);
}

fn guest_address(layout: AddressLayout, number: u8, generation: u8, slot_len: u64, offset: u64, len: u64) {
    let Some(guest) = GuestSlot::new(layout, number, generation, slot_len) else { return };
    let formed = guest.address(offset, len);
    assert_eq!(formed.is_some(), u128::from(offset) + u128::from(len) <= u128::from(slot_len));
    let Some(formed) = formed else { return };
    let mut table = SlotTable::new(layout, 1, 256);
    let slot = Slot { generation: u64::from(generation), first: 0, len: slot_len, region: () };
    assert!(table.add(0, u32::from(number), slot).is_ok());
    assert_eq!(table.resolve(0, formed, len), Ok((&(), offset)));
    assert_eq!(guest.offset(formed), (offset < slot_len).then_some(offset));
}

/// Every structure comes back from its bytes, and what is made of it in turn says the same.
pub fn structures(bytes: &[u8]) {
    let mut script = Script(bytes);
    let drawable: Drawable = round_trip(&mut script);
    if let Ok(operation) = drawable.operation() {
        let again = Drawable::new(drawable.head, &operation);
        assert_eq!(again.head, drawable.head);
        assert_eq!(again.operation(), Ok(operation));
    }
    let compat: CompatDrawable = round_trip(&mut script);
    if let Ok(operation) = compat.operation() {
        let head = compat.to_head(&operation);
        assert_eq!(Drawable::new(head, &operation).operation(), Ok(operation));
    }
    let cursor: CursorCommand = round_trip(&mut script);
    if let Some(action) = cursor.action() {
        let again = CursorCommand::new(cursor.release.id.get(), action);
        assert_eq!((again.kind, again.action()), (cursor.kind, Some(action)));
    }
    let brush: Brush = round_trip(&mut script);
    assert_eq!(Brush::new(brush.paint()).paint(), brush.paint());
    let bitmap: Bitmap = round_trip(&mut script);
    if let Ok((format, size)) = bitmap.checked(false) {
        let row = u64::from(bitmap.width.get()) * u64::from(format.bits());
        assert!(u64::from(size) * 8 >= row * u64::from(bitmap.height.get()));
    }
    let surface: SurfaceCommand = round_trip(&mut script);
    let (width, height) = (surface.shape.width.get(), surface.shape.height.get());
    let shape = checked_shape(surface.shape.format.get(), width, height, surface.shape.stride.get());
    if let Ok((format, size)) = shape {
        assert!(u64::from(size) * 8 >= u64::from(width) * u64::from(format.bits()) * u64::from(height));
    }
    let string: GlyphString = round_trip(&mut script);
    let glyph: RasterGlyph = round_trip(&mut script);
    let pixels = u64::from(glyph.width.get()) * u64::from(glyph.height.get());
    assert!(string.bits().is_none_or(|bits| glyph.shape_bytes(bits) * 8 >= pixels * u64::from(bits)));
    let monitors: ClientMonitorsConfig = round_trip(&mut script);
    assert_eq!(monitors.requested().is_some(), monitors.count.get() <= 64);
    let _: Rom = round_trip(&mut script);
}

fn round_trip<T>(script: &mut Script<'_>) -> T
where
    T: FromBytes + IntoBytes + Immutable + PartialEq + core::fmt::Debug,
{
    let value: T = script.take();
    assert_eq!(T::read_from_bytes(value.as_bytes()).as_ref(), Ok(&value));
    value
}

/// Both halves of all rings over memory that a third party writes to: as long as nobody does, each element
/// comes out once and in order, and afterwards there are faults, but never an access outside.
pub fn ring(bytes: &[u8]) {
    let memory = Fenced(Memory::new(size_of::<RamHeader>()));
    let mut host = HostRings::reset(&memory);
    let Ok(mut guest) = GuestRings::attach(&memory) else { panic!("fresh rings are refused") };
    let mut script = Script(bytes);
    let mut inside: Option<VecDeque<u64>> = Some(VecDeque::new());
    while !script.is_empty() {
        match script.take::<u8>() % 8 {
            0..3 => {
                let number: u8 = script.take();
                let command = Command::new(CommandKind::Draw, PhysAddr::new(u64::from(number)));
                let pushed = guest.commands.push(&command);
                if let Some(inside) = &mut inside {
                    assert_eq!(pushed.err(), (inside.len() == 32).then_some(PushError::Full));
                    if pushed.is_ok() {
                        inside.push_back(u64::from(number));
                    }
                }
            }
            3..5 => {
                let popped = host.commands.pop().map(|item| item.map(|(command, _)| command.data.bits()));
                if let Some(inside) = &mut inside {
                    assert_eq!(popped, Ok(inside.pop_front()));
                }
            }
            5 => {
                let (idle, full) = (host.commands.must_wait(), guest.commands.must_wait());
                if let Some(inside) = &inside {
                    assert_eq!((idle, full), (Ok(inside.is_empty()), Ok(inside.len() == 32)));
                    let room = u32::try_from(32 - inside.len()).unwrap_or_default();
                    assert_eq!(guest.commands.free(), Ok(room));
                }
            }
            6 => {
                let _ = host.releases.push(&U64::new(script.take::<u64>()));
                let _ = guest.releases.pop();
                let _ = (host.releases.must_wait(), guest.releases.must_wait());
            }
            _ => {
                inside = None;
                let words = size_of::<RamHeader>() / 4;
                let word = usize::from(script.take::<u16>()) % words;
                memory.store(4 * word, script.take());
            }
        }
    }
}

/// Memory that stops the test at the first access outside, or at a word that is not aligned.
#[derive(Clone)]
struct Fenced(Memory);

impl Fenced {
    fn check(&self, at: usize, len: usize) {
        assert!(at + len <= self.0.len(), "access outside: {len} bytes at {at}");
    }

    fn check_word(&self, at: usize) {
        self.check(at, 4);
        assert!(at.is_multiple_of(4), "word at {at}");
    }
}

impl SharedMemory for Fenced {
    fn load(&self, at: usize) -> u32 {
        self.check_word(at);
        self.0.view(0).load(at)
    }

    fn store(&self, at: usize, word: u32) {
        self.check_word(at);
        self.0.view(0).store(at, word);
    }

    fn take_bits(&self, at: usize, bits: u32) -> u32 {
        self.check_word(at);
        self.0.view(0).take_bits(at, bits)
    }

    fn read(&self, at: usize, bytes: &mut [u8]) {
        self.check(at, bytes.len());
        self.0.view(0).read(at, bytes);
    }

    fn write(&self, at: usize, bytes: &[u8]) {
        self.check(at, bytes.len());
        self.0.view(0).write(at, bytes);
    }
}

/// A guest that writes anything to memory and ports: the model never panics, and never has more commands
/// than were pushed.
pub fn model(bytes: &[u8]) {
    let mut script = Script(bytes);
    let config = Config { ram_bytes: 0x8000, primary_bytes: 0x1000, vram_bytes: 0x1000, ..Config::default() };
    let Some(mut device) = Device::new(config, script.take()) else { return };
    let header = device.ram_header();
    let ram = device.ram();
    let mut guest = start(&mut device, &config);
    // Not known any more once the guest has written to a ring by itself.
    let mut pushed: Option<usize> = Some(0);
    while !script.is_empty() {
        match script.take::<u8>() % 8 {
            0 => drop(device.poll().err()),
            1 => drop(device.write_port(script.take(), script.take()).err()),
            2..4 => {
                // Commands of all kinds at any place in RAM, mostly of valid ones.
                let kind: u8 = script.take();
                let offset: u16 = script.take();
                let data = PhysAddr::new(1 << 56 | u64::from(offset % 0x8000));
                let command = Command { data, kind: U32::new(u32::from(kind % 8)), ..Command::default() };
                if let Ok(rings) = &mut guest {
                    let on_cursor_ring = kind & 8 != 0;
                    let result = if on_cursor_ring {
                        rings.cursor.push(&command)
                    } else {
                        rings.commands.push(&command)
                    };
                    pushed = pushed.map(|count| count + usize::from(result.is_ok()));
                }
            }
            4 => {
                let at: u16 = script.take();
                let _ = ram.write(usize::from(at) % 0x8000, &script.take::<[u8; 16]>());
            }
            5 => {
                // A whole drawing: guessing one byte by byte takes too long.
                let drawable: Drawable = script.take();
                let at: u16 = script.take();
                let _ = ram.put(usize::from(at) % 0x7000, &drawable);
            }
            6 => {
                let word = usize::from(script.take::<u16>()) % (size_of::<RamHeader>() / 4);
                header.store(4 * word, script.take());
                pushed = None;
            }
            _ => guest = GuestRings::attach(&header),
        }
        assert!(pushed.is_none_or(|pushed| device.owned_commands() <= pushed));
    }
    let _ = device.poll();
    let _ = (device.pixels(0), device.pointer(), device.monitors().len(), device.interrupt_line());
}

/// Adds slot 1 over all of RAM and creates a small primary surface.
fn start(device: &mut Device, config: &Config) -> Result<GuestRings<MemoryView>, qxl::ring::RingFault> {
    let header = device.ram_header();
    let end = config.ram_base + u64::from(config.ram_bytes);
    let range = SlotRange { start: U64::new(config.ram_base), end: U64::new(end) };
    header.write(core::mem::offset_of!(RamHeader, mem_slot), range.as_bytes());
    let surface = PrimarySurface {
        width: U32::new(16),
        height: U32::new(16),
        stride: I32::new(64),
        format: U32::new(32),
        mem: PhysAddr::new(1 << 56),
        ..PrimarySurface::default()
    };
    header.write(core::mem::offset_of!(RamHeader, create_surface), surface.as_bytes());
    assert_eq!(device.write_port(qxl::ioport::IoPort::MemslotAdd.code(), 1), Ok(()));
    assert_eq!(device.write_port(qxl::ioport::IoPort::CreatePrimary.code(), 0), Ok(()));
    GuestRings::attach(&header)
}
