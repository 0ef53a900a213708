//! Where commands come from: a recording, or a generator.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result};
use recording::{CommandKind, Event, EventKind, Layout, Message, PrimarySurface, Recording};

/// How many surfaces the replayed device has.
pub const SURFACES: u32 = 1024;

/// What the device does next.
#[derive(Debug)]
pub enum Step {
    /// The guest puts a command into a ring.
    Command {
        /// Its type.
        kind: CommandKind,
        /// Its structures.
        layout: Layout,
        /// The surface whose id is free when the command is released.
        destroys: Option<u32>,
    },
    /// The host calls the library, after it has taken all earlier commands.
    Call(Call),
}

/// A call of the host.
#[derive(Debug)]
pub enum Call {
    /// Creates the primary surface.
    CreatePrimary {
        /// What it is.
        surface: PrimarySurface,
        /// Whether by the call that completes later.
        asynchronous: bool,
    },
    /// Destroys the primary surface.
    DestroyPrimary {
        /// Whether by the call that completes later.
        asynchronous: bool,
    },
    /// Destroys all surfaces.
    DestroySurfaces,
    /// Hides the pointer.
    ResetCursor,
    /// Forgets the cached images.
    ResetImageCache,
}

/// A sequence of steps.
pub trait CommandSource: Send {
    /// The next step, or nothing at the end.
    ///
    /// # Errors
    /// The source is damaged.
    fn next_step(&mut self) -> Result<Option<Step>>;

    /// The id of a destroyed surface may be given out again.
    fn surface_released(&mut self, _surface: u32) {}
}

/// A recording from a file.
pub struct RecordedSource {
    recording: Recording<BufReader<Box<dyn Read + Send>>>,
}

impl RecordedSource {
    /// Opens a recording, compressed by zstd or not.
    ///
    /// # Errors
    /// The file cannot be read, or is no recording.
    pub fn open(path: &Path) -> Result<Self> {
        let shown = path.display();
        let mut file = BufReader::new(File::open(path).with_context(|| format!("cannot open {shown}"))?);
        let compressed = file.fill_buf().is_ok_and(|start| start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]));
        let bytes: Box<dyn Read + Send> =
            if compressed { Box::new(zstd::Decoder::with_buffer(file)?) } else { Box::new(file) };
        let recording = Recording::open(BufReader::with_capacity(1 << 16, bytes), SURFACES);
        Ok(Self { recording: recording.with_context(|| shown.to_string())? })
    }
}

impl CommandSource for RecordedSource {
    fn next_step(&mut self) -> Result<Option<Step>> {
        while let Some(Event { kind, .. }) = self.recording.next_event()? {
            match kind {
                EventKind::Command(command) => {
                    let recording::Command { kind, layout, destroys } = command;
                    return Ok(Some(Step::Command { kind, layout, destroys }));
                }
                EventKind::Message(message) => {
                    if let Some(call) = call(message) {
                        return Ok(Some(Step::Call(call)));
                    }
                }
            }
        }
        Ok(None)
    }

    fn surface_released(&mut self, surface: u32) {
        self.recording.release(surface);
    }
}

/// Calls whose arguments are recorded, or that have none. Memory slots stay as the replayer made them,
/// and it decides itself when the machine runs.
fn call(message: Message) -> Option<Call> {
    match message {
        Message::CreatePrimary { surface, asynchronous } => {
            Some(Call::CreatePrimary { surface, asynchronous })
        }
        Message::DestroyPrimary { asynchronous } => Some(Call::DestroyPrimary { asynchronous }),
        Message::DestroySurfaces { .. } => Some(Call::DestroySurfaces),
        Message::ResetCursor => Some(Call::ResetCursor),
        Message::ResetImageCache => Some(Call::ResetImageCache),
        Message::Start | Message::Stop | Message::OutOfMemory | Message::Wakeup | Message::Other(_) => None,
    }
}
