//! Features of a picture: hashes of places that look like few others, to find them again elsewhere.
//!
//! A feature is two runs of pixels, one a few rows below the other, so that a letter alone is none.

use alloc::vec::Vec;

use crate::geometry::Point;

use super::picture::{Picture, index};
use super::translator::OutOfMemory;

/// Pixels of a run.
pub(super) const RUN: u32 = 32;

/// Rows from the upper run to the lower one.
pub(super) const TWIN: u32 = 3;

/// A run's hash is its pixels as digits of a number to this base, modulo 2^64, so that it can roll.
const BASE: u64 = 0x9E37_79B9_7F4A_7C15;

/// Powers of the base, the first digit's first.
const POWERS: [u64; RUN as usize] = {
    let mut powers = [1_u64; RUN as usize];
    let mut at = RUN as usize - 1;
    while at > 0 {
        powers[at - 1] = powers[at].wrapping_mul(BASE);
        at -= 1;
    }
    powers
};

/// What a run of ones hashes to: a uniform run's hash is a multiple of it.
const ONES: u64 = {
    let (mut sum, mut at) = (0_u64, 0);
    while at < POWERS.len() {
        sum = sum.wrapping_add(POWERS[at]);
        at += 1;
    }
    sum
};

/// Stands for the hash of a run of one colour, whichever.
const UNIFORM: u64 = 0;

/// The hash of a run.
fn run(row: &[u32; RUN as usize]) -> u64 {
    let mut sum = 0_u64;
    for (pixel, power) in row.iter().zip(POWERS) {
        sum = sum.wrapping_add(u64::from(*pixel).wrapping_mul(power));
    }
    sum
}

fn mark_uniform(hash: u64, first: u32) -> u64 {
    if hash == u64::from(first).wrapping_mul(ONES) { UNIFORM } else { hash }
}

fn feature(upper: u64, lower: u64) -> Option<u64> {
    let mixed = (upper ^ lower.rotate_left(32)).wrapping_mul(BASE);
    (upper != UNIFORM || lower != UNIFORM).then_some(mixed ^ mixed >> 32)
}

/// The feature at a place, if there is one.
pub(super) fn feature_at(picture: &Picture, at: Point) -> Option<u64> {
    let one = |y: u32| {
        let row = picture.row(y, at.x, at.x.saturating_add(RUN));
        row.first_chunk().map(|row| mark_uniform(run(row), row[0]))
    };
    feature(one(at.y)?, one(at.y.saturating_add(TWIN))?)
}

/// All features in a block of a picture.
pub(super) struct Block {
    hashes: Vec<u64>,
}

/// Places of a block, from left to right.
pub(super) const BLOCK_WIDTH: u32 = 32;
/// Places of a block, from top to bottom.
pub(super) const BLOCK_HEIGHT: u32 = 11;

const STRIDE: usize = BLOCK_WIDTH as usize;
const LINES: usize = (BLOCK_HEIGHT + TWIN) as usize;

impl Block {
    pub(super) fn new() -> Result<Self, OutOfMemory> {
        let mut hashes = Vec::new();
        hashes.try_reserve_exact(STRIDE * LINES).map_err(|_| OutOfMemory)?;
        hashes.resize(STRIDE * LINES, UNIFORM);
        Ok(Self { hashes })
    }

    /// Looks at the block whose first place is `at`. False if it is not inside of the picture.
    pub(super) fn read(&mut self, picture: &Picture, at: Point) -> bool {
        let right = at.x.saturating_add(BLOCK_WIDTH).saturating_add(RUN);
        for (y, hashes) in (at.y..).zip(self.hashes.chunks_exact_mut(STRIDE)) {
            let row = picture.row(y, at.x, right);
            let Some((begin, next)) = row.split_first_chunk() else { return false };
            let [highest, ..] = POWERS;
            let mut hash = run(begin);
            for (place, (leaves, enters)) in hashes.iter_mut().zip(row.iter().zip(next)) {
                *place = mark_uniform(hash, *leaves);
                let without = hash.wrapping_sub(u64::from(*leaves).wrapping_mul(highest));
                hash = without.wrapping_mul(BASE).wrapping_add(u64::from(*enters));
            }
        }
        true
    }

    /// The features of the block that was read, with their distance from its first place.
    pub(super) fn features(&self) -> impl Iterator<Item = (Point, u64)> {
        let rows = |from: u32| self.hashes.chunks_exact(STRIDE).skip(index(from));
        let pairs = rows(0).zip(rows(TWIN));
        (0..BLOCK_HEIGHT).zip(pairs).flat_map(|(y, (upper, lower))| {
            (0..BLOCK_WIDTH).zip(upper.iter().zip(lower)).filter_map(move |(x, (upper, lower))| {
                feature(*upper, *lower).map(|feature| (Point { x, y }, feature))
            })
        })
    }
}
