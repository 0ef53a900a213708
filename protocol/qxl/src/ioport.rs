//! The device's ports: bytes from the start of BAR 3 to which a driver writes, one a request.
//!
//! A write takes effect before the instruction ends, except for the `Async` ones, which set
//! [`interrupt::IO_COMMAND`](crate::ram::interrupt::IO_COMMAND) when they are done. A driver has at most
//! one of those under way.

use crate::code::codes;

/// Ports of BAR 3, `QXL_IO_RANGE_SIZE`.
pub const PORT_COUNT: u8 = 25;

codes! {
    /// `QXL_IO_*`. "Argument" is the byte that is written; "from RAM" means a field of the
    /// [RAM header](crate::ram::RamHeader).
    pub enum IoPort: u8 {
        /// The command ring's consumer wants to be woken.
        NotifyCommand = 0,
        /// The cursor ring's consumer wants to be woken.
        NotifyCursor = 1,
        /// Draws what is pending of `update_area` of `update_surface`, from RAM.
        UpdateArea = 2,
        /// Raises or drops the interrupt line after pending bits or mask changed.
        UpdateIrq = 3,
        /// The driver is out of memory: release whatever can be.
        NotifyOom = 4,
        /// Resets the device.
        Reset = 5,
        /// Sets the mode whose number is the argument, on compatibility devices.
        SetMode = 6,
        /// Logs the text in `log_buf`, from RAM.
        Log = 7,
        /// Adds `mem_slot`, from RAM, as the slot whose number is the argument.
        MemslotAdd = 8,
        /// Removes the slot whose number is the argument.
        MemslotDel = 9,
        /// Nothing.
        DetachPrimary = 10,
        /// Nothing.
        AttachPrimary = 11,
        /// Creates the primary surface, `create_surface` from RAM.
        CreatePrimary = 12,
        /// Destroys the primary surface.
        DestroyPrimary = 13,
        /// Destroys the surface whose number is the argument.
        DestroySurfaceWait = 14,
        /// Destroys all surfaces.
        DestroyAllSurfaces = 15,
        /// [`UpdateArea`](Self::UpdateArea).
        UpdateAreaAsync = 16,
        /// [`MemslotAdd`](Self::MemslotAdd).
        MemslotAddAsync = 17,
        /// [`CreatePrimary`](Self::CreatePrimary).
        CreatePrimaryAsync = 18,
        /// [`DestroyPrimary`](Self::DestroyPrimary).
        DestroyPrimaryAsync = 19,
        /// [`DestroySurfaceWait`](Self::DestroySurfaceWait).
        DestroySurfaceAsync = 20,
        /// [`DestroyAllSurfaces`](Self::DestroyAllSurfaces).
        DestroyAllSurfacesAsync = 21,
        /// Draws everything that is pending, and releases what that frees.
        FlushSurfacesAsync = 22,
        /// Pushes the releases that are collected into the release ring.
        FlushRelease = 23,
        /// Takes over the monitors at `monitors_config`, from RAM.
        MonitorsConfigAsync = 24,
    }
}

const _: () = assert!(IoPort::ALL.len() == PORT_COUNT as usize);

impl IoPort {
    /// Whether the end is told by an interrupt.
    pub const fn is_async(self) -> bool {
        matches!(
            self,
            Self::UpdateAreaAsync
                | Self::MemslotAddAsync
                | Self::CreatePrimaryAsync
                | Self::DestroyPrimaryAsync
                | Self::DestroySurfaceAsync
                | Self::DestroyAllSurfacesAsync
                | Self::FlushSurfacesAsync
                | Self::MonitorsConfigAsync
        )
    }
}
