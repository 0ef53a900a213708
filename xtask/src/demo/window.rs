//! The demo's window: a stock viewer on the guest's display, where there is a screen to open one on.
//!
//! [`super`] opens it when the guest has something to show. It must never outlive the demo, and what the viewer
//! complains of reaches the terminal only when the viewer fails.

use std::fmt;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Stdio};

use anyhow::{Context, Result};
use e2e::tied_to_us;

pub(super) const VIEWER: &str = "remote-viewer";
const PACKAGE: &str = "virt-viewer";

/// A viewer's window; closed when dropped.
pub(super) struct Window {
    viewer: Child,
    complaints: PathBuf,
}

/// Why there is no window.
#[derive(Debug, PartialEq)]
pub(super) enum NoWindow {
    /// The session has neither X11 nor Wayland.
    Screen,
    /// The viewer is not installed.
    Viewer,
}

/// How a window came to its end.
pub(super) enum End {
    /// Somebody closed it.
    Closed,
    /// The viewer failed, with these last words.
    Failed(String),
}

impl fmt::Display for NoWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoWindow::Screen => f.write_str("no window: neither DISPLAY nor WAYLAND_DISPLAY is set"),
            NoWindow::Viewer => write!(f, "no window: {VIEWER} is missing (package {PACKAGE})"),
        }
    }
}

/// Whether a window can be opened here.
pub(super) fn possible() -> Result<(), NoWindow> {
    let screen = ["WAYLAND_DISPLAY", "DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    verdict(screen, e2e::on_path(VIEWER))
}

fn verdict(screen: bool, viewer: bool) -> Result<(), NoWindow> {
    match (screen, viewer) {
        (false, _) => Err(NoWindow::Screen),
        (true, false) => Err(NoWindow::Viewer),
        (true, true) => Ok(()),
    }
}

impl Window {
    /// Opens one on the display at `uri`. What the viewer writes goes to the file `complaints`.
    pub(super) fn open(uri: &str, complaints: PathBuf) -> Result<Self> {
        let errors = File::create(&complaints).context("cannot keep the viewer's messages")?;
        let mut viewer = tied_to_us(VIEWER);
        viewer.args(["--title", "SPICE guest suite demo", uri]);
        viewer.stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors);
        let viewer = viewer.spawn().with_context(|| format!("cannot start {VIEWER}"))?;
        Ok(Window { viewer, complaints })
    }

    /// How it has ended, when it has.
    pub(super) fn end(&mut self) -> Result<Option<End>> {
        let Some(status) = self.viewer.try_wait()? else { return Ok(None) };
        if status.success() {
            return Ok(Some(End::Closed));
        }
        let complaints = fs::read_to_string(&self.complaints).unwrap_or_default();
        let last = complaints.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
        Ok(Some(End::Failed(format!("{VIEWER} ended with {status}: {}", last.trim()))))
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        self.viewer.kill().ok();
        self.viewer.wait().ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_for_a_window_is_named() {
        assert_eq!(verdict(true, true), Ok(()));
        let missing = verdict(true, false).unwrap_err().to_string();
        assert!(missing.contains("remote-viewer") && missing.contains("virt-viewer"), "{missing}");
        assert_eq!(verdict(false, true), Err(NoWindow::Screen));
    }
}
