//! The host's emulated QXL device.

use std::ffi::c_int;
use std::mem::offset_of;
use std::ptr;

use host_server::guest::device::{CommandExt, DeviceLimits, QxlDevice, QxlFrontend, Release};
use image::geometry::Rect;
use wire::drawable::SurfaceId;

use crate::layout::qxl::{
    QXLCommandExt, QXLDevInitInfo, QXLInstance, QXLInterface, QXLInterface0, QXLInterface1, QXLInterface2,
    QXLInterface3, QXLRect, QXLReleaseInfoExt, SPICE_CAPABILITIES_SIZE,
};
use crate::pointer::Instance;

/// A device instance with its interface. What an interface lacks does nothing.
#[derive(Clone, Copy)]
pub(crate) struct HostDisplay {
    instance: Instance<QXLInstance>,
    functions: Functions,
}

/// The functions of `QXLInterface` that are used, as far as its version has them.
#[derive(Clone, Copy)]
struct Functions {
    attached_worker: Option<unsafe extern "C" fn(*mut QXLInstance)>,
    set_compression_level: Option<unsafe extern "C" fn(*mut QXLInstance, c_int)>,
    get_init_info: Option<unsafe extern "C" fn(*mut QXLInstance, *mut QXLDevInitInfo)>,
    get_command: Option<NextCommand>,
    req_cmd_notification: Option<unsafe extern "C" fn(*mut QXLInstance) -> c_int>,
    release_resource: Option<unsafe extern "C" fn(*mut QXLInstance, QXLReleaseInfoExt)>,
    get_cursor_command: Option<NextCommand>,
    req_cursor_notification: Option<unsafe extern "C" fn(*mut QXLInstance) -> c_int>,
    notify_update: Option<unsafe extern "C" fn(*mut QXLInstance, u32)>,
    flush_resources: Option<unsafe extern "C" fn(*mut QXLInstance) -> c_int>,
    async_complete: Option<unsafe extern "C" fn(*mut QXLInstance, u64)>,
    update_area_complete: Option<unsafe extern "C" fn(*mut QXLInstance, u32, *mut QXLRect, u32)>,
    set_client_capabilities: Option<unsafe extern "C" fn(*mut QXLInstance, u8, *mut u8)>,
    client_monitors_config: Option<ClientMonitors>,
}

type NextCommand = unsafe extern "C" fn(*mut QXLInstance, *mut QXLCommandExt) -> c_int;
type ClientMonitors = unsafe extern "C" fn(*mut QXLInstance, *mut std::ffi::c_void) -> c_int;

/// The interface's major version.
const MAJOR: u32 = 3;

impl HostDisplay {
    /// The device behind an instance, if it has an interface. The host's structure is read as far as its
    /// version goes, and not beyond.
    pub(crate) fn new(instance: Instance<QXLInstance>) -> Option<Self> {
        let QXLInterface0 {
            base,
            attached_worker,
            set_compression_level,
            set_mm_time: _,
            get_init_info,
            get_command,
            req_cmd_notification,
            release_resource,
            get_cursor_command,
            req_cursor_notification,
            notify_update,
            flush_resources,
        } = instance.interface()?;
        let since = |minor| (base.major_version, base.minor_version) >= (MAJOR, minor);
        let completions: Option<QXLInterface1> = part(since(1), instance, offset_of!(QXLInterface, since_1));
        let capabilities: Option<QXLInterface2> = part(since(2), instance, offset_of!(QXLInterface, since_2));
        let monitors: Option<QXLInterface3> = part(since(3), instance, offset_of!(QXLInterface, since_3));
        let functions = Functions {
            attached_worker,
            set_compression_level,
            get_init_info,
            get_command,
            req_cmd_notification,
            release_resource,
            get_cursor_command,
            req_cursor_notification,
            notify_update,
            flush_resources,
            async_complete: completions.and_then(|part| part.async_complete),
            update_area_complete: completions.and_then(|part| part.update_area_complete),
            set_client_capabilities: capabilities.and_then(|part| part.set_client_capabilities),
            client_monitors_config: monitors.and_then(|part| part.client_monitors_config),
        };
        Some(Self { instance, functions })
    }

    fn is(self, instance: Instance<QXLInstance>) -> bool {
        ptr::eq(self.instance.pointer(), instance.pointer())
    }

    /// Whether this is another instance than `instance`.
    pub(crate) fn is_not(self, instance: Instance<QXLInstance>) -> bool {
        !self.is(instance)
    }

    /// The device's dimensions, and its memory in bytes. On the main loop's thread.
    pub(crate) fn limits(self) -> (DeviceLimits, u32) {
        let mut dimensions = QXLDevInitInfo::default();
        if let Some(get) = self.functions.get_init_info {
            // SAFETY: the host's function with its own instance and a structure to fill.
            unsafe { get(self.instance.pointer(), &raw mut dimensions) };
        }
        let QXLDevInitInfo {
            num_memslots_groups: slot_groups,
            num_memslots: slots,
            memslot_gen_bits: generation_bits,
            memslot_id_bits: slot_bits,
            qxl_ram_size,
            internal_groupslot_id: internal_slot,
            n_surfaces: surfaces,
        } = dimensions;
        let limits = DeviceLimits { slot_groups, slots, generation_bits, slot_bits, internal_slot, surfaces };
        (limits, qxl_ram_size)
    }

    /// Tells the device that it is served. On the main loop's thread.
    pub(crate) fn attached(self) {
        if let Some(attached) = self.functions.attached_worker {
            // SAFETY: the host's function with its own instance.
            unsafe { attached(self.instance.pointer()) };
        }
    }

    /// Tells the device whether the guest should send images in one piece. On the main loop's thread.
    pub(crate) fn set_compression_level(self, level: c_int) {
        if let Some(set) = self.functions.set_compression_level {
            // SAFETY: the host's function with its own instance.
            unsafe { set(self.instance.pointer(), level) };
        }
    }

    fn next(self, function: Option<NextCommand>) -> Option<CommandExt> {
        let next = function?;
        let mut command = QXLCommandExt::default();
        // SAFETY: the host's function with its own instance and a structure to fill, on the display's thread.
        let found = unsafe { next(self.instance.pointer(), &raw mut command) };
        let QXLCommandExt { data: address, r#type: kind, padding: _, group_id: group, flags } = command;
        (found != 0).then_some(CommandExt { address, kind, group, flags })
    }

    /// Calls a function that answers yes or no; one that is missing says `missing`.
    fn ask(self, function: Option<unsafe extern "C" fn(*mut QXLInstance) -> c_int>, missing: bool) -> bool {
        // SAFETY: the host's function with its own instance, on the display's thread.
        function.map_or(missing, |ask| unsafe { ask(self.instance.pointer()) } != 0)
    }
}

impl QxlDevice for HostDisplay {
    fn next_command(&mut self) -> Option<CommandExt> {
        self.next(self.functions.get_command)
    }

    fn request_command_notification(&mut self) -> bool {
        self.ask(self.functions.req_cmd_notification, true)
    }

    fn next_cursor_command(&mut self) -> Option<CommandExt> {
        self.next(self.functions.get_cursor_command)
    }

    fn request_cursor_notification(&mut self) -> bool {
        self.ask(self.functions.req_cursor_notification, true)
    }

    fn release(&mut self, release: Release) {
        let Release { host_address, group } = release;
        if let Some(give_back) = self.functions.release_resource {
            let release =
                QXLReleaseInfoExt { info: ptr::with_exposed_provenance_mut(host_address), group_id: group };
            // SAFETY: the host's function with its own instance and an address inside one of its slots.
            unsafe { give_back(self.instance.pointer(), release) };
        }
    }

    fn flush_releases(&mut self) -> bool {
        self.ask(self.functions.flush_resources, false)
    }

    fn notify_update(&mut self, update_id: u32) {
        if let Some(notify) = self.functions.notify_update {
            // SAFETY: the host's function with its own instance, on the display's thread.
            unsafe { notify(self.instance.pointer(), update_id) };
        }
    }

    fn async_complete(&mut self, cookie: u64) {
        if let Some(complete) = self.functions.async_complete {
            // SAFETY: the host's function with its own instance and cookie, on the display's thread.
            unsafe { complete(self.instance.pointer(), cookie) };
        }
    }

    fn update_area_complete(&mut self, surface: SurfaceId, drawn: &[Rect]) {
        let Some(complete) = self.functions.update_area_complete else { return };
        let mut rects: Vec<QXLRect> = drawn.iter().map(qxl_rect).collect();
        let count = u32::try_from(rects.len()).unwrap_or(0);
        // SAFETY: the host's function with its own instance and so many rectangles.
        unsafe { complete(self.instance.pointer(), surface.0, rects.as_mut_ptr(), count) };
    }

    fn set_client_capabilities(
        &mut self,
        client_present: bool,
        capabilities: &[u8; SPICE_CAPABILITIES_SIZE],
    ) {
        let Some(set) = self.functions.set_client_capabilities else { return };
        let mut capabilities = *capabilities;
        // SAFETY: the host's function with its own instance and as many bytes as its ROM has.
        unsafe { set(self.instance.pointer(), client_present.into(), capabilities.as_mut_ptr()) };
    }
}

impl QxlFrontend for HostDisplay {
    fn client_monitors_config(&mut self, config: Option<&[u8]>) -> bool {
        let Some(tell) = self.functions.client_monitors_config else { return false };
        // A copy that is aligned for the structure's numbers, and that the host may change.
        let mut words: Vec<u32> = Vec::new();
        let pointer = config.map_or(ptr::null_mut(), |config| {
            words.extend(config.chunks(4).map(|chunk| {
                let mut word = [0; 4];
                word.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
                u32::from_ne_bytes(word)
            }));
            words.as_mut_ptr().cast()
        });
        // SAFETY: the host's function with its own instance and null or an arrangement whose count of
        // monitors the session has checked against its size.
        unsafe { tell(self.instance.pointer(), pointer) != 0 }
    }
}

/// A part of the device's interface, if the host's structure has it.
fn part<P: Copy>(present: bool, instance: Instance<QXLInstance>, offset: usize) -> Option<P> {
    if present { instance.interface_part(offset) } else { None }
}

/// A rectangle as C has it.
pub(crate) fn qxl_rect(rect: &Rect) -> QXLRect {
    let Rect { left, top, right, bottom } = *rect;
    QXLRect { top, left, bottom, right }
}

/// A rectangle of C's as ours.
pub(crate) fn rect(rect: QXLRect) -> Rect {
    let QXLRect { top, left, bottom, right } = rect;
    Rect { left, top, right, bottom }
}
