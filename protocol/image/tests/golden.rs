//! Streams that the original's encoders wrote, which we must decode, and whose QUIC and JPEG ones we must write.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use image::bitmap::{Bitmap, BitmapFormat, Layout, Palette};
use image::geometry::Size;
use image::{glz, jpeg, lz, lz4, quic, zlib};

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

/// The quality at which the original sends images.
const QUALITY: u8 = 85;

/// The picture of tests/data/codecs/README.md.
fn picture(format: BitmapFormat) -> Bitmap {
    picture_at(format, 0, 0, true)
}

/// The same bytes in memory, for `top_down` false the picture on its head.
fn picture_of(format: BitmapFormat, top_down: bool) -> Bitmap {
    picture_at(format, 0, 0, top_down)
}

/// The same from another column and row on.
fn picture_at(format: BitmapFormat, left: usize, top: usize, top_down: bool) -> Bitmap {
    let layout = Layout { top_down, ..Layout::packed(format, SIZE).expect("a small size") };
    let row = usize::try_from(format.row_bytes(SIZE.width)).expect("a short row");
    let pixel = usize::try_from(format.bits_per_pixel() / 8).expect("a few bytes").max(1);
    let data: Vec<u8> = (0..usize::try_from(SIZE.height).expect("a few rows") * row)
        .map(|at| {
            let (y, x, channel) = (top + at / row, left + at % row / pixel, at % row % pixel);
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

/// The formats of which there are LZ4 and GLZ streams.
const RGB_FORMATS: [(&str, BitmapFormat); 4] = [
    ("rgb555", BitmapFormat::Rgb555),
    ("rgb24", BitmapFormat::Rgb24),
    ("xrgb32", BitmapFormat::Xrgb32),
    ("argb32", BitmapFormat::Argb32),
];

#[test]
fn glz_streams_of_the_original_are_decoded_with_those_before_them() {
    let pictures = [(0, 0), (3, 2)].into_iter().flat_map(|place| RGB_FORMATS.map(|format| (format, place)));
    let mut window = glz::Window::new(1 << 16);
    for (((name, format), (left, top)), number) in pictures.zip(1..) {
        let name = format!("{number}-{name}");
        let mut found = colors(&window.decode(&stream(&format!("{name}.glz"))).unwrap());
        if format != BitmapFormat::Argb32 {
            // A match may bring alpha of another image along.
            found.iter_mut().for_each(|pixel| *pixel &= 0x00ff_ffff);
        }
        assert_eq!(found, colors(&picture_at(format, left, top, true)), "{name}");
    }
    // The last one is made of those before it.
    assert!(glz::Window::new(1 << 16).decode(&stream("8-argb32.glz")).is_err());
}

#[test]
fn lz4_streams_of_the_original_are_decoded() {
    for (name, format) in RGB_FORMATS {
        let decoded = lz4::decode(&stream(&format!("{name}.lz4")), SIZE, u64::MAX).unwrap();
        assert_eq!(decoded, picture(format), "{name}");
    }
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
        assert_eq!(colors(&decoded), colors(&picture), "{name}");
    }
}

/// Pixels from the top as 32-bit numbers.
fn colors(bitmap: &Bitmap) -> Vec<u32> {
    let mut row = vec![0; 37];
    let rows = (0..SIZE.height).flat_map(|y| {
        bitmap.row_to_xrgb(y, &mut row);
        row.clone()
    });
    rows.collect()
}

/// The mean difference of two pictures' channels, alpha included.
fn mean_difference(left: &Bitmap, right: &Bitmap) -> u32 {
    let (left, right) = (colors(left), colors(right));
    let bytes = |colors: &[u32]| colors.iter().flat_map(|color| color.to_le_bytes()).collect::<Vec<u8>>();
    let differences = bytes(&left).into_iter().zip(bytes(&right)).map(|(a, b)| u32::from(a.abs_diff(b)));
    differences.sum::<u32>() / u32::try_from(left.len() * 4).expect("a few pixels")
}

const JPEG: [(&str, BitmapFormat, bool); 4] = [
    ("xrgb32.jpeg", BitmapFormat::Xrgb32, true),
    ("xrgb32-up.jpeg", BitmapFormat::Xrgb32, false),
    ("rgb24.jpeg", BitmapFormat::Rgb24, true),
    ("rgb555.jpeg", BitmapFormat::Rgb555, true),
];

#[test]
fn jpeg_files_are_those_of_the_original() {
    let mut encoder = jpeg::Encoder::new();
    for (name, format, top_down) in JPEG {
        let (golden, picture) = (stream(name), picture_of(format, top_down));
        let mut ours = Vec::new();
        encoder.encode(&picture, QUALITY, &mut ours).unwrap();
        assert_eq!(ours, golden, "{name}");
        let decoded = jpeg::decode(&golden, SIZE.area()).unwrap();
        // A third of the picture is noise, which half of the chroma cannot show; other pictures differ by 60.
        assert!(mean_difference(&decoded, &picture) < 40, "{name}");
    }
}

#[test]
fn alpha_of_the_originals_jpeg_files_is_kept() {
    for (name, jpeg_size, top_down) in
        [("argb32.jpeg-alpha", 1194, true), ("argb32-up.jpeg-alpha", 1163, false)]
    {
        let (golden, picture) = (stream(name), picture_of(BitmapFormat::Argb32, top_down));
        let decoded = jpeg::decode_with_alpha(&golden, jpeg_size, top_down, SIZE.area()).unwrap();
        let alpha = |bitmap: &Bitmap| colors(bitmap).into_iter().map(|color| color >> 24).collect::<Vec<_>>();
        assert_eq!(alpha(&decoded), alpha(&picture), "{name}");
        assert!(mean_difference(&decoded, &picture) < 40, "{name}");
        let mut ours = Vec::new();
        let (mut colors, mut alpha) = (jpeg::Encoder::new(), lz::Encoder::new());
        let ours_size =
            jpeg::encode_with_alpha(&picture, QUALITY, &mut colors, &mut alpha, &mut ours).unwrap();
        assert_eq!(ours_size, jpeg_size, "{name}");
        let file = usize::try_from(jpeg_size).expect("a short file");
        assert_eq!(ours[..file], golden[..file], "{name}");
        let again = jpeg::decode_with_alpha(&ours, ours_size, top_down, SIZE.area()).unwrap();
        assert_eq!(again, decoded, "{name}");
    }
}

#[test]
fn glz_streams_of_the_original_are_decoded_out_of_zlib() {
    let mut window = glz::Window::new(1 << 20);
    for (name, format, top_down, size) in [
        ("xrgb32.zlib-glz", BitmapFormat::Xrgb32, true, Some(1514)),
        ("xrgb32-up.glz", BitmapFormat::Xrgb32, false, None),
        ("argb32.zlib-glz", BitmapFormat::Argb32, true, Some(2107)),
    ] {
        let golden = stream(name);
        let stream = match size {
            Some(size) => zlib::inflate(&golden, size, 1 << 20).unwrap(),
            None => golden,
        };
        let decoded = window.decode(&stream).unwrap();
        assert_eq!(colors(&decoded), colors(&picture_of(format, top_down)), "{name}");
    }
}
