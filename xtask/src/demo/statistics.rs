//! What the guest's display driver has done: its own counts, read from the guest while it draws.

use std::collections::HashMap;
use std::fmt;

use anyhow::Result;
use e2e::{Deadline, Vm};

/// Where the driver counts, one "name value" a line.
const FILE: &str = "/sys/kernel/debug/dri/0/qxl_statistics";

/// Counts since the driver was loaded.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Statistics(HashMap<String, u64>);

impl Statistics {
    /// The guest's counts at this moment.
    pub(super) fn of(vm: &mut Vm) -> Result<Self> {
        Ok(Self::read(&vm.guest.run(&format!("cat {FILE}"), Deadline::seconds(30))?))
    }

    /// Lines that are no counts are left out.
    fn read(text: &str) -> Self {
        let count = |line: &str| {
            let (name, value) = line.trim().split_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        };
        Self(text.lines().filter_map(count).collect())
    }

    fn count(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    fn port_writes(&self) -> u64 {
        self.0.iter().filter(|(name, _)| name.starts_with("port_")).map(|(_, count)| count).sum()
    }
}

impl fmt::Display for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.1} MB of pixels in {} images and {} new tiles, {} tiles used again, {} fills, {} areas moved; \
             {} port writes, {} stalls",
            self.count("bytes") as f64 / 1e6,
            self.count("images"),
            self.count("tiles_written"),
            self.count("tiles_reused"),
            self.count("fills"),
            self.count("copies"),
            self.port_writes(),
            self.count("stalls"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_and_ports_are_added_up() {
        let statistics = Statistics::read("bytes 2500000\nfills 7\nport_0 3\nport_3 4\nnonsense\nworse x\n");
        assert_eq!(statistics.port_writes(), 7);
        assert!(statistics.to_string().starts_with("2.5 MB of pixels in 0 images"));
        assert!(statistics.to_string().contains(" 7 fills"));
    }
}
