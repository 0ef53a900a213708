//! Raster operations: how the bits of a source, a pattern and a destination make those of the result.
//!
//! The canvas turns the descriptors of drawing commands into these, and [`crate::plane::Plane`] applies
//! them to rows.

use crate::plane::Pixel;

/// One of the 16 functions of a source and a destination bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryRop {
    /// 0
    Clear,
    /// source and destination
    And,
    /// source and not destination
    AndReverse,
    /// source
    Copy,
    /// not source and destination
    AndInverted,
    /// destination
    Noop,
    /// source exclusive-or destination
    Xor,
    /// source or destination
    Or,
    /// not (source or destination)
    Nor,
    /// not (source exclusive-or destination)
    Equiv,
    /// not destination
    Invert,
    /// source or not destination
    OrReverse,
    /// not source
    CopyInverted,
    /// not source or destination
    OrInverted,
    /// not (source and destination)
    Nand,
    /// 1
    Set,
}

impl BinaryRop {
    /// All 16 functions.
    pub const ALL: [Self; 16] = [
        Self::Clear,
        Self::And,
        Self::AndReverse,
        Self::Copy,
        Self::AndInverted,
        Self::Noop,
        Self::Xor,
        Self::Or,
        Self::Nor,
        Self::Equiv,
        Self::Invert,
        Self::OrReverse,
        Self::CopyInverted,
        Self::OrInverted,
        Self::Nand,
        Self::Set,
    ];

    /// The function's value for one pixel.
    pub fn apply<T: Pixel>(self, source: T, destination: T) -> T {
        let mut result = [destination];
        self.solid(&mut result, source);
        result[0]
    }

    /// Combines each pixel of `row` with the pixel of `source` at the same place; the shorter of the two
    /// ends it.
    pub fn row<T: Pixel>(self, row: &mut [T], source: &[T]) {
        fn each<T: Pixel>(row: &mut [T], source: &[T], combine: impl Fn(T, T) -> T) {
            for (to, from) in row.iter_mut().zip(source) {
                *to = combine(*from, *to);
            }
        }
        let length = row.len().min(source.len());
        let (row, source) = (&mut row[..length], &source[..length]);
        match self {
            Self::Clear => row.fill(T::default()),
            Self::And => each(row, source, |s, d| s & d),
            Self::AndReverse => each(row, source, |s, d| s & !d),
            Self::Copy => row.copy_from_slice(source),
            Self::AndInverted => each(row, source, |s, d| !s & d),
            Self::Noop => {}
            Self::Xor => each(row, source, |s, d| s ^ d),
            Self::Or => each(row, source, |s, d| s | d),
            Self::Nor => each(row, source, |s, d| !(s | d)),
            Self::Equiv => each(row, source, |s, d| !(s ^ d)),
            Self::Invert => each(row, source, |_, d| !d),
            Self::OrReverse => each(row, source, |s, d| s | !d),
            Self::CopyInverted => each(row, source, |s, _| !s),
            Self::OrInverted => each(row, source, |s, d| !s | d),
            Self::Nand => each(row, source, |s, d| !(s & d)),
            Self::Set => row.fill(!T::default()),
        }
    }

    /// Combines each pixel of `row` with `source`.
    pub fn solid<T: Pixel>(self, row: &mut [T], source: T) {
        fn each<T: Pixel>(row: &mut [T], combine: impl Fn(T) -> T) {
            for pixel in row {
                *pixel = combine(*pixel);
            }
        }
        let s = source;
        match self {
            Self::Clear => row.fill(T::default()),
            Self::And => each(row, |d| s & d),
            Self::AndReverse => each(row, |d| s & !d),
            Self::Copy => row.fill(s),
            Self::AndInverted => each(row, |d| !s & d),
            Self::Noop => {}
            Self::Xor => each(row, |d| s ^ d),
            Self::Or => each(row, |d| s | d),
            Self::Nor => each(row, |d| !(s | d)),
            Self::Equiv => each(row, |d| !(s ^ d)),
            Self::Invert => each(row, |d| !d),
            Self::OrReverse => each(row, |d| s | !d),
            Self::CopyInverted => row.fill(!s),
            Self::OrInverted => each(row, |d| !s | d),
            Self::Nand => each(row, |d| !(s & d)),
            Self::Set => row.fill(!T::default()),
        }
    }
}

/// One of the 256 functions of a pattern, a source and a destination bit, by the table of its values:
/// bit `4 * pattern + 2 * source + destination`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TernaryRop(pub u8);

impl TernaryRop {
    /// The function's value for one pixel.
    pub fn apply<T: Pixel>(self, pattern: T, source: T, destination: T) -> T {
        let zero = T::default();
        let (p, s, d) = (pattern, source, destination);
        let term = |bit: u8, value: T| if self.0 >> bit & 1 == 1 { value } else { zero };
        // Sum of the products that the table has; the compiler hoists the choice out of loops.
        term(0, !p & !s & !d)
            | term(1, !p & !s & d)
            | term(2, !p & s & !d)
            | term(3, !p & s & d)
            | term(4, p & !s & !d)
            | term(5, p & !s & d)
            | term(6, p & s & !d)
            | term(7, p & s & d)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_binary_function_has_a_table_of_its_own() {
        let mut tables: alloc::vec::Vec<u8> =
            BinaryRop::ALL.iter().map(|rop| rop.apply(0b0011_u8, 0b0101) & 0b1111).collect();
        tables.sort_unstable();
        assert!(tables.into_iter().eq(0..16));
    }

    #[test]
    fn a_row_and_a_single_pixel_agree() {
        for rop in BinaryRop::ALL {
            for (source, destination) in [(0_u32, 0_u32), (0xff00_ff00, 0x0f0f_0f0f), (!0, 0x1234_5678)] {
                let mut row = [destination; 3];
                rop.row(&mut row, &[source; 3]);
                assert_eq!(row, [rop.apply(source, destination); 3], "{rop:?}");
            }
        }
    }

    #[test]
    fn the_ternary_table_is_read_by_pattern_source_destination() {
        for code in 0..=255_u8 {
            // Each bit of the three operands is another row of the table.
            assert_eq!(TernaryRop(code).apply(0b1111_0000_u8, 0b1100_1100, 0b1010_1010), code);
        }
    }
}
