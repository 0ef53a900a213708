//! What a host learns when its machine moves: results of its calls, and what it is told.

use std::path::Path;

use anyhow::{Context, Result};
use probe::{Address, Client, Options};
use serde_json::Value;

use crate::replay::{self, Source};

const CONNECTED: &str = "migrate_connect_complete";
const ENDED: &str = "migrate_end_complete";

/// One way in which a host may go through a migration.
#[derive(Debug)]
pub(crate) struct Script {
    /// Whether the host has an interface for migration. The original ends the process of a host that makes a call
    /// which does not fit.
    has_interface: bool,
    has_client: bool,
    steps: &'static [&'static str],
    /// Whether the host is told at last that clients are done, once they have left.
    ends_with_clients: bool,
}

/// All that are compared. The client cannot migrate by itself.
pub(crate) const SCRIPTS: &[Script] = &[
    Script {
        has_interface: false,
        has_client: false,
        steps: &[
            "start",
            "switch",
            "info there 5900 -1",
            "start",
            "switch",
            "start",
            "info there -1 5901",
            "start",
            "info there -1 -1",
            "start",
            "info - 5900 5901",
            "start",
            "info there 0 -1",
        ],
        ends_with_clients: false,
    },
    Script {
        has_interface: false,
        has_client: true,
        steps: &["start", "switch", "info there 5900 5901", "start", "switch", "start", "switch"],
        ends_with_clients: false,
    },
    Script {
        has_interface: true,
        has_client: false,
        steps: &[
            "start",
            "end stays",
            "end moved",
            "connect there 5900 -1",
            "start",
            "switch",
            "end moved",
            "start",
            "connect there -1 5901",
            "connect there 5900 -1",
            "end stays",
            "connect - 1 2",
            "connect there -1 -1",
            "end moved",
        ],
        ends_with_clients: false,
    },
    Script {
        has_interface: true,
        has_client: true,
        steps: &[
            "start",
            "end stays",
            "connect there 5900 -1",
            "start",
            "end stays",
            "start",
            "connect there -1 -1",
            "start",
            "connect there 5900 5901",
            "connect there 5900 5901",
            "start",
            "end stays",
        ],
        ends_with_clients: false,
    },
    Script {
        has_interface: true,
        has_client: true,
        steps: &["connect there 5900 -1", "start", "end moved", "start"],
        ends_with_clients: true,
    },
    Script { has_interface: true, has_client: true, steps: &["end moved"], ends_with_clients: false },
    Script {
        has_interface: true,
        has_client: true,
        steps: &["connect there 5900 -1", "switch", "start", "end moved"],
        ends_with_clients: false,
    },
];

/// What the host has learnt.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Learnt {
    results: Vec<(&'static str, Option<i64>)>,
    connected: usize,
    ended: usize,
}

/// Goes through a migration with a library.
pub(crate) fn learnt(library: &Path, script: &Script) -> Result<Learnt> {
    let options: &[&str] = if script.has_interface { &["--migration"] } else { &[] };
    let mut replayer = replay::start(library, Source::Recording("qxl-desk"), options)?;
    replayer.go(0)?;
    let address = Address::Tcp(replayer.address().to_string());
    let client = script.has_client.then(|| Client::connect(&address, &Options::default())).transpose()?;
    let mut lines = Vec::new();
    let mut results = Vec::new();
    for step in script.steps {
        let more = replayer.migrate(step).with_context(|| format!("migrate {step}"))?;
        results.push((*step, more.last().and_then(|line| line.get("result")).and_then(Value::as_i64)));
        lines.extend(more);
    }
    drop(client);
    if script.ends_with_clients && count(&lines, ENDED) == 0 {
        lines.extend(replayer.lines_until(ENDED, |line| is(line, ENDED))?);
    }
    replayer.quit()?;
    Ok(Learnt { results, connected: count(&lines, CONNECTED), ended: count(&lines, ENDED) })
}

fn count(lines: &[Value], event: &str) -> usize {
    lines.iter().filter(|line| is(line, event)).count()
}

fn is(line: &Value, event: &str) -> bool {
    line.get("event").and_then(Value::as_str) == Some(event)
}
