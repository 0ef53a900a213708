use alloc::vec::Vec;

use super::*;

fn monitor(width: u32, height: u32) -> Monitor<'static> {
    Monitor { name: "SPICE 2", serial: 2, width, height, millimetres: None }
}

/// What a detailed timing descriptor says: clock in 10 kHz, width, blank, height, blank.
fn decoded(descriptor: &[u8]) -> (u32, u32, u32, u32, u32) {
    let byte = |at: usize| u32::from(descriptor[at]);
    (
        byte(0) | byte(1) << 8,
        byte(2) | (byte(4) >> 4) << 8,
        byte(3) | (byte(4) & 15) << 8,
        byte(5) | (byte(7) >> 4) << 8,
        byte(6) | (byte(7) & 15) << 8,
    )
}

#[test]
fn timings_are_those_of_the_standard() {
    // From the tables of the standard: 1920x1080 and 1600x1200 and 1280x800 with reduced blanking.
    let full_hd = Timing::reduced(1920, 1080).unwrap();
    assert_eq!((full_hd.clock, full_hd.v_blank, full_hd.v_sync), (13850, 31, 5));
    let four_to_three = Timing::reduced(1600, 1200).unwrap();
    assert_eq!((four_to_three.clock, four_to_three.v_blank, four_to_three.v_sync), (13025, 35, 4));
    let wide = Timing::reduced(1280, 800).unwrap();
    assert_eq!((wide.clock, wide.v_blank, wide.v_sync), (7100, 23, 6));
    assert_eq!(Timing::reduced(0, 5), None);
    assert_eq!(Timing::reduced(5, 65536), None);
    assert!(Timing::reduced(65535, 65535).is_some());
}

#[test]
fn the_base_block_says_what_it_should() {
    let edid = Edid::new(&monitor(1366, 911));
    let blocks: Vec<_> = edid.blocks().collect();
    let [base] = blocks[..] else { panic!("{} blocks", blocks.len()) };
    assert_eq!(base[..10], [0, 255, 255, 255, 255, 255, 255, 0, 0x49, 0x14]);
    assert_eq!(base[18..20], [1, 4]);
    assert_eq!(base[21..23], [37, 25]);
    let (clock, width, h_blank, height, v_blank) = decoded(&base[54..72]);
    assert_eq!((width, height), (1366, 911));
    // Within half a hertz of 60.
    let hundredths = u64::from(clock) * 1_000_000 / u64::from((width + h_blank) * (height + v_blank));
    assert!((5950..=6000).contains(&hundredths), "{hundredths}");
    assert_eq!(&base[72..90], b"\0\0\0\xfc\0SPICE 2\n     ");
    assert_eq!(&base[108..115], b"\0\0\0\xff\x002\n");
    assert_eq!(base[126], 0);
}

#[test]
fn every_block_sums_up_to_nothing() {
    for (width, height) in
        [(1, 1), (640, 480), (4095, 2160), (4096, 2160), (7680, 4320), (65535, 65535), (0, 0)]
    {
        for block in Edid::new(&monitor(width, height)).blocks() {
            assert_eq!(checksum(block), 0, "{width} {height}");
        }
    }
}

#[test]
fn what_is_too_large_is_in_an_extension() {
    assert_eq!(Edid::new(&monitor(3840, 2160)).blocks().count(), 1);
    // 5120 pixels a row, and a clock of more than 655.35 MHz.
    for (width, height) in [(5120, 1440), (4000, 4000)] {
        let edid = Edid::new(&monitor(width, height));
        let blocks: Vec<_> = edid.blocks().collect();
        let [base, extension] = blocks[..] else { panic!("{} blocks", blocks.len()) };
        assert_eq!(base[126], 1);
        assert_eq!(decoded(&base[54..72]).1, 1920);
        assert_eq!(extension[..5], [0x70, 0x13, 38, 3, 0]);
        assert_eq!(checksum(&extension[1..44]), 0);
        let (_, timing) = extension.split_at(20);
        assert_eq!(timing[..3], [3, 0, 20]);
        let word = |at: usize| u32::from(timing[at]) | u32::from(timing[at + 1]) << 8;
        assert_eq!((word(7) + 1, word(15) + 1), (width, height));
        assert_eq!(timing[6] & 0x80, 0x80);
        let clock = word(3) + (u32::from(timing[5]) << 16) + 1;
        assert_eq!(Some(clock), Timing::reduced(width, height).map(|timing| timing.clock));
    }
}

#[test]
fn names_are_cut_and_cleaned() {
    let odd = Monitor { name: "ä\nb\0 long name of a monitor", ..monitor(800, 600) };
    let edid = Edid::new(&odd);
    let base = edid.blocks().next().unwrap();
    assert_eq!(&base[77..90], b"b long name o");
    let small = Edid::new(&Monitor { millimetres: Some((300, 5000)), serial: 0, ..odd });
    assert_eq!(small.blocks().next().unwrap()[21..23], [0, 0]);
}
