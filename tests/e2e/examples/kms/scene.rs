//! The scenes, as the guest's program names them, and the line in which it tells what one cost.

use anyhow::{Context, Result};
use serde::Serialize;

/// In the order in which they are shown.
pub(crate) const SCENES: [&str; 7] = ["typing", "terminal", "drag", "video", "repaint", "flips", "console"];

/// What the guest saw.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Told {
    pub(crate) frames: f64,
    pub(crate) wall_ms: f64,
    /// The whole guest's processor.
    pub(crate) busy_ms: f64,
    /// The drawing program's part of it, outside the kernel.
    pub(crate) user_ms: f64,
}

impl Told {
    /// Reads `SCENE NAME frames=… wall_ms=… busy_ms=… user_ms=…`.
    pub(crate) fn read(line: &str) -> Result<Self> {
        let value = |name: &str| -> Result<f64> {
            let mut values = line.split_whitespace().filter_map(|word| word.split_once('='));
            let (_, value) =
                values.find(|(key, _)| *key == name).with_context(|| format!("no {name}: {line}"))?;
            Ok(value.parse()?)
        };
        Ok(Told {
            frames: value("frames")?,
            wall_ms: value("wall_ms")?,
            busy_ms: value("busy_ms")?,
            user_ms: value("user_ms")?,
        })
    }
}
