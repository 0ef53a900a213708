//! `spice-qxl.h`: the emulated QXL device, and what of `qxl_dev.h` passes through its functions.

use std::ffi::{c_int, c_void};

use super::core::{SpiceBaseInstance, SpiceBaseInterface};
use crate::pointer::Held;
use crate::server::DisplayState;

/// Bytes of capability bits in the device's ROM.
pub const SPICE_CAPABILITIES_SIZE: usize = 58;

/// A rectangle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct QXLRect {
    /// First row inside.
    pub top: i32,
    /// First column inside.
    pub left: i32,
    /// First row outside.
    pub bottom: i32,
    /// First column outside.
    pub right: i32,
}

/// An element of a ring.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, packed)]
pub struct QXLCommandExt {
    /// Where the command is.
    pub data: u64,
    /// `QXL_CMD_*`.
    pub r#type: u32,
    /// Nothing.
    pub padding: u32,
    /// Group of memory slots of the address.
    pub group_id: u32,
    /// `QXL_COMMAND_FLAG_*`.
    pub flags: u32,
}

/// A command's memory that goes back to the guest.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct QXLReleaseInfoExt {
    /// `QXLReleaseInfo` of the command.
    pub info: *mut c_void,
    /// Group of memory slots of the command.
    pub group_id: u32,
}

/// The device's dimensions.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct QXLDevInitInfo {
    /// Groups of memory slots.
    pub num_memslots_groups: u32,
    /// Slots in each.
    pub num_memslots: u32,
    /// Bits of an address that hold the generation.
    pub memslot_gen_bits: u8,
    /// Bits of an address that hold the slot.
    pub memslot_id_bits: u8,
    /// Bytes of memory.
    pub qxl_ram_size: u32,
    /// The slot of the host's own commands.
    pub internal_groupslot_id: u8,
    /// Surfaces there can be.
    pub n_surfaces: u32,
}

/// A memory slot.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct QXLDevMemSlot {
    /// Its group.
    pub slot_group_id: u32,
    /// Its number in the group.
    pub slot_id: u32,
    /// Counts its uses.
    pub generation: u32,
    /// First address inside.
    pub virt_start: usize,
    /// First address outside.
    pub virt_end: usize,
    /// From a guest's address to ours.
    pub addr_delta: u64,
    /// Bytes of memory.
    pub qxl_ram_size: u32,
}

/// The primary surface.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct QXLDevSurfaceCreate {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Bytes from row to row.
    pub stride: i32,
    /// `SPICE_SURFACE_FMT_*`.
    pub format: u32,
    /// Not used.
    pub position: u32,
    /// Whether the guest gives the pointer's shape to the device.
    pub mouse_mode: u32,
    /// `QXL_SURF_FLAG_*`.
    pub flags: u32,
    /// `QXL_SURF_TYPE_PRIMARY`.
    pub r#type: u32,
    /// Where the first stored byte is.
    pub mem: u64,
    /// Group of memory slots of that address.
    pub group_id: u32,
}

/// The device's functions, all of them. A host's structure ends with those of the minor version that it names.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct QXLInterface {
    /// Always there.
    pub since_0: QXLInterface0,
    /// Since 3.1.
    pub since_1: QXLInterface1,
    /// Since 3.2.
    pub since_2: QXLInterface2,
    /// Since 3.3.
    pub since_3: QXLInterface3,
}

/// The beginning of [`QXLInterface`], which every version has.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct QXLInterface0 {
    /// "qxl".
    pub base: SpiceBaseInterface,
    /// The device is attached.
    pub attached_worker: Option<unsafe extern "C" fn(*mut QXLInstance)>,
    /// 1 while images are worth sending in one piece.
    pub set_compression_level: Option<unsafe extern "C" fn(*mut QXLInstance, c_int)>,
    /// Not called any more.
    pub set_mm_time: Option<unsafe extern "C" fn(*mut QXLInstance, u32)>,
    /// Tells the dimensions.
    pub get_init_info: Option<unsafe extern "C" fn(*mut QXLInstance, *mut QXLDevInitInfo)>,
    /// Takes a drawing command off its ring: 0 when there is none.
    pub get_command: Option<unsafe extern "C" fn(*mut QXLInstance, *mut QXLCommandExt) -> c_int>,
    /// Asks for a wakeup: 0 when there is a command already.
    pub req_cmd_notification: Option<unsafe extern "C" fn(*mut QXLInstance) -> c_int>,
    /// Takes a command's memory back.
    pub release_resource: Option<unsafe extern "C" fn(*mut QXLInstance, QXLReleaseInfoExt)>,
    /// Takes a cursor command off its ring: 0 when there is none.
    pub get_cursor_command: Option<unsafe extern "C" fn(*mut QXLInstance, *mut QXLCommandExt) -> c_int>,
    /// Asks for a wakeup: 0 when there is a command already.
    pub req_cursor_notification: Option<unsafe extern "C" fn(*mut QXLInstance) -> c_int>,
    /// An update command was reached.
    pub notify_update: Option<unsafe extern "C" fn(*mut QXLInstance, u32)>,
    /// Pushes releases to the guest: 0 when there were none.
    pub flush_resources: Option<unsafe extern "C" fn(*mut QXLInstance) -> c_int>,
}

/// What 3.1 has added to [`QXLInterface`].
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct QXLInterface1 {
    /// An asynchronous call is done.
    pub async_complete: Option<unsafe extern "C" fn(*mut QXLInstance, u64)>,
    /// What an asynchronous update has drawn.
    pub update_area_complete: Option<unsafe extern "C" fn(*mut QXLInstance, u32, *mut QXLRect, u32)>,
}

/// What 3.2 has added to [`QXLInterface`].
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct QXLInterface2 {
    /// What clients can do.
    pub set_client_capabilities: Option<unsafe extern "C" fn(*mut QXLInstance, u8, *mut u8)>,
}

/// What 3.3 has added to [`QXLInterface`].
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct QXLInterface3 {
    /// A client wants monitors: 0 when the device cannot tell the guest.
    pub client_monitors_config: Option<unsafe extern "C" fn(*mut QXLInstance, *mut c_void) -> c_int>,
}

/// A device.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct QXLInstance {
    /// Its interface.
    pub base: SpiceBaseInstance,
    /// The number of its channels.
    pub id: c_int,
    /// Ours.
    pub st: Held<DisplayState>,
}

const _: () = {
    assert!(size_of::<QXLRect>() == 16);
    assert!(size_of::<QXLCommandExt>() == 24);
    assert!(size_of::<QXLReleaseInfoExt>() == 16);
    assert!(size_of::<QXLDevInitInfo>() == 24);
    assert!(size_of::<QXLDevMemSlot>() == 48);
    assert!(size_of::<QXLDevSurfaceCreate>() == 48);
    assert!(size_of::<QXLInterface>() == 144);
    assert!(size_of::<QXLInstance>() == 24);
    assert!(std::mem::offset_of!(QXLInterface, since_1) == 112);
    assert!(std::mem::offset_of!(QXLInterface, since_2) == 128);
    assert!(std::mem::offset_of!(QXLInterface, since_3) == 136);
};
