//! Bitmaps and surfaces: what they refuse, and that rows come out as they went in.

use std::sync::Arc;

use image::bitmap::{Bitmap, BitmapError, BitmapFormat, Layout, Palette};
use image::geometry::{Rect, Size};
use image::pixel::{rgb555_to_xrgb, rgb565_to_xrgb, xrgb_to_rgb555, xrgb_to_rgb565};
use image::surface::{Surface, SurfaceFormat};

fn layout(format: BitmapFormat, width: u32, height: u32, stride: u32, top_down: bool) -> Layout {
    Layout { format, size: Size::new(width, height), stride, top_down }
}

#[test]
fn a_bitmap_needs_all_of_its_bytes_but_not_the_last_padding() {
    let layout = layout(BitmapFormat::Rgb24, 3, 2, 12, true);
    assert!(Bitmap::new(layout, None, vec![0; 21].into()).is_ok());
    let short = Bitmap::new(layout, None, vec![0; 20].into());
    assert_eq!(short, Err(BitmapError::Truncated { needed: 21, available: 20 }));
    let overlapping = Bitmap::new(Layout { stride: 8, ..layout }, None, vec![0; 99].into());
    let format = BitmapFormat::Rgb24;
    assert_eq!(overlapping, Err(BitmapError::RowOverlap { format, width: 3, stride: 8 }));
}

#[test]
fn sizes_at_the_extremes_do_not_overflow() {
    let huge = layout(BitmapFormat::Xrgb32, u32::MAX, u32::MAX, u32::MAX, false);
    assert!(matches!(Bitmap::new(huge, None, vec![0; 8].into()), Err(BitmapError::RowOverlap { .. })));
    let tall = layout(BitmapFormat::Xrgb32, 1, u32::MAX, u32::MAX, false);
    assert!(matches!(Bitmap::new(tall, None, vec![0; 8].into()), Err(BitmapError::Truncated { .. })));
    let too_large = Surface::new(SurfaceFormat::Argb32, Size::new(u32::MAX, 1));
    assert!(matches!(too_large, Err(BitmapError::TooLarge { .. })));
}

#[test]
fn rows_run_from_the_top_whatever_the_order_in_memory() {
    let bytes: Vec<u8> = (0..8).collect();
    let upside_down = Bitmap::new(layout(BitmapFormat::Alpha8, 3, 2, 4, false), None, bytes.into()).unwrap();
    assert_eq!(upside_down.rows().collect::<Vec<_>>(), [[4, 5, 6], [0, 1, 2]]);
    assert_eq!(upside_down.memory_rows().collect::<Vec<_>>(), [[0, 1, 2], [4, 5, 6]]);
    assert_eq!(upside_down.row(2), None);
}

#[test]
fn every_format_becomes_32_bits() {
    let palette = Arc::new(Palette { unique: 0, entries: vec![0x10, 0x20, 0x30] });
    let row = |format: BitmapFormat, bytes: &[u8]| {
        let stride = u32::try_from(bytes.len()).unwrap();
        let layout = layout(format, 2, 1, stride, true);
        let bitmap = Bitmap::new(layout, Some(palette.clone()), bytes.to_vec().into()).unwrap();
        let mut out = [0; 2];
        bitmap.row_to_xrgb(0, &mut out);
        out
    };
    assert_eq!(row(BitmapFormat::Mono1Le, &[0b01]), [0x20, 0x10]);
    assert_eq!(row(BitmapFormat::Mono1Be, &[0b0100_0000]), [0x10, 0x20]);
    assert_eq!(row(BitmapFormat::Indexed4Le, &[0x12]), [0x30, 0x20]);
    assert_eq!(row(BitmapFormat::Indexed4Be, &[0x12]), [0x20, 0x30]);
    // The palette does not have the second index.
    assert_eq!(row(BitmapFormat::Indexed8, &[2, 9]), [0x30, 0]);
    assert_eq!(row(BitmapFormat::Rgb555, &[0x1f, 0x80, 0x00, 0x7c]), [0x0000_00ff, 0x00ff_0000]);
    assert_eq!(row(BitmapFormat::Rgb24, &[1, 2, 3, 4, 5, 6]), [0x0003_0201, 0x0006_0504]);
    assert_eq!(row(BitmapFormat::Argb32, &[1, 2, 3, 4, 5, 6, 7, 8]), [0x0403_0201, 0x0807_0605]);
    assert_eq!(row(BitmapFormat::Alpha8, &[1, 2]), [0x0100_0000, 0x0200_0000]);
}

#[test]
fn sixteen_bits_survive_the_way_through_32() {
    for pixel in 0..=u16::MAX {
        assert_eq!(xrgb_to_rgb555(rgb555_to_xrgb(pixel)), pixel & 0x7fff);
        assert_eq!(xrgb_to_rgb565(rgb565_to_xrgb(pixel)), pixel);
    }
    assert_eq!((rgb555_to_xrgb(0x7fff), rgb565_to_xrgb(0xffff)), (0x00ff_ffff, 0x00ff_ffff));
}

#[test]
fn a_surface_gives_back_the_rows_that_it_was_given() {
    use SurfaceFormat::{A1, A8, Argb32, Rgb555, Rgb565, Xrgb32};
    for format in [A1, A8, Rgb555, Rgb565, Xrgb32, Argb32] {
        let size = Size::new(11, 3);
        let bytes = usize::try_from(format.row_bytes(size.width)).unwrap();
        let mut given: Vec<Vec<u8>> =
            (0..3).map(|y| (0..bytes).map(|x| (x * 37 + y * 11) as u8).collect()).collect();
        if format == A1 {
            // Bits beyond the last pixel are not kept.
            given.iter_mut().for_each(|row| row[1] &= 0b111);
        }
        let mut surface = Surface::new(format, size).unwrap();
        surface.read_rows(given.iter().map(Vec::as_slice));
        let mut taken = Vec::new();
        surface.write_rows(Rect::new(-5, -5, 99, 99), |y, row| {
            assert_eq!(usize::try_from(y), Ok(taken.len()));
            taken.push(row.to_vec());
        });
        assert_eq!(taken, given, "{format:?}");
        let bitmap = surface.to_bitmap(Rect::new(0, 1, 99, 2)).unwrap();
        assert_eq!(bitmap.size(), Size::new(11, 1));
        if format != Rgb565 {
            assert_eq!(bitmap.row(0), Some(given[1].as_slice()), "{format:?}");
        }
    }
    let surface = Surface::new(Xrgb32, Size::new(2, 2)).unwrap();
    assert_eq!(surface.to_bitmap(Rect::new(2, 0, 3, 1)), None);
}
