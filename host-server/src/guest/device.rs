//! What the host's emulated QXL device offers to the server, and what it is told in return.
//!
//! The C face implements these traits over QEMU's `QXLInterface`; tests implement them over the model of
//! the device. Which thread may call what is part of the contract: see each trait.

use image::geometry::Rect;
use wire::drawable::SurfaceId;

/// A ring element: the address of a command in guest memory (`QXLCommandExt`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandExt {
    /// `QXLPHYSICAL` of the command's structure.
    pub address: u64,
    /// `QXL_CMD_*`: 1 draw, 2 update, 3 cursor, 4 message, 5 surface.
    pub kind: u32,
    /// The memory slot group the address belongs to.
    pub group: u32,
    /// `QXL_COMMAND_FLAG_*`: compat 1, compat 16 bits a pixel 2.
    pub flags: u32,
}

/// The name under which a command's memory is given back (`QXLReleaseInfoExt`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release {
    /// The host's address of the command's `QXLReleaseInfo`.
    pub host_address: usize,
    /// The memory slot group it belongs to.
    pub group: u32,
}

/// Dimensions of the device (`QXLDevInitInfo`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceLimits {
    /// Groups of memory slots.
    pub slot_groups: u32,
    /// Slots in each group.
    pub slots: u32,
    /// Bits of an address that hold the slot's generation.
    pub generation_bits: u8,
    /// Bits of an address that hold the slot's number.
    pub slot_bits: u8,
    /// The slot of the host group that needs no translation.
    pub internal_slot: u8,
    /// Surfaces, the primary one included.
    pub surfaces: u32,
}

/// A primary surface as the device describes it (`QXLDevSurfaceCreate`). Nothing in it is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrimarySurface {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Bytes from one row to the next; negative when the picture is stored from the bottom up.
    pub stride: i32,
    /// `SPICE_SURFACE_FMT_*`.
    pub format: u32,
    /// `QXL_SURF_FLAG_*`: keep data 1.
    pub flags: u32,
    /// `QXLPHYSICAL` of the first stored byte.
    pub address: u64,
    /// The memory slot group of that address.
    pub group: u32,
    /// Whether the guest gives the pointer's shape to the device (`mouse_mode`), so that clients can draw it.
    pub hardware_cursor: bool,
}

/// The device as the display's thread sees it: rings in, completions out. Called on that thread only.
pub trait QxlDevice: Send {
    /// The next drawing command, if there is one.
    fn next_command(&mut self) -> Option<CommandExt>;
    /// Asks for a wakeup when a drawing command arrives; `false` when one has arrived already.
    fn request_command_notification(&mut self) -> bool;
    /// The next cursor command, if there is one.
    fn next_cursor_command(&mut self) -> Option<CommandExt>;
    /// Asks for a wakeup when a cursor command arrives; `false` when one has arrived already.
    fn request_cursor_notification(&mut self) -> bool;
    /// Gives a command's memory back to the guest.
    fn release(&mut self, release: Release);
    /// Pushes releases that the device still holds to the guest; `false` when there were none.
    fn flush_releases(&mut self) -> bool;
    /// The guest asked to be told when its update command was reached.
    fn notify_update(&mut self, update_id: u32);
    /// The asynchronous call with `cookie` is done.
    fn async_complete(&mut self, cookie: u64);
    /// What an asynchronous area update has drawn; comes before its `async_complete`.
    fn update_area_complete(&mut self, surface: SurfaceId, drawn: &[Rect]);
    /// What all connected clients can do, as bits for the device's ROM. Only while the guest runs.
    fn set_client_capabilities(&mut self, client_present: bool, capabilities: &[u8; 58]);
}

/// The device as the main loop's thread sees it. Called on that thread only.
pub trait QxlFrontend {
    /// Hands a client's wish for monitors to the guest, as the body of a `VD_AGENT_MONITORS_CONFIG`
    /// message; `None` only asks whether the device can. `false` when it cannot: then the agent is asked.
    fn client_monitors_config(&mut self, config: Option<&[u8]>) -> bool;
}
