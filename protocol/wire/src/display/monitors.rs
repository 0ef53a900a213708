//! Which monitors show which part of the primary surface.

use alloc::vec::Vec;

use crate::drawable::SurfaceId;
use crate::error::WireError;
use crate::message::{Wire, structure};
use crate::read::Reader;
use crate::write::FrameBuilder;

structure! {
    /// One monitor.
    #[derive(Copy, Default)]
    pub struct Head {
        /// Its number.
        pub monitor_id: u32,
        /// The surface it shows.
        pub surface: SurfaceId,
        /// Columns it shows.
        pub width: u32,
        /// Rows it shows.
        pub height: u32,
        /// Its left edge on the surface.
        pub x: u32,
        /// Its top edge on the surface.
        pub y: u32,
        /// Nothing yet.
        pub flags: u32,
    }
}

/// Body of [`ServerMessage::MonitorsConfig`](super::ServerMessage::MonitorsConfig); at most 65535 monitors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MonitorsConfig {
    /// How many monitors the device can have.
    pub max_allowed: u16,
    /// Those that it has.
    pub heads: Vec<Head>,
}

impl Wire for MonitorsConfig {
    const MIN_SIZE: usize = 4;

    fn put(&self, to: &mut FrameBuilder) {
        let count = u16::try_from(self.heads.len()).unwrap_or(u16::MAX);
        to.put(&count);
        to.put(&self.max_allowed);
        self.heads.iter().take(count.into()).for_each(|head| to.put(head));
    }

    fn take(from: &mut Reader<'_>, _: &'static str) -> Result<Self, WireError> {
        let count = u16::take(from, "MonitorsConfig::count")?;
        Ok(Self {
            max_allowed: u16::take(from, "MonitorsConfig::max_allowed")?,
            heads: from.list(count.into(), "MonitorsConfig::heads")?,
        })
    }
}
