//! Graphics memory, for which a file without a name stands.

use std::os::fd::IntoRawFd;

use anyhow::Result;
use rustix::fs::{MemfdFlags, memfd_create};

use super::Host;
use crate::scanout::ScanoutCall;

/// The cookies of draws, which are told apart by it from those of other calls.
pub(super) const DRAWS: u64 = 1 << 32;

/// 32 bits a pixel, of `drm_fourcc.h`.
const XRGB8888: u32 = u32::from_le_bytes(*b"XR24");

impl Host {
    /// Makes a call about graphics memory.
    ///
    /// # Errors
    /// The system has no memory for a buffer.
    pub fn scanout(&mut self, call: &ScanoutCall) -> Result<()> {
        match *call {
            ScanoutCall::Show(width, height, byte) => {
                let file = memfd_create("scanout", MemfdFlags::CLOEXEC)?;
                let length = usize::try_from(u64::from(width) * u64::from(height) * 4)?;
                let mut bytes = vec![byte; length];
                while !bytes.is_empty() {
                    let written = rustix::io::write(&file, &bytes)?;
                    bytes.drain(..written);
                }
                let fd = file.into_raw_fd();
                // SAFETY: the device is valid, and the library takes the descriptor over.
                unsafe {
                    (self.entry.spice_qxl_gl_scanout)(self.device, fd, width, height, width * 4, XRGB8888, 1);
                }
            }
            // SAFETY: the device is valid, and there is no descriptor.
            ScanoutCall::End => unsafe { (self.entry.spice_qxl_gl_scanout)(self.device, -1, 0, 0, 0, 0, 0) },
            ScanoutCall::Draw([x, y, width, height]) => {
                self.draws += 1;
                // SAFETY: the device is valid.
                unsafe {
                    (self.entry.spice_qxl_gl_draw_async)(
                        self.device,
                        x,
                        y,
                        width,
                        height,
                        DRAWS + self.draws,
                    );
                }
            }
        }
        Ok(())
    }
}
