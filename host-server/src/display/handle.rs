//! How the rest of the server talks to a display's thread.
//!
//! Calls come from QEMU's main loop and vCPU threads. Those that the device's contract makes synchronous
//! block until the thread has done them; all others only queue. Every asynchronous call's cookie is
//! completed exactly once, in the order of the calls.

use image::geometry::Rect;
use wire::drawable::SurfaceId;
use wire::link::ChannelKind;

use crate::channel::connection::{Connection, ConnectionEvent};
use crate::guest::device::{CommandExt, PrimarySurface};
use crate::guest::region::Region;

/// A client, for as long as its main channel lives. Unique within a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(pub u32);

/// A client's display or cursor channel, linked and authenticated.
#[derive(Debug)]
pub struct ClientChannel {
    /// Whose it is.
    pub client: ClientId,
    /// Display or cursor.
    pub kind: ChannelKind,
    /// Where its messages go.
    pub connection: Connection,
    /// Channel capability words of the link message.
    pub capabilities: Vec<u32>,
    /// What the client may decode beside what its capabilities say: whether the peer is on this host.
    pub is_local: bool,
}

/// A new memory slot (`QXLDevMemSlot`).
#[derive(Debug)]
pub struct MemorySlot {
    /// The group.
    pub group: u32,
    /// The slot in it.
    pub slot: u32,
    /// Must equal the generation bits of addresses.
    pub generation: u32,
    /// Added to the offset bits of an address to give the host's address.
    pub address_delta: u64,
    /// First host address inside.
    pub start: u64,
    /// First host address outside.
    pub end: u64,
    /// The memory from `start` on.
    pub region: Box<dyn Region>,
}

/// A call that is answered through [`QxlDevice::async_complete`](crate::guest::device::QxlDevice::async_complete)
/// with its cookie.
#[derive(Debug)]
pub enum AsyncCall {
    /// Adds a memory slot.
    AddSlot(MemorySlot),
    /// Creates the primary surface.
    CreatePrimary(PrimarySurface),
    /// Destroys the primary surface.
    DestroyPrimary,
    /// Destroys one surface.
    DestroySurface(SurfaceId),
    /// Destroys all surfaces.
    DestroySurfaces,
    /// Draws what is pending into the guest's memory.
    UpdateArea {
        /// The surface.
        surface: SurfaceId,
        /// The part of it.
        area: Rect,
        /// Whether the drawn region is forgotten afterwards.
        clear_dirty: bool,
    },
    /// Draws all that is pending on all surfaces.
    FlushSurfaces,
    /// A new arrangement of monitors, as a `QXLMonitorsConfig` in guest memory.
    MonitorsConfig {
        /// Its address.
        address: u64,
        /// The group of that address.
        group: u32,
    },
    /// The GL scanout changed; not supported yet, completed at once.
    GlDraw,
}

/// The display's thread, from outside. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle {/* written by the display's author */}

#[allow(unused_variables, missing_docs, clippy::needless_pass_by_value, reason = "signatures first")]
impl Handle {
    /// Commands have arrived in the ring. Coalesced.
    pub fn wakeup(&self) {}
    /// The guest has no memory left for commands. Coalesced.
    pub fn out_of_memory(&self) {}
    /// The virtual machine runs.
    pub fn start(&self) {}
    /// The virtual machine stops. Blocks until every command is read and every surface is drawn.
    pub fn stop(&self) {}
    /// Blocks.
    pub fn add_slot(&self, slot: MemorySlot) {}
    pub fn remove_slot(&self, group: u32, slot: u32) {}
    pub fn reset_slots(&self) {}
    /// Blocks.
    pub fn create_primary(&self, surface: PrimarySurface) {}
    /// Blocks.
    pub fn destroy_primary(&self) {}
    /// Blocks.
    pub fn destroy_surface(&self, surface: SurfaceId) {}
    /// Blocks.
    pub fn destroy_surfaces(&self) {}
    /// Blocks; returns at most `limit` rectangles that cover what was drawn since the last clearing call.
    pub fn update_area(&self, surface: SurfaceId, area: Rect, clear_dirty: bool, limit: usize) -> Vec<Rect> {
        Vec::new()
    }
    /// Blocks.
    pub fn reset_image_cache(&self) {}
    /// Blocks.
    pub fn reset_cursor(&self) {}
    pub fn driver_unload(&self) {}
    /// Blocks; commands that were in flight when the machine's state was saved.
    pub fn load_commands(&self, commands: Vec<CommandExt>) {}
    pub fn call_async(&self, call: AsyncCall, cookie: u64) {}
    pub fn set_mouse_mode(&self, client: bool) {}
    /// A `SPICE_IMAGE_COMPRESSION_*` value, already checked.
    pub fn set_compression(&self, compression: u32) {}
    pub fn set_max_monitors(&self, count: u32) {}
    /// A client's channel joins. Its events must then be passed to the returned sink.
    pub fn attach(&self, channel: ClientChannel) -> Box<dyn FnMut(ConnectionEvent) + Send> {
        Box::new(|_| ())
    }
    /// The client has gone: drop its channels.
    pub fn detach(&self, client: ClientId) {}
    /// Ends the thread. Blocks.
    pub fn shut_down(&self) {}
}
