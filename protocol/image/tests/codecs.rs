//! Round trips of every codec over random and structured images, and decoders on damaged streams.

use std::sync::Arc;

use image::bitmap::{Bitmap, BitmapFormat, Layout, Palette};
use image::geometry::Size;
use image::{glz, jpeg, lz, lz4, quic};
use proptest::prelude::*;

const FORMATS: [BitmapFormat; 10] = [
    BitmapFormat::Mono1Le,
    BitmapFormat::Mono1Be,
    BitmapFormat::Indexed4Le,
    BitmapFormat::Indexed4Be,
    BitmapFormat::Indexed8,
    BitmapFormat::Rgb555,
    BitmapFormat::Rgb24,
    BitmapFormat::Xrgb32,
    BitmapFormat::Argb32,
    BitmapFormat::Alpha8,
];

/// Bytes like those of pictures: noise, runs, and repetitions of what was there before.
fn picture_bytes(length: usize) -> impl Strategy<Value = Vec<u8>> {
    let piece = (0..4_u8, any::<[u8; 4]>(), 1..200_usize, 1..9000_usize);
    proptest::collection::vec(piece, 1..40).prop_map(move |pieces| {
        let mut bytes: Vec<u8> = Vec::with_capacity(length);
        for (what, seed, count, back) in pieces.iter().cycle().take(4000) {
            for i in 0..*count {
                let byte = match what {
                    0 => seed[i % 4].wrapping_mul(i as u8 | 1).wrapping_add((bytes.len() / 7) as u8),
                    1 | 2 => seed[i % 4],
                    _ => bytes.len().checked_sub(*back * 4).map_or(seed[0], |at| bytes[at]),
                };
                bytes.push(byte);
            }
            if bytes.len() >= length {
                break;
            }
        }
        bytes.resize(length, 0);
        bytes
    })
}

prop_compose! {
    fn bitmaps()(
        format in proptest::sample::select(&FORMATS[..]),
        width in prop_oneof![1..40_u32, 100..300_u32],
        height in prop_oneof![1..9_u32, 1..200_u32],
        padding in 0..9_u32,
        top_down in any::<bool>(),
    )(
        layout in Just(Layout {
            format,
            size: Size::new(width, height),
            stride: u32::try_from(format.row_bytes(width)).expect("a short row") + padding,
            top_down,
        }),
        bytes in picture_bytes(
            usize::try_from((format.row_bytes(width) + u64::from(padding)) * u64::from(height)).expect("a small bitmap")
        ),
    ) -> Bitmap {
        let palette = Palette { unique: 1, entries: (0..256).map(|i| i * 0x01_02_03).collect() };
        Bitmap::new(layout, layout.format.is_indexed().then(|| Arc::new(palette)), bytes.into()).expect("a valid layout")
    }
}

/// The bits of a pixel's bytes that codecs keep.
fn kept(format: BitmapFormat) -> Vec<u8> {
    match format {
        BitmapFormat::Rgb555 => vec![0xff, 0x7f],
        BitmapFormat::Xrgb32 => vec![0xff, 0xff, 0xff, 0],
        _ => vec![0xff],
    }
}

fn assert_same_pixels(left: &Bitmap, right: &Bitmap) {
    assert_eq!(
        (left.format(), left.size(), left.top_down()),
        (right.format(), right.size(), right.top_down())
    );
    let mask = kept(left.format());
    for (left, right) in left.rows().zip(right.rows()) {
        let masked =
            |row: &[u8]| -> Vec<u8> { row.iter().zip(mask.iter().cycle()).map(|(b, m)| b & m).collect() };
        assert_eq!(masked(left), masked(right));
    }
}

proptest! {
    #[test]
    fn lz_keeps_every_pixel(bitmaps in proptest::collection::vec(bitmaps(), 1..4)) {
        // One encoder for all: what it remembers of one image must not leak into the next.
        let mut encoder = lz::Encoder::new();
        for bitmap in bitmaps {
            let mut stream = vec![0xee];
            encoder.encode(&bitmap, &mut stream).unwrap();
            let decoded = lz::decode(&stream[1..], bitmap.palette().cloned(), u64::MAX).unwrap();
            assert_same_pixels(&bitmap, &decoded);
            prop_assert_eq!(decoded.palette(), bitmap.palette());
        }
    }

    #[test]
    fn lz_keeps_alpha_alone(bitmap in bitmaps()) {
        let mut stream = Vec::new();
        let result = lz::Encoder::new().encode_alpha(&bitmap, &mut stream);
        if !matches!(bitmap.format(), BitmapFormat::Xrgb32 | BitmapFormat::Argb32) {
            prop_assert_eq!(result, Err(lz::EncodeError::NoAlpha(bitmap.format())));
            return Ok(());
        }
        let decoded = lz::decode(&stream, None, u64::MAX).unwrap();
        prop_assert_eq!(decoded.format(), BitmapFormat::Alpha8);
        for (pixels, alpha) in bitmap.rows().zip(decoded.rows()) {
            prop_assert!(pixels.chunks(4).map(|pixel| pixel[3]).eq(alpha.iter().copied()));
        }
    }

    /// Small windows, so that images leave them all the time.
    #[test]
    fn glz_keeps_every_pixel(
        bitmaps in proptest::collection::vec((bitmaps(), any::<bool>()), 1..12),
        window in prop_oneof![1000..100_000_u64, Just(1 << 22)],
    ) {
        let (mut dictionary, mut client) = (glz::Dictionary::new(window), glz::Window::new(window));
        for (bitmap, again) in bitmaps {
            for _ in 0..=u8::from(again) {
                let mut stream = vec![0xee];
                let result = dictionary.encode(&bitmap, &mut stream);
                if !matches!(bitmap.format(), BitmapFormat::Rgb24 | BitmapFormat::Xrgb32 | BitmapFormat::Argb32) {
                    prop_assert_eq!(result, Err(glz::Unfit::Format(bitmap.format())));
                    continue;
                }
                if bitmap.size().area() > window {
                    prop_assert_eq!(result, Err(glz::Unfit::TooLarge { pixels: bitmap.size().area() }));
                    continue;
                }
                let decoded = client.decode(&stream[1..]).unwrap();
                prop_assert_eq!((decoded.size(), decoded.top_down()), (bitmap.size(), bitmap.top_down()));
                let (mut left, mut right) = (vec![0; 300], vec![0; 300]);
                for y in 0..bitmap.height() {
                    bitmap.row_to_xrgb(y, &mut left);
                    decoded.row_to_xrgb(y, &mut right);
                    if bitmap.format() != BitmapFormat::Argb32 {
                        // A match may bring alpha of another image along.
                        left.iter_mut().chain(&mut right).for_each(|pixel| *pixel &= 0x00ff_ffff);
                    }
                    prop_assert_eq!(&left, &right);
                }
            }
        }
    }

    #[test]
    fn lz4_keeps_every_pixel(bitmap in bitmaps()) {
        let mut stream = vec![0xee];
        let result = lz4::Encoder::new().encode(&bitmap, &mut stream);
        if bitmap.format().is_rgb() {
            let decoded = lz4::decode(&stream[1..], bitmap.size(), u64::MAX).unwrap();
            assert_same_pixels(&bitmap, &decoded);
        } else {
            prop_assert_eq!(result, Err(lz4::Error::Format(bitmap.format().into())));
        }
    }

    /// Some decoders copy more than they need where they know that there is room.
    #[test]
    fn lz4_blocks_keep_the_rules_for_their_end(bitmap in bitmaps(), again in 1..4_usize) {
        prop_assume!(bitmap.format().is_rgb());
        let mut encoder = lz4::Encoder::new();
        let mut stream = Vec::new();
        for _ in 0..again {
            // What was encoded before leaves no traces.
            let before = std::mem::take(&mut stream);
            encoder.encode(&bitmap, &mut stream).unwrap();
            prop_assert!(before.is_empty() || before == stream);
        }
        let (mut at, mut last_match) = (0, None);
        for (literals, length) in lz4_sequences(&stream[6..]) {
            at += literals;
            last_match = (length > 0).then_some(at).or(last_match);
            prop_assert!(length > 0 || literals >= 5 || last_match.is_none());
            at += length;
        }
        prop_assert_eq!(at as u64, bitmap.format().row_bytes(bitmap.width()) * u64::from(bitmap.height()));
        prop_assert!(last_match.is_none_or(|last| last + 12 <= at));
    }

    #[test]
    fn quic_keeps_every_pixel(bitmap in bitmaps()) {
        let mut stream = vec![0xee];
        let result = quic::Encoder::new().encode(&bitmap, &mut stream);
        if bitmap.format().is_indexed() {
            prop_assert_eq!(result, Err(quic::EncodeError::Format(bitmap.format())));
            return Ok(());
        }
        let decoded = quic::decode(&stream[1..], u64::MAX).unwrap();
        prop_assert_eq!(decoded.size(), bitmap.size());
        prop_assert!(decoded.top_down());
        let (mut left, mut right) = (vec![0; 300], vec![0; 300]);
        for y in 0..bitmap.height() {
            bitmap.row_to_xrgb(y, &mut left);
            decoded.row_to_xrgb(y, &mut right);
            if bitmap.format() == BitmapFormat::Xrgb32 {
                left.iter_mut().for_each(|pixel| *pixel &= 0x00ff_ffff);
            }
            prop_assert_eq!(&left, &right);
        }
    }

    #[test]
    fn damaged_streams_end_in_pixels_or_an_error(
        bitmap in bitmaps(),
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<proptest::sample::Index>(),
    ) {
        let mut streams = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
        lz::Encoder::new().encode(&bitmap, &mut streams[0]).unwrap();
        let _ = lz4::Encoder::new().encode(&bitmap, &mut streams[1]);
        let _ = quic::Encoder::new().encode(&bitmap, &mut streams[2]);
        let _ = jpeg::Encoder::new().encode(&bitmap, 50, &mut streams[3]);
        for stream in &mut streams {
            if stream.is_empty() {
                continue;
            }
            for (at, byte) in &damage {
                *at.get_mut(stream) = *byte;
            }
            for stream in [&stream[..], &stream[..cut.index(stream.len())]] {
                for decoded in [
                    lz::decode(stream, None, 1 << 20).ok(),
                    lz4::decode(stream, bitmap.size(), 1 << 20).ok(),
                    quic::decode(stream, 1 << 20).ok(),
                    jpeg::decode(stream, 1 << 20).ok(),
                ].into_iter().flatten() {
                    prop_assert!(decoded.size().area() <= 1 << 20);
                }
            }
        }
    }
}

/// The literals and matches of an LZ4 block, by their lengths; the last match has none.
fn lz4_sequences(block: &[u8]) -> Vec<(usize, usize)> {
    let mut bytes = block.iter().copied();
    let mut sequences = Vec::new();
    while let Some(token) = bytes.next() {
        let literals = lz4_length(token >> 4, &mut bytes);
        let skipped = (0..literals).map_while(|_| bytes.next()).count();
        assert_eq!(skipped, literals);
        let Some(low) = bytes.next() else {
            sequences.push((literals, 0));
            break;
        };
        assert_ne!((low, bytes.next().expect("the rest of a distance")), (0, 0));
        sequences.push((literals, 4 + lz4_length(token & 15, &mut bytes)));
    }
    sequences
}

/// A length whose first bits are in the token.
fn lz4_length(bits: u8, bytes: &mut impl Iterator<Item = u8>) -> usize {
    let mut length = usize::from(bits);
    let mut last = if bits == 15 { 255 } else { 0 };
    while last == 255 {
        last = bytes.next().expect("the rest of a length");
        length += usize::from(last);
    }
    length
}

/// What a desktop shows twice costs next to nothing the second time, wherever it is shown.
#[test]
fn glz_finds_what_earlier_images_have() {
    let mut state = 1_u32;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    let noise: Vec<u8> = (0..64 * 64 * 4).map(|_| random()).collect();
    let whole = |data: Vec<u8>, width, height| {
        let layout = Layout::packed(BitmapFormat::Xrgb32, Size::new(width, height)).unwrap();
        Bitmap::new(layout, None, data.into()).unwrap()
    };
    let mut dictionary = glz::Dictionary::new(1 << 20);
    let mut bytes = |bitmap: &Bitmap| {
        let mut stream = Vec::new();
        dictionary.encode(bitmap, &mut stream).unwrap();
        stream.len()
    };
    assert!(bytes(&whole(noise.clone(), 64, 64)) > 64 * 64 * 3);
    assert!(bytes(&whole(noise.clone(), 64, 64)) < 100);
    // Rows 8 to 56, from column 16 on.
    let part: Vec<u8> = (8..56).flat_map(|y| noise[(y * 64 + 16) * 4..(y + 1) * 64 * 4].to_vec()).collect();
    assert!(bytes(&whole(part, 48, 48)) < 48 * 8 + 50);
}

fn xrgb(size: Size, pixels: impl IntoIterator<Item = u32>) -> Bitmap {
    let data: Vec<u8> = pixels.into_iter().flat_map(u32::to_le_bytes).collect();
    let layout = Layout::packed(BitmapFormat::Xrgb32, size).expect("a small size");
    Bitmap::new(layout, None, data.into()).expect("a packed bitmap")
}

/// Numbers that look random.
fn mixed(number: u32) -> u32 {
    let number = number.wrapping_mul(0x9e37_79b1);
    (number ^ number >> 15).wrapping_mul(0x85eb_ca6b) >> 8
}

/// Of four colours, so that any two pixels are found again all over the place; each 64th pixel changes.
#[test]
fn glz_follows_a_picture_that_changes_a_little() {
    let size = Size::new(128, 128);
    let before = xrgb(size, (0..128 * 128).map(|at| mixed(at) & 3));
    let after = xrgb(size, (0..128 * 128).map(|at| if at % 64 == 0 { at } else { mixed(at) & 3 }));
    let mut dictionary = glz::Dictionary::new(1 << 20);
    let mut bytes = |bitmap: &Bitmap| {
        let mut stream = Vec::new();
        dictionary.encode(bitmap, &mut stream).unwrap();
        stream.len()
    };
    let (first, second) = (bytes(&before), bytes(&after));
    assert!(second * 2 < first, "{second} bytes after {first}");
}

/// Places without a match are passed over ever faster, but a match that comes is made as long as it is.
#[test]
fn lz_matches_reach_back_over_what_was_passed_over() {
    let pixels = (0..20_000).chain(10_000..20_000).map(mixed);
    let mut stream = Vec::new();
    lz::Encoder::new().encode(&xrgb(Size::new(30_000, 1), pixels), &mut stream).unwrap();
    // A byte for each 32 literals, and not many bytes for what is there again.
    let literals = 20_000 * 3 + 20_000 / 32;
    assert!(stream.len() < literals + 200, "{} bytes", stream.len());
}

#[test]
fn lz4_reads_streams_of_several_blocks() {
    let size = Size::new(16, 3);
    let rows: Vec<u8> = (0..16 * 3 * 4).map(|i| (i / 5) as u8).collect();
    let mut stream = vec![0, 8];
    // Each row refers to the ones before it.
    for (index, row) in rows.chunks(64).enumerate() {
        let block = lz4_flex::block::compress_with_dict(row, &rows[..index * 64]);
        stream.extend_from_slice(&u32::try_from(block.len()).unwrap().to_be_bytes());
        stream.extend_from_slice(&block);
    }
    let decoded = lz4::decode(&stream, size, 48).unwrap();
    assert_eq!(decoded.data(), &rows);
    assert!(!decoded.top_down());
    assert_eq!(lz4::decode(&stream, size, 47), Err(lz4::Error::TooLarge { size }));
}
