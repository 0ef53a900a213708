//! Files from the client to the guest.

use alloc::vec::Vec;

use bytes::Bytes;

use crate::error::AgentError;
use crate::fields::Fields;

/// A file is on its way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileStart {
    /// The transfer's number.
    pub id: u32,
    /// A key file whose group `vdagent-file-xfer` has `name` and `size`, and maybe `file-xfer-nr` and
    /// `file-xfer-total`; with a terminating 0. Written by the client and not checked here.
    pub key_file: Bytes,
}

/// How a transfer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileStatus {
    /// The transfer's number.
    pub id: u32,
    /// How it goes.
    pub state: FileState,
}

/// How a transfer goes. Details are there when both ends have the capability
/// [`FILE_XFER_DETAILED_ERRORS`](crate::capability::FILE_XFER_DETAILED_ERRORS).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileState {
    /// The guest takes data.
    CanSendData,
    /// Either end has ended it.
    Cancelled,
    /// It failed.
    Error(Option<FileError>),
    /// The guest has all of the file.
    Success,
    /// The guest's disk has too little space; how many bytes are free.
    NotEnoughSpace(Option<u64>),
    /// The guest's session is locked.
    SessionLocked,
    /// No agent runs in the guest's session.
    AgentNotConnected,
    /// The guest does not take files.
    Disabled,
    /// Something newer.
    Other(u32),
}

/// Why a transfer failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileError {
    /// Which set of codes; 0 for those of `GIOErrorEnum`.
    pub domain: u8,
    /// The code.
    pub code: u32,
}

/// A part of a file; the parts come in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileData {
    /// The transfer's number.
    pub id: u32,
    /// The part.
    pub data: Bytes,
}

impl FileStart {
    pub(crate) fn put(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.id.to_le_bytes());
        to.extend_from_slice(&self.key_file);
    }

    pub(crate) fn take(from: &mut Fields<'_>) -> Result<Self, AgentError> {
        Ok(Self { id: from.u32("transfer id")?, key_file: from.rest() })
    }
}

impl FileStatus {
    pub(crate) fn put(self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.id.to_le_bytes());
        to.extend_from_slice(&self.state.number().to_le_bytes());
        match self.state {
            FileState::Error(Some(FileError { domain, code })) => {
                to.push(domain);
                to.extend_from_slice(&code.to_le_bytes());
            }
            FileState::NotEnoughSpace(Some(free)) => to.extend_from_slice(&free.to_le_bytes()),
            _ => {}
        }
    }

    pub(crate) fn take(from: &mut Fields<'_>) -> Result<Self, AgentError> {
        let id = from.u32("transfer id")?;
        let state = match from.u32("transfer result")? {
            0 => FileState::CanSendData,
            1 => FileState::Cancelled,
            2 => FileState::Error(take_file_error(from).ok()),
            3 => FileState::Success,
            4 => FileState::NotEnoughSpace(from.u64("free space").ok()),
            5 => FileState::SessionLocked,
            6 => FileState::AgentNotConnected,
            7 => FileState::Disabled,
            other => FileState::Other(other),
        };
        Ok(Self { id, state })
    }
}

impl FileState {
    const fn number(self) -> u32 {
        match self {
            Self::CanSendData => 0,
            Self::Cancelled => 1,
            Self::Error(_) => 2,
            Self::Success => 3,
            Self::NotEnoughSpace(_) => 4,
            Self::SessionLocked => 5,
            Self::AgentNotConnected => 6,
            Self::Disabled => 7,
            Self::Other(number) => number,
        }
    }
}

fn take_file_error(from: &mut Fields<'_>) -> Result<FileError, AgentError> {
    Ok(FileError { domain: from.u8("error type")?, code: from.u32("error code")? })
}

impl FileData {
    pub(crate) fn put(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.id.to_le_bytes());
        to.extend_from_slice(&(self.data.len() as u64).to_le_bytes());
        to.extend_from_slice(&self.data);
    }

    pub(crate) fn take(from: &mut Fields<'_>) -> Result<Self, AgentError> {
        let id = from.u32("transfer id")?;
        let size = from.u64("size of file data")?;
        let size = u32::try_from(size)
            .map_err(|_| AgentError::BadValue { field: "size of file data", value: size })?;
        Ok(Self { id, data: from.bytes(size, "file data")? })
    }
}
