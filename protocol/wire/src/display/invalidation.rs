//! What leaves the client's caches.

use alloc::vec::Vec;

use crate::error::WireError;
use crate::message::{Wire, numbers, structure};
use crate::read::Reader;
use crate::write::FrameBuilder;

numbers! {
    /// What a cached thing is.
    pub struct ResourceType(u8) {
        /// Nothing.
        INVALID = 0,
        /// An image.
        PIXMAP = 1,
    }
}

structure! {
    /// A cached thing.
    #[derive(Copy, Default)]
    pub struct Resource {
        /// What it is.
        pub resource_type: ResourceType,
        /// Its name.
        pub id: u64,
    }

    /// The name of a palette or of a pointer's shape.
    #[derive(Copy, Default)]
    pub struct CacheId {
        /// The name.
        pub id: u64,
    }
}

/// Body of [`ServerMessage::InvalList`](super::ServerMessage::InvalList); at most 65535 things.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InvalList {
    /// What leaves the cache.
    pub resources: Vec<Resource>,
}

impl Wire for InvalList {
    const MIN_SIZE: usize = 2;

    fn put(&self, to: &mut FrameBuilder) {
        let count = u16::try_from(self.resources.len()).unwrap_or(u16::MAX);
        to.put(&count);
        self.resources.iter().take(count.into()).for_each(|resource| to.put(resource));
    }

    fn take(from: &mut Reader<'_>, _: &'static str) -> Result<Self, WireError> {
        let count = u16::take(from, "InvalList::count")?;
        Ok(Self { resources: from.list(count.into(), "InvalList::resources")? })
    }
}
