//! The structures of the C API, laid out as spice-core.h, spice-input.h, spice-qxl.h and qxl_dev.h of
//! libspice-server 0.15 declare them.

use std::ffi::{c_char, c_int, c_void};

/// What every interface begins with.
#[repr(C)]
pub(super) struct BaseInterface {
    pub(super) kind: *const c_char,
    pub(super) description: *const c_char,
    pub(super) major: u32,
    pub(super) minor: u32,
}

/// What every instance begins with.
#[repr(C)]
pub(super) struct BaseInstance {
    pub(super) interface: *const BaseInterface,
}

pub(super) type TimerFunc = unsafe extern "C" fn(*mut c_void);
pub(super) type WatchFunc = unsafe extern "C" fn(c_int, c_int, *mut c_void);

#[repr(C)]
pub(super) struct CoreInterface {
    pub(super) base: BaseInterface,
    pub(super) timer_add: extern "C" fn(Option<TimerFunc>, *mut c_void) -> *mut c_void,
    pub(super) timer_start: extern "C" fn(*mut c_void, u32),
    pub(super) timer_cancel: extern "C" fn(*mut c_void),
    pub(super) timer_remove: extern "C" fn(*mut c_void),
    pub(super) watch_add: extern "C" fn(c_int, c_int, Option<WatchFunc>, *mut c_void) -> *mut c_void,
    pub(super) watch_update_mask: extern "C" fn(*mut c_void, c_int),
    pub(super) watch_remove: extern "C" fn(*mut c_void),
    pub(super) channel_event: extern "C" fn(c_int, *mut ChannelEventInfo),
}

/// The beginning of `SpiceChannelEventInfo`; the addresses behind it are not read.
#[repr(C)]
pub(super) struct ChannelEventInfo {
    pub(super) connection: c_int,
    pub(super) kind: c_int,
    pub(super) id: c_int,
    pub(super) flags: c_int,
}

#[repr(C)]
pub(super) struct InitInfo {
    pub(super) memslot_groups: u32,
    pub(super) memslots: u32,
    pub(super) memslot_gen_bits: u8,
    pub(super) memslot_id_bits: u8,
    pub(super) ram_size: u32,
    pub(super) internal_groupslot_id: u8,
    pub(super) surfaces: u32,
}

#[repr(C)]
pub(super) struct MemSlot {
    pub(super) group: u32,
    pub(super) slot: u32,
    pub(super) generation: u32,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) delta: u64,
    pub(super) ram_size: u32,
}

#[repr(C)]
pub(super) struct SurfaceCreate {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) stride: i32,
    pub(super) format: u32,
    pub(super) position: u32,
    pub(super) mouse_mode: u32,
    pub(super) flags: u32,
    pub(super) kind: u32,
    pub(super) mem: u64,
    pub(super) group: u32,
}

/// `QXLRect`.
#[repr(C)]
pub(super) struct Rect {
    pub(super) top: i32,
    pub(super) left: i32,
    pub(super) bottom: i32,
    pub(super) right: i32,
}

/// A command as the device's ring hands it out.
#[repr(C, packed)]
pub(super) struct CommandExt {
    pub(super) data: u64,
    pub(super) kind: u32,
    pub(super) padding: u32,
    pub(super) group: u32,
    pub(super) flags: u32,
}

/// Which command is released: its first 8 bytes hold what the guest put there.
#[repr(C)]
pub(super) struct ReleaseInfoExt {
    pub(super) info: *mut u64,
    pub(super) group: u32,
}

#[repr(C)]
pub(super) struct QxlInstance {
    pub(super) base: BaseInstance,
    pub(super) id: c_int,
    pub(super) state: *mut c_void,
}

/// A keyboard, mouse, tablet or migration instance.
#[repr(C)]
pub(super) struct InputInstance {
    pub(super) base: BaseInstance,
    pub(super) state: *mut c_void,
}

type Qxl = *mut QxlInstance;

#[repr(C)]
pub(super) struct QxlInterface {
    pub(super) base: BaseInterface,
    pub(super) attached_worker: extern "C" fn(Qxl),
    pub(super) set_compression_level: extern "C" fn(Qxl, c_int),
    pub(super) set_mm_time: Option<extern "C" fn(Qxl, u32)>,
    pub(super) get_init_info: unsafe extern "C" fn(Qxl, *mut InitInfo),
    pub(super) get_command: unsafe extern "C" fn(Qxl, *mut CommandExt) -> c_int,
    pub(super) req_cmd_notification: unsafe extern "C" fn(Qxl) -> c_int,
    pub(super) release_resource: unsafe extern "C" fn(Qxl, ReleaseInfoExt),
    pub(super) get_cursor_command: unsafe extern "C" fn(Qxl, *mut CommandExt) -> c_int,
    pub(super) req_cursor_notification: unsafe extern "C" fn(Qxl) -> c_int,
    pub(super) notify_update: extern "C" fn(Qxl, u32),
    pub(super) flush_resources: extern "C" fn(Qxl) -> c_int,
    pub(super) async_complete: unsafe extern "C" fn(Qxl, u64),
    pub(super) update_area_complete: extern "C" fn(Qxl, u32, *mut c_void, u32),
    pub(super) set_client_capabilities: extern "C" fn(Qxl, u8, *mut u8),
    pub(super) client_monitors_config: extern "C" fn(Qxl, *mut c_void) -> c_int,
}

type Input = *mut InputInstance;

#[repr(C)]
pub(super) struct MigrationInterface {
    pub(super) base: BaseInterface,
    pub(super) connect_complete: extern "C" fn(Input),
    pub(super) end_complete: extern "C" fn(Input),
}

#[repr(C)]
pub(super) struct KeyboardInterface {
    pub(super) base: BaseInterface,
    pub(super) push_scan_code: extern "C" fn(Input, u8),
    pub(super) leds: extern "C" fn(Input) -> u8,
}

#[repr(C)]
pub(super) struct MouseInterface {
    pub(super) base: BaseInterface,
    pub(super) motion: extern "C" fn(Input, c_int, c_int, c_int, u32),
    pub(super) buttons: extern "C" fn(Input, u32),
}

#[repr(C)]
pub(super) struct TabletInterface {
    pub(super) base: BaseInterface,
    pub(super) set_logical_size: extern "C" fn(Input, c_int, c_int),
    pub(super) position: extern "C" fn(Input, c_int, c_int, u32),
    pub(super) wheel: extern "C" fn(Input, c_int, u32),
    pub(super) buttons: extern "C" fn(Input, u32),
}

type CharDevice = *mut CharDeviceInstance;

#[repr(C)]
pub(super) struct CharDeviceInterface {
    pub(super) base: BaseInterface,
    pub(super) state: extern "C" fn(CharDevice, c_int),
    pub(super) write: extern "C" fn(CharDevice, *const u8, c_int) -> c_int,
    pub(super) read: extern "C" fn(CharDevice, *mut u8, c_int) -> c_int,
    pub(super) event: Option<extern "C" fn(CharDevice, u8)>,
    pub(super) flags: c_int,
}

#[repr(C)]
pub(super) struct CharDeviceInstance {
    pub(super) base: BaseInstance,
    pub(super) subtype: *const c_char,
    pub(super) state: *mut c_void,
    pub(super) port_name: *const c_char,
}
