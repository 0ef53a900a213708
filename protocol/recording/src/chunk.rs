//! Chains of data chunks: how the device's structures hold anything of variable length.
//!
//! A chunk is a header of 20 bytes (size, previous, next) and its bytes. The first chunk of a chain may
//! lie inside a structure, right behind the structure's own fields.

use std::io::BufRead;

use crate::arena::{Arena, Place};
use crate::error::Error;
use crate::input::Input;

/// Bytes of a chunk's header.
pub(crate) const HEADER: usize = 20;
const PREVIOUS: usize = 4;
const NEXT: usize = 12;

/// A chain, and how many bytes its chunks hold together.
pub(crate) struct Chain {
    /// The structure around the first chunk, or that chunk.
    pub(crate) place: Place,
    pub(crate) bytes: u64,
}

/// Reads a chain of blocks named `name`. `before` bytes are left free in front of the first chunk for the
/// structure that it is part of.
pub(crate) fn read<R: BufRead>(
    input: &mut Input<R>,
    arena: &mut Arena,
    name: &'static str,
    before: usize,
) -> Result<Chain, Error> {
    let [further, _total] = input.numbers("data_chunks")?;
    let further: u32 = input.fit("data_chunks", further)?;
    let (place, mut bytes) = chunk(input, arena, name, before)?;
    let (mut last, mut header) = (place, before);
    for _ in 0..further {
        let (next, size) = chunk(input, arena, name, 0)?;
        arena.link(last, header + NEXT, next);
        arena.link(next, PREVIOUS, last);
        bytes = bytes.saturating_add(size);
        (last, header) = (next, 0);
    }
    Ok(Chain { place, bytes })
}

fn chunk<R: BufRead>(
    input: &mut Input<R>,
    arena: &mut Arena,
    name: &'static str,
    before: usize,
) -> Result<(Place, u64), Error> {
    let limit = input.limits.command_bytes;
    let place = arena.reserve(before + HEADER, limit).map_err(|kind| input.error(kind))?;
    let size = input.block(name, &mut arena.bytes)?;
    let size: u32 = input.fit("data_size", size as i128)?;
    arena.set_u32(place, before, size);
    Ok((place, u64::from(size)))
}

/// Reads a block that stands alone, without a chunk's header.
pub(crate) fn flat<R: BufRead>(
    input: &mut Input<R>,
    arena: &mut Arena,
    name: &'static str,
) -> Result<Chain, Error> {
    let limit = input.limits.command_bytes;
    let place = arena.reserve(0, limit).map_err(|kind| input.error(kind))?;
    let bytes = input.block(name, &mut arena.bytes)? as u64;
    Ok(Chain { place, bytes })
}
