//! What the model does when a port is written.

use alloc::vec::Vec;

use zerocopy::IntoBytes;
use zerocopy::little_endian::U32;

use super::commands::canvas;
use super::guest::{GUEST_GROUP, Reader, Region, SLOTS, after};
use super::violation::Violation;
use super::{Device, Memory};
use crate::geometry::Rect;
use crate::ioport::IoPort;
use crate::memslot::{PhysAddr, Slot};
use crate::monitors::{Head, MonitorsConfig};
use crate::ram::{PrimarySurface, RamHeader, SlotRange};
use crate::ring::{HostRings, SharedMemory};

/// Drawings that are rendered when a driver without memory would get nothing back otherwise.
const OOM_DRAWINGS: usize = 64;

macro_rules! ram_field {
    ($device:ident.$field:ident) => {
        $device.header.get(core::mem::offset_of!(RamHeader, $field))
    };
}

impl Device {
    /// A driver writes a byte to a port. Asynchronous ports end in the next [`Device::poll`].
    ///
    /// The error is the first rule that was found broken; the others are in [`Device::violations`].
    pub fn write_port(&mut self, port: u8, argument: u8) -> Result<(), Violation> {
        self.watched(|device| {
            let known = IoPort::try_from(port).map_err(|_| Violation::UnknownPort(port));
            let Some(port) = device.report(known) else { return };
            let result = device.admit(port).and_then(|()| device.serve(port, argument));
            device.report(result);
        })
    }

    /// Whether the device takes a port in its present state.
    fn admit(&mut self, port: IoPort) -> Result<(), Violation> {
        let works_without_primary = matches!(
            port,
            IoPort::Reset
                | IoPort::SetMode
                | IoPort::MemslotAdd
                | IoPort::MemslotAddAsync
                | IoPort::MemslotDel
                | IoPort::CreatePrimary
                | IoPort::CreatePrimaryAsync
                | IoPort::UpdateIrq
                | IoPort::Log
        );
        if port.is_async() {
            if let Some(current) = self.under_way {
                return Err(Violation::AsyncBusy { port, current });
            }
            // The end is told whatever becomes of the request.
            self.under_way = Some(port);
        }
        if works_without_primary || self.display.canvas(0).is_some() {
            Ok(())
        } else {
            Err(Violation::NoPrimary(port))
        }
    }

    fn serve(&mut self, port: IoPort, argument: u8) -> Result<(), Violation> {
        match port {
            IoPort::NotifyCommand | IoPort::NotifyCursor => {
                self.be_woken();
                Ok(())
            }
            IoPort::UpdateArea | IoPort::UpdateAreaAsync => self.update_area(),
            IoPort::NotifyOom => self.out_of_memory(),
            IoPort::Reset => {
                self.reset();
                Ok(())
            }
            IoPort::MemslotAdd | IoPort::MemslotAddAsync => self.add_slot(argument),
            IoPort::MemslotDel => {
                self.slots.remove(GUEST_GROUP, u32::from(argument));
                Ok(())
            }
            IoPort::CreatePrimary | IoPort::CreatePrimaryAsync => self.create_primary(),
            IoPort::DestroyPrimary | IoPort::DestroyPrimaryAsync => {
                self.take_commands();
                self.destroy_surface(0)?;
                let shape = self.pointer.reset();
                self.done(shape);
                Ok(())
            }
            IoPort::DestroySurfaceWait | IoPort::DestroySurfaceAsync => {
                self.destroy_surface(u32::from(argument))
            }
            IoPort::DestroyAllSurfaces | IoPort::DestroyAllSurfacesAsync => {
                self.take_commands();
                let done = self.display.destroy_all();
                self.done(done);
                let shape = self.pointer.reset();
                self.done(shape);
                Ok(())
            }
            IoPort::FlushSurfacesAsync => {
                self.take_commands();
                let done = self.display.render_all();
                self.done(done);
                Ok(())
            }
            IoPort::FlushRelease => {
                self.push_releases();
                Ok(())
            }
            IoPort::MonitorsConfigAsync => self.configure_monitors(),
            IoPort::SetMode => Err(Violation::NotModelled(port)),
            // The line is computed when it is asked for, and the log is not kept.
            IoPort::UpdateIrq | IoPort::Log | IoPort::DetachPrimary | IoPort::AttachPrimary => Ok(()),
        }
    }

    fn update_area(&mut self) -> Result<(), Violation> {
        self.take_commands();
        let area: Rect = ram_field!(self.update_area);
        let surface: U32 = ram_field!(self.update_surface);
        let surface = surface.get();
        self.display.canvas(surface).ok_or(Violation::UnknownSurface(surface))?;
        let empty = area.left.get() >= area.right.get() || area.top.get() >= area.bottom.get();
        if empty || area.left.get() < 0 || area.top.get() < 0 {
            return Err(Violation::UpdateArea(area));
        }
        let done = self.display.render_all();
        self.done(done);
        Ok(())
    }

    /// Gives back what can be given back at once. A driver that has not looked at what it got before
    /// gets nothing.
    fn out_of_memory(&mut self) -> Result<(), Violation> {
        if !self.rings.releases.is_drained()? {
            return Ok(());
        }
        self.take_commands();
        if self.releases.len() == 0 {
            let done = self.display.render_oldest(OOM_DRAWINGS);
            self.done(done);
        }
        self.push_releases();
        Ok(())
    }

    fn reset(&mut self) {
        self.display.clear();
        self.pointer = Default::default();
        self.releases.clear();
        self.owned.clear();
        self.slots.clear();
        self.monitors = Vec::new();
        self.under_way = None;
        self.header.write(0, self.config.ram_header().as_bytes());
        self.rings = HostRings::reset(&self.header);
    }

    fn add_slot(&mut self, number: u8) -> Result<(), Violation> {
        let range: SlotRange = ram_field!(self.mem_slot);
        let (start, end) = (range.start.get(), range.end.get());
        if u32::from(number) >= SLOTS {
            return Err(Violation::SlotNumber(number));
        }
        let bars = [(self.config.ram_base, &self.ram), (self.config.vram_base, &self.vram)];
        let region = bars.into_iter().find_map(|(base, memory)| part(base, memory, start, end));
        let region = region.ok_or(Violation::SlotRange { start, end })?;
        let slot = Slot {
            generation: u64::from(self.config.slot_generation),
            first: 0,
            len: end.saturating_sub(start),
            region,
        };
        self.slots.add(GUEST_GROUP, u32::from(number), slot).map_err(|_| Violation::SlotNumber(number))
    }

    fn create_primary(&mut self) -> Result<(), Violation> {
        if self.display.canvas(0).is_some() {
            return Err(Violation::PrimaryExists);
        }
        let surface: PrimarySurface = ram_field!(self.create_surface);
        let PrimarySurface { width, height, stride, format, flags, mem, .. } = surface;
        let fields = (format.get(), width.get(), height.get(), stride.get());
        let canvas = canvas(&self.slots, fields, mem, flags.get())?;
        self.display.create(0, canvas, None);
        Ok(())
    }

    fn destroy_surface(&mut self, number: u32) -> Result<(), Violation> {
        self.take_commands();
        self.display.canvas(number).ok_or(Violation::UnknownSurface(number))?;
        let done = self.display.destroy(number);
        self.done(done);
        Ok(())
    }

    fn configure_monitors(&mut self) -> Result<(), Violation> {
        let address: PhysAddr = ram_field!(self.monitors_config);
        let mut reader = Reader::new(&self.slots);
        // Room for one head is wanted even before they are counted.
        reader.bytes(address, (size_of::<MonitorsConfig>() + size_of::<Head>()) as u64)?;
        let config: MonitorsConfig = reader.structure(address)?;
        let (count, max_allowed) = (config.count.get(), config.max_allowed.get());
        if count == 0 || count > max_allowed {
            return Err(Violation::Monitors { count, max_allowed });
        }
        let bytes = u64::from(count) * size_of::<Head>() as u64;
        let heads = reader.bytes(after::<MonitorsConfig>(address), bytes)?;
        self.monitors = heads.chunks_exact(size_of::<Head>()).map(super::picture::prefix).collect();
        Ok(())
    }
}

/// The part of a BAR between two guest-physical addresses, if it is there.
fn part(base: u64, memory: &Memory, start: u64, end: u64) -> Option<Region> {
    let offset = start.checked_sub(base)?;
    let last = end.checked_sub(base)?;
    let inside = offset <= last && last <= u64::try_from(memory.len()).ok()?;
    inside.then_some(Region { memory: memory.clone(), start: usize::try_from(offset).ok()? })
}
