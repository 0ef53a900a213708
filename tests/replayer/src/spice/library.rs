//! The entry points of a libspice-server, found by name in a shared object.

use std::ffi::{c_char, c_int, c_void};
use std::path::Path;

use anyhow::{Context, Result};

use super::abi::{
    BaseInstance, CharDeviceInstance, CommandExt, CoreInterface, MemSlot, QxlInstance, Rect, SurfaceCreate,
};

/// `SpiceServer`, of which only the library knows more.
pub(super) type Server = *mut c_void;
type Qxl = *mut QxlInstance;
/// `SpiceReplay`.
type Replay = *mut c_void;

macro_rules! entry_points {
    ($($name:ident: fn($($argument:ty),*) $(-> $result:ty)?;)*) => {
        /// Functions of the library. They hold as long as the library is loaded, which is to the end of
        /// the process: its threads and destructors may outlive the last handle.
        pub(super) struct EntryPoints {
            $(pub(super) $name: unsafe extern "C" fn($($argument),*) $(-> $result)?,)*
        }

        impl EntryPoints {
            pub(super) fn load(path: &Path) -> Result<Self> {
                let shown = path.display();
                // SAFETY: the caller chose the library to be run; its constructors run here.
                let library = unsafe { libloading::Library::new(path) };
                let library = Box::leak(Box::new(library.with_context(|| format!("cannot load {shown}"))?));
                Ok(Self {
                    $($name: {
                        let name = stringify!($name);
                        // SAFETY: the type is the one that the library's headers declare for this name.
                        let found = unsafe { library.get(name.as_bytes()) };
                        *found.with_context(|| format!("{shown} has no {name}"))?
                    },)*
                })
            }
        }
    };
}

entry_points! {
    spice_server_new: fn() -> Server;
    spice_server_init: fn(Server, *mut CoreInterface) -> c_int;
    spice_server_destroy: fn(Server);
    spice_server_set_addr: fn(Server, *const c_char, c_int);
    spice_server_set_port: fn(Server, c_int) -> c_int;
    spice_server_set_noauth: fn(Server) -> c_int;
    spice_server_set_ticket: fn(Server, *const c_char, c_int, c_int, c_int) -> c_int;
    spice_server_set_name: fn(Server, *const c_char);
    spice_server_set_image_compression: fn(Server, c_int) -> c_int;
    spice_server_set_jpeg_compression: fn(Server, c_int) -> c_int;
    spice_server_set_zlib_glz_compression: fn(Server, c_int) -> c_int;
    spice_server_set_streaming_video: fn(Server, c_int) -> c_int;
    spice_server_set_video_codecs: fn(Server, *const c_char) -> c_int;
    spice_server_get_video_codecs: fn(Server) -> *const c_char;
    spice_server_free_video_codecs: fn(Server, *const c_char);
    spice_server_set_agent_copypaste: fn(Server, c_int) -> c_int;
    spice_server_set_agent_file_xfer: fn(Server, c_int) -> c_int;
    spice_server_set_agent_mouse: fn(Server, c_int) -> c_int;
    spice_server_char_device_wakeup: fn(*mut CharDeviceInstance);
    spice_server_add_interface: fn(Server, *mut BaseInstance) -> c_int;
    spice_server_remove_interface: fn(*mut BaseInstance) -> c_int;
    spice_server_vm_start: fn(Server);
    spice_server_vm_stop: fn(Server);
    spice_server_migrate_info: fn(Server, *const c_char, c_int, c_int, *const c_char) -> c_int;
    spice_server_migrate_connect: fn(Server, *const c_char, c_int, c_int, *const c_char) -> c_int;
    spice_server_migrate_start: fn(Server) -> c_int;
    spice_server_migrate_end: fn(Server, c_int) -> c_int;
    spice_server_migrate_switch: fn(Server) -> c_int;
    spice_qxl_wakeup: fn(Qxl);
    spice_qxl_set_device_info: fn(Qxl, *const c_char, u32, u32);
    spice_qxl_add_memslot: fn(Qxl, *mut MemSlot);
    spice_qxl_create_primary_surface: fn(Qxl, u32, *mut SurfaceCreate);
    spice_qxl_create_primary_surface_async: fn(Qxl, u32, *mut SurfaceCreate, u64);
    spice_qxl_destroy_primary_surface: fn(Qxl, u32);
    spice_qxl_destroy_primary_surface_async: fn(Qxl, u32, u64);
    spice_qxl_destroy_surfaces: fn(Qxl);
    spice_qxl_update_area: fn(Qxl, u32, *mut Rect, *mut Rect, u32, u32);
    spice_qxl_reset_cursor: fn(Qxl);
    spice_qxl_reset_image_cache: fn(Qxl);
    spice_replay_new: fn(*mut c_void, c_int) -> Replay;
    spice_replay_next_cmd: fn(Replay, Qxl) -> *mut CommandExt;
    spice_qxl_gl_scanout: fn(Qxl, c_int, u32, u32, u32, u32, c_int);
    spice_qxl_gl_draw_async: fn(Qxl, u32, u32, u32, u32, u64);
}
