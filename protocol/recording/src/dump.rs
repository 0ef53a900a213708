//! A walk over the structures of one command in a device's memory, which puts them into words.
//!
//! The memory may be hostile and may change meanwhile: every structure and every chunk is copied out once and
//! only the copy is looked at, what one command may take is limited, and what does not fit together ends the
//! walk.

mod command;
mod drawable;
mod picture;

use qxl::chunk::DataChunk;
use qxl::memslot::PhysAddr;
use zerocopy::FromBytes;

use crate::input::Limits;
use crate::text::Text;

/// The memory that a device's commands lie in.
pub trait DeviceMemory {
    /// Appends the `length` bytes that lie `lead` bytes behind `address`, in the same slot as it.
    ///
    /// # Errors
    /// They do not all lie in the memory; nothing was appended.
    fn append(&self, address: u64, lead: u64, length: usize, to: &mut Vec<u8>) -> Result<(), OutsideMemory>;

    /// How many bytes there are from `address` to the end of its slot.
    fn bytes_after(&self, address: u64) -> u64;
}

/// Bytes do not lie in the memory of the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutsideMemory;

/// Why a command is not recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Omission {
    /// It reaches outside the device's memory.
    #[error("it reaches outside the memory of the device")]
    OutsideMemory,
    /// It has more bytes, or more chunks, than one command may.
    #[error("it is too large")]
    TooLarge,
    /// A field holds what the format does not have.
    #[error("its {field} is {value}")]
    Unknown {
        /// The field.
        field: &'static str,
        /// What it holds.
        value: u32,
    },
    /// Chunks hold another number of bytes than their structure says.
    #[error("its {0} has another size than it says")]
    Size(&'static str),
}

impl From<OutsideMemory> for Omission {
    fn from(_: OutsideMemory) -> Self {
        Self::OutsideMemory
    }
}

/// Chunks of one command. Drivers put at least a row of pixels into each.
const MAX_CHUNKS: u32 = 1 << 16;

/// The walk.
pub(crate) struct Dump<'a, M> {
    memory: &'a M,
    bytes_left: usize,
    chunks_left: u32,
    text: Text,
}

impl<'a, M: DeviceMemory> Dump<'a, M> {
    pub(crate) fn new(memory: &'a M, limits: Limits) -> Self {
        let Limits { command_bytes } = limits;
        Self { memory, bytes_left: command_bytes, chunks_left: MAX_CHUNKS, text: Text::default() }
    }

    /// Takes so many bytes of what the command may have.
    fn spend(&mut self, length: usize) -> Result<(), Omission> {
        self.bytes_left = self.bytes_left.checked_sub(length).ok_or(Omission::TooLarge)?;
        Ok(())
    }

    fn bytes(&mut self, address: PhysAddr, lead: usize, length: usize) -> Result<Vec<u8>, Omission> {
        self.spend(length)?;
        let mut bytes = Vec::new();
        self.memory.append(address.bits(), lead as u64, length, &mut bytes)?;
        Ok(bytes)
    }

    fn read<T: FromBytes>(&mut self, address: PhysAddr) -> Result<T, Omission> {
        self.read_at(address, 0)
    }

    fn read_at<T: FromBytes>(&mut self, address: PhysAddr, lead: usize) -> Result<T, Omission> {
        let bytes = self.bytes(address, lead, size_of::<T>())?;
        T::read_from_bytes(&bytes).map_err(|_| Omission::OutsideMemory)
    }

    /// A block of bytes that lie in one piece.
    fn flat(&mut self, name: &str, address: PhysAddr, length: usize) -> Result<(), Omission> {
        self.block(name, Piece { address, lead: 0, length })
    }

    fn block(&mut self, name: &str, piece: Piece) -> Result<(), Omission> {
        let Piece { address, lead, length } = piece;
        self.spend(length)?;
        let append = |to: &mut Vec<u8>| self.memory.append(address.bits(), lead as u64, length, to);
        Ok(self.text.block_with(name, length, append)?)
    }

    /// A chain of chunks, the first of which begins `lead` bytes behind `address`. Where it is known how many bytes
    /// they hold together, it is to be so many.
    fn chain(
        &mut self,
        name: &'static str,
        address: PhysAddr,
        lead: usize,
        expected: Option<u64>,
    ) -> Result<(), Omission> {
        let pieces = self.pieces(address, lead)?;
        let total: u64 = pieces.iter().map(|piece| piece.length as u64).sum();
        if expected.is_some_and(|expected| expected != total) {
            return Err(Omission::Size(name));
        }
        let further = pieces.len().saturating_sub(1);
        self.text.line(format_args!("data_chunks {further} {total}"));
        pieces.into_iter().try_for_each(|piece| self.block(name, piece))
    }

    /// Where the bytes of a chain's chunks are.
    fn pieces(&mut self, address: PhysAddr, lead: usize) -> Result<Vec<Piece>, Omission> {
        let (mut address, mut lead) = (address, lead);
        let mut pieces = Vec::new();
        loop {
            self.chunks_left = self.chunks_left.checked_sub(1).ok_or(Omission::TooLarge)?;
            let DataChunk { data_size, prev_chunk: _, next_chunk } = self.read_at(address, lead)?;
            let length = usize::try_from(data_size.get()).map_err(|_| Omission::TooLarge)?;
            pieces.push(Piece { address, lead: lead + size_of::<DataChunk>(), length });
            if next_chunk.is_null() {
                return Ok(pieces);
            }
            (address, lead) = (next_chunk, 0);
        }
    }
}

/// Bytes `lead` behind an address, in its slot.
#[derive(Clone, Copy, Debug)]
struct Piece {
    address: PhysAddr,
    lead: usize,
    length: usize,
}
