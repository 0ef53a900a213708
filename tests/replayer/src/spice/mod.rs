//! A libspice-server behind a safe face: the only unsafe code of the replayer.
//!
//! [`Host`] is what QEMU is to the library: it owns the main loop, the QXL device and the input devices,
//! and makes the calls that a running machine makes. It belongs to one thread. The library's own threads
//! reach only [`Rings`]. Memory slot 0 of group 0 maps every address to itself, so that a command's
//! addresses are those of this process.
#![allow(unsafe_code)]

mod abi;
mod agent;
mod device;
mod event_loop;
mod inputs;
mod library;
mod migration;
mod native;
mod scanout;

use std::ffi::{CStr, CString, c_int};
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use recording::{Memory, PrimarySurface};

use self::abi::{BaseInstance, CharDeviceInstance, CoreInterface, MemSlot, QxlInstance, Rect, SurfaceCreate};
use self::agent::Agent;
use self::device::Device;
use self::inputs::Inputs;
use self::library::{EntryPoints, Server};
use self::migration::Migration;
use crate::options::{Address, Settings};
use crate::pixels::{Pixels, Shape};
use crate::rings::Rings;

const UNIX_ONLY: c_int = 4;

/// A server that runs in this process, with one QXL device or several that show the same.
pub struct Host {
    entry: EntryPoints,
    server: Server,
    device: *mut QxlInstance,
    /// Devices for which all that a guest does is done as well.
    mirrors: Vec<*mut QxlInstance>,
    agent: *mut CharDeviceInstance,
    /// The pixels of every primary surface so far. The library may read an old one until it has told
    /// all clients that it is gone, so all stay.
    primaries: Vec<Memory>,
    /// The shape of the primary surface, while there is one.
    primary: Option<Shape>,
    /// Draws of graphics memory so far.
    draws: u64,
}

/// Rings the library's bell for its rings, from any thread.
pub struct Waker {
    wakeup: unsafe extern "C" fn(*mut QxlInstance),
    devices: Vec<*mut QxlInstance>,
}

// SAFETY: the library allows the call from any thread, and the devices are never freed.
unsafe impl Send for Waker {}

impl Waker {
    /// Says that a ring holds commands again.
    pub fn wake(&self) {
        for device in &self.devices {
            // SAFETY: the device was added to the server and lives to the end of the process.
            unsafe { (self.wakeup)(*device) };
        }
    }
}

impl Host {
    /// Loads a library, starts a server as the settings say with a device for each of the rings, and lets the machine run.
    ///
    /// # Errors
    /// The library cannot be loaded, lacks an entry point, or refuses a setting.
    pub fn start(library: &Path, settings: &Settings, rings: &[Arc<Rings>]) -> Result<Self> {
        let entry = EntryPoints::load(library)?;
        event_loop::claim();
        // SAFETY: the function takes nothing.
        let server = unsafe { (entry.spice_server_new)() };
        ensure!(!server.is_null(), "spice_server_new gave nothing");
        // The library keeps the pointers to its interfaces; threads of it may use them until the end.
        let mut devices = rings.iter().zip(0..).map(|(rings, id)| {
            let device = Box::leak(Device::new(id, Arc::clone(rings)));
            std::ptr::from_mut(device).cast::<QxlInstance>()
        });
        let device = devices.next().context("a server without a device")?;
        let mirrors = devices.collect();
        let agent = Box::leak(Agent::new()).instance();
        let host =
            Self { entry, server, device, mirrors, agent, primaries: Vec::new(), primary: None, draws: 0 };
        host.configure(settings)?;
        host.initialize(settings)?;
        Ok(host)
    }

    fn configure(&self, settings: &Settings) -> Result<()> {
        let entry = &self.entry;
        let set = |name: &str, call, value: c_int| {
            ensure!(self.set(call, value) == 0, "{name} refused {value}");
            Ok(())
        };
        self.listen(&settings.listen)?;
        // SAFETY: the server is valid and copies the name.
        unsafe { (entry.spice_server_set_name)(self.server, c"replayer".as_ptr()) };
        match &settings.ticket {
            None => {
                // SAFETY: the server is valid.
                unsafe { (entry.spice_server_set_noauth)(self.server) };
            }
            Some(ticket) => {
                let ticket = CString::new(ticket.as_str())?;
                // SAFETY: the server is valid and copies the ticket.
                unsafe { (entry.spice_server_set_ticket)(self.server, ticket.as_ptr(), 0, 0, 0) };
            }
        }
        set("image compression", entry.spice_server_set_image_compression, settings.compression as c_int)?;
        set("jpeg compression", entry.spice_server_set_jpeg_compression, settings.jpeg as c_int)?;
        set("zlib compression", entry.spice_server_set_zlib_glz_compression, settings.zlib as c_int)?;
        set("streaming", entry.spice_server_set_streaming_video, settings.streaming as c_int)
    }

    fn set(&self, call: unsafe extern "C" fn(Server, c_int) -> c_int, value: c_int) -> c_int {
        // SAFETY: the server is valid, and the call takes any number.
        unsafe { call(self.server, value) }
    }

    fn add_interface(&self, instance: *mut BaseInstance) -> c_int {
        // SAFETY: each instance is complete and lives to the end of the process.
        unsafe { (self.entry.spice_server_add_interface)(self.server, instance) }
    }

    fn listen(&self, address: &Address) -> Result<()> {
        let (name, flags, port) = match address {
            Address::Unix(path) => {
                (path.to_str().context("the socket's path is not UTF-8")?, UNIX_ONLY, None)
            }
            Address::Tcp(address, port) => (address.as_str(), 0, Some(*port)),
        };
        let name = CString::new(name)?;
        // SAFETY: the server is valid and copies the name.
        unsafe { (self.entry.spice_server_set_addr)(self.server, name.as_ptr(), flags) };
        if let Some(port) = port {
            // SAFETY: the server is valid.
            let result = unsafe { (self.entry.spice_server_set_port)(self.server, port.into()) };
            ensure!(result == 0, "port {port} was refused");
        }
        Ok(())
    }

    fn initialize(&self, settings: &Settings) -> Result<()> {
        let core: *mut CoreInterface = Box::leak(Box::new(event_loop::interface()));
        // SAFETY: the server is valid, and the interface lives to the end of the process.
        let result = unsafe { (self.entry.spice_server_init)(self.server, core) };
        ensure!(result == 0, "spice_server_init failed; is the address in use?");
        let inputs = Box::leak(Inputs::new()).instances().into_iter();
        let inputs = inputs.take(if settings.no_tablet { 2 } else { 3 });
        let migration = settings.migration.then(|| Box::leak(Migration::new()).instance());
        let devices = self.devices().map(|device| device.cast());
        for instance in devices.chain(inputs).chain(migration) {
            ensure!(self.add_interface(instance) == 0, "an interface was refused");
        }
        let mut slot = MemSlot {
            group: 0,
            slot: 0,
            generation: 0,
            start: 0,
            end: usize::MAX,
            delta: 0,
            ram_size: u32::MAX,
        };
        for device in self.devices() {
            // SAFETY: the device was added, and the library copies the slot.
            unsafe { (self.entry.spice_qxl_add_memslot)(device, &raw mut slot) };
        }
        // SAFETY: the server is valid.
        unsafe { (self.entry.spice_server_vm_start)(self.server) };
        Ok(())
    }

    /// Sets the list of video codecs; gives what the library returned, and the list that it has then.
    ///
    /// # Errors
    /// The list has a 0 in it, or the library gives none.
    pub fn set_video_codecs(&self, list: &str) -> Result<(c_int, String)> {
        let list = CString::new(list)?;
        // SAFETY: the server is valid and copies what it needs of the list.
        let result = unsafe { (self.entry.spice_server_set_video_codecs)(self.server, list.as_ptr()) };
        // SAFETY: the server is valid.
        let found = unsafe { (self.entry.spice_server_get_video_codecs)(self.server) };
        ensure!(!found.is_null(), "spice_server_get_video_codecs gave nothing");
        // SAFETY: a text that is ours until it is given back.
        let text = unsafe { CStr::from_ptr(found) }.to_string_lossy().into_owned();
        // SAFETY: it is given back once.
        unsafe { (self.entry.spice_server_free_video_codecs)(self.server, found) };
        Ok((result, text))
    }

    fn devices(&self) -> impl Iterator<Item = *mut QxlInstance> {
        std::iter::once(self.device).chain(self.mirrors.iter().copied())
    }

    /// Rings the library's bell from other threads.
    pub fn waker(&self) -> Waker {
        Waker { wakeup: self.entry.spice_qxl_wakeup, devices: self.devices().collect() }
    }

    /// Waits for `wake`, or for anything that the library asked the main loop for, and serves that.
    ///
    /// # Errors
    /// The system cannot wait.
    pub fn iterate(&self, wake: BorrowedFd<'_>) -> Result<()> {
        event_loop::iterate(wake)
    }

    /// Creates the primary surface, with `cookie` by the call that completes later. One that is there is
    /// destroyed first. Mirrors get theirs at once.
    pub fn create_primary(&mut self, surface: &PrimarySurface, cookie: Option<u64>) {
        if self.primary.is_some() {
            self.destroy_primary(None);
        }
        let mut pixels = Memory::zeroed(surface.pixels.len());
        pixels.bytes_mut().copy_from_slice(&surface.pixels);
        let create = SurfaceCreate {
            width: surface.width,
            height: surface.height,
            stride: surface.stride,
            format: surface.format,
            position: surface.position,
            mouse_mode: surface.mouse_mode,
            flags: surface.flags,
            kind: surface.kind,
            mem: pixels.address(),
            group: 0,
        };
        self.primaries.push(pixels);
        let PrimarySurface { width, height, stride, format, .. } = *surface;
        self.primary = Some(Shape { format, width, height, stride });
        for mirror in &self.mirrors {
            let mut pixels = Memory::zeroed(surface.pixels.len());
            pixels.bytes_mut().copy_from_slice(&surface.pixels);
            self.create_on(*mirror, SurfaceCreate { mem: pixels.address(), ..create }, None);
            self.primaries.insert(0, pixels);
        }
        self.create_on(self.device, create, cookie);
    }

    /// The memory of the pixels has to stay.
    fn create_on(&self, device: *mut QxlInstance, mut create: SurfaceCreate, cookie: Option<u64>) {
        match cookie {
            // SAFETY: the library copies the description; the pixels stay.
            None => unsafe {
                (self.entry.spice_qxl_create_primary_surface)(device, 0, &raw mut create);
            },
            // SAFETY: as above.
            Some(cookie) => unsafe {
                (self.entry.spice_qxl_create_primary_surface_async)(device, 0, &raw mut create, cookie);
            },
        }
    }

    /// Destroys the primary surface, with `cookie` by the call that completes later. Says whether there
    /// was one; without, nothing is called.
    pub fn destroy_primary(&mut self, cookie: Option<u64>) -> bool {
        if self.primary.take().is_none() {
            return false;
        }
        for mirror in &self.mirrors {
            self.destroy_on(*mirror, None);
        }
        self.destroy_on(self.device, cookie);
        true
    }

    /// The device has to have a primary surface.
    fn destroy_on(&self, device: *mut QxlInstance, cookie: Option<u64>) {
        match cookie {
            // SAFETY: the device is valid, and has this surface.
            None => unsafe { (self.entry.spice_qxl_destroy_primary_surface)(device, 0) },
            // SAFETY: as above.
            Some(cookie) => unsafe {
                (self.entry.spice_qxl_destroy_primary_surface_async)(device, 0, cookie);
            },
        }
    }

    /// Destroys all surfaces.
    pub fn destroy_surfaces(&mut self) {
        self.primary = None;
        for device in self.devices() {
            // SAFETY: the device is valid.
            unsafe { (self.entry.spice_qxl_destroy_surfaces)(device) };
        }
    }

    /// Has the library draw all of a surface and put it into the guest's memory.
    pub fn update(&self, surface: u32, shape: Shape) {
        let side = |length: u32| i32::try_from(length).unwrap_or(i32::MAX);
        let mut area = Rect { top: 0, left: 0, bottom: side(shape.height), right: side(shape.width) };
        let nothing = std::ptr::null_mut();
        // SAFETY: the device is valid, and the library copies the area; it has nowhere to put dirty rectangles.
        unsafe { (self.entry.spice_qxl_update_area)(self.device, surface, &raw mut area, nothing, 0, 0) };
    }

    /// The primary surface as the library last put it into the guest's memory.
    pub fn primary(&mut self) -> Option<Pixels> {
        let shape = self.primary?;
        Some(Pixels { surface: 0, shape, rows: shape.rows(self.primaries.last_mut()?.bytes_mut()) })
    }

    /// Hides the pointer.
    pub fn reset_cursor(&self) {
        for device in self.devices() {
            // SAFETY: the device is valid.
            unsafe { (self.entry.spice_qxl_reset_cursor)(device) };
        }
    }

    /// Forgets the cached images.
    pub fn reset_image_cache(&self) {
        for device in self.devices() {
            // SAFETY: the device is valid.
            unsafe { (self.entry.spice_qxl_reset_image_cache)(device) };
        }
    }

    /// Stops the machine and destroys the server.
    pub fn close(self) {
        // SAFETY: the server is valid.
        unsafe { (self.entry.spice_server_vm_stop)(self.server) };
        // SAFETY: the server is valid, and nothing uses it after this.
        unsafe { (self.entry.spice_server_destroy)(self.server) };
    }
}
