//! Commands and surfaces of the guest as entries of a recording. The walk over a command's structures is
//! `recording`'s; it reads the guest's memory through here, as bounded and checked as everybody else.

use qxl::memslot::PhysAddr;
use recording::{CommandKind, DeviceMemory, Entry, Limits, Message, Omission, OutsideMemory, RingCommand};

use super::device::{CommandExt, PrimarySurface};
use super::memory::{GroupMemory, GuestMemory};
use super::parse;

/// A command of either ring.
///
/// # Errors
/// See [`Entry::command`].
pub fn command(memory: &GuestMemory, ext: CommandExt) -> Result<Entry, Omission> {
    let CommandExt { address, kind, group, flags } = ext;
    let kind = CommandKind::of(kind).ok_or(Omission::Unknown { field: "kind", value: kind })?;
    let first_revision = flags & qxl::command::CommandExt::COMPAT != 0;
    Entry::command(&memory.group(group), RingCommand { kind, address, first_revision }, Limits::default())
}

/// The creation of a primary surface, with its pixels; nothing if it cannot be created.
pub fn create_primary(memory: &GuestMemory, surface: &PrimarySurface, asynchronous: bool) -> Option<Entry> {
    let bytes = parse::primary_shape(surface).ok()?.bytes;
    let length = usize::try_from(bytes).ok().filter(|length| *length <= Limits::default().command_bytes)?;
    let PrimarySurface { width, height, stride, format, flags, address, group, hardware_cursor } = *surface;
    let surface = recording::PrimarySurface {
        width,
        height,
        stride,
        format,
        position: 0,
        mouse_mode: hardware_cursor.into(),
        flags,
        kind: 0,
        pixels: memory.group(group).bytes(PhysAddr::new(address), length).ok()?,
    };
    Some(Entry::message(&Message::CreatePrimary { surface, asynchronous }))
}

impl DeviceMemory for GroupMemory<'_> {
    fn append(&self, address: u64, lead: u64, length: usize, to: &mut Vec<u8>) -> Result<(), OutsideMemory> {
        let end = lead.saturating_add(length as u64);
        let (region, offset) = self.resolve(PhysAddr::new(address), end).map_err(|_| OutsideMemory)?;
        region.append_to(offset + lead, length, to);
        Ok(())
    }

    fn bytes_after(&self, address: u64) -> u64 {
        GroupMemory::bytes_after(self, PhysAddr::new(address)).unwrap_or(0)
    }
}
