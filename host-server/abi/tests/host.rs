//! The C interface as a host in C sees it: only pointers and numbers. A life of a server, and every entry
//! point with null in place of each pointer.
#![allow(clippy::multiple_unsafe_ops_per_block, reason = "a host in C is one unsafe block")]

use std::ffi::{c_char, c_int, c_void};
use std::ptr::null_mut;

// Links the library.
use spice_server as _;

type Pointer = *mut c_void;

/// Declares functions of the library, and a test that calls each with nulls and zeros and compares results.
macro_rules! with_nulls {
    ($(fn $name:ident($($type:ty),*) $(-> $result:ty = $expected:expr)?;)+) => {
        $(
            #[allow(dead_code, reason = "declared once for all tests")]
            mod $name {
                use super::*;
                unsafe extern "C" {
                    // Named anew, as the functions have other types in Rust.
                    #[link_name = stringify!($name)]
                    pub(super) fn call($(_: $type),*) $(-> $result)?;
                }
            }
        )+

        #[test]
        fn null_is_a_soft_failure_everywhere() {
            $(
                // SAFETY: null and 0 are allowed for every argument.
                let result = unsafe { call_with_nulls!($name, $($type),*) };
                with_nulls!(@compare $name, result $(, $result, $expected)?);
            )+
        }
    };
    (@compare $name:ident, $result:ident, $type:ty, $expected:expr) => {
        assert_eq!($result, $expected, stringify!($name));
    };
    (@compare $name:ident, $result:ident) => { let () = $result; };
}

macro_rules! call_with_nulls {
    ($name:ident, $($type:ty),*) => { $name::call($(<$type as Nothing>::NOTHING),*) };
}

/// What stands for "nothing" in an argument.
trait Nothing {
    const NOTHING: Self;
}

macro_rules! zero {
    ($($type:ty),*) => { $(impl Nothing for $type { const NOTHING: Self = 0; })* };
}

zero!(u8, u32, u64, c_int);

impl Nothing for Pointer {
    const NOTHING: Self = null_mut();
}

with_nulls! {
    fn spice_server_init(Pointer, Pointer) -> c_int = -1;
    fn spice_server_destroy(Pointer);
    fn spice_server_add_client(Pointer, c_int, c_int) -> c_int = -1;
    fn spice_server_add_ssl_client(Pointer, c_int, c_int) -> c_int = -1;
    fn spice_server_add_interface(Pointer, Pointer) -> c_int = -1;
    fn spice_server_remove_interface(Pointer) -> c_int = -1;
    fn spice_server_get_num_clients(Pointer) -> c_int = 0;
    fn spice_server_get_sock_info(Pointer, Pointer, Pointer) -> c_int = -1;
    fn spice_server_get_peer_info(Pointer, Pointer, Pointer) -> c_int = -1;
    fn spice_server_vm_start(Pointer);
    fn spice_server_vm_stop(Pointer);
    fn spice_server_is_server_mouse(Pointer) -> c_int = 1;
    fn spice_server_set_port(Pointer, c_int) -> c_int = -1;
    fn spice_server_set_addr(Pointer, Pointer, c_int);
    fn spice_server_set_exit_on_disconnect(Pointer, c_int) -> c_int = -1;
    fn spice_server_set_noauth(Pointer) -> c_int = -1;
    fn spice_server_set_ticket(Pointer, Pointer, c_int, c_int, c_int) -> c_int = -1;
    fn spice_server_set_sasl(Pointer, c_int) -> c_int = 0;
    fn spice_server_set_name(Pointer, Pointer);
    fn spice_server_set_uuid(Pointer, Pointer);
    fn spice_server_set_channel_security(Pointer, Pointer, c_int) -> c_int = -1;
    fn spice_server_set_image_compression(Pointer, u32) -> c_int = -1;
    fn spice_server_get_image_compression(Pointer) -> u32 = 0;
    fn spice_server_set_jpeg_compression(Pointer, c_int) -> c_int = -1;
    fn spice_server_set_zlib_glz_compression(Pointer, c_int) -> c_int = -1;
    fn spice_server_set_streaming_video(Pointer, c_int) -> c_int = -1;
    fn spice_server_add_renderer(Pointer, Pointer) -> c_int = -1;
    fn spice_server_set_video_codecs(Pointer, Pointer) -> c_int = -1;
    fn spice_server_get_video_codecs(Pointer) -> Pointer = null_mut();
    fn spice_server_free_video_codecs(Pointer, Pointer);
    fn spice_server_kbd_leds(Pointer, c_int) -> c_int = 0;
    fn spice_server_char_device_wakeup(Pointer);
    fn spice_server_port_event(Pointer, u8);
    fn spice_server_playback_start(Pointer);
    fn spice_server_playback_get_buffer(Pointer, Pointer, Pointer);
    fn spice_server_get_best_playback_rate(Pointer) -> u32 = 48_000;
    fn spice_server_get_best_record_rate(Pointer) -> u32 = 48_000;
    fn spice_server_record_get_samples(Pointer, Pointer, u32) -> u32 = 0;
    fn spice_server_migrate_connect(Pointer, Pointer, c_int, c_int, Pointer) -> c_int = -1;
    fn spice_server_migrate_start(Pointer) -> c_int = -1;
    fn spice_server_migrate_end(Pointer, c_int) -> c_int = -1;
    fn spice_qxl_wakeup(Pointer);
    fn spice_qxl_oom(Pointer);
    fn spice_qxl_start(Pointer);
    fn spice_qxl_stop(Pointer);
    fn spice_qxl_update_area(Pointer, u32, Pointer, Pointer, u32, u32);
    fn spice_qxl_update_area_async(Pointer, u32, Pointer, u32, u64);
    fn spice_qxl_add_memslot(Pointer, Pointer);
    fn spice_qxl_add_memslot_async(Pointer, Pointer, u64);
    fn spice_qxl_del_memslot(Pointer, u32, u32);
    fn spice_qxl_reset_memslots(Pointer);
    fn spice_qxl_create_primary_surface(Pointer, u32, Pointer);
    fn spice_qxl_create_primary_surface_async(Pointer, u32, Pointer, u64);
    fn spice_qxl_destroy_primary_surface(Pointer, u32);
    fn spice_qxl_destroy_primary_surface_async(Pointer, u32, u64);
    fn spice_qxl_destroy_surfaces(Pointer);
    fn spice_qxl_destroy_surfaces_async(Pointer, u64);
    fn spice_qxl_destroy_surface_wait(Pointer, u32);
    fn spice_qxl_destroy_surface_async(Pointer, u32, u64);
    fn spice_qxl_flush_surfaces_async(Pointer, u64);
    fn spice_qxl_monitors_config_async(Pointer, u64, c_int, u64);
    fn spice_qxl_reset_image_cache(Pointer);
    fn spice_qxl_reset_cursor(Pointer);
    fn spice_qxl_loadvm_commands(Pointer, Pointer, u32);
    fn spice_qxl_driver_unload(Pointer);
    fn spice_qxl_set_device_info(Pointer, Pointer, u32, u32);
    fn spice_qxl_gl_scanout2(Pointer, Pointer, u32, u32, Pointer, Pointer, u32, u32, u64, c_int);
    fn spice_qxl_gl_draw_async(Pointer, u32, u32, u32, u32, u64);
    fn spice_replay_new(Pointer, c_int) -> Pointer = null_mut();
    fn spice_replay_next_cmd(Pointer, Pointer) -> Pointer = null_mut();
    fn spice_replay_free_cmd(Pointer, Pointer);
    fn spice_replay_free(Pointer);
}

mod server {
    use super::*;

    unsafe extern "C" {
        pub(super) fn spice_server_new() -> Pointer;
        pub(super) fn spice_server_char_device_recognized_subtypes() -> *const *const c_char;
    }
}

#[test]
fn a_server_keeps_its_settings_until_it_is_destroyed() {
    // SAFETY: what a host in C does, in its order.
    unsafe {
        let server = server::spice_server_new();
        assert!(!server.is_null());
        assert_eq!(spice_server_set_port::call(server, 65_536), -1);
        assert_eq!(spice_server_set_port::call(server, 5900), 0);
        assert_eq!(spice_server_set_image_compression::call(server, 4), 0);
        assert_eq!(spice_server_set_image_compression::call(server, 99), 0);
        assert_eq!(spice_server_get_image_compression::call(server), 4, "99 has changed nothing");
        for (number, outcome) in [(1, 0), (2, 0), (3, 0), (0, -1), (4, -1), (-1, -1)] {
            assert_eq!(spice_server_set_jpeg_compression::call(server, number), outcome);
            assert_eq!(spice_server_set_zlib_glz_compression::call(server, number), outcome);
        }
        let text = |text: &std::ffi::CStr| text.as_ptr().cast_mut().cast::<c_void>();
        assert_eq!(spice_server_set_ticket::call(server, text(c"secret"), 60, 0, 0), 0);
        let long = std::ffi::CString::new(vec![b'x'; 61]).unwrap_or_default();
        assert_eq!(spice_server_set_ticket::call(server, text(&long), 0, 0, 0), -1);
        assert_eq!(spice_server_set_channel_security::call(server, text(c"display"), 2), 0);
        assert_eq!(spice_server_set_channel_security::call(server, text(c"nonsense"), 1), -1);
        assert_eq!(spice_server_set_streaming_video::call(server, 4), -1);
        assert_eq!(spice_server_init::call(server, null_mut()), -1);
        spice_server_destroy::call(server);
    }
}

/// `SpiceMigrateInterface` and an instance of it, with a count of the calls.
mod migration {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    pub(super) static CONNECTED: AtomicU32 = AtomicU32::new(0);

    #[repr(C)]
    pub(super) struct Interface {
        pub(super) name: *const c_char,
        pub(super) description: *const c_char,
        pub(super) version: [u32; 2],
        pub(super) connect_complete: extern "C" fn(Pointer),
        pub(super) end_complete: extern "C" fn(Pointer),
    }

    #[repr(C)]
    pub(super) struct Instance {
        pub(super) interface: *const Interface,
        pub(super) state: Pointer,
    }

    pub(super) extern "C" fn connected(_: Pointer) {
        CONNECTED.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) extern "C" fn ended(_: Pointer) {}
}

#[test]
fn a_host_without_clients_may_name_a_target_to_migrate_to() {
    use std::sync::atomic::Ordering;

    let interface = migration::Interface {
        name: c"migration".as_ptr(),
        description: c"a host".as_ptr(),
        version: [1, 1],
        connect_complete: migration::connected,
        end_complete: migration::ended,
    };
    let mut instance = migration::Instance { interface: &raw const interface, state: null_mut() };
    let target = c"127.0.0.1".as_ptr().cast_mut().cast::<c_void>();
    // SAFETY: what a host in C does, in its order; the instance outlives the server.
    unsafe {
        let server = server::spice_server_new();
        assert_eq!(spice_server_add_interface::call(server, (&raw mut instance).cast()), 0);
        assert_eq!(spice_server_migrate_connect::call(server, target, 5900, -1, null_mut()), 0);
        assert_eq!(spice_server_migrate_connect::call(server, target, -1, 5901, null_mut()), 0);
        assert_eq!(migration::CONNECTED.load(Ordering::Relaxed), 2);
        assert_eq!(spice_server_migrate_connect::call(server, target, -1, -1, null_mut()), -1);
        assert_eq!(spice_server_migrate_connect::call(server, null_mut(), 5900, -1, null_mut()), -1);
        assert_eq!(migration::CONNECTED.load(Ordering::Relaxed), 4, "told in any case");
        spice_server_destroy::call(server);
    }
}

/// `QXLInterface` 3.0, with the device's life as the host sees it.
mod device {
    use super::*;
    use std::sync::OnceLock;
    use std::sync::mpsc::Sender;

    #[derive(Debug, PartialEq, Eq)]
    pub(super) enum Event {
        Attached { has_state: bool },
        CompressionLevel,
        CommandsRead { has_state: bool },
    }

    /// The number of the one device whose events are told.
    pub(super) const WATCHED: c_int = 7;

    pub(super) static EVENTS: OnceLock<Sender<Event>> = OnceLock::new();

    #[repr(C)]
    pub(super) struct Interface {
        pub(super) name: *const c_char,
        pub(super) description: *const c_char,
        pub(super) version: [u32; 2],
        pub(super) attached_worker: extern "C" fn(*mut Instance),
        pub(super) set_compression_level: extern "C" fn(*mut Instance, c_int),
        pub(super) set_mm_time: Pointer,
        pub(super) get_init_info: extern "C" fn(*mut Instance, *mut Dimensions),
        pub(super) get_command: extern "C" fn(*mut Instance, Pointer) -> c_int,
        pub(super) others: [Pointer; 6],
    }

    #[repr(C)]
    pub(super) struct Instance {
        pub(super) interface: *const Interface,
        pub(super) id: c_int,
        pub(super) state: Pointer,
    }

    /// `QXLDevInitInfo`.
    #[repr(C)]
    pub(super) struct Dimensions {
        groups: u32,
        slots: u32,
        generation_bits: u8,
        slot_bits: u8,
        ram_size: u32,
        internal_slot: u8,
        surfaces: u32,
    }

    fn tell(instance: *mut Instance, event: impl FnOnce(bool) -> Event) {
        // SAFETY: the library gives back the test's instance, which outlives the server.
        let Instance { interface: _, id, state } = unsafe { instance.read_volatile() };
        if let (WATCHED, Some(events)) = (id, EVENTS.get()) {
            // Nobody listens any more when the test is over.
            let _ = events.send(event(!state.is_null()));
        }
    }

    pub(super) fn interface(minor: u32) -> Interface {
        Interface {
            name: c"qxl".as_ptr(),
            description: c"a device".as_ptr(),
            version: [3, minor],
            attached_worker: attached,
            set_compression_level: level,
            set_mm_time: null_mut(),
            get_init_info: dimensions,
            get_command: command,
            others: [null_mut(); 6],
        }
    }

    extern "C" fn attached(instance: *mut Instance) {
        tell(instance, |has_state| Event::Attached { has_state });
    }

    extern "C" fn level(instance: *mut Instance, _: c_int) {
        tell(instance, |_| Event::CompressionLevel);
    }

    extern "C" fn dimensions(_: *mut Instance, dimensions: *mut Dimensions) {
        let (groups, slots, generation_bits, slot_bits) = (2, 8, 8, 8);
        let (ram_size, internal_slot, surfaces) = (1 << 26, 0, 16);
        // SAFETY: a place for them.
        unsafe {
            *dimensions =
                Dimensions { groups, slots, generation_bits, slot_bits, ram_size, internal_slot, surfaces };
        }
    }

    extern "C" fn command(instance: *mut Instance, _: Pointer) -> c_int {
        tell(instance, |has_state| Event::CommandsRead { has_state });
        0
    }
}

#[test]
fn a_device_is_attached_before_its_commands_are_read() {
    use device::Event;

    let (sender, events) = std::sync::mpsc::channel();
    device::EVENTS.get_or_init(|| sender);
    let interface = device::interface(0);
    let mut instance =
        device::Instance { interface: &raw const interface, id: device::WATCHED, state: null_mut() };
    let next = || events.recv_timeout(std::time::Duration::from_secs(20));
    // SAFETY: what a host in C does, in its order; the instance outlives the server.
    unsafe {
        let server = server::spice_server_new();
        assert_eq!(spice_server_add_interface::call(server, (&raw mut instance).cast()), 0);
        assert_eq!(next(), Ok(Event::Attached { has_state: true }));
        assert_eq!(next(), Ok(Event::CompressionLevel));
        assert_eq!(next(), Ok(Event::CommandsRead { has_state: true }));
        assert_eq!(spice_server_remove_interface::call((&raw mut instance).cast()), 0);
        spice_server_destroy::call(server);
    }
}

/// A page whose successor cannot be read.
mod guarded {
    use super::*;

    pub(super) const PAGE: usize = 4096;
    const READ_AND_WRITE: c_int = 3;
    const PRIVATE_AND_ANONYMOUS: c_int = 0x22;

    unsafe extern "C" {
        fn mmap(_: Pointer, _: usize, _: c_int, _: c_int, _: c_int, _: i64) -> Pointer;
        fn mprotect(_: Pointer, _: usize, _: c_int) -> c_int;
    }

    /// The end of the page. It is never given back.
    pub(super) fn end() -> *mut u8 {
        // SAFETY: new memory, of which nobody else knows.
        unsafe {
            let page = mmap(null_mut(), 2 * PAGE, READ_AND_WRITE, PRIVATE_AND_ANONYMOUS, -1, 0).cast::<u8>();
            let end = page.wrapping_add(PAGE);
            assert_eq!(mprotect(end.cast(), PAGE, 0), 0);
            end
        }
    }
}

#[test]
fn an_interface_is_read_as_far_as_its_version_goes() {
    for (minor, size) in [(0, 112), (1, 128), (2, 136), (3, 144)] {
        let end = guarded::end();
        let interface = end.wrapping_sub(size).cast::<device::Interface>();
        let mut instance = device::Instance { interface, id: 0, state: null_mut() };
        // SAFETY: what a host in C does, in its order. There is room for the members of all versions, and
        // zeros for those that are newer.
        unsafe {
            interface.write(device::interface(minor));
            let server = server::spice_server_new();
            assert_eq!(spice_server_add_interface::call(server, (&raw mut instance).cast()), 0);
            assert_eq!(spice_server_remove_interface::call((&raw mut instance).cast()), 0);
            spice_server_destroy::call(server);
        }
    }
}

#[test]
fn texts_for_c_are_whole() {
    // SAFETY: the list ends with null, and each name with a 0.
    unsafe {
        let server = server::spice_server_new();
        for (list, outcome, kept) in
            [(c";", -1, c""), (c"foo;spice:mjpeg", 0, c"spice:mjpeg"), (c"foo", -1, c"spice:mjpeg")]
        {
            let list = list.as_ptr().cast_mut().cast();
            assert_eq!(spice_server_set_video_codecs::call(server, list), outcome);
            let codecs = spice_server_get_video_codecs::call(server);
            assert_eq!(std::ffi::CStr::from_ptr(codecs.cast()), kept);
            spice_server_free_video_codecs::call(server, codecs);
        }
        spice_server_destroy::call(server);
        let mut names = server::spice_server_char_device_recognized_subtypes();
        let mut count = 0;
        while !(*names).is_null() {
            assert!(!std::ffi::CStr::from_ptr(*names).is_empty());
            names = names.add(1);
            count += 1;
        }
        assert_eq!(count, 4);
    }
}
