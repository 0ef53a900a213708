//! Streams that the original's encoders wrote, which we must decode, and whose QUIC ones we must write.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use image::bitmap::{Bitmap, BitmapFormat, Layout, Palette};
use image::geometry::Size;
use image::{lz, quic};

const SIZE: Size = Size::new(37, 19);

const FORMATS: [(&str, BitmapFormat); 10] = [
    ("mono1le", BitmapFormat::Mono1Le),
    ("mono1be", BitmapFormat::Mono1Be),
    ("indexed4le", BitmapFormat::Indexed4Le),
    ("indexed4be", BitmapFormat::Indexed4Be),
    ("indexed8", BitmapFormat::Indexed8),
    ("rgb555", BitmapFormat::Rgb555),
    ("rgb24", BitmapFormat::Rgb24),
    ("xrgb32", BitmapFormat::Xrgb32),
    ("argb32", BitmapFormat::Argb32),
    ("alpha8", BitmapFormat::Alpha8),
];

/// The picture of tests/data/codecs/README.md.
fn picture(format: BitmapFormat) -> Bitmap {
    let layout = Layout::packed(format, SIZE).expect("a small size");
    let row = usize::try_from(format.row_bytes(SIZE.width)).expect("a short row");
    let pixel = usize::try_from(format.bits_per_pixel() / 8).expect("a few bytes").max(1);
    let data: Vec<u8> = (0..usize::try_from(SIZE.height).expect("a few rows") * row)
        .map(|at| {
            let (y, x, channel) = (at / row, at % row / pixel, at % row % pixel);
            let byte = match (x / 8 + y / 4) % 3 {
                0 => 0x40 * (channel + 1),
                1 => x * 7 + y * 3 + channel * 50,
                _ => (x * 131 + y * 57 + channel * 17) ^ (x * y),
            };
            let unused_bit = format == BitmapFormat::Rgb555 && channel == 1;
            let unused_byte = format == BitmapFormat::Xrgb32 && channel == 3;
            if unused_byte { 0 } else { (byte & if unused_bit { 0x7f } else { 0xff }) as u8 }
        })
        .collect();
    let palette = Palette { unique: 1, entries: (0..256).map(|entry| entry * 0x0001_0203).collect() };
    Bitmap::new(layout, format.is_indexed().then(|| Arc::new(palette)), data.into()).expect("a packed bitmap")
}

fn stream(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/codecs").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn lz_streams_of_the_original_are_decoded() {
    for (name, format) in FORMATS {
        let picture = picture(format);
        let decoded =
            lz::decode(&stream(&format!("{name}.lz")), picture.palette().cloned(), u64::MAX).unwrap();
        assert_eq!(decoded, picture, "{name}");
    }
}

#[test]
fn quic_streams_are_those_of_the_original() {
    for (name, format) in FORMATS {
        if format.is_indexed() {
            continue;
        }
        let (golden, picture) = (stream(&format!("{name}.quic")), picture(format));
        let mut ours = Vec::new();
        quic::Encoder::new().encode(&picture, &mut ours).unwrap();
        assert_eq!(ours, golden, "{name}");
        let decoded = quic::decode(&golden, u64::MAX).unwrap();
        let colors = |bitmap: &Bitmap| -> Vec<u32> {
            let mut row = vec![0; 37];
            let rows = (0..SIZE.height).flat_map(|y| {
                bitmap.row_to_xrgb(y, &mut row);
                row.clone()
            });
            rows.collect()
        };
        assert_eq!(colors(&decoded), colors(&picture), "{name}");
    }
}
