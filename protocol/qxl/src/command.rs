//! Commands: what the two guest-to-host rings carry, and the commands that belong to no other module.

use zerocopy::little_endian::U32;

use crate::code::codes;
use crate::geometry::Rect;
use crate::memslot::PhysAddr;
use crate::release::ReleaseInfo;

codes! {
    /// `QXL_CMD_*`: what a command's data is.
    pub enum CommandKind: u32 {
        /// Nothing.
        Nop = 0,
        /// [`Drawable`](crate::drawable::Drawable), or
        /// [`CompatDrawable`](crate::drawable::CompatDrawable) from compatibility drivers.
        Draw = 1,
        /// [`UpdateCommand`].
        Update = 2,
        /// [`CursorCommand`](crate::cursor::CursorCommand).
        Cursor = 3,
        /// [`Message`].
        Message = 4,
        /// [`SurfaceCommand`](crate::surface::SurfaceCommand).
        Surface = 5,
    }
}

device_layout! {
    /// `QXLCommand`: one element of the command and cursor rings.
    pub struct Command: 16 {
        /// Where the command is.
        pub data: PhysAddr,
        /// [`CommandKind`].
        pub kind: U32,
        /// Not used.
        pub padding: U32,
    }

    /// `QXLCommandExt`: how the emulator hands a command to the server.
    pub struct CommandExt: 24 {
        /// The command as the guest pushed it.
        pub command: Command,
        /// The group of memory slots that its addresses belong to.
        pub group_id: U32,
        /// [`CommandExt::COMPAT`] and [`CommandExt::COMPAT_16BPP`].
        pub flags: U32,
    }

    /// `QXLUpdateCmd`: draw what is pending of an area, and say so in
    /// [`Rom::update_id`](crate::rom::Rom::update_id).
    pub struct UpdateCommand: 32 {
        /// The way back to the driver.
        pub release: ReleaseInfo,
        /// In pixels of the surface.
        pub area: Rect,
        /// What the ROM shows afterwards.
        pub update_id: U32,
        /// Which surface.
        pub surface_id: U32,
    }

    /// `QXLCompatUpdateCmd`: the same, of the primary surface.
    pub struct CompatUpdateCommand: 28 {
        /// The way back to the driver.
        pub release: ReleaseInfo,
        /// In pixels of the primary surface.
        pub area: Rect,
        /// What the ROM shows afterwards.
        pub update_id: U32,
    }

    /// `QXLMessage`: what stands before a text for the host's log, which ends with a byte 0.
    pub struct Message: 8 {
        /// The way back to the driver.
        pub release: ReleaseInfo,
    }
}

/// The longest text of a [`Message`] that is looked at, in bytes.
pub const MAX_MESSAGE_BYTES: u64 = 100_000;

impl Command {
    /// A command of `kind` whose structure is at `data`.
    pub const fn new(kind: CommandKind, data: PhysAddr) -> Self {
        Self { data, kind: U32::new(kind.code()), padding: U32::new(0) }
    }
}

impl CommandExt {
    /// Drawings are [`CompatDrawable`](crate::drawable::CompatDrawable)s.
    pub const COMPAT: u32 = 1 << 0;
    /// Colours are 0RRRRRGGGGGBBBBB.
    pub const COMPAT_16BPP: u32 = 1 << 1;
}
