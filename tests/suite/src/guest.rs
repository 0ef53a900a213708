//! A guest and its device: memory with QXL structures in it, two rings, and a count of what comes back.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use host_server::display::handle::MemorySlot;
use host_server::guest::device::{CommandExt, DeviceLimits, PrimarySurface, QxlDevice, Release};
use host_server::guest::region::Region;
use image::geometry::Rect;
use qxl::command::CommandKind;
use qxl::drawable::{Drawable, DrawableHead, Effect, Operation};
use qxl::memslot::PhysAddr;
use wire::drawable::SurfaceId;
use zerocopy::IntoBytes;

/// The memory slot that all of the guest's addresses belong to.
const SLOT: u64 = 1;
const GROUP: u32 = 1;
/// Where the host thinks the guest's memory begins.
const HOST_BASE: u64 = 0x7f00_0000_0000;

/// A device's dimensions as QEMU gives them.
pub const LIMITS: DeviceLimits = DeviceLimits {
    slot_groups: 2,
    slots: 8,
    generation_bits: 8,
    slot_bits: 8,
    internal_slot: 0,
    surfaces: 1024,
};

/// The guest's memory; the server sees it through the same trait as a real one.
#[derive(Debug)]
struct Memory {
    bytes: Mutex<Vec<u8>>,
    /// What the guest changes whenever some of it has been read, and how often it did.
    unsteady: Mutex<(Range<usize>, usize)>,
}

impl Region for Memory {
    fn read(&self, offset: u64, out: &mut [u8]) {
        let mut memory = lock(&self.bytes);
        let start = usize::try_from(offset).unwrap();
        out.copy_from_slice(&memory[start..start + out.len()]);
        let (unsteady, count) = &mut *lock(&self.unsteady);
        if unsteady.contains(&start) {
            for _ in 0..16 {
                *count += 1;
                let length = unsteady.len();
                memory[unsteady.start + count.wrapping_mul(0x9e37_79b1) % length] ^= 0x55;
            }
        }
    }

    fn write(&self, offset: u64, bytes: &[u8]) {
        let mut memory = lock(&self.bytes);
        let start = usize::try_from(offset).unwrap();
        memory[start..start + bytes.len()].copy_from_slice(bytes);
    }

    fn host_address(&self, offset: u64) -> usize {
        usize::try_from(HOST_BASE + offset).unwrap()
    }
}

/// What the device has seen and been told.
#[derive(Debug, Default)]
struct State {
    commands: VecDeque<CommandExt>,
    cursor_commands: VecDeque<CommandExt>,
    submitted: Vec<u64>,
    released: Vec<u64>,
    completed: Vec<u64>,
    updates: Vec<(SurfaceId, Vec<Rect>)>,
    notifications_wanted: bool,
    capabilities: Option<(bool, [u8; 58])>,
}

/// The guest. Its device shares its state. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Guest {
    memory: Arc<Memory>,
    state: Arc<Mutex<State>>,
    /// The first free byte of the memory; nothing is ever used twice.
    free: Arc<Mutex<u64>>,
}

/// The device of a [`Guest`].
#[derive(Debug)]
pub struct Device(Arc<Mutex<State>>);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Guest {
    /// A guest with so many bytes of memory.
    pub fn new(bytes: usize) -> Self {
        Self {
            memory: Arc::new(Memory { bytes: Mutex::new(vec![0; bytes]), unsteady: Mutex::new((0..0, 0)) }),
            state: Arc::default(),
            free: Arc::new(Mutex::new(64)),
        }
    }

    /// Its device.
    pub fn device(&self) -> Box<dyn QxlDevice> {
        Box::new(Device(self.state.clone()))
    }

    /// The memory slot that the guest announces.
    pub fn slot(&self) -> MemorySlot {
        let length = lock(&self.memory.bytes).len() as u64;
        MemorySlot {
            group: GROUP,
            slot: u32::try_from(SLOT).unwrap(),
            generation: 0,
            address_delta: HOST_BASE,
            start: HOST_BASE,
            end: HOST_BASE + length,
            region: Box::new(SharedMemory(self.memory.clone())),
        }
    }

    /// A primary surface of 32 bits a pixel in memory of its own.
    pub fn primary(&self, width: u32, height: u32) -> PrimarySurface {
        let address = self.store(&vec![0; (width * height * 4) as usize]);
        PrimarySurface {
            width,
            height,
            stride: i32::try_from(width * 4).unwrap(),
            format: 32,
            flags: 0,
            address: address.bits(),
            group: GROUP,
            hardware_cursor: true,
        }
    }

    /// Puts bytes into memory that nothing else uses.
    pub fn store(&self, bytes: &[u8]) -> PhysAddr {
        let mut free = lock(&self.free);
        let offset = *free;
        *free = (offset + bytes.len() as u64).next_multiple_of(64);
        self.memory.write(offset, bytes);
        PhysAddr::new(SLOT << 56 | offset)
    }

    /// Changes memory, as a guest may at any time.
    pub fn overwrite(&self, address: PhysAddr, bytes: &[u8]) {
        self.memory.write(address.bits() & 0xffff_ffff_ffff, bytes);
    }

    /// From now on the guest changes these bytes whenever some of them have been read.
    pub fn meddle(&self, address: PhysAddr, length: usize) {
        let start = usize::try_from(address.bits() & 0xffff_ffff_ffff).unwrap();
        lock(&self.memory.unsteady).0 = start..start + length;
    }

    /// What memory holds.
    pub fn load(&self, address: u64, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.memory.read(address & 0xffff_ffff_ffff, &mut bytes);
        bytes
    }

    /// Submits a drawing on a surface.
    pub fn draw(&self, surface: u32, bbox: Rect, effect: Effect, operation: &Operation) -> PhysAddr {
        let bbox = qxl::geometry::Rect::new(bbox.left, bbox.top, bbox.right, bbox.bottom);
        let drawable = Drawable::new(DrawableHead::new(1, surface, bbox, effect), operation);
        self.submit(CommandKind::Draw, drawable.as_bytes())
    }

    /// Submits a command of the display ring.
    pub fn submit(&self, kind: CommandKind, structure: &[u8]) -> PhysAddr {
        let address = self.store(structure);
        self.submit_at(kind.code(), address);
        address
    }

    /// Submits whatever stands at `address`.
    pub fn submit_at(&self, kind: u32, address: PhysAddr) {
        let ext = CommandExt { address: address.bits(), kind, group: GROUP, flags: 0 };
        let mut state = lock(&self.state);
        state.submitted.push(address.bits());
        state.commands.push_back(ext);
    }

    /// Submits a command of the cursor ring.
    pub fn submit_cursor(&self, structure: &[u8]) {
        let address = self.store(structure);
        self.submit_cursor_at(CommandKind::Cursor.code(), address);
    }

    /// Submits whatever stands at `address` to the cursor ring.
    pub fn submit_cursor_at(&self, kind: u32, address: PhysAddr) {
        let ext = CommandExt { address: address.bits(), kind, group: GROUP, flags: 0 };
        let mut state = lock(&self.state);
        state.submitted.push(address.bits());
        state.cursor_commands.push_back(ext);
    }

    /// Commands that the server has not read yet.
    pub fn waiting(&self) -> usize {
        let state = lock(&self.state);
        state.commands.len() + state.cursor_commands.len()
    }

    /// Whether the server wants to be woken for the next command; asking takes the wish back.
    pub fn take_wakeup(&self) -> bool {
        std::mem::take(&mut lock(&self.state).notifications_wanted)
    }

    /// Addresses of all commands, in the order of submission.
    pub fn submitted(&self) -> Vec<u64> {
        lock(&self.state).submitted.clone()
    }

    /// Addresses of all commands that came back, in that order.
    pub fn released(&self) -> Vec<u64> {
        lock(&self.state).released.clone()
    }

    /// Forgets which commands, calls and updates there were: what a test notes must not look like a leak.
    pub fn forget(&self) {
        let mut state = lock(&self.state);
        state.submitted.clear();
        state.released.clear();
        state.completed.clear();
        state.updates.clear();
    }

    /// Cookies of completed calls.
    pub fn completed(&self) -> Vec<u64> {
        lock(&self.state).completed.clone()
    }

    /// What asynchronous area updates reported.
    pub fn updates(&self) -> Vec<(SurfaceId, Vec<Rect>)> {
        lock(&self.state).updates.clone()
    }

    /// What the device was last told of clients.
    pub fn capabilities(&self) -> Option<(bool, [u8; 58])> {
        lock(&self.state).capabilities
    }
}

/// A handle to the memory, for the server's table of slots.
#[derive(Debug)]
struct SharedMemory(Arc<Memory>);

impl Region for SharedMemory {
    fn read(&self, offset: u64, out: &mut [u8]) {
        self.0.read(offset, out);
    }

    fn write(&self, offset: u64, bytes: &[u8]) {
        self.0.write(offset, bytes);
    }

    fn host_address(&self, offset: u64) -> usize {
        self.0.host_address(offset)
    }
}

impl QxlDevice for Device {
    fn next_command(&mut self) -> Option<CommandExt> {
        lock(&self.0).commands.pop_front()
    }

    fn request_command_notification(&mut self) -> bool {
        let mut state = lock(&self.0);
        state.notifications_wanted = state.commands.is_empty();
        state.notifications_wanted
    }

    fn next_cursor_command(&mut self) -> Option<CommandExt> {
        lock(&self.0).cursor_commands.pop_front()
    }

    fn request_cursor_notification(&mut self) -> bool {
        lock(&self.0).cursor_commands.is_empty()
    }

    fn release(&mut self, release: Release) {
        let address = SLOT << 56 | (release.host_address as u64 - HOST_BASE);
        lock(&self.0).released.push(address);
    }

    fn flush_releases(&mut self) -> bool {
        false
    }

    fn notify_update(&mut self, _update_id: u32) {}

    fn async_complete(&mut self, cookie: u64) {
        lock(&self.0).completed.push(cookie);
    }

    fn update_area_complete(&mut self, surface: SurfaceId, drawn: &[Rect]) {
        lock(&self.0).updates.push((surface, drawn.to_vec()));
    }

    fn set_client_capabilities(&mut self, client_present: bool, capabilities: &[u8; 58]) {
        lock(&self.0).capabilities = Some((client_present, *capabilities));
    }
}
