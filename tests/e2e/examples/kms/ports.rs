//! The guest's writes to the QXL device's ports, from QEMU's trace event `qxl_io_write`.

use std::collections::BTreeMap;

/// How often each port was written, by its name.
pub(crate) fn count(trace: &str) -> BTreeMap<String, u64> {
    let mut ports = BTreeMap::new();
    for line in trace.lines().filter(|line| line.contains("qxl_io_write")) {
        let name = line.split_once('(').and_then(|(_, rest)| rest.split_once(')'));
        *ports.entry(name.map_or("unknown", |(name, _)| name).to_owned()).or_default() += 1;
    }
    ports
}
