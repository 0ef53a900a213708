//! Prints what the kernel's input devices report: `INPUT key CODE VALUE`, `INPUT rel AXIS VALUE`, `INPUT abs AXIS
//! VALUE`, with the kernel's numbers (include/uapi/linux/input-event-codes.h). The host's tests wait for these lines.

use std::fs::File;
use std::io::{Read, Write};
use std::path::PathBuf;

use anyhow::{Context, Result};

/// `struct input_event` on 64-bit machines: two 8-byte times, then type, code and value.
const EVENT_BYTES: usize = 24;

/// Reads every input device, each on a thread of its own, until they vanish.
pub(crate) fn print() -> Result<()> {
    let readers: Vec<_> =
        devices()?.into_iter().map(|path| std::thread::spawn(move || follow(path))).collect();
    println!("INPUT-DEVICES {}", readers.len());
    for reader in readers {
        reader.join().ok();
    }
    Ok(())
}

fn devices() -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir("/dev/input").context("there are no input devices")?;
    let is_event =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("event"));
    Ok(entries.flatten().map(|entry| entry.path()).filter(is_event).collect())
}

fn follow(path: PathBuf) -> Result<()> {
    let mut device = File::open(path)?;
    let mut event = [0; EVENT_BYTES];
    loop {
        device.read_exact(&mut event)?;
        if let Some(line) = describe(&event) {
            let mut output = std::io::stdout().lock();
            writeln!(output, "{line}")?;
            output.flush()?;
        }
    }
}

fn describe(event: &[u8; EVENT_BYTES]) -> Option<String> {
    let [.., t0, t1, c0, c1, v0, v1, v2, v3] = *event;
    let code = u16::from_le_bytes([c0, c1]);
    let value = i32::from_le_bytes([v0, v1, v2, v3]);
    let kind = match u16::from_le_bytes([t0, t1]) {
        1 => "key",
        2 => "rel",
        3 => "abs",
        _ => return None,
    };
    Some(format!("INPUT {kind} {code} {value}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_described_with_the_kernels_numbers() {
        let mut event = [0; EVENT_BYTES];
        event[16..].copy_from_slice(&[1, 0, 30, 0, 1, 0, 0, 0]);
        assert_eq!(describe(&event).unwrap(), "INPUT key 30 1");
        event[16..].copy_from_slice(&[2, 0, 1, 0, 0xfb, 0xff, 0xff, 0xff]);
        assert_eq!(describe(&event).unwrap(), "INPUT rel 1 -5");
        event[16] = 0;
        assert_eq!(describe(&event), None);
    }
}
