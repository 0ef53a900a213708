//! The QXL device as the library sees it: its numbers as QEMU gives them, its rings from [`Rings`].

use std::ffi::{c_int, c_void};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::abi::{
    BaseInstance, BaseInterface, CommandExt, InitInfo, QxlInstance, QxlInterface, ReleaseInfoExt,
};
use super::scanout::DRAWS;
use crate::report::{self, Line};
use crate::rings::{Ring, Rings};
use crate::source::SURFACES;

/// The device. The library knows its address, so it stays in its box until the library is gone.
#[repr(C)]
pub(super) struct Device {
    /// First, so that the library's pointer to it is one to the device.
    instance: QxlInstance,
    interface: QxlInterface,
    rings: Arc<Rings>,
}

impl Device {
    /// The device of this number.
    pub(super) fn new(id: i32, rings: Arc<Rings>) -> Box<Self> {
        let instance = QxlInstance {
            base: BaseInstance { interface: std::ptr::null() },
            id,
            state: std::ptr::null_mut(),
        };
        let mut device = Box::new(Self { instance, interface: interface(), rings });
        device.instance.base.interface = &raw const device.interface.base;
        device
    }
}

/// The rings of the device that a callback was called for.
///
/// # Safety
/// `instance` is the first field of a [`Device`] that outlives the callback.
unsafe fn rings<'a>(instance: *mut QxlInstance) -> &'a Rings {
    // SAFETY: the caller says so; the field is never written after the library knows the device.
    unsafe { &(*instance.cast::<Device>()).rings }
}

extern "C" fn attached_worker(_: *mut QxlInstance) {}

extern "C" fn set_compression_level(_: *mut QxlInstance, _: c_int) {}

unsafe extern "C" fn get_init_info(_: *mut QxlInstance, info: *mut InitInfo) {
    let numbers = InitInfo {
        memslot_groups: 2,
        memslots: 8,
        memslot_gen_bits: 8,
        memslot_id_bits: 8,
        ram_size: 16 << 20,
        internal_groupslot_id: 0,
        surfaces: SURFACES,
    };
    // SAFETY: the library passes a structure for the answer.
    unsafe { info.write(numbers) };
}

unsafe fn take(instance: *mut QxlInstance, ring: Ring, command: *mut CommandExt) -> c_int {
    // SAFETY: the library calls with the instance that it was given.
    let rings = unsafe { rings(instance) };
    let Some(entry) = rings.take(ring) else { return 0 };
    let ext = CommandExt { data: entry.address, kind: entry.kind as u32, padding: 0, group: 0, flags: 0 };
    // SAFETY: the library passes a structure for the answer.
    unsafe { command.write_unaligned(ext) };
    1
}

unsafe extern "C" fn get_command(instance: *mut QxlInstance, command: *mut CommandExt) -> c_int {
    // SAFETY: the arguments are the library's.
    unsafe { take(instance, Ring::Display, command) }
}

unsafe extern "C" fn get_cursor_command(instance: *mut QxlInstance, command: *mut CommandExt) -> c_int {
    // SAFETY: the arguments are the library's.
    unsafe { take(instance, Ring::Cursor, command) }
}

unsafe extern "C" fn req_cmd_notification(instance: *mut QxlInstance) -> c_int {
    // SAFETY: the library calls with the instance that it was given.
    let rings = unsafe { rings(instance) };
    rings.may_sleep(Ring::Display).into()
}

unsafe extern "C" fn req_cursor_notification(instance: *mut QxlInstance) -> c_int {
    // SAFETY: the library calls with the instance that it was given.
    let rings = unsafe { rings(instance) };
    rings.may_sleep(Ring::Cursor).into()
}

unsafe extern "C" fn release_resource(instance: *mut QxlInstance, release: ReleaseInfoExt) {
    // SAFETY: the library calls with the instance that it was given.
    let rings = unsafe { rings(instance) };
    if release.info.is_null() {
        return rings.release(0);
    }
    // SAFETY: the library releases a command that it took, whose memory is freed below at the earliest.
    let id = unsafe { release.info.read_unaligned() };
    rings.release(id);
}

extern "C" fn notify_update(_: *mut QxlInstance, _: u32) {}

/// There is nothing that the replayer could release on its own.
extern "C" fn flush_resources(_: *mut QxlInstance) -> c_int {
    0
}

unsafe extern "C" fn async_complete(instance: *mut QxlInstance, cookie: u64) {
    if let Some(draw) = cookie.checked_sub(DRAWS) {
        return report::print(&Line::Drawn { draw });
    }
    // SAFETY: the library calls with the instance that it was given.
    let rings = unsafe { rings(instance) };
    rings.complete();
}

extern "C" fn update_area_complete(_: *mut QxlInstance, _: u32, _: *mut c_void, _: u32) {}

extern "C" fn set_client_capabilities(_: *mut QxlInstance, _: u8, _: *mut u8) {}

/// Whether the guest's driver takes clients' wishes for monitors.
static TAKES_MONITORS: AtomicBool = AtomicBool::new(false);

/// The guest's driver takes clients' wishes for monitors from now on, or does not.
pub(super) fn take_monitors(takes: bool) {
    TAKES_MONITORS.store(takes, Ordering::Relaxed);
}

/// Null asks whether there would be a use for it.
extern "C" fn client_monitors_config(_: *mut QxlInstance, config: *mut c_void) -> c_int {
    let takes = TAKES_MONITORS.load(Ordering::Relaxed);
    // SAFETY: the library passes at least the number of monitors, or null.
    if let Some(count) = unsafe { config.cast::<u32>().as_ref() }.filter(|_| takes) {
        report::print(&Line::Monitors { count: *count });
    }
    takes.into()
}

fn interface() -> QxlInterface {
    QxlInterface {
        base: BaseInterface {
            kind: c"qxl".as_ptr(),
            description: c"replayed qxl device".as_ptr(),
            major: 3,
            minor: 3,
        },
        attached_worker,
        set_compression_level,
        set_mm_time: None,
        get_init_info,
        get_command,
        req_cmd_notification,
        release_resource,
        get_cursor_command,
        req_cursor_notification,
        notify_update,
        flush_resources,
        async_complete,
        update_area_complete,
        set_client_capabilities,
        client_monitors_config,
    }
}
