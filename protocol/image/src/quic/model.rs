//! Golomb-Rice codes, and which of them is best for what.

/// The longest code, in bits.
pub(super) const MAX_WORD_BITS: u32 = 26;
/// Codes at 8 bits a channel; there are fewer at 5.
const CODES: usize = 8;

/// The codes for errors of one number of bits.
pub(super) struct Family {
    /// By code and error: the bits in the higher 27 bits, and their number in the lower 5.
    words: [u32; CODES * 256],
    /// By error and code: the number of bits.
    lengths: [[u32; CODES]; 256],
    /// By code: what a reader needs to know.
    forms: [Form; CODES],
}

/// One code. Errors below `plain` are written as their higher bits in unary, a 1, and `low_bits` lower
/// bits; others as `zeros` zeros and `escape_bits` bits of the rest.
#[derive(Clone, Copy)]
struct Form {
    low_bits: u32,
    plain: u32,
    zeros: u32,
    escape_bits: u32,
}

static EIGHT_BITS: Family = Family::new(8);
static FIVE_BITS: Family = Family::new(5);

impl Family {
    pub(super) const fn of_bits(bits: u32) -> &'static Self {
        if bits == 8 { &EIGHT_BITS } else { &FIVE_BITS }
    }

    const fn new(bits: u32) -> Self {
        let mut family = Self {
            words: [0; CODES * 256],
            lengths: [[0; CODES]; 256],
            forms: [Form { low_bits: 0, plain: 0, zeros: 0, escape_bits: 0 }; CODES],
        };
        let mut code = 0;
        while code < bits {
            let form = Form::new(bits, code);
            family.forms[code as usize] = form;
            let mut error = 0;
            while error < 1 << bits {
                let (word, length) = form.word(error);
                family.words[(code << 8 | error) as usize] = word << 5 | length;
                family.lengths[error as usize][code as usize] = length;
                error += 1;
            }
            code += 1;
        }
        family
    }

    /// The bits of an error in a code, and their number, at most 26.
    #[inline(always)]
    pub(super) fn word(&self, code: u8, error: u8) -> (u32, u32) {
        let packed = self.words[(usize::from(code) << 8 | usize::from(error)) % (CODES * 256)];
        (packed >> 5, packed & 31)
    }

    /// The error whose bits come first in `bits`, and the number of them.
    pub(super) fn read(&self, code: u8, bits: u32) -> (u8, u32) {
        let form = &self.forms[usize::from(code) % CODES];
        let zeros = bits.leading_zeros();
        let (error, length) = if zeros < form.zeros {
            let length = zeros + 1 + form.low_bits;
            let low = bits >> (32 - length) & ((1 << form.low_bits) - 1);
            (zeros << form.low_bits | low, length)
        } else {
            let length = form.zeros + form.escape_bits;
            (form.plain + (bits >> (32 - length) & ((1 << form.escape_bits) - 1)), length)
        };
        // A damaged stream can have an error that is none.
        (error.to_le_bytes()[0], length)
    }
}

impl Form {
    const fn new(bits: u32, low_bits: u32) -> Self {
        let most = (1 << (bits - low_bits)) - 1;
        let zeros = if MAX_WORD_BITS - bits < most { MAX_WORD_BITS - bits } else { most };
        let plain = zeros << low_bits;
        let escaped: u32 = (1 << bits) - plain;
        Self { low_bits, plain, zeros, escape_bits: escaped.next_power_of_two().trailing_zeros() }
    }

    const fn word(&self, error: u32) -> (u32, u32) {
        if error < self.plain {
            let low = error & ((1 << self.low_bits) - 1);
            (1 << self.low_bits | low, (error >> self.low_bits) + self.low_bits + 1)
        } else {
            (error - self.plain, self.zeros + self.escape_bits)
        }
    }
}

/// Which code is best for an error, by the size of the error before: sizes 0, 1 to 2, 3 to 6, and so on.
#[derive(Clone, Debug)]
pub(super) struct Model<const BITS: u32> {
    /// By the error before.
    codes: [u8; 256],
    /// By size and code: the bits that codes would have taken lately.
    taken: [[u32; CODES]; CODES],
}

impl<const BITS: u32> Model<BITS> {
    pub(super) const fn new() -> Self {
        Self { codes: [BITS as u8 - 1; 256], taken: [[0; CODES]; CODES] }
    }

    /// The code for an error that follows the error `before`.
    #[inline(always)]
    pub(super) const fn code_after(&self, before: u8) -> u8 {
        self.codes[before as usize]
    }

    /// Learns that `error` followed the error `before`.
    pub(super) fn learn(&mut self, before: u8, error: u8, trigger: u32) {
        let size = Self::size(before);
        let taken = &mut self.taken[size];
        let lengths = &Family::of_bits(BITS).lengths[usize::from(error)];
        let (mut best, mut least) = (0, u32::MAX);
        for (code, (taken, length)) in (0..).zip(taken.iter_mut().zip(lengths)).take(BITS as usize) {
            *taken += length;
            // Of equal codes the one with more low bits is used.
            if *taken <= least {
                (best, least) = (code, *taken);
            }
        }
        if least > trigger {
            taken.iter_mut().for_each(|taken| *taken >>= 1);
        }
        if self.code_after(before) != best {
            // All errors of this size, of which there may be fewer than their bits allow.
            let first = (1 << size) - 1;
            let end = if size + 1 < BITS.min(8) as usize { 2 * first + 1 } else { 256 };
            self.codes.get_mut(first..end).unwrap_or_default().fill(best);
        }
    }

    fn size(error: u8) -> usize {
        // At most 7, and at 5 bits at most 4.
        (u32::from(error) + 1).ilog2().min(BITS.min(8).saturating_sub(1)) as usize % CODES
    }
}

/// The difference that an error stands for: 0, -1, 1, -2 and so on for 0, 1, 2, 3.
pub(super) const fn unfold<const BITS: u32>(error: u8) -> u8 {
    let mask = u8::MAX >> (8 - BITS);
    if error & 1 == 1 { mask.wrapping_sub(error >> 1) } else { error >> 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_error_can_be_read<const BITS: u32>() {
        let family = Family::of_bits(BITS);
        for code in 0..BITS as u8 {
            for error in 0..=u8::MAX >> (8 - BITS) {
                let (word, length) = family.word(code, error);
                assert!(length <= MAX_WORD_BITS && word < 1 << length);
                assert_eq!(family.read(code, word << (32 - length)), (error, length));
                assert_eq!(
                    family.read(code, (word << (32 - length)) | ((1 << (32 - length)) - 1)),
                    (error, length)
                );
            }
        }
    }

    #[test]
    fn codes_are_read_as_they_are_written() {
        every_error_can_be_read::<8>();
        every_error_can_be_read::<5>();
    }
}
