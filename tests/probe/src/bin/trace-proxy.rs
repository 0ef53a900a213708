//! `trace-proxy LISTEN UPSTREAM`: prints one line for each message of a SPICE session.

use std::io;
use std::sync::{Arc, Mutex};

use anyhow::Context;
use clap::Parser;
use probe::{Address, proxy};

/// Relays SPICE sessions (without TLS or SASL) and prints one decoded line a message, both directions.
///
/// An address is HOST:PORT, a PORT of this machine, unix:PATH or an absolute path. Each line has the seconds since
/// the start, the channel, the sender (> client, < server), the body's size, and the message.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Where clients connect to.
    listen: Address,
    /// Where the server is.
    upstream: Address,
}

fn main() -> anyhow::Result<()> {
    let Arguments { listen, upstream } = Arguments::parse();
    let listener = listen.listen().with_context(|| format!("cannot listen on {listen}"))?;
    eprintln!("clients of {listen} see {upstream}");
    let lines: proxy::Lines = Arc::new(Mutex::new(io::stdout()));
    proxy::run(&listener, &upstream, &lines).context("cannot take connections")
}
