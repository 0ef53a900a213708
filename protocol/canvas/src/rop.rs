//! What the descriptors of drawing commands mean as binary raster operations.

use image::rop::BinaryRop;
use wire::drawable::Rop;

/// The function of a source and a destination bit that a descriptor means, where `invert_source` and
/// `invert_destination` are the bits of it that invert what the operation takes for the two.
///
/// The first of PUT, OR, AND, XOR, BLACKNESS, WHITENESS and INVERS that is set counts, and a descriptor
/// without any of them replaces the destination.
pub(crate) fn binary_rop(descriptor: Rop, invert_source: Rop, invert_destination: Rop) -> BinaryRop {
    let source = descriptor.contains(invert_source);
    let destination = descriptor.contains(invert_destination);
    let result = descriptor.contains(Rop::INVERS_RES);
    if descriptor.contains(Rop::PUT) {
        return if source == result { BinaryRop::Copy } else { BinaryRop::CopyInverted };
    }
    if descriptor.contains(Rop::OR) {
        return or(source, destination, result);
    }
    if descriptor.contains(Rop::AND) {
        // By De Morgan: a and b is not (not a or not b).
        return or(!source, !destination, !result);
    }
    if descriptor.contains(Rop::XOR) {
        return if source ^ destination ^ result { BinaryRop::Equiv } else { BinaryRop::Xor };
    }
    if descriptor.contains(Rop::BLACKNESS) {
        BinaryRop::Clear
    } else if descriptor.contains(Rop::WHITENESS) {
        BinaryRop::Set
    } else if descriptor.contains(Rop::INVERS) {
        BinaryRop::Invert
    } else {
        BinaryRop::Copy
    }
}

/// Source or destination, each of them and the result inverted as said.
fn or(invert_source: bool, invert_destination: bool, invert_result: bool) -> BinaryRop {
    match (invert_source, invert_destination, invert_result) {
        (false, false, false) => BinaryRop::Or,
        (false, true, false) => BinaryRop::OrReverse,
        (true, false, false) => BinaryRop::OrInverted,
        (true, true, false) => BinaryRop::Nand,
        (false, false, true) => BinaryRop::Nor,
        (false, true, true) => BinaryRop::AndInverted,
        (true, false, true) => BinaryRop::AndReverse,
        (true, true, true) => BinaryRop::And,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a descriptor says, read literally.
    fn literal(descriptor: Rop, source: u8, destination: u8) -> u8 {
        let not = |invert: Rop, value: u8| if descriptor.contains(invert) { !value } else { value };
        let (s, d) = (not(Rop::INVERS_SRC, source), not(Rop::INVERS_DEST, destination));
        let result = |value| not(Rop::INVERS_RES, value);
        match descriptor {
            _ if descriptor.contains(Rop::PUT) => result(s),
            _ if descriptor.contains(Rop::OR) => result(s | d),
            _ if descriptor.contains(Rop::AND) => result(s & d),
            _ if descriptor.contains(Rop::XOR) => result(s ^ d),
            _ if descriptor.contains(Rop::BLACKNESS) => 0,
            _ if descriptor.contains(Rop::WHITENESS) => 0xff,
            _ if descriptor.contains(Rop::INVERS) => !destination,
            _ => source,
        }
    }

    #[test]
    fn every_descriptor_means_what_its_bits_say() {
        for bits in 0..0x800 {
            let descriptor = Rop(bits);
            let rop = binary_rop(descriptor, Rop::INVERS_SRC, Rop::INVERS_DEST);
            assert_eq!(rop.apply(0b0011_u8, 0b0101), literal(descriptor, 0b0011, 0b0101), "{bits:#x}");
        }
    }

    #[test]
    fn the_brush_can_be_the_source_and_the_source_the_destination() {
        let descriptor = Rop(Rop::XOR.0 | Rop::INVERS_BRUSH.0);
        assert_eq!(binary_rop(descriptor, Rop::INVERS_BRUSH, Rop::INVERS_SRC), BinaryRop::Equiv);
        assert_eq!(binary_rop(descriptor, Rop::INVERS_SRC, Rop::INVERS_DEST), BinaryRop::Xor);
    }
}
