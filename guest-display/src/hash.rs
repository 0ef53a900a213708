//! Hashes of pixels, by which tiles and pointers are known: here, and to clients that keep them.
//!
//! They are not compared when they come again, so two contents must not share a hash, whatever a program draws: the secret
//! is new at each start. And since a number stands for its content, it stays right whatever becomes of the guest: when it is
//! taken back to an earlier moment, clients still have what it drew after that.

use crate::damage::{RUN, Run, run_of};

/// Odd constants with about as many ones as zeros.
const FACTORS: [u64; 4] =
    [0x9E37_79B9_7F4A_7C15, 0xC2B2_AE3D_27D4_EB4F, 0x1656_67B1_9E37_79F9, 0x27D4_EB2F_1656_67C5];

/// How hashes are made.
#[derive(Clone, Copy)]
pub(crate) struct Hasher {
    secret: [u64; 4],
}

/// A hash that is being made. Two sums side by side, so that multiplications need not wait for each other.
pub(crate) type Sums = [u64; 2];

/// Multiplies, and folds the product.
fn fold(one: u64, other: u64) -> u64 {
    let product = u128::from(one).wrapping_mul(u128::from(other));
    let (low, high) = (product & u128::from(u64::MAX), product >> 64);
    u64::try_from(low ^ high).unwrap_or_default()
}

impl core::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Hasher")
    }
}

impl Hasher {
    pub(crate) fn new(secret: u64) -> Self {
        let mut state = secret;
        let secret = FACTORS.map(|factor| {
            state = state.wrapping_add(factor);
            // Odd, so that it is never 0.
            fold(state ^ factor, FACTORS[0]) ^ factor | 1
        });
        Self { secret }
    }

    /// Of size and pixels, row by row.
    pub(crate) fn pixels<'a>(&self, width: u32, height: u32, rows: impl Iterator<Item = &'a [u32]>) -> u64 {
        let mut sums = self.begin(width, height);
        for row in rows {
            let (runs, rest) = row.as_chunks::<RUN>();
            for run in runs {
                sums = self.run(sums, &run_of(run));
            }
            let ([.., c, _], [mut one, other]) = (self.secret, sums);
            for pixel in rest {
                one = fold(one ^ u64::from(*pixel), c);
            }
            sums = [one, other];
        }
        self.end(sums)
    }

    /// The same in steps: before the first pixel of that many.
    pub(crate) fn begin(&self, width: u32, height: u32) -> Sums {
        let [.., c, d] = self.secret;
        // Other secrets than the pixels are mixed with, for two pixels to be told from the same ones in turn.
        [u64::from(width) ^ c, u64::from(height) ^ d]
    }

    /// After some more.
    pub(crate) fn run(&self, [one, other]: Sums, run: &Run) -> Sums {
        let [a, b, c, d] = self.secret;
        let [e, f, g, h, i, j, k, l] = run;
        let (one, other) = (fold(e ^ a, f ^ one), fold(g ^ b, h ^ other));
        [fold(i ^ c, j ^ one), fold(k ^ d, l ^ other)]
    }

    /// After the last.
    pub(crate) fn end(&self, [one, other]: Sums) -> u64 {
        let [.., c, d] = self.secret;
        fold(one ^ d, other ^ c)
    }

    /// Of hashes.
    pub(crate) fn all(&self, hashes: impl Iterator<Item = u64>) -> u64 {
        let [a, b, ..] = self.secret;
        hashes.fold(b, |sum, hash| fold(sum ^ hash, a))
    }
}

#[cfg(test)]
mod tests {
    use super::Hasher;
    use std::collections::HashSet;

    #[test]
    fn every_pixel_place_and_secret_counts() {
        let mut hashes = HashSet::new();
        let mut pixels = [0x0011_2233; 40];
        for (secret, width) in [(1, 20), (1, 40), (2, 20)] {
            let hasher = Hasher::new(secret);
            let hash = |pixels: &[u32]| hasher.pixels(width, 0, pixels.chunks(width as usize));
            assert_eq!(hash(&pixels), hash(&pixels));
            assert!(hashes.insert(hash(&pixels)));
            for at in 0..pixels.len() {
                for color in [0x0011_2232, 0] {
                    let before = std::mem::replace(&mut pixels[at], color);
                    assert!(hashes.insert(hash(&pixels)), "{secret} {width} {at} {color:x}");
                    pixels[at] = before;
                }
            }
        }
        let hasher = Hasher::new(0);
        assert_ne!(hasher.all([1, 2].into_iter()), hasher.all([2, 1].into_iter()));
    }
}
