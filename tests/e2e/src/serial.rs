//! What the guest writes to its first serial port: the kernel's console and the markers of the guest's init script.

use std::io::Read;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::deadline::Deadline;

/// Lines that mean that nothing more is to come.
const FATAL: &[&str] = &["Kernel panic", "GUEST-CONTROL-LOST", "GUEST-PROGRAM-FAILED"];

/// A growing text, read by a thread of its own. Each reader keeps its own position in it.
pub struct SerialLog {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    text: Mutex<Text>,
    grown: Condvar,
}

#[derive(Default)]
struct Text {
    content: String,
    ended: bool,
}

impl SerialLog {
    /// Reads `stream` until it ends.
    pub(crate) fn reading(mut stream: UnixStream) -> Self {
        let shared = Arc::new(Shared::default());
        let log = SerialLog { shared: shared.clone() };
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = stream.read(&mut buffer) {
                shared.append(buffer.get(..count).unwrap_or_default());
            }
            shared.end();
        });
        log
    }

    /// The position after everything so far, for a later [`SerialLog::line_after`].
    pub fn position(&self) -> usize {
        self.shared.lock().content.len()
    }

    /// Everything so far.
    pub fn text(&self) -> String {
        self.shared.lock().content.clone()
    }

    /// An error when nothing more can come from the guest, by what it wrote after `position`.
    pub(crate) fn check_alive(&self, position: usize) -> Result<()> {
        self.shared.lock().check_alive(position)
    }

    /// Waits for a complete line after `position` that contains `marker`; gives the line and the position after it.
    pub fn line_after(&self, position: usize, marker: &str, deadline: Deadline) -> Result<(String, usize)> {
        let mut text = self.shared.lock();
        loop {
            if let Some(found) = line_in(&text.content, position, marker) {
                return Ok(found);
            }
            text.check_alive(position).with_context(|| format!("while {marker} was awaited"))?;
            let left = deadline.left(&format!("{marker} on the guest's console"))?;
            text = self.shared.wait(text, left);
        }
    }
}

impl Text {
    fn check_alive(&self, position: usize) -> Result<()> {
        let fatal = FATAL.iter().find_map(|fatal| line_in(&self.content, position, fatal));
        match fatal {
            Some((line, _)) => bail!("the guest ended: {line}"),
            None if self.ended => bail!("the guest ended: its serial port closed"),
            None => Ok(()),
        }
    }
}

/// The first complete line from `position` on that contains `marker`, and the position after it.
fn line_in(content: &str, position: usize, marker: &str) -> Option<(String, usize)> {
    let rest = content.get(position..)?;
    let at = rest.find(marker)?;
    let start = rest.get(..at)?.rfind('\n').map_or(0, |newline| newline + 1);
    let length = rest.get(at..)?.find('\n')?;
    Some((rest.get(start..at + length)?.trim_end().to_owned(), position + at + length + 1))
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Text> {
        self.text.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, text: MutexGuard<'a, Text>, left: Duration) -> MutexGuard<'a, Text> {
        self.grown.wait_timeout(text, left).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Serial ports carry ASCII here; other bytes become question marks so that positions stay valid.
    fn append(&self, bytes: &[u8]) {
        let mut text = self.lock();
        text.content.extend(bytes.iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { '?' }));
        self.grown.notify_all();
    }

    fn end(&self) {
        self.lock().ended = true;
        self.grown.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_marker_counts_only_as_a_complete_line_after_the_position() {
        let content = "READY 1\r\nnoise READY 2\r\nREADY";
        assert_eq!(line_in(content, 0, "READY"), Some(("READY 1".into(), 9)));
        assert_eq!(line_in(content, 9, "READY"), Some(("noise READY 2".into(), 24)));
        assert_eq!(line_in(content, 24, "READY"), None);
    }

    #[test]
    fn a_panic_ends_the_wait_at_once() {
        let (mut guest, host) = UnixStream::pair().unwrap();
        let log = SerialLog::reading(host);
        guest.write_all(b"Kernel panic - not syncing\n").unwrap();
        let error = log.line_after(0, "READY", Deadline::seconds(60)).unwrap_err();
        assert!(format!("{error:#}").contains("Kernel panic"), "{error:#}");
    }

    #[test]
    fn the_end_of_the_stream_ends_the_wait() {
        let (guest, host) = UnixStream::pair().unwrap();
        let log = SerialLog::reading(host);
        drop(guest);
        assert!(log.line_after(0, "READY", Deadline::seconds(60)).is_err());
    }
}
