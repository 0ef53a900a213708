//! Why a recording could not be read, and where.

use std::io;

/// A fault of the recording, or of the reader below it.
#[derive(Debug, thiserror::Error)]
#[error("recording, line {line} (byte {offset}): {kind}")]
pub struct Error {
    /// Which line, counted from 1; the bytes of binary blocks count as part of the line they begin on.
    pub line: u64,
    /// How many bytes were read when the fault was found.
    pub offset: u64,
    /// What is wrong.
    pub kind: ErrorKind,
}

impl Error {
    /// Whether the recording only stops too early, as it does when the recorded process was killed.
    pub fn is_truncation(&self) -> bool {
        matches!(self.kind, ErrorKind::Truncated)
    }
}

/// What is wrong with a recording.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The bytes could not be read.
    #[error("cannot read: {0}")]
    Io(#[from] io::Error),
    /// It ends inside an event.
    #[error("the recording ends inside an event")]
    Truncated,
    /// It does not begin as a recording does.
    #[error("this is no recording: it does not begin with SPICE_REPLAY")]
    NotARecording,
    /// It is of a version that nobody has described.
    #[error("version {0} of the format is not known, only 1")]
    Version(i64),
    /// A line is longer than any that the format has.
    #[error("the line is longer than {0} bytes")]
    LongLine(usize),
    /// A line is not the one that has to follow.
    #[error("expected `{expected}`, found `{found}`")]
    Expected {
        /// What had to follow.
        expected: &'static str,
        /// The line, as far as it is text.
        found: String,
    },
    /// A number does not fit its field.
    #[error("{value} does not fit the field `{field}`")]
    Range {
        /// The field.
        field: &'static str,
        /// The number.
        value: i128,
    },
    /// A command needs more memory than [`crate::Limits`] grants.
    #[error("the command needs more than {limit} bytes")]
    TooLarge {
        /// The limit that was met.
        limit: usize,
    },
    /// The bytes of a block are not as many as its fields say.
    #[error("{what} holds {found} bytes where its fields say {expected}")]
    Size {
        /// Which block.
        what: &'static str,
        /// What the fields say.
        expected: u64,
        /// What the block holds.
        found: u64,
    },
    /// A compressed block does not decompress to what its header says.
    #[error("the compressed block `{0}` is damaged")]
    Zlib(&'static str),
    /// An event is neither a command (0) nor a message (1).
    #[error("unknown kind of event {0}")]
    EventKind(i64),
    /// A command has a type that the device does not have.
    #[error("unknown type of command {0}")]
    Command(i64),
    /// A drawable has a type that the device does not have.
    #[error("unknown type of drawing operation {0}")]
    Operation(u8),
    /// A drawable of the device's first revision, whose structures differ.
    #[error("commands of the device's first revision are not supported")]
    FirstRevision,
    /// An image has a type that the format does not record.
    #[error("unknown type of image {0}")]
    Image(u8),
    /// A command names a surface that no command has created.
    #[error("surface {0} is used but was not created")]
    NoSuchSurface(u32),
    /// More surfaces are alive than the replaying device has.
    #[error("all {0} surfaces are in use")]
    OutOfSurfaces(u32),
}
