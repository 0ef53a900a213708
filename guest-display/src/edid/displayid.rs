//! DisplayID, version 1.3 of VESA's standard: what the monitor is, and one detailed timing of 16 bits a number, in an
//! extension block.

use super::timing::Timing;
use super::{BLOCK, MAKER, PRODUCT, Writer, checksum, since};

/// The extension block's tag.
const TAG: u8 = 0x70;

/// Version 1.3.
const VERSION: u8 = 0x13;

/// A monitor that stands by itself.
const MONITOR: u8 = 3;

/// The tag of the data block that says what the monitor is.
const PRODUCT_TAG: u8 = 0x00;

/// Bytes that it takes without a name.
const PRODUCT_LEN: u8 = 12;

/// The tag of a data block of detailed timings of type I.
const DETAILED: u8 = 0x03;

/// Bytes of such a timing.
const DETAILED_LEN: u8 = 20;

/// Bytes before a data block's payload.
const DATA_HEADER: u8 = 3;

/// The preferred timing, of no particular shape.
const PREFERRED: u8 = 0x88;

/// The pulse is positive.
const POSITIVE: u16 = 0x8000;

/// The block that has a timing as the preferred one; nothing when a number does not fit.
pub(super) fn block(serial: u32, timing: &Timing) -> Option<[u8; BLOCK]> {
    // All numbers are one less than what they mean.
    let word = |number: u32| u16::try_from(number.checked_sub(1)?).ok();
    let [first, second, third, 0] = timing.clock.checked_sub(1)?.to_le_bytes() else { return None };
    let len = DATA_HEADER + PRODUCT_LEN + DATA_HEADER + DETAILED_LEN;
    let words = [
        word(timing.width)?,
        word(timing.h_blank)?,
        word(timing.h_front)? | POSITIVE,
        word(timing.h_sync)?,
        word(timing.height)?,
        word(timing.v_blank)?,
        word(timing.v_front)?,
        word(timing.v_sync)?,
    ];
    let mut block = Writer { block: [0; BLOCK], at: 0 };
    block.put(&[TAG]);
    block.put(&[VERSION, len, MONITOR, 0]);
    block.put(&[PRODUCT_TAG, 0, PRODUCT_LEN]);
    block.put(&MAKER);
    block.put(&PRODUCT.to_le_bytes());
    block.put(&serial.to_le_bytes());
    // The week is not said, and there is no name.
    block.put(&[0, since(2000), 0]);
    block.put(&[DETAILED, 0, DETAILED_LEN]);
    block.put(&[first, second, third, PREFERRED]);
    for word in words {
        block.put(&word.to_le_bytes());
    }
    // The section has a checksum of its own, which the extension's tag has no part in.
    let sum = checksum(block.block.get(1..)?);
    block.put(&[sum]);
    Some(block.with_checksum())
}
