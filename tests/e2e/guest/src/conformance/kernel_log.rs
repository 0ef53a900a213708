//! What the kernel says meanwhile: warnings with a backtrace, oopses, and a driver's errors.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;

use anyhow::{Context, Result};

/// Parts of lines that no driver may cause.
const COMPLAINTS: &[&str] =
    &["WARNING:", "BUG:", "Oops", "*ERROR*", "general protection", "INFO: task", "Unpatched return thunk"];

/// The longest record of the kernel's log.
const RECORD: usize = 8192;

/// A reader of /dev/kmsg.
pub(super) struct KernelLog(File);

impl KernelLog {
    /// Hears what the kernel says from now on.
    pub(super) fn from_now_on() -> Result<Self> {
        let nonblocking = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits())?;
        let opened = OpenOptions::new().read(true).custom_flags(nonblocking).open("/dev/kmsg");
        let mut file = opened.context("cannot read the kernel's log")?;
        file.seek(SeekFrom::End(0))?;
        Ok(KernelLog(file))
    }

    /// The complaints since the last call.
    pub(super) fn complaints(&mut self) -> Result<Vec<String>> {
        let mut found = Vec::new();
        let mut record = vec![0; RECORD];
        loop {
            let length = match self.0.read(&mut record) {
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(found),
                // Records were overwritten before they were read.
                Err(error) if error.kind() == ErrorKind::BrokenPipe => continue,
                Err(error) => return Err(error).context("cannot read the kernel's log"),
            };
            let text = String::from_utf8_lossy(record.get(..length).unwrap_or_default()).into_owned();
            found.extend(complaint(&text));
        }
    }
}

/// The message of a record, "priority,number,time,flags;message", when it is a complaint.
fn complaint(record: &str) -> Option<String> {
    let message = record.split_once(';')?.1.lines().next()?;
    COMPLAINTS.iter().any(|part| message.contains(part)).then(|| message.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_are_told_from_chatter() {
        assert_eq!(complaint("4,1,2,-;WARNING: CPU: 0\n SUBSYSTEM=x\n").unwrap(), "WARNING: CPU: 0");
        assert_eq!(complaint("6,1,2,-;fbcon: takes over\n"), None);
    }
}
