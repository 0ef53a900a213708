//! An atomic request, with properties by their names.

use std::io;

use anyhow::{Result, bail};
use drm::control::atomic::AtomicModeReq;
use drm::control::{AtomicCommitFlags, Device, RawResourceHandle, ResourceHandle};

use crate::kms::Output;

/// Changes to objects of one display. Any problem in putting it together is told when it is committed.
pub(crate) struct Request<'output> {
    output: &'output Output<'output>,
    changes: AtomicModeReq,
    missing: Option<String>,
}

impl<'output> Request<'output> {
    pub(crate) fn new(output: &'output Output<'output>) -> Self {
        Request { output, changes: AtomicModeReq::new(), missing: None }
    }

    /// Sets a property. Values as the kernel has them: object numbers, blob numbers, 16.16 fixed point.
    pub(crate) fn set(mut self, object: impl ResourceHandle, name: &str, value: u64) -> Self {
        let object: RawResourceHandle = object.into();
        match self.output.property(object, name) {
            Some(property) => self.changes.add_raw_property(object, property, value),
            None => self.missing = Some(format!("object {object} has no property {name}")),
        }
        self
    }

    /// Commits it. The outer error is ours, the inner one the driver's.
    pub(crate) fn try_commit(self, flags: AtomicCommitFlags) -> Result<io::Result<()>> {
        match self.missing {
            Some(missing) => bail!("{missing}"),
            None => Ok(self.output.card.atomic_commit(flags, self.changes)),
        }
    }

    /// Commits it, modes included.
    pub(crate) fn commit(self) -> Result<()> {
        Ok(self.try_commit(AtomicCommitFlags::ALLOW_MODESET)??)
    }
}
