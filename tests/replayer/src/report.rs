//! What the replayer prints: one JSON object a line, on its standard output.

use std::io::Write;

use serde::{Deserialize, Serialize};

use crate::usage::Usage;

/// What happened since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Commands that the library took.
    pub taken: u64,
    /// Commands that it released.
    pub released: u64,
    /// Asynchronous calls that it completed.
    pub completions: u64,
    /// Asynchronous calls that were made.
    pub asynchronous_calls: u64,
    /// Releases of what the library did not hold.
    pub faults: u64,
}

/// One line; the field `event` says which.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Line<'a> {
    /// The server listens.
    Ready {
        /// A URI for clients: `spice://host:port` or `spice+unix://path`.
        uri: &'a str,
        /// Commands of the source, where it is loaded already.
        commands: Option<u64>,
    },
    /// The library has taken as many commands as it was to take.
    Reached {
        /// Commands taken since the start.
        commands: u64,
        /// How many of them it has released.
        released: u64,
        /// Whether nothing follows in the source.
        end: bool,
    },
    /// The primary surface is destroyed and the end marker was shown.
    Finished {
        /// What happened so far.
        #[serde(flatten)]
        counts: Counts,
    },
    /// What it cost since measuring began.
    Cost {
        /// What happened since the start.
        #[serde(flatten)]
        counts: Counts,
        /// The cost.
        #[serde(flatten)]
        usage: Usage,
    },
    /// Measuring begins here.
    Measuring,
    /// The server is destroyed; commands that are not released now never will be.
    Closed {
        /// What happened in all.
        #[serde(flatten)]
        counts: Counts,
    },
    /// A client's channel came or went.
    Channel {
        /// `connected`, `initialized` or `disconnected`.
        what: &'a str,
        /// `SPICE_CHANNEL_*`.
        kind: i32,
        /// Which of several channels of the kind.
        id: i32,
    },
    /// A call about migration has returned.
    Migration {
        /// What it returned.
        result: i32,
    },
    /// The library has told the host that clients are connected to the target, or never will be.
    MigrateConnectComplete,
    /// The library has told the host that clients are done.
    MigrateEndComplete,
    /// A draw of graphics memory is done, for all that the library waits for.
    Drawn {
        /// Which one, from 1.
        draw: u64,
    },
    /// A call about the agent has returned.
    Agent {
        /// What it returned.
        result: i32,
    },
    /// The library has told the agent's port whether it is served.
    AgentState {
        /// 1 or 0.
        connected: i32,
    },
    /// The guest's agent has read something.
    AgentReads {
        /// The bytes, two digits each.
        bytes: &'a str,
    },
    /// The display device was given a client's wish for monitors.
    Monitors {
        /// How many.
        count: u32,
    },
    /// A surface's pixels.
    Surface {
        /// Which one.
        surface: u32,
        /// `SPICE_SURFACE_FMT_*`.
        format: u32,
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
        /// The MD5 of its rows in the order of memory.
        md5: &'a str,
    },
    /// The list of video codecs was set.
    VideoCodecs {
        /// What the call returned.
        result: i32,
        /// The list that the library has now.
        list: &'a str,
    },
    /// What the verb before it has led to is printed.
    Done,
    /// A byte of a key's scan code.
    Key {
        /// The byte.
        code: u8,
    },
    /// The mouse moved.
    Motion {
        /// To the right.
        dx: i32,
        /// Down.
        dy: i32,
        /// The wheel, down.
        dz: i32,
        /// Buttons held.
        buttons: u32,
    },
    /// Buttons of mouse or tablet changed.
    Buttons {
        /// Buttons held.
        buttons: u32,
    },
    /// The range of the tablet's coordinates.
    TabletSize {
        /// Largest x plus 1.
        width: i32,
        /// Largest y plus 1.
        height: i32,
    },
    /// The tablet's pen is here.
    Position {
        /// From the left.
        x: i32,
        /// From the top.
        y: i32,
        /// Buttons held.
        buttons: u32,
    },
    /// The tablet's wheel turned.
    Wheel {
        /// Down.
        dz: i32,
        /// Buttons held.
        buttons: u32,
    },
}

/// Prints a line. A reader that has gone away is no reason to stop.
pub fn print(line: &Line<'_>) {
    let mut output = std::io::stdout().lock();
    if serde_json::to_writer(&mut output, line).is_ok() {
        let _ = output.write_all(b"\n").and_then(|()| output.flush());
    }
}
