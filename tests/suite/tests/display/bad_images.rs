//! Images, palettes, text and paths of a guest that lie about themselves: the command is dropped with its fault in the
//! log, its memory comes back, and the picture is what later drawings make it.

use image::bitmap::{Bitmap, BitmapFormat, Layout};
use image::geometry::{Rect, Size};
use image::quic::Encoder;
use qxl::chunk::DataChunk;
use qxl::drawable::{Effect, Operation};
use qxl::image::{ImageDescriptor, ImageKind};
use qxl::memslot::PhysAddr;
use qxl::operation::{Brush, Copy, Paint, Stroke, Text, rop};
use suite::client::Client;
use suite::scene::Scene;
use zerocopy::IntoBytes;
use zerocopy::little_endian::{U16, U32};

const SIZE: Size = Size::new(64, 64);
const SIDE: u32 = 16;
const BOX: Rect = Rect::new(0, 0, 16, 16);

/// Bytes of a chunk that nothing follows.
fn chunk(bytes: &[u8]) -> Vec<u8> {
    let head = DataChunk { data_size: U32::new(u32::try_from(bytes.len()).unwrap()), ..DataChunk::default() };
    [head.as_bytes(), bytes].concat()
}

fn descriptor(kind: u8, side: u32) -> ImageDescriptor {
    ImageDescriptor { kind, width: U32::new(side), height: U32::new(side), ..ImageDescriptor::default() }
}

/// Draws an image over the upper left corner.
fn draw_image(scene: &Scene, image: &[u8]) {
    let source = scene.guest.store(image);
    let source_area = qxl::geometry::Rect::new(0, 0, 16, 16);
    let copy = Copy { source, source_area, rop: U16::new(rop::PUT), ..Copy::default() };
    scene.guest.draw(0, BOX, Effect::Opaque, &Operation::Copy(copy));
}

/// An image of a stream, whose size is said to be `said`.
fn stream(kind: u8, side: u32, said: usize, bytes: &[u8]) -> Vec<u8> {
    let said = u32::try_from(said).unwrap();
    [descriptor(kind, side).as_bytes(), &said.to_le_bytes(), &chunk(bytes)].concat()
}

/// A red square as a stream.
fn quic() -> Vec<u8> {
    let layout = Layout::packed(BitmapFormat::Xrgb32, Size::new(SIDE, SIDE)).unwrap();
    let pixels = [0, 0, 0xff, 0].repeat((SIDE * SIDE) as usize);
    let bitmap = Bitmap::new(layout, None, pixels.into()).unwrap();
    let mut stream = Vec::new();
    Encoder::new().encode(&bitmap, &mut stream).unwrap();
    stream
}

/// The pixel in the upper left corner, as a client that joins now sees it, once all commands are given back.
fn corner(scene: &mut Scene) -> u32 {
    scene.settle();
    let mut client = Client::join(&scene.handle, 1);
    scene.settle_with(&mut [&mut client]);
    let mut released = scene.guest.released();
    released.sort_unstable();
    assert_eq!(released, scene.guest.submitted());
    let pixel = client.screen().unwrap().longs().unwrap().pixels()[0];
    client.leave();
    scene.settle();
    pixel
}

/// A scene whose picture is blue.
fn blue() -> Scene {
    let scene = Scene::new(SIZE);
    scene.fill(Rect::of_size(SIZE), BLUE);
    scene
}

const BLUE: u32 = 0x0000_00ff;
const RED: u32 = 0x00ff_0000;
const GREEN: u32 = 0x0000_ff00;

/// Whether a drawing after the bad ones is seen.
fn assert_recovers(scene: &mut Scene) {
    scene.fill(Rect::of_size(SIZE), GREEN);
    assert_eq!(corner(scene), GREEN);
}

#[test]
fn of_compressed_images_only_quic_is_taken_from_a_guest() {
    let mut scene = blue();
    let good = quic();
    draw_image(&scene, &stream(ImageKind::Quic.code(), SIDE, good.len(), &good));
    assert_eq!(corner(&mut scene), RED);
    scene.fill(Rect::of_size(SIZE), BLUE);
    // LZ with and without palette, GLZ, of a cache, JPEG, of a cache, GLZ and zlib, JPEG with alpha, LZ4, and such that
    // nobody knows.
    for kind in (100..=103).chain(105..=109).chain([2, 99, 110, 255]) {
        draw_image(&scene, &stream(kind, SIDE, good.len(), &good));
    }
    assert_eq!(corner(&mut scene), BLUE);
    assert_recovers(&mut scene);
}

#[test]
fn quic_streams_that_are_cut_leave_the_picture_alone() {
    let mut scene = blue();
    let good = quic();
    for length in 0..good.len() - 4 {
        draw_image(&scene, &stream(ImageKind::Quic.code(), SIDE, length, &good[..length]));
    }
    // Fewer and more bytes than there are said to be.
    for said in [0, 1, good.len() - 1, good.len() + 1, u32::MAX as usize] {
        draw_image(&scene, &stream(ImageKind::Quic.code(), SIDE, said, &good));
    }
    assert_eq!(corner(&mut scene), BLUE);
    assert_recovers(&mut scene);
}

#[test]
fn quic_streams_of_another_size_than_their_image_leave_the_picture_alone() {
    let mut scene = blue();
    let good = quic();
    for side in [0, 1, SIDE - 1, SIDE + 1, u32::MAX] {
        draw_image(&scene, &stream(ImageKind::Quic.code(), side, good.len(), &good));
    }
    // The stream's own width and height stand in its fourth and fifth word.
    for (width, height) in
        [(0, 16), (16, 0), (u32::MAX, u32::MAX), (0x10000, 0x10000), (8192, 8193), (1, u32::MAX)]
    {
        let mut bad = good.clone();
        bad[12..16].copy_from_slice(&u32::to_le_bytes(width));
        bad[16..20].copy_from_slice(&u32::to_le_bytes(height));
        let head = ImageDescriptor { width: U32::new(width), height: U32::new(height), ..descriptor(1, 0) };
        let said = u32::try_from(bad.len()).unwrap().to_le_bytes();
        draw_image(&scene, &[head.as_bytes(), &said, &chunk(&bad)].concat());
    }
    assert_eq!(corner(&mut scene), BLUE);
    assert_recovers(&mut scene);
}

#[test]
fn quic_streams_with_wrong_bits_do_no_harm() {
    let mut scene = blue();
    let good = quic();
    for bit in 0..good.len() * 8 {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        draw_image(&scene, &stream(ImageKind::Quic.code(), SIDE, bad.len(), &bad));
    }
    // Some are streams of other pixels.
    corner(&mut scene);
    assert_recovers(&mut scene);
}

/// A bitmap of 8 bits a pixel, all of them `index`, with the palette at `palette`.
fn indexed(scene: &Scene, index: u8, palette: PhysAddr) -> Vec<u8> {
    let data = scene.guest.store(&chunk(&[index; (SIDE * SIDE) as usize]));
    let bitmap = qxl::image::Bitmap {
        format: qxl::image::BitmapFormat::Bit8.code(),
        flags: qxl::image::Bitmap::TOP_DOWN,
        width: U32::new(SIDE),
        height: U32::new(SIDE),
        stride: U32::new(SIDE),
        data,
        palette,
    };
    [descriptor(ImageKind::Bitmap.code(), SIDE).as_bytes(), bitmap.as_bytes()].concat()
}

fn palette(entries: u16, colors: &[u32]) -> Vec<u8> {
    let colors = colors.iter().flat_map(|color| color.to_le_bytes());
    0_u64.to_le_bytes().into_iter().chain(entries.to_le_bytes()).chain(colors).collect()
}

#[test]
fn pixels_that_a_palette_is_too_short_for_are_black() {
    let mut scene = blue();
    let short = scene.guest.store(&palette(3, &[RED; 64]));
    let image = indexed(&scene, 2, short);
    draw_image(&scene, &image);
    assert_eq!(corner(&mut scene), RED);
    for index in [3, 255] {
        let image = indexed(&scene, index, short);
        draw_image(&scene, &image);
        assert_eq!(corner(&mut scene), 0, "what lies behind the palette is not read");
    }
    assert_recovers(&mut scene);
}

#[test]
fn palettes_that_are_missing_or_reach_out_of_memory_leave_the_picture_alone() {
    let mut scene = blue();
    let end = scene.guest.slot().end - scene.guest.slot().start;
    let last_words = PhysAddr::new(1 << 56 | (end - 16));
    scene.guest.overwrite(last_words, &palette(u16::MAX, &[RED]));
    for palette in [PhysAddr::NULL, last_words, PhysAddr::new(1 << 56 | (end - 4)), PhysAddr::new(u64::MAX)] {
        let image = indexed(&scene, 0, palette);
        draw_image(&scene, &image);
    }
    assert_eq!(corner(&mut scene), BLUE);
    assert_recovers(&mut scene);
}

fn red() -> Brush {
    Brush::new(Paint::Solid(RED))
}

#[test]
fn text_that_is_cut_leaves_the_picture_alone() {
    let mut scene = blue();
    // Position, origin, then columns and rows of one glyph that covers the box.
    let place = [0_i32, 0, 0, 0].into_iter().flat_map(i32::to_le_bytes);
    let size = [16_u16, 16].into_iter().flat_map(u16::to_le_bytes);
    let glyph: Vec<u8> = place.chain(size).chain([0xff; 32]).collect();
    let string = |length: u16, flags: u16, bytes: &[u8]| {
        let said = u32::try_from(bytes.len()).unwrap();
        [&said.to_le_bytes()[..], &length.to_le_bytes(), &flags.to_le_bytes(), &chunk(bytes)].concat()
    };
    let draw = |scene: &Scene, string: &[u8]| {
        let string = scene.guest.store(string);
        let text = Text { string, fore_brush: red(), fore_mode: U16::new(rop::PUT), ..Text::default() };
        scene.guest.draw(0, BOX, Effect::Blend, &Operation::Text(text));
    };
    for length in 0..glyph.len() {
        draw(&scene, &string(1, 1, &glyph[..length]));
    }
    // More glyphs than there are, of more bits than there are bytes for, and of no known kind.
    for (length, flags) in [(2, 1), (u16::MAX, 1), (1, 2), (1, 4), (1, 0), (1, 0xfff8)] {
        draw(&scene, &string(length, flags, &glyph));
    }
    // Of sizes that overflow.
    let mut huge = glyph.clone();
    huge[16..20].copy_from_slice(&[0xff; 4]);
    draw(&scene, &string(1, 4, &huge));
    assert_eq!(corner(&mut scene), BLUE);
    draw(&scene, &string(1, 1, &glyph));
    assert_eq!(corner(&mut scene), RED);
    assert_recovers(&mut scene);
}

#[test]
fn paths_that_are_cut_leave_the_picture_alone() {
    let mut scene = blue();
    let line = [3_u32, 2, 0, 0, 16 * 16, 0].into_iter().flat_map(u32::to_le_bytes).collect::<Vec<u8>>();
    let draw = |scene: &Scene, path: &[u8]| {
        let said = u32::try_from(path.len()).unwrap();
        let path = scene.guest.store(&[&said.to_le_bytes()[..], &chunk(path)].concat());
        let stroke = Stroke { path, brush: red(), fore_mode: U16::new(rop::PUT), ..Stroke::default() };
        scene.guest.draw(0, BOX, Effect::Blend, &Operation::Stroke(stroke));
    };
    for length in 0..line.len() {
        draw(&scene, &line[..length]);
    }
    for count in [3, 0x1000_0000, 0x2000_0001, u32::MAX] {
        let mut bad = line.clone();
        bad[4..8].copy_from_slice(&count.to_le_bytes());
        draw(&scene, &bad);
    }
    assert_eq!(corner(&mut scene), BLUE);
    draw(&scene, &line);
    assert_eq!(corner(&mut scene), RED);
    assert_recovers(&mut scene);
}
