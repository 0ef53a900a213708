//! Properties of the `image` crate: regions against a set of pixels, and decoders on streams from anybody.

use bytes::Bytes;
use image::bitmap::{Bitmap, BitmapFormat, Palette};
use image::geometry::{Point, Rect, Size};
use image::region::Region;
use image::{glz, jpeg, lz, lz4, quic, zlib};

use crate::Oracle;

/// The fuzz targets `image_*`.
pub const ORACLES: &[Oracle] = &[
    Oracle { name: "image_region", check: region },
    Oracle { name: "image_glz", check: glz },
    Oracle { name: "image_jpeg", check: jpeg },
    Oracle { name: "image_lz", check: lz },
    Oracle { name: "image_lz4", check: lz4 },
    Oracle { name: "image_quic", check: quic },
    Oracle { name: "image_zlib_glz", check: zlib_glz },
];

/// Pixels that a stream may stand for here.
const MAX_PIXELS: u64 = 1 << 16;
/// The side of the square in which regions are compared pixel by pixel.
const SIDE: i32 = 16;

type Pixels = [[bool; SIDE as usize]; SIDE as usize];

/// Each six bytes are a set operation with a rectangle; after each, the region and a set of pixels have the
/// same in common, and the region keeps its order.
pub fn region(bytes: &[u8]) {
    let (mut region, mut pixels) = (Region::new(), Pixels::default());
    let mut other = Region::new();
    for &[what, left, top, right, bottom, part] in bytes.as_chunks().0 {
        let side = |byte: u8| i32::from(byte % 20) - 2;
        let rect = Rect::new(side(left), side(top), side(right), side(bottom));
        let inside = rect.intersection(&Rect::new(0, 0, SIDE, SIDE)).unwrap_or_default();
        other.union_rect(&Rect::new(inside.left, inside.top, inside.right, inside.top + i32::from(part % 4)));
        other.intersect_rect(&Rect::new(0, 0, SIDE, SIDE));
        let set = set_of(&other);
        let within = |x: usize, y: usize| rect_has(&inside, x, y);
        match what % 6 {
            0 => apply(&mut region, &mut pixels, |r| r.union_rect(&inside), |p, x, y| p | within(x, y)),
            1 => apply(&mut region, &mut pixels, |r| r.subtract_rect(&rect), |p, x, y| p & !within(x, y)),
            2 => apply(&mut region, &mut pixels, |r| r.intersect_rect(&rect), |p, x, y| p & within(x, y)),
            3 => apply(&mut region, &mut pixels, |r| r.union(&other), |p, x, y| p | set[y][x]),
            4 => apply(&mut region, &mut pixels, |r| r.subtract(&other), |p, x, y| p & !set[y][x]),
            _ => apply(&mut region, &mut pixels, |r| r.intersect(&other), |p, x, y| p & set[y][x]),
        }
        check_region(&region, &pixels);
        check_questions(&region, &pixels, &rect, &other, &set);
    }
}

fn apply(
    region: &mut Region,
    pixels: &mut Pixels,
    operation: impl Fn(&mut Region),
    pixel: impl Fn(bool, usize, usize) -> bool,
) {
    operation(region);
    for (y, row) in pixels.iter_mut().enumerate() {
        for (x, inside) in row.iter_mut().enumerate() {
            *inside = pixel(*inside, x, y);
        }
    }
}

fn rect_has(rect: &Rect, x: usize, y: usize) -> bool {
    let at = |value: usize| i32::try_from(value).unwrap_or(i32::MAX);
    rect.left <= at(x) && at(x) < rect.right && rect.top <= at(y) && at(y) < rect.bottom
}

fn set_of(region: &Region) -> Pixels {
    let mut pixels = Pixels::default();
    for (y, row) in pixels.iter_mut().enumerate() {
        for (x, inside) in row.iter_mut().enumerate() {
            *inside = region.rects().any(|rect| rect_has(rect, x, y));
        }
    }
    pixels
}

fn check_region(region: &Region, pixels: &Pixels) {
    assert_eq!(&set_of(region), pixels);
    let count = pixels.iter().flatten().filter(|inside| **inside).count();
    assert_eq!(region.area(), count as u64);
    assert_eq!(region.is_empty(), count == 0);
    for pair in region.as_slice().windows(2) {
        let [first, second] = pair else { continue };
        let same_band = first.top == second.top && first.bottom == second.bottom && first.right < second.left;
        assert!(same_band || first.bottom <= second.top, "{first:?} before {second:?}");
    }
    // The same pixels in another order of building are the same region.
    assert_eq!(*region, region.rects().rev().copied().collect::<Region>());
    let mut moved = region.clone();
    moved.translate(7, -9);
    moved.translate(-7, 9);
    assert_eq!(*region, moved);
}

fn check_questions(region: &Region, pixels: &Pixels, rect: &Rect, other: &Region, set: &Pixels) {
    let every = |x: usize, y: usize| pixels.get(y).and_then(|row| row.get(x)).copied().unwrap_or(false);
    let mut contains = rect.is_empty() || Rect::new(0, 0, SIDE, SIDE).contains(rect);
    let mut intersects = false;
    let (mut contains_other, mut intersects_other) = (true, false);
    for (y, row) in set.iter().enumerate() {
        for (x, in_other) in row.iter().enumerate() {
            let at = Point::new(i32::try_from(x).unwrap_or(0), i32::try_from(y).unwrap_or(0));
            assert_eq!(region.contains_point(at), every(x, y));
            if rect_has(rect, x, y) {
                contains &= every(x, y);
                intersects |= every(x, y);
            }
            if *in_other {
                contains_other &= every(x, y);
                intersects_other |= every(x, y);
            }
        }
    }
    assert_eq!(region.contains_rect(rect), contains, "{region:?} contains {rect:?}");
    assert_eq!(region.intersects_rect(rect), intersects);
    assert_eq!(region.contains(other), contains_other);
    assert_eq!(region.intersects(other), intersects_other);
}

/// Whoever walks a decoded bitmap's rows relies on it: no column, but as many rows as fit into 32 bits, takes for ever.
fn check_size(bitmap: &Bitmap) {
    let size = bitmap.size();
    assert!((1..=MAX_PIXELS).contains(&size.area()), "a decoded bitmap of {size:?}");
}

/// A session of streams, each behind a byte with its length: all of them end in a bitmap within the window's
/// size or in an error.
pub fn glz(bytes: &[u8]) {
    let mut window = glz::Window::new(MAX_PIXELS);
    let mut rest = bytes;
    while let Some((length, tail)) = rest.split_first() {
        let (stream, tail) = tail.split_at(tail.len().min(usize::from(*length)));
        if let Ok(bitmap) = window.decode(stream) {
            check_size(&bitmap);
        }
        rest = tail;
    }
}

/// Any bytes end in an error or in a bitmap, which has the same colours after another round: an encoder may
/// drop the unused bit of pixels of 15 bits.
pub fn lz(bytes: &[u8]) {
    let Ok(bitmap) = lz::decode(bytes, None, MAX_PIXELS) else { return };
    check_size(&bitmap);
    let mut again = Vec::new();
    lz::Encoder::new().encode(&bitmap, &mut again).expect("a decoded bitmap is not too large");
    let decoded = lz::decode(&again, None, MAX_PIXELS).expect("a stream of ours");
    assert_eq!(decoded.layout(), bitmap.layout());
    for (left, right) in bitmap.rows().zip(decoded.rows()) {
        if bitmap.format() == BitmapFormat::Rgb555 {
            let without_unused_bit = |row: &[u8]| -> Vec<u8> {
                row.iter()
                    .enumerate()
                    .map(|(at, byte)| if at % 2 == 1 { byte & 0x7f } else { *byte })
                    .collect()
            };
            assert_eq!(without_unused_bit(left), without_unused_bit(right));
        } else {
            assert_eq!(left, right);
        }
    }
}

/// The first two bytes are the size that the sender says the image has; the others end in an error or in a
/// bitmap, which is the same after another round.
pub fn lz4(bytes: &[u8]) {
    let Some((&[width, height], stream)) = bytes.split_first_chunk() else { return };
    let size = Size::new(width.into(), height.into());
    let Ok(bitmap) = lz4::decode(stream, size, MAX_PIXELS) else { return };
    check_size(&bitmap);
    let mut again = Vec::new();
    lz4::Encoder::new().encode(&bitmap, &mut again).expect("a decoded bitmap has a format of LZ4");
    assert_eq!(lz4::decode(&again, size, MAX_PIXELS).as_ref(), Ok(&bitmap));
}

/// Any bytes end in an error or in a bitmap, which is the same after another round; and any bytes can be
/// pixels.
pub fn quic(bytes: &[u8]) {
    if let Ok(bitmap) = quic::decode(bytes, MAX_PIXELS) {
        check_size(&bitmap);
        quic_round(&bitmap);
    }
    let Some((&[format, width], pixels)) = bytes.split_first_chunk() else { return };
    let formats = [BitmapFormat::Alpha8, BitmapFormat::Rgb555, BitmapFormat::Xrgb32, BitmapFormat::Argb32];
    let format = formats[usize::from(format) % formats.len()];
    let row = format.row_bytes(width.into()).max(1);
    let height = u32::try_from(pixels.len() as u64 / row).unwrap_or(0);
    let layout = image::bitmap::Layout::packed(format, Size::new(width.into(), height));
    let bitmap = layout.and_then(|layout| {
        Bitmap::new(layout, None::<std::sync::Arc<Palette>>, Bytes::copy_from_slice(pixels))
    });
    let Ok(bitmap) = bitmap else { return };
    let mut stream = Vec::new();
    if quic::Encoder::new().encode(&bitmap, &mut stream).is_ok() {
        let decoded = quic::decode(&stream, u64::MAX).expect("a stream of ours");
        assert_eq!(decoded.size(), bitmap.size());
        quic_round(&decoded);
    }
}

fn quic_round(bitmap: &Bitmap) {
    let mut stream = Vec::new();
    quic::Encoder::new().encode(bitmap, &mut stream).expect("a decoded bitmap has a format of QUIC");
    assert_eq!(quic::decode(&stream, u64::MAX).as_ref(), Ok(bitmap));
}

/// Any bytes end in an error or in a bitmap, of which a file can be made again; the first two bytes are the size of the
/// colours' file where the others are a picture with alpha.
pub fn jpeg(bytes: &[u8]) {
    if let Ok(bitmap) = jpeg::decode(bytes, MAX_PIXELS) {
        check_size(&bitmap);
        let mut again = Vec::new();
        jpeg::Encoder::new().encode(&bitmap, 85, &mut again).expect("a decoded bitmap is not too large");
        let decoded = jpeg::decode(&again, MAX_PIXELS).expect("a file of ours");
        assert_eq!(decoded.layout(), bitmap.layout());
    }
    let Some((size, data)) = bytes.split_first_chunk() else { return };
    let size = u16::from_le_bytes(*size).into();
    for top_down in [false, true] {
        let Ok(bitmap) = jpeg::decode_with_alpha(data, size, top_down, MAX_PIXELS) else { continue };
        check_size(&bitmap);
        let mut again = Vec::new();
        let (mut colors, mut alpha) = (jpeg::Encoder::new(), lz::Encoder::new());
        let size = jpeg::encode_with_alpha(&bitmap, 85, &mut colors, &mut alpha, &mut again);
        let size = size.expect("a decoded bitmap is not too large");
        let decoded = jpeg::decode_with_alpha(&again, size, true, MAX_PIXELS).expect("a picture of ours");
        for (left, right) in bitmap.rows().zip(decoded.rows()) {
            assert!(left.iter().skip(3).step_by(4).eq(right.iter().skip(3).step_by(4)), "alpha was lost");
        }
    }
}

/// The first two bytes are the length that the sender says the stream inside has; any others end in a bitmap within the
/// window's size or in an error. And any bytes come out of zlib as they went in.
pub fn zlib_glz(bytes: &[u8]) {
    if let Some((size, stream)) = bytes.split_first_chunk() {
        let size = u16::from_le_bytes(*size).into();
        if let Ok(inner) = zlib::inflate(stream, size, size) {
            assert_eq!(inner.len(), size);
            if let Ok(bitmap) = glz::Window::new(MAX_PIXELS).decode(&inner) {
                check_size(&bitmap);
            }
        }
    }
    let mut stream = Vec::new();
    zlib::Deflater::new().deflate(bytes, &mut stream).expect("a stream is finished");
    assert_eq!(zlib::inflate(&stream, bytes.len(), bytes.len()).as_deref(), Ok(bytes));
}
