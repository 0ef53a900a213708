//! The QXL device's calls: `spice-qxl.h`. They come from the main loop and from the guest's processors.

use std::ffi::c_int;
use std::os::fd::{FromRawFd, OwnedFd};
use std::sync::Arc;

use host_server::display::handle::{Call, Handle, MemorySlot};
use host_server::display::scanout::{Planes, Scanout};
use host_server::guest::device::{CommandExt, PrimarySurface};
use image::geometry::{Rect, Size};
use tracing::warn;
use wire::drawable::SurfaceId;

use crate::boundary::not_yet;
use crate::device::{qxl_rect, rect};
use crate::layout::qxl::{QXLCommandExt, QXLDevMemSlot, QXLDevSurfaceCreate, QXLInstance, QXLRect};
use crate::pointer::{In, Instance, Out, Text};
use crate::region::Mapping;
use crate::server::DisplayState;
use crate::texture;

/// A device, as C passes it.
type Qxl = Instance<QXLInstance>;

/// Bytes of a device's address with the 0 at its end, and monitors of a device, as in the original.
const MAX_DEVICE_ADDRESS: usize = 256;
const MAX_MONITORS: u32 = 16;

/// Planes of one picture in graphics memory, and how many descriptors of more are closed.
const MAX_PLANES: u32 = 4;
const MAX_DESCRIPTORS: u32 = 64;

entries! {
    /// Commands have arrived in the rings.
    fn spice_qxl_wakeup(instance: Qxl), or () => {
        with_display(instance, Handle::wakeup);
    }

    /// The guest has no memory left for commands.
    fn spice_qxl_oom(instance: Qxl), or () => {
        with_display(instance, Handle::out_of_memory);
    }

    /// The machine runs.
    fn spice_qxl_start(instance: Qxl), or () => {
        with_display(instance, Handle::start);
    }

    /// The machine stops.
    fn spice_qxl_stop(instance: Qxl), or () => {
        with_display(instance, Handle::stop);
    }

    /// Draws what is pending in an area into the guest's memory, and tells what was drawn in at most
    /// `num_dirty_rects` rectangles; the others stay as they are.
    fn spice_qxl_update_area(
        instance: Qxl,
        surface_id: u32,
        area: In<QXLRect>,
        dirty_rects: Out<QXLRect>,
        num_dirty_rects: u32,
        clear_dirty_region: u32,
    ), or () => {
        let Some(area) = area.read() else { return };
        with_display(instance, |handle| {
            let limit = usize::try_from(num_dirty_rects).unwrap_or(usize::MAX);
            let drawn = handle.update_area(SurfaceId(surface_id), rect(area), clear_dirty_region != 0, limit);
            let drawn: Vec<QXLRect> = drawn.iter().take(limit).map(qxl_rect).collect();
            dirty_rects.write_all(&drawn);
        });
    }

    /// As `spice_qxl_update_area`; ends with `update_area_complete` and `async_complete`.
    fn spice_qxl_update_area_async(
        instance: Qxl,
        surface_id: u32,
        qxl_area: In<QXLRect>,
        clear_dirty_region: u32,
        cookie: u64,
    ), or () => {
        let area = rect(qxl_area.read().unwrap_or_default());
        let (surface, clear_dirty) = (SurfaceId(surface_id), clear_dirty_region != 0);
        call_async(instance, Call::UpdateArea { surface, area, clear_dirty, limit: usize::MAX }, cookie);
    }

    /// Adds a memory slot.
    fn spice_qxl_add_memslot(instance: Qxl, slot: In<QXLDevMemSlot>), or () => {
        let Some(slot) = slot.read() else { return };
        with_display(instance, |handle| handle.add_slot(memory_slot(slot)));
    }

    /// As `spice_qxl_add_memslot`.
    fn spice_qxl_add_memslot_async(instance: Qxl, slot: In<QXLDevMemSlot>, cookie: u64), or () => {
        call_async(instance, Call::AddSlot(memory_slot(slot.read().unwrap_or_default())), cookie);
    }

    /// Removes a memory slot.
    fn spice_qxl_del_memslot(instance: Qxl, slot_group_id: u32, slot_id: u32), or () => {
        with_display(instance, |handle| handle.remove_slot(slot_group_id, slot_id));
    }

    /// Removes all memory slots.
    fn spice_qxl_reset_memslots(instance: Qxl), or () => {
        with_display(instance, Handle::reset_slots);
    }

    /// Creates the primary surface.
    fn spice_qxl_create_primary_surface(instance: Qxl, _surface_id: u32, surface: In<QXLDevSurfaceCreate>), or () => {
        let Some(surface) = surface.read() else { return };
        with_state(instance, |state| state.display.handle().create_primary(primary_surface(surface)));
    }

    /// As `spice_qxl_create_primary_surface`.
    fn spice_qxl_create_primary_surface_async(
        instance: Qxl,
        _surface_id: u32,
        surface: In<QXLDevSurfaceCreate>,
        cookie: u64,
    ), or () => {
        let call = Call::CreatePrimary(primary_surface(surface.read().unwrap_or_default()));
        with_state(instance, |state| state.display.handle().call_async(call, cookie));
    }

    /// Destroys the primary surface.
    fn spice_qxl_destroy_primary_surface(instance: Qxl, _surface_id: u32), or () => {
        with_display(instance, Handle::destroy_primary);
    }

    /// As `spice_qxl_destroy_primary_surface`.
    fn spice_qxl_destroy_primary_surface_async(instance: Qxl, _surface_id: u32, cookie: u64), or () => {
        call_async(instance, Call::DestroyPrimary, cookie);
    }

    /// Destroys all surfaces.
    fn spice_qxl_destroy_surfaces(instance: Qxl), or () => {
        with_display(instance, Handle::destroy_surfaces);
    }

    /// As `spice_qxl_destroy_surfaces`.
    fn spice_qxl_destroy_surfaces_async(instance: Qxl, cookie: u64), or () => {
        call_async(instance, Call::DestroySurfaces, cookie);
    }

    /// Destroys one surface.
    fn spice_qxl_destroy_surface_wait(instance: Qxl, surface_id: u32), or () => {
        with_display(instance, |handle| handle.destroy_surface(SurfaceId(surface_id)));
    }

    /// As `spice_qxl_destroy_surface_wait`.
    fn spice_qxl_destroy_surface_async(instance: Qxl, surface_id: u32, cookie: u64), or () => {
        call_async(instance, Call::DestroySurface(SurfaceId(surface_id)), cookie);
    }

    /// Draws all that is pending on all surfaces.
    fn spice_qxl_flush_surfaces_async(instance: Qxl, cookie: u64), or () => {
        call_async(instance, Call::FlushSurfaces, cookie);
    }

    /// A new arrangement of monitors, as a `QXLMonitorsConfig` in guest memory.
    fn spice_qxl_monitors_config_async(instance: Qxl, monitors_config: u64, group_id: c_int, cookie: u64), or () => {
        let group = group_id.cast_unsigned();
        call_async(instance, Call::MonitorsConfig { address: monitors_config, group }, cookie);
    }

    /// Clients forget the images they keep.
    fn spice_qxl_reset_image_cache(instance: Qxl), or () => {
        with_display(instance, Handle::reset_image_cache);
    }

    /// No pointer.
    fn spice_qxl_reset_cursor(instance: Qxl), or () => {
        with_display(instance, Handle::reset_cursor);
    }

    /// Commands that were in flight when the machine's state was saved.
    fn spice_qxl_loadvm_commands(instance: Qxl, ext: In<QXLCommandExt>, count: u32), or () => {
        let commands = ext.read_all(count).into_iter().map(command).collect();
        with_display(instance, |handle| handle.load_commands(commands));
    }

    /// The guest's driver is unloaded.
    fn spice_qxl_driver_unload(instance: Qxl), or () => {
        with_display(instance, Handle::driver_unload);
    }

    /// Nothing follows: a device's arrangement of monitors says itself how many it can drive.
    fn spice_qxl_set_max_monitors(_instance: Qxl, _max_monitors: u32), or () => {
        not_yet("a bound on monitors", "the device's own counts");
    }

    /// Where the guest has the device, and the device's numbers for its monitors; for the agent.
    fn spice_qxl_set_device_info(
        instance: Qxl,
        device_address: Text,
        device_display_id_start: u32,
        device_display_id_count: u32,
    ), or () => {
        let Some(mut address) = device_address.bytes() else { return };
        if address.len() >= MAX_DEVICE_ADDRESS || device_display_id_count > MAX_MONITORS {
            let length = address.len();
            warn!("a device address of {length} bytes for {device_display_id_count} monitors is not taken");
            return;
        }
        address.push(0);
        let displays = (0..device_display_id_count).map(|index| device_display_id_start.wrapping_add(index));
        if let Some(state) = instance.read().as_ref().and_then(|instance| instance.st.get()) {
            state.display.set_graphics_devices(&address.into(), displays);
        }
    }

    /// Shows a picture in graphics memory in place of a primary surface; without a descriptor, no longer.
    fn spice_qxl_gl_scanout(
        qxl: Qxl,
        fd: c_int,
        width: u32,
        height: u32,
        stride: u32,
        format: u32,
        y_0_top: c_int,
    ), or () => {
        let descriptors = descriptor(fd).into_iter().collect();
        let (planes, modifier, top_down) = (Planes::one(stride), Scanout::NO_MODIFIER, y_0_top != 0);
        let shape = Shape { width, height, planes, format, modifier, top_down };
        set_scanout(qxl, descriptors, shape);
    }

    /// As `spice_qxl_gl_scanout`, for pictures in several planes or amid a buffer. Those of more planes than there can be are closed
    /// unseen.
    fn spice_qxl_gl_scanout2(
        qxl: Qxl,
        fd: In<c_int>,
        width: u32,
        height: u32,
        offset: In<u32>,
        stride: In<u32>,
        num_planes: u32,
        format: u32,
        modifier: u64,
        y_0_top: c_int,
    ), or () => {
        let count = num_planes.min(MAX_PLANES);
        let given = fd.read_all(num_planes.min(MAX_DESCRIPTORS));
        let mut descriptors: Vec<_> = given.into_iter().filter_map(descriptor).collect();
        let mut planes = Planes { count: u16::try_from(count).unwrap_or(0), ..Planes::default() };
        let fill = |to: &mut [u32; Planes::MAX], from: Vec<u32>| {
            to.iter_mut().zip(from).for_each(|(to, from)| *to = from);
        };
        fill(&mut planes.offsets, offset.read_all(count));
        fill(&mut planes.strides, stride.read_all(count));
        if num_planes > MAX_PLANES {
            warn!("a picture in {num_planes} planes is not shown: there are {MAX_PLANES} at most");
            descriptors.clear();
        }
        let top_down = y_0_top != 0;
        set_scanout(qxl, descriptors, Shape { width, height, planes, format, modifier, top_down });
    }

    /// A part of the picture in graphics memory has changed; completed when clients have shown it.
    fn spice_qxl_gl_draw_async(qxl: Qxl, x: u32, y: u32, w: u32, h: u32, cookie: u64), or () => {
        let side = |side: u32| i32::try_from(side).unwrap_or(i32::MAX);
        let area = Rect::new(side(x), side(y), side(x.saturating_add(w)), side(y.saturating_add(h)));
        with_display(qxl, |handle| handle.draw_scanout_async(area, cookie));
    }
}

/// What a picture in graphics memory is like.
#[derive(Clone, Copy)]
struct Shape {
    width: u32,
    height: u32,
    planes: Planes,
    format: u32,
    modifier: u64,
    top_down: bool,
}

fn set_scanout(qxl: Qxl, descriptors: Vec<OwnedFd>, shape: Shape) {
    let Shape { width, height, planes, format: fourcc, modifier, top_down } = shape;
    let size = Size::new(width, height);
    let descriptors: Vec<_> = descriptors.into_iter().map(Arc::new).collect();
    let scanout = (!descriptors.is_empty()).then_some(Scanout {
        size,
        planes,
        fourcc,
        modifier,
        top_down,
        descriptors,
        open: texture::open,
    });
    with_display(qxl, |handle| handle.set_scanout(scanout));
}

/// A descriptor that the host has given away, if it has.
fn descriptor(fd: c_int) -> Option<OwnedFd> {
    // SAFETY: the host passes an open descriptor and leaves it to us.
    (fd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Calls with our state of an instance; nothing happens when it has none.
pub(super) fn with_state(instance: Qxl, call: impl FnOnce(&DisplayState)) {
    if let Some(QXLInstance { base: _, id: _, st }) = instance.read()
        && let Some(state) = st.get()
    {
        call(state);
    }
}

fn with_display(instance: Qxl, call: impl FnOnce(&Handle)) {
    with_state(instance, |state| call(state.display.handle()));
}

fn call_async(instance: Qxl, call: Call, cookie: u64) {
    with_display(instance, |handle| handle.call_async(call, cookie));
}

fn memory_slot(slot: QXLDevMemSlot) -> MemorySlot {
    let QXLDevMemSlot {
        slot_group_id: group,
        slot_id: slot,
        generation,
        virt_start,
        virt_end,
        addr_delta: address_delta,
        qxl_ram_size: _,
    } = slot;
    let region = Box::new(Mapping::new(virt_start));
    let (start, end) = (virt_start as u64, virt_end as u64);
    MemorySlot { group, slot, generation, address_delta, start, end, region }
}

fn primary_surface(surface: QXLDevSurfaceCreate) -> PrimarySurface {
    let QXLDevSurfaceCreate {
        width,
        height,
        stride,
        format,
        position: _,
        mouse_mode,
        flags,
        r#type: _,
        mem: address,
        group_id: group,
    } = surface;
    let hardware_cursor = mouse_mode != 0;
    PrimarySurface { width, height, stride, format, flags, address, group, hardware_cursor }
}

fn command(command: QXLCommandExt) -> CommandExt {
    let QXLCommandExt { data: address, r#type: kind, padding: _, group_id: group, flags } = command;
    CommandExt { address, kind, group, flags }
}
