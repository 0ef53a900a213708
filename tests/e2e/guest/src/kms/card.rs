//! An open graphics device.

use std::fs::{File, OpenOptions};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use drm::control::{Device as ControlDevice, Event, PageFlipEvent};
use drm::{ClientCapability, Device};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

const DEVICE: &str = "/dev/dri/card0";

/// How long a driver may take for what it has been asked to do, on a slow and busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// The first graphics device. Whoever opens it first may set modes; closing it gives the screen back to the console.
pub(crate) struct Card(File);

impl Card {
    /// Opens it as programs from before atomic mode setting do.
    pub(crate) fn open() -> Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(DEVICE);
        Ok(Card(file.with_context(|| format!("cannot open {DEVICE}"))?))
    }

    /// Opens it as compositors do: planes and atomic requests, the cursor's plane included.
    pub(crate) fn open_atomic() -> Result<Self> {
        Card::open()?.atomic()
    }

    /// Makes a device of a leased part of one.
    pub(crate) fn of_lease(lease: OwnedFd) -> Result<Self> {
        Card(lease.into()).atomic()
    }

    fn atomic(self) -> Result<Self> {
        self.set_client_capability(ClientCapability::UniversalPlanes, true).context("no planes")?;
        self.set_client_capability(ClientCapability::Atomic, true).context("no atomic mode setting")?;
        // Kernels before 6.6 do not know it, and show the cursor's plane without.
        self.set_client_capability(ClientCapability::CursorPlaneHotspot, true).ok();
        Ok(self)
    }

    /// Waits for the device's next events.
    pub(crate) fn events(&self, patience: Duration) -> Result<Vec<Event>> {
        if !self.readable(patience)? {
            bail!("no event within {} ms", patience.as_millis());
        }
        Ok(self.receive_events()?.collect())
    }

    /// Waits for the next completed flip.
    pub(crate) fn flipped(&self, patience: Duration) -> Result<PageFlipEvent> {
        let due = Instant::now() + patience;
        loop {
            let left = due.saturating_duration_since(Instant::now());
            for event in self.events(left).context("the flip's completion")? {
                if let Event::PageFlip(flip) = event {
                    return Ok(flip);
                }
            }
        }
    }

    /// Whether an event is there, or comes within this time.
    pub(crate) fn readable(&self, patience: Duration) -> Result<bool> {
        let timeout =
            Timespec { tv_sec: patience.as_secs().try_into()?, tv_nsec: patience.subsec_nanos().into() };
        let mut device = [PollFd::new(self, PollFlags::IN)];
        Ok(poll(&mut device, Some(&timeout))? > 0)
    }
}

impl AsFd for Card {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Device for Card {}
impl ControlDevice for Card {}
