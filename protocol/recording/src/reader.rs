//! The recording as a sequence of events.

use std::io::BufRead;

use crate::command::{self, Command};
use crate::error::{Error, ErrorKind};
use crate::input::{Input, Limits};
use crate::message::{self, Message};
use crate::surfaces::Surfaces;

const MAGIC: &str = "SPICE_REPLAY";

/// One entry of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its place among the recorded events, counted from 0.
    pub number: u64,
    /// When the server met it: nanoseconds of a clock that never steps back, with no known origin.
    pub timestamp: u64,
    /// What happened.
    pub kind: EventKind,
}

/// What an [`Event`] is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// The server took a command from a ring.
    Command(Command),
    /// The host called the server.
    Message(Message),
}

/// Reads a recording, event by event.
///
/// After an error the position is lost: every further call returns the end.
#[derive(Debug)]
pub struct Recording<R> {
    input: Input<R>,
    surfaces: Surfaces,
    failed: bool,
}

impl<R: BufRead> Recording<R> {
    /// Opens a recording for a device that has `surfaces` surfaces, the primary one included.
    ///
    /// # Errors
    /// The reader fails, or does not begin as a recording of version 1 does.
    pub fn open(reader: R, surfaces: u32) -> Result<Self, Error> {
        Self::with_limits(reader, surfaces, Limits::default())
    }

    /// As [`Recording::open`], with other limits.
    ///
    /// # Errors
    /// The same.
    pub fn with_limits(reader: R, surfaces: u32, limits: Limits) -> Result<Self, Error> {
        let mut input = Input::new(reader, limits);
        let [version] = input.numbers(MAGIC).map_err(|error| match error.kind {
            ErrorKind::Io(_) => error,
            _ => Error { kind: ErrorKind::NotARecording, ..error },
        })?;
        if version != 1 {
            let version = i64::try_from(version).unwrap_or(i64::MAX);
            return Err(input.error(ErrorKind::Version(version)));
        }
        Ok(Self { input, surfaces: Surfaces::new(surfaces), failed: false })
    }

    /// The next event, or nothing at the end.
    ///
    /// # Errors
    /// What follows is not an event; see [`ErrorKind`].
    pub fn next_event(&mut self) -> Result<Option<Event>, Error> {
        if self.failed || self.input.at_end()? {
            return Ok(None);
        }
        let event = self.event();
        self.failed = event.is_err();
        event.map(Some)
    }

    fn event(&mut self) -> Result<Event, Error> {
        let [number, what, kind, timestamp] = self.input.numbers("event")?;
        let number = self.input.fit("event", number)?;
        let timestamp = self.input.fit("timestamp", timestamp)?;
        let kind = match what {
            0 => EventKind::Command(command::read(&mut self.input, &mut self.surfaces, kind)?),
            1 => {
                let kind = self.input.fit("message", kind)?;
                let message = message::read(&mut self.input, kind)?;
                if matches!(message, Message::DestroySurfaces { .. }) {
                    self.surfaces.clear();
                }
                EventKind::Message(message)
            }
            other => {
                let other = i64::try_from(other).unwrap_or(i64::MAX);
                return Err(self.input.error(ErrorKind::EventKind(other)));
            }
        };
        Ok(Event { number, timestamp, kind })
    }

    /// Says that the device has released the command that destroyed this surface
    /// ([`Command::destroys`]), so that its id may be given out again.
    pub fn release(&mut self, surface: u32) {
        self.surfaces.release(surface);
    }
}

impl<R: BufRead> Iterator for Recording<R> {
    type Item = Result<Event, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_event().transpose()
    }
}
