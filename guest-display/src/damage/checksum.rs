//! The checksum of a picture: CRC-32 as in IEEE 802.3, over its pixels row by row, each as four bytes, blue first.

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0_u32;
    while byte < 256 {
        let mut crc = byte;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
            bit += 1;
        }
        table[byte as usize] = crc;
        byte += 1;
    }
    table
};

pub(super) fn crc32<'a>(rows: impl Iterator<Item = &'a [u32]>) -> u32 {
    let step = |crc: u32, byte: u8| {
        let [low, ..] = crc.to_le_bytes();
        crc >> 8 ^ TABLE.get(usize::from(low ^ byte)).copied().unwrap_or(0)
    };
    !rows.flatten().flat_map(|pixel| pixel.to_le_bytes()).fold(!0, step)
}

#[cfg(test)]
mod tests {
    use super::crc32;

    #[test]
    fn crc_of_the_check_string() {
        // "12345678" as two pixels; the value is zlib's.
        let row = [u32::from_le_bytes(*b"1234"), u32::from_le_bytes(*b"5678")];
        assert_eq!(crc32([&row[..]].into_iter()), 0x9AE0_DAAF);
    }
}
