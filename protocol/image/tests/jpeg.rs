//! JPEG: layouts and parts of pictures, reduction, and files that ask for more than they should get.

use image::bitmap::{Bitmap, BitmapFormat, Layout};
use image::geometry::{Rect, Size};
use image::jpeg::{self, DecodeError, EncodeError, Rows};
use image::lz;
use turbojpeg::{Compressor, Image, PixelFormat};

const SIZE: Size = Size::new(61, 43);

/// Blue, green and red of a picture of shades.
fn color(x: u32, y: u32) -> [u8; 3] {
    [x * 4, y * 5, (x + y) * 2].map(|channel| (channel & 0xff) as u8)
}

/// The picture of shades, with rubbish where no pixel is.
fn shades(format: BitmapFormat, padding: u32, top_down: bool) -> Bitmap {
    let stride = u32::try_from(format.row_bytes(SIZE.width)).expect("a short row") + padding;
    let mut data = Vec::new();
    for row in 0..SIZE.height {
        let y = if top_down { row } else { SIZE.height - 1 - row };
        for x in 0..SIZE.width {
            let [blue, green, red] = color(x, y);
            match format {
                BitmapFormat::Rgb24 => data.extend([blue, green, red]),
                BitmapFormat::Rgb555 => {
                    let [blue, green, red] = [blue, green, red].map(|channel| u16::from(channel >> 3));
                    data.extend((blue | green << 5 | red << 10 | 0x8000).to_le_bytes());
                }
                _ => data.extend([blue, green, red, (x * y) as u8]),
            }
        }
        data.extend((0..padding).map(|at| (at * 77 + row) as u8));
    }
    Bitmap::new(Layout { format, size: SIZE, stride, top_down }, None, data.into()).expect("a valid layout")
}

fn file<'a>(rows: impl Into<Rows<'a>>) -> Vec<u8> {
    let mut file = Vec::new();
    jpeg::Encoder::new().encode(rows, 85, &mut file).expect("a picture that has a file");
    file
}

/// The largest difference of a channel.
fn largest_difference(left: &Bitmap, right: &Bitmap) -> u8 {
    assert_eq!(left.size(), right.size());
    let pixels = left.rows().flatten().zip(right.rows().flatten()).enumerate();
    let colors = pixels.filter(|(at, _)| at % 4 != 3);
    colors.map(|(_, (left, right))| left.abs_diff(*right)).max().unwrap_or(0)
}

#[test]
fn a_picture_has_one_file_however_it_lies_in_memory() {
    let expected = file(&shades(BitmapFormat::Xrgb32, 0, true));
    for format in [BitmapFormat::Xrgb32, BitmapFormat::Argb32, BitmapFormat::Rgb24] {
        for (padding, top_down) in [(0, true), (0, false), (7, true), (7, false)] {
            assert_eq!(file(&shades(format, padding, top_down)), expected, "{format:?} {padding} {top_down}");
        }
    }
    let of_15_bits = file(&shades(BitmapFormat::Rgb555, 0, true));
    for (padding, top_down) in [(0, false), (6, true), (6, false)] {
        assert_eq!(file(&shades(BitmapFormat::Rgb555, padding, top_down)), of_15_bits);
    }
    let decoded = jpeg::decode(&expected, SIZE.area()).unwrap();
    assert!(largest_difference(&decoded, &shades(BitmapFormat::Xrgb32, 0, true)) < 16);
    let decoded = jpeg::decode(&of_15_bits, SIZE.area()).unwrap();
    assert!(largest_difference(&decoded, &shades(BitmapFormat::Xrgb32, 0, true)) < 24);
}

#[test]
fn one_encoder_serves_pictures_of_all_sizes_and_qualities() {
    let mut encoder = jpeg::Encoder::new();
    let picture = shades(BitmapFormat::Xrgb32, 0, true);
    let expected = file(&picture);
    let mut length = usize::MAX;
    for quality in [100, 70, 30, 0] {
        let mut file = vec![0xee];
        encoder.encode(&picture, quality, &mut file).unwrap();
        assert!(file.len() < length, "quality {quality}");
        length = file.len();
        let mut small = Vec::new();
        encoder.encode(Rows::from(&picture).part(&Rect::new(3, 3, 4, 4)).unwrap(), 85, &mut small).unwrap();
        assert_eq!(jpeg::decode(&small, 1).unwrap().size(), Size::new(1, 1));
    }
    let mut again = Vec::new();
    encoder.encode(&picture, 85, &mut again).unwrap();
    assert_eq!(again, expected);
}

#[test]
fn a_part_is_the_picture_that_it_shows() {
    let area = Rect::new(5, 9, 60, 42);
    for (padding, top_down) in [(0, true), (9, true), (9, false)] {
        let picture = shades(BitmapFormat::Xrgb32, padding, top_down);
        let part = jpeg::decode(&file(Rows::from(&picture).part(&area).unwrap()), u64::MAX).unwrap();
        assert_eq!(part.size(), area.size());
        for (y, row) in (9..).zip(part.rows()) {
            for (x, pixel) in (5..).zip(row.as_chunks::<4>().0) {
                let expected = color(x, y);
                assert!(pixel.iter().zip(expected).all(|(found, wanted)| found.abs_diff(wanted) < 16));
            }
        }
    }
}

#[test]
fn a_reduced_picture_has_the_means_of_its_pixels() {
    let mut encoder = jpeg::Encoder::new();
    let picture = shades(BitmapFormat::Rgb24, 3, false);
    let mut whole = Vec::new();
    encoder.encode_reduced(&picture, SIZE, 85, &mut whole).unwrap();
    assert_eq!(whole, file(&picture));

    let size = Size::new(20, 21);
    let mut reduced = Vec::new();
    encoder.encode_reduced(&picture, size, 100, &mut reduced).unwrap();
    let reduced = jpeg::decode(&reduced, size.area()).unwrap();
    assert_eq!(reduced.size(), size);
    for (y, row) in (0..).zip(reduced.rows()) {
        for (x, pixel) in (0..).zip(row.as_chunks::<4>().0) {
            // The colour in the middle of the pixels that it stands for.
            let expected = color((x * 61 + 30) / 20, (y * 43 + 21) / 21);
            assert!(pixel.iter().zip(expected).all(|(found, wanted)| found.abs_diff(wanted) < 16));
        }
    }
    let mut out = vec![7];
    for wrong in [Size::new(62, 43), Size::new(0, 43), Size::new(61, 44)] {
        assert_eq!(encoder.encode_reduced(&picture, wrong, 85, &mut out), Err(EncodeError::Size(wrong)));
    }
    assert_eq!(out, [7]);
}

#[test]
fn pixels_that_are_no_colours_and_pictures_without_pixels_are_refused() {
    let mut encoder = jpeg::Encoder::new();
    let mut out = vec![7];
    let layout = Layout::packed(BitmapFormat::Alpha8, Size::new(4, 4)).unwrap();
    let alpha = Bitmap::new(layout, None, vec![0; 16].into()).unwrap();
    let refused = Err(EncodeError::Format(BitmapFormat::Alpha8));
    assert_eq!(encoder.encode(&alpha, 85, &mut out), refused);
    assert_eq!(encoder.encode_reduced(&alpha, Size::new(2, 2), 85, &mut out), refused);
    for size in [Size::new(0, 4), Size::new(4, 0), Size::new(65_501, 1), Size::new(1, 65_501)] {
        let layout = Layout::packed(BitmapFormat::Rgb24, size).unwrap();
        let bytes = vec![0; usize::try_from(layout.data_bytes()).unwrap()];
        let rows = Rows::new(layout, &bytes).unwrap();
        assert_eq!(encoder.encode(rows, 85, &mut out), Err(EncodeError::Size(size)));
    }
    assert_eq!(out, [7]);
}

#[test]
fn a_file_that_claims_many_pixels_gets_no_room_for_them() {
    let mut file = file(&shades(BitmapFormat::Xrgb32, 0, true));
    let found = file.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
    file[found + 5..found + 9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
    let size = Size::new(65_500, 65_500);
    assert_eq!(jpeg::decode(&file, size.area() - 1), Err(DecodeError::Size(size)));
}

#[test]
fn progressive_files_are_decoded_until_they_have_too_many_passes() {
    let picture = shades(BitmapFormat::Xrgb32, 0, true);
    let mut compressor = Compressor::new().unwrap();
    compressor.set_progressive(true).unwrap();
    let image = Image {
        pixels: &picture.data()[..],
        width: 61,
        pitch: 61 * 4,
        height: 43,
        format: PixelFormat::BGRX,
    };
    let file = compressor.compress_to_vec(image).unwrap();
    let decoded = jpeg::decode(&file, SIZE.area()).unwrap();
    assert!(largest_difference(&decoded, &picture) < 16);

    let last_pass = file.windows(2).rposition(|marker| marker == [0xff, 0xda]).unwrap();
    let (pass, end) = file[last_pass..].split_last_chunk::<2>().unwrap();
    let mut bomb = file[..last_pass].to_vec();
    bomb.extend(pass.repeat(1000));
    bomb.extend(end);
    let refused = jpeg::decode(&bomb, SIZE.area()).unwrap_err().to_string();
    assert!(refused.contains("more than 16 scans"), "{refused}");
}

#[test]
fn alpha_comes_back_as_it_was() {
    let (mut colors, mut alpha) = (jpeg::Encoder::new(), lz::Encoder::new());
    for (padding, top_down) in [(0, true), (4, false)] {
        let picture = shades(BitmapFormat::Argb32, padding, top_down);
        let mut data = Vec::new();
        let size = jpeg::encode_with_alpha(&picture, 85, &mut colors, &mut alpha, &mut data).unwrap();
        let decoded = jpeg::decode_with_alpha(&data, size, top_down, SIZE.area()).unwrap();
        assert_eq!(decoded.format(), BitmapFormat::Argb32);
        assert!(largest_difference(&decoded, &picture) < 16);
        let pixels = decoded.rows().flatten().zip(picture.rows().flatten()).skip(3).step_by(4);
        assert!(pixels.clone().all(|(left, right)| left == right));
        assert_eq!(pixels.count(), 61 * 43);
        for (size, flag, max_pixels) in [
            (size, !top_down, SIZE.area()),
            (size - 1, top_down, SIZE.area()),
            (u32::MAX, top_down, SIZE.area()),
            (size, top_down, SIZE.area() - 1),
        ] {
            assert!(jpeg::decode_with_alpha(&data, size, flag, max_pixels).is_err());
        }
    }
    let opaque = shades(BitmapFormat::Xrgb32, 0, true);
    let mut out = vec![7];
    assert_eq!(
        jpeg::encode_with_alpha(&opaque, 85, &mut colors, &mut alpha, &mut out),
        Err(EncodeError::Format(BitmapFormat::Xrgb32))
    );
    assert_eq!(out, [7]);
}
