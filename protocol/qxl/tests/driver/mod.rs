//! The smallest driver that can draw: what the model's tests drive the model with.
#![allow(dead_code, clippy::unwrap_used, reason = "each test uses a part of it, and stops when one fails")]

use std::collections::BTreeMap;

use qxl::chunk::DataChunk;
use qxl::command::{Command, CommandKind};
use qxl::cursor::{Cursor, CursorAction, CursorCommand, CursorHeader, CursorSet};
use qxl::drawable::{Drawable, DrawableHead, Effect, Operation};
use qxl::geometry::{Point, Point16, Rect};
use qxl::image::{Bitmap, BitmapFormat, ImageDescriptor};
use qxl::ioport::IoPort;
use qxl::memslot::{AddressLayout, GuestSlot, PhysAddr};
use qxl::model::{Config, Device, Memory, MemoryView, Violation};
use qxl::operation::{Brush, Copy, CopyBits, Fill, Paint, rop};
use qxl::ram::{PrimarySurface, RamHeader, SlotRange};
use qxl::release::ReleaseInfo;
use qxl::ring::{GuestRings, PushError};
use qxl::surface::{SurfaceCommand, SurfaceCommandKind, SurfaceFormat, SurfaceShape};
use zerocopy::little_endian::{I32, U16, U32, U64};
use zerocopy::{Immutable, IntoBytes};

/// The slot that covers all of RAM.
pub(crate) const RAM_SLOT: u8 = 1;
pub(crate) const WIDTH: u32 = 40;
pub(crate) const HEIGHT: u32 = 30;

const RAM_SLOT_LAYOUT: AddressLayout = AddressLayout::new(8, 8).unwrap();

pub(crate) struct Driver {
    pub(crate) device: Device,
    pub(crate) rings: GuestRings<MemoryView>,
    pub(crate) ram: Memory,
    pub(crate) slot: GuestSlot,
    config: Config,
    next: u64,
    /// Commands that the device has, by id.
    pub(crate) outstanding: BTreeMap<u64, CommandKind>,
    /// Ids in the order in which they came back.
    pub(crate) released: Vec<u64>,
}

impl Driver {
    /// A driver with a slot and a primary surface of that format.
    pub(crate) fn with_primary(seed: u64, format: SurfaceFormat) -> Self {
        let mut driver = Self::new(seed);
        let create = PrimarySurface {
            width: U32::new(WIDTH),
            height: U32::new(HEIGHT),
            stride: I32::new(-(WIDTH * format.bits() / 8).cast_signed()),
            format: U32::new(format.code()),
            mem: driver.slot.address(0, 1).unwrap(),
            ..PrimarySurface::default()
        };
        driver.put_header(core::mem::offset_of!(RamHeader, create_surface), &create);
        driver.port(IoPort::CreatePrimary, 0).unwrap();
        driver
    }

    /// A driver with a slot.
    pub(crate) fn new(seed: u64) -> Self {
        let config = Config { ram_bytes: 1 << 20, primary_bytes: 1 << 16, ..Config::default() };
        let device = Device::new(config, seed).unwrap();
        let slot = GuestSlot::new(RAM_SLOT_LAYOUT, RAM_SLOT, 0, u64::from(config.ram_bytes)).unwrap();
        let rings = GuestRings::attach(&device.ram_header()).unwrap();
        let (ram, next) = (device.ram(), u64::from(config.primary_bytes));
        let (outstanding, released) = Default::default();
        let mut driver = Self { device, rings, ram, slot, config, next, outstanding, released };
        let end = config.ram_base + u64::from(config.ram_bytes);
        let range = SlotRange { start: U64::new(config.ram_base), end: U64::new(end) };
        driver.put_header(core::mem::offset_of!(RamHeader, mem_slot), &range);
        driver.port(IoPort::MemslotAdd, RAM_SLOT).unwrap();
        driver
    }

    pub(crate) fn port(&mut self, port: IoPort, argument: u8) -> Result<(), Violation> {
        self.device.write_port(port.code(), argument)
    }

    pub(crate) fn put_header<T: IntoBytes + Immutable>(&self, field: usize, value: &T) {
        self.ram.put(self.config.ram_header_offset() as usize + field, value).unwrap();
    }

    /// Puts something anywhere. Memory is taken in turn and never reused before it wraps, so a test has
    /// to stay small.
    pub(crate) fn place(&mut self, bytes: &[u8]) -> PhysAddr {
        let len = bytes.len() as u64;
        if self.next + len > u64::from(self.config.ram_header_offset()) {
            self.next = u64::from(self.config.primary_bytes);
        }
        let address = self.slot.address(self.next, len).unwrap();
        self.ram.write(self.next as usize, bytes).unwrap();
        self.next += len;
        address
    }

    /// Where an address is in RAM.
    pub(crate) fn offset(&self, address: PhysAddr) -> usize {
        self.slot.offset(address).unwrap() as usize
    }

    /// A bitmap of pixels 0x00RRGGBB, in one piece or in two chunks.
    pub(crate) fn bitmap(&mut self, width: u32, height: u32, pixels: &[u32], chunked: bool) -> PhysAddr {
        let rows: Vec<u8> = pixels.iter().flat_map(|pixel| pixel.to_le_bytes()).collect();
        let (data, flags) = if chunked {
            let (first, second) = rows.split_at(rows.len() / 3);
            let second = self.chunk(second, PhysAddr::NULL);
            (self.chunk(first, second), Bitmap::TOP_DOWN)
        } else {
            (self.place(&rows), Bitmap::TOP_DOWN | Bitmap::DIRECT)
        };
        let bitmap = Bitmap {
            format: BitmapFormat::Bit32.code(),
            flags,
            width: U32::new(width),
            height: U32::new(height),
            stride: U32::new(4 * width),
            palette: PhysAddr::NULL,
            data,
        };
        self.image(&bitmap)
    }

    pub(crate) fn image(&mut self, bitmap: &Bitmap) -> PhysAddr {
        let descriptor = ImageDescriptor { width: bitmap.width, height: bitmap.height, ..Default::default() };
        self.place(&[descriptor.as_bytes(), bitmap.as_bytes()].concat())
    }

    pub(crate) fn chunk(&mut self, data: &[u8], next_chunk: PhysAddr) -> PhysAddr {
        let data_size = U32::new(u32::try_from(data.len()).unwrap());
        let chunk = DataChunk { data_size, prev_chunk: PhysAddr::NULL, next_chunk };
        self.place(&[chunk.as_bytes(), data].concat())
    }

    /// Pushes a command whose bytes begin with its release information, and returns its id.
    pub(crate) fn push(&mut self, kind: CommandKind, bytes: &[u8]) -> u64 {
        let address = self.place(bytes);
        let id = address.bits();
        self.ram.put(self.offset(address), &ReleaseInfo::new(id)).unwrap();
        self.outstanding.insert(id, kind);
        self.push_raw(&Command::new(kind, address));
        id
    }

    /// Pushes without a look at what the device says: a test finds that in its violations.
    pub(crate) fn push_raw(&mut self, command: &Command) {
        let on_cursor_ring = command.kind.get() == CommandKind::Cursor.code();
        for _ in 0..100 {
            let rings = &mut self.rings;
            let (result, port) = if on_cursor_ring {
                (rings.cursor.push(command), IoPort::NotifyCursor)
            } else {
                (rings.commands.push(command), IoPort::NotifyCommand)
            };
            match result {
                Ok(wake) => {
                    if wake.0 {
                        let _ = self.port(port, 0);
                    }
                    return;
                }
                Err(PushError::Full) => {
                    let _ = self.device.poll();
                }
                Err(PushError::Fault(fault)) => panic!("{fault}"),
            }
        }
        panic!("ring stays full");
    }

    pub(crate) fn draw(&mut self, surface: u32, bbox: Rect, effect: Effect, operation: &Operation) -> u64 {
        let head = DrawableHead::new(1, surface, bbox, effect);
        self.push(CommandKind::Draw, Drawable::new(head, operation).as_bytes())
    }

    pub(crate) fn fill(&mut self, bbox: Rect, color: u32) -> u64 {
        self.draw(0, bbox, Effect::Opaque, &fill(color))
    }

    pub(crate) fn copy(&mut self, bbox: Rect, source: PhysAddr, source_area: Rect) -> u64 {
        self.draw(0, bbox, Effect::Opaque, &copy(source, source_area))
    }

    pub(crate) fn copy_bits(&mut self, bbox: Rect, x: i32, y: i32) -> u64 {
        let operation = Operation::CopyBits(CopyBits { source: Point::new(x, y) });
        self.draw(0, bbox, Effect::Opaque, &operation)
    }

    pub(crate) fn surface(&mut self, number: u32, kind: SurfaceCommandKind, shape: SurfaceShape) -> u64 {
        let command =
            SurfaceCommand { surface_id: U32::new(number), kind: kind.code(), shape, ..Default::default() };
        self.push(CommandKind::Surface, command.as_bytes())
    }

    /// Sets a pointer of 2 by 2 pixels with alpha.
    pub(crate) fn set_cursor(&mut self, unique: u64) -> u64 {
        let shape = self.cursor_shape(unique, 16);
        let position = Point16::new(3, 4);
        self.cursor(CursorAction::Set(CursorSet { position, visible: 1, shape }))
    }

    pub(crate) fn cursor_shape(&mut self, unique: u64, bytes: u32) -> PhysAddr {
        let header = CursorHeader {
            unique: U64::new(unique),
            width: U16::new(2),
            height: U16::new(2),
            ..CursorHeader::default()
        };
        let chunk = DataChunk { data_size: U32::new(bytes), ..DataChunk::default() };
        let cursor = Cursor { header, data_size: U32::new(bytes), chunk };
        self.place(&[cursor.as_bytes(), &vec![0x7f; bytes as usize]].concat())
    }

    pub(crate) fn cursor(&mut self, action: CursorAction) -> u64 {
        self.push(CommandKind::Cursor, CursorCommand::new(1, action).as_bytes())
    }

    /// Takes what the device has released.
    pub(crate) fn reclaim(&mut self) {
        while let Some((head, _)) = self.rings.releases.pop().unwrap() {
            let mut id = head.get();
            while id != 0 {
                assert!(self.outstanding.remove(&id).is_some(), "{id:#x} came back, but was not out");
                self.released.push(id);
                let place = self.offset(PhysAddr::new(id));
                id = self.ram.get::<ReleaseInfo>(place).unwrap().next().map_or(0, |next| next.get());
            }
        }
    }

    /// Lets the device finish all drawing and return all that it can.
    pub(crate) fn settle(&mut self) {
        self.device.poll().unwrap();
        self.device.pixels(0);
        self.flush_releases();
    }

    pub(crate) fn flush_releases(&mut self) {
        self.port(IoPort::FlushRelease, 0).unwrap();
        self.reclaim();
    }
}

pub(crate) fn fill(color: u32) -> Operation {
    let brush = Brush::new(Paint::Solid(color));
    Operation::Fill(Fill { brush, rop: U16::new(rop::PUT), ..Fill::default() })
}

pub(crate) fn copy(source: PhysAddr, source_area: Rect) -> Operation {
    Operation::Copy(Copy { source, source_area, rop: U16::new(rop::PUT), ..Copy::default() })
}
