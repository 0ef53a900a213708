//! What every command begins with: how its memory finds the way back to the driver.

use zerocopy::little_endian::U64;

device_layout! {
    /// `QXLReleaseInfo`, a union of one number.
    ///
    /// While the device owns the command it is the driver's `id`. When the command is released, the
    /// device hands that id back: the first of a bunch in the
    /// [release ring](crate::ring::ReleaseRing), each further one as the `next` of the one before it, 0
    /// at the end. So an id leads a driver to its command, and is never 0.
    pub struct ReleaseInfo: 8 {
        /// The driver's id going in, the next released id (or 0) coming out.
        pub id: U64,
    }
}

impl ReleaseInfo {
    /// The release information of a command that the driver knows by `id`.
    pub const fn new(id: u64) -> Self {
        Self { id: U64::new(id) }
    }

    /// What the device wrote when it released the command: the id that follows, or `None` at the end.
    pub fn next(&self) -> Option<core::num::NonZeroU64> {
        core::num::NonZeroU64::new(self.id.get())
    }
}
