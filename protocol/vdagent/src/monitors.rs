//! The monitors that a client wants the guest to have.

use alloc::vec::Vec;

use crate::error::AgentError;
use crate::fields::Fields;

/// Monitors have a place.
const USE_POSITION: u32 = 1;

/// Each monitor has a size in millimetres, after all monitors.
const PHYSICAL_SIZE: u32 = 2;

/// Most monitors of one message; more than any device has.
pub const MAX_MONITORS: u32 = 256;

/// The monitors that a client wants the guest to have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MonitorsConfig {
    /// Whether the places of the monitors hold.
    pub use_position: bool,
    /// Whether the physical sizes hold.
    pub physical_size: bool,
    /// In the order of their numbers.
    pub monitors: Vec<Monitor>,
}

/// One monitor. One of no size is off, for agents with the capability
/// [`SPARSE_MONITORS_CONFIG`](crate::capability::SPARSE_MONITORS_CONFIG).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Monitor {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Bits of a pixel.
    pub depth: u32,
    /// Left edge on the desktop.
    pub x: i32,
    /// Top edge on the desktop.
    pub y: i32,
    /// Width in millimetres; 0 when not known.
    pub width_mm: u16,
    /// Height in millimetres; 0 when not known.
    pub height_mm: u16,
}

impl MonitorsConfig {
    pub(crate) fn put(&self, to: &mut Vec<u8>) {
        let count = u32::try_from(self.monitors.len()).unwrap_or(MAX_MONITORS).min(MAX_MONITORS);
        let flags = if self.use_position { USE_POSITION } else { 0 }
            | if self.physical_size { PHYSICAL_SIZE } else { 0 };
        to.extend_from_slice(&count.to_le_bytes());
        to.extend_from_slice(&flags.to_le_bytes());
        let monitors = || self.monitors.iter().take(MAX_MONITORS as usize);
        for monitor in monitors() {
            let Monitor { width, height, depth, x, y, .. } = monitor;
            for number in [height, width, depth] {
                to.extend_from_slice(&number.to_le_bytes());
            }
            for number in [x, y] {
                to.extend_from_slice(&number.to_le_bytes());
            }
        }
        if self.physical_size {
            for Monitor { width_mm, height_mm, .. } in monitors() {
                to.extend_from_slice(&height_mm.to_le_bytes());
                to.extend_from_slice(&width_mm.to_le_bytes());
            }
        }
    }

    pub(crate) fn take(from: &mut Fields<'_>) -> Result<Self, AgentError> {
        let count = from.u32("count of monitors")?;
        if count > MAX_MONITORS {
            return Err(AgentError::BadValue { field: "count of monitors", value: count.into() });
        }
        let flags = from.u32("monitors flags")?;
        let mut monitors = (0..count).map(|_| take_monitor(from)).collect::<Result<Vec<_>, _>>()?;
        let physical_size = flags & PHYSICAL_SIZE != 0;
        if physical_size {
            for monitor in &mut monitors {
                monitor.height_mm = from.u16("physical height")?;
                monitor.width_mm = from.u16("physical width")?;
            }
        }
        Ok(Self { use_position: flags & USE_POSITION != 0, physical_size, monitors })
    }
}

fn take_monitor(from: &mut Fields<'_>) -> Result<Monitor, AgentError> {
    Ok(Monitor {
        height: from.u32("monitor height")?,
        width: from.u32("monitor width")?,
        depth: from.u32("monitor depth")?,
        x: from.i32("monitor x")?,
        y: from.i32("monitor y")?,
        width_mm: 0,
        height_mm: 0,
    })
}
