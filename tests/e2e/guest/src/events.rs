//! Prints what the kernel's input devices report: `INPUT key CODE VALUE`, `INPUT rel AXIS VALUE`, `INPUT abs AXIS
//! VALUE`, with the kernel's numbers (include/uapi/linux/input-event-codes.h). The host's tests wait for these lines.

use std::collections::HashSet;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

const DEVICES: &str = "/dev/input";

/// `struct input_event` on 64-bit machines: two 8-byte times, then type, code and value.
const EVENT_BYTES: usize = 24;

/// How often to look for new devices: some appear seconds after the kernel has booted.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Reads every input device, each on a thread of its own, and announces each as `INPUT-DEVICE NAME`.
pub(crate) fn print() -> Result<()> {
    let mut followed = HashSet::new();
    loop {
        for name in devices()? {
            if followed.insert(name.clone()) {
                let device = File::open(Path::new(DEVICES).join(&name))?;
                say(&format!("INPUT-DEVICE {}", description(&name)))?;
                std::thread::spawn(move || follow(device));
            }
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// The names of the event devices, such as "event0".
fn devices() -> Result<Vec<String>> {
    let entries = std::fs::read_dir(DEVICES).context("there are no input devices")?;
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    Ok(names.filter(|name| name.starts_with("event")).collect())
}

/// What the device calls itself.
fn description(name: &str) -> String {
    let description = std::fs::read_to_string(format!("/sys/class/input/{name}/device/name"));
    description.map_or_else(|_| name.to_owned(), |text| text.trim().to_owned())
}

fn follow(mut device: File) -> Result<()> {
    let mut event = [0; EVENT_BYTES];
    loop {
        device.read_exact(&mut event)?;
        if let Some(line) = describe(&event) {
            say(&line)?;
        }
    }
}

fn say(line: &str) -> Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}")?;
    Ok(output.flush()?)
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
