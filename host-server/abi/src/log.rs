//! Log lines on the host's standard error, in the form that hosts know from the original.
//!
//! Warnings and errors only, unless `SPICE_LOG` says more (`error`, `warn`, `info`, `debug`, `trace`); the
//! original's `SPICE_DEBUG_LEVEL` (0 error to 4 debug) and `G_MESSAGES_DEBUG` (`all`, or a list with `Spice`)
//! count too. A host program with a `tracing` subscriber of its own keeps it.

use std::env;
use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber, dispatcher};

/// Installs the log, unless the process has one.
pub(crate) fn install() {
    if dispatcher::has_been_set() {
        return;
    }
    let log = Log { level: level(|name| env::var(name).ok()), spans: AtomicU64::new(1) };
    // Fails only when somebody else was faster.
    let _ = dispatcher::set_global_default(dispatcher::Dispatch::new(log));
}

fn level(variable: impl Fn(&str) -> Option<String>) -> LevelFilter {
    if let Some(level) = variable("SPICE_LOG").and_then(|name| name.parse().ok()) {
        return level;
    }
    let debug = variable("G_MESSAGES_DEBUG")
        .is_some_and(|domains| domains.split([' ', ',']).any(|domain| domain == "all" || domain == "Spice"));
    match variable("SPICE_DEBUG_LEVEL").and_then(|number| number.parse::<u8>().ok()) {
        _ if debug => LevelFilter::DEBUG,
        Some(0 | 1) => LevelFilter::ERROR,
        Some(3) => LevelFilter::INFO,
        Some(4..) => LevelFilter::DEBUG,
        _ => LevelFilter::WARN,
    }
}

struct Log {
    level: LevelFilter,
    spans: AtomicU64,
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.level() <= &self.level
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(self.spans.fetch_add(1, Ordering::Relaxed).max(1))
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        let Text { message, fields } = text;
        let line = format!(
            "(process:{}): Spice-{}: {message}{fields}\n",
            std::process::id(),
            severity(*event.metadata().level())
        );
        // A log that cannot be written has nowhere to say so.
        let _ = std::io::stderr().lock().write_all(line.as_bytes());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

const fn severity(level: Level) -> &'static str {
    match level {
        Level::ERROR => "CRITICAL **",
        Level::WARN => "WARNING **",
        Level::INFO => "INFO",
        _ => "DEBUG",
    }
}

/// An event's message, and its fields behind it.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string does not fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_chooses_the_level() {
        let with = |name: &'static str, value: &'static str| {
            level(move |asked| (asked == name).then(|| value.to_owned()))
        };
        assert_eq!(level(|_| None), LevelFilter::WARN);
        assert_eq!(with("SPICE_LOG", "trace"), LevelFilter::TRACE);
        assert_eq!(with("SPICE_LOG", "nonsense"), LevelFilter::WARN);
        assert_eq!(with("SPICE_DEBUG_LEVEL", "0"), LevelFilter::ERROR);
        assert_eq!(with("SPICE_DEBUG_LEVEL", "5"), LevelFilter::DEBUG);
        assert_eq!(with("G_MESSAGES_DEBUG", "Spice GLib"), LevelFilter::DEBUG);
        assert_eq!(with("G_MESSAGES_DEBUG", "GLib"), LevelFilter::WARN);
    }
}
