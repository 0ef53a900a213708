//! Calls that somebody waits for: the calling thread, or the guest.

use image::geometry::{Rect, Size};
use qxl::memslot::PhysAddr;
use wire::drawable::SurfaceId;

use super::{PrimaryShape, Worker};
use crate::display::handle::{Call, Completion};
use crate::display::monitors::{Head, Monitors};
use crate::fault::GuestFault;
use crate::guest::device::PrimarySurface;
use crate::guest::parse;

impl Worker {
    /// Tells whoever waits that a call is done, with what an area update has drawn.
    pub(super) fn complete(&mut self, completion: Completion, drawn: Option<(SurfaceId, Vec<Rect>)>) {
        match completion {
            Completion::Reply(reply) => {
                // A caller that does not wait any more has died with its thread.
                let _ = reply.send(drawn.map(|(_, rects)| rects).unwrap_or_default());
            }
            Completion::Cookie(cookie) => {
                if let Some((surface, rects)) = drawn {
                    self.device.update_area_complete(surface, &rects);
                }
                self.device.async_complete(cookie);
            }
        }
    }

    /// Performs what somebody waits for; an area update returns what was drawn.
    pub(super) fn call(&mut self, call: Call) -> Option<(SurfaceId, Vec<Rect>)> {
        match call {
            Call::AddSlot(slot) => {
                self.perform_all();
                if let Err(error) = self.memory.add(slot) {
                    tracing::warn!(%error, "a memory slot was not added");
                }
            }
            Call::RemoveSlot { group, slot } => {
                self.perform_all();
                self.memory.remove(group, slot);
            }
            Call::ResetSlots => {
                self.perform_all();
                self.memory.clear();
            }
            Call::DriverUnload => self.one_monitor(),
            Call::CreatePrimary(surface) => {
                self.perform_all();
                self.create_primary(&surface);
            }
            Call::DestroyPrimary => {
                self.drain(Some(SurfaceId::PRIMARY));
                self.destroy_primary();
            }
            Call::DestroySurface(surface) => {
                self.drain(Some(surface));
                if let Err(fault) = self.destroy_surface(surface) {
                    self.faults.guest(&fault);
                }
            }
            Call::DestroySurfaces => {
                self.drain(None);
                self.destroy_surfaces();
            }
            Call::UpdateArea { surface, area, clear_dirty, limit } => {
                self.drain(None);
                match self.engine.update_area(surface, &area, clear_dirty, limit) {
                    Ok(drawn) => return Some((surface, drawn)),
                    Err(fault) => self.faults.guest(&fault),
                }
            }
            Call::FlushSurfaces => {
                self.drain(None);
                self.engine.flush();
            }
            Call::MonitorsConfig { address, group } => {
                if let Err(fault) = self.monitors_config(PhysAddr::new(address), group) {
                    self.faults.guest(&fault);
                }
            }
            Call::ResetImageCache => self.engine.forget_images(),
            Call::ResetCursor => self.pointer.reset(),
            Call::Stop => {
                self.drain(None);
                self.running = false;
                self.engine.flush();
                self.transmit();
            }
            Call::LoadCommands(commands) => self.restore(commands),
            Call::ShutDown => {
                self.perform_all();
                self.destroy_surfaces();
            }
        }
        None
    }

    fn create_primary(&mut self, surface: &PrimarySurface) {
        self.engine.hide_scanout();
        if self.engine.primary_size().is_some() {
            self.destroy_primary();
        }
        let created = parse::primary_shape(surface).and_then(|shape| {
            let new = self.new_surface(&shape, surface.group, false)?;
            self.engine.create_surface(SurfaceId::PRIMARY, new)
        });
        match created {
            Ok(()) => {
                let hardware_cursor = surface.hardware_cursor;
                let shape = |Size { width, height }| PrimaryShape { width, height, hardware_cursor };
                self.primary = self.engine.primary_size().map(shape);
                self.tell_screen();
            }
            Err(fault) => self.faults.guest(&fault),
        }
    }

    fn destroy_surfaces(&mut self) {
        for surface in self.engine.destroy_all() {
            if let Some(release) = self.surface_releases.remove(&surface) {
                self.device.release(release);
            }
        }
        self.primary = None;
        self.tell_screen();
    }

    fn destroy_primary(&mut self) {
        self.engine.destroy_surface(SurfaceId::PRIMARY);
        self.pointer.reset();
        self.primary = None;
        self.tell_screen();
    }

    fn monitors_config(&mut self, address: PhysAddr, group: u32) -> Result<(), GuestFault> {
        let memory = self.memory.group(group);
        let head: qxl::monitors::MonitorsConfig = memory.read(address)?;
        let (count, max) = (head.count.get(), head.max_allowed.get());
        if count == 0 || count > Monitors::LIMIT {
            return Err(GuestFault::new(format_args!("arrangement of {count} monitors")));
        }
        if max != 0 && count > max {
            return Err(GuestFault::new(format_args!("arrangement of {count} monitors of {max}")));
        }
        let lead = size_of::<qxl::monitors::MonitorsConfig>() as u64;
        let heads: Vec<qxl::monitors::Head> = memory.read_all(address, lead, count.into())?;
        let heads = heads.into_iter().map(|head| Head {
            id: head.id.get(),
            surface: SurfaceId(head.surface_id.get()),
            size: Size::new(head.width.get(), head.height.get()),
            x: head.x.get(),
            y: head.y.get(),
            flags: head.flags.get(),
        });
        self.engine.set_monitors(Monitors { max: max.min(Monitors::LIMIT), heads: heads.collect() });
        Ok(())
    }

    /// Goes back to one monitor that shows all of the primary surface.
    pub(super) fn one_monitor(&mut self) {
        if let Some(size) = self.engine.primary_size() {
            self.engine.set_monitors(Monitors::whole_primary(size));
        }
    }
}
