//! The kernel's own text console, which draws through the driver's framebuffer: long output on tty1.

use std::fs::OpenOptions;
use std::io::Write;

use anyhow::{Context, Result};

use crate::scenes::usage::Usage;

const CONSOLE: &str = "/dev/tty1";
const LINES: usize = 400;

pub(super) fn scroll(name: &str, report: fn(&str)) -> Result<()> {
    let mut console = OpenOptions::new().write(true).open(CONSOLE).context("there is no text console")?;
    let usage = Usage::now()?;
    for line in 0..LINES {
        writeln!(console, "[{line:8}] usb 1-{}: new device found, idVendor={:04x}", line % 7, line * 31)?;
    }
    report(&usage.line(name, LINES)?);
    Ok(())
}
