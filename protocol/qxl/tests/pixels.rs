//! What the model shows equals what was drawn, whatever its dice say.
#![allow(clippy::unwrap_used, reason = "a test stops when something fails")]

mod driver;

use driver::{Driver, HEIGHT, WIDTH, copy, fill};
use proptest::prelude::*;
use qxl::chunk::DataChunk;
use qxl::clip::{Clip, ClipKind, ClipRects};
use qxl::command::CommandKind;
use qxl::drawable::{Drawable, DrawableHead, Effect, Operation};
use qxl::geometry::Rect;
use qxl::image::{Bitmap, BitmapFormat, ImageDescriptor, ImageKind, PaletteHeader, SurfaceImage};
use qxl::operation::Mask;
use qxl::surface::{SurfaceCommandKind, SurfaceFormat, SurfaceShape};
use zerocopy::IntoBytes;
use zerocopy::little_endian::{I32, U16, U32};

/// A drawing of the property test, on a screen of 32-bit pixels.
#[derive(Clone, Debug)]
enum Step {
    Fill { area: [u32; 4], color: u32 },
    Copy { area: [u32; 4], first: u32, chunked: bool },
    CopyBits { area: [u32; 4], source: [u32; 2] },
    Poll,
    Reclaim,
}

fn area() -> impl Strategy<Value = [u32; 4]> {
    (0..WIDTH, 0..HEIGHT)
        .prop_flat_map(|(x, y)| (Just(x), Just(y), 1..=WIDTH - x, 1..=HEIGHT - y))
        .prop_map(|(x, y, width, height)| [x, y, width, height])
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (area(), 0..0x0100_0000u32).prop_map(|(area, color)| Step::Fill { area, color }),
        3 => (area(), 0..0x00f0_0000u32, any::<bool>())
            .prop_map(|(area, first, chunked)| Step::Copy { area, first, chunked }),
        3 => area().prop_flat_map(|area| {
            let [_, _, width, height] = area;
            (Just(area), 0..=WIDTH - width, 0..=HEIGHT - height)
                .prop_map(|(area, x, y)| Step::CopyBits { area, source: [x, y] })
        }),
        1 => Just(Step::Poll),
        1 => Just(Step::Reclaim),
    ]
}

fn rect([x, y, width, height]: [u32; 4]) -> Rect {
    let edge = u32::cast_signed;
    Rect::new(edge(x), edge(y), edge(x + width), edge(y + height))
}

/// The same step on a plain framebuffer.
fn apply(screen: &mut [u32], step: &Step) {
    let at = |x: u32, y: u32| (y * WIDTH + x) as usize;
    let before = screen.to_vec();
    let mut paint = |[x, y, width, height]: [u32; 4], color: &dyn Fn(u32, u32) -> u32| {
        for row in 0..height {
            for column in 0..width {
                screen[at(x + column, y + row)] = color(column, row);
            }
        }
    };
    match *step {
        Step::Fill { area, color } => paint(area, &|_, _| color),
        Step::Copy { area, first, .. } => paint(area, &|column, row| first + row * area[2] + column),
        Step::CopyBits { area, source: [x, y] } => {
            paint(area, &|column, row| before[at(x + column, y + row)]);
        }
        Step::Poll | Step::Reclaim => {}
    }
}

fn drive(driver: &mut Driver, step: &Step) {
    match *step {
        Step::Fill { area, color } => {
            driver.fill(rect(area), color);
        }
        Step::Copy { area, first, chunked } => {
            let [_, _, width, height] = area;
            let pixels: Vec<u32> = (0..width * height).map(|n| first + n).collect();
            let image = driver.bitmap(width, height, &pixels, chunked);
            driver.copy(rect(area), image, rect([0, 0, width, height]));
        }
        Step::CopyBits { area, source: [x, y] } => {
            driver.copy_bits(rect(area), x.cast_signed(), y.cast_signed());
        }
        Step::Poll => driver.device.poll().unwrap(),
        Step::Reclaim => driver.reclaim(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_picture_is_what_was_drawn(seed: u64, steps in prop::collection::vec(step(), 0..60)) {
        let mut driver = Driver::with_primary(seed, SurfaceFormat::Xrgb);
        let mut screen = vec![0; (WIDTH * HEIGHT) as usize];
        for step in &steps {
            drive(&mut driver, step);
            apply(&mut screen, step);
        }
        driver.device.poll().unwrap();
        prop_assert_eq!(&driver.device.pixels(0).unwrap().pixels, &screen);
        driver.settle();
        prop_assert_eq!(driver.device.violations(), &[]);
        prop_assert!(driver.outstanding.is_empty());
        prop_assert_eq!(driver.device.owned_commands(), 0);
    }
}

#[test]
fn the_picture_lands_in_guest_memory_upside_down_with_a_negative_stride() {
    let mut driver = Driver::with_primary(0, SurfaceFormat::Xrgb);
    driver.fill(Rect::new(0, 0, 1, 1), 0x0012_3456);
    driver.device.poll().unwrap();
    driver.device.pixels(0);
    let last_row = (4 * WIDTH * (HEIGHT - 1)) as usize;
    assert_eq!(driver.ram.get::<U32>(last_row).unwrap().get(), 0x0012_3456);
}

#[test]
fn sixteen_bit_surfaces_take_colours_in_their_format_and_pixels_from_any() {
    for (format, red) in [(SurfaceFormat::Rgb555, 0x7c00), (SurfaceFormat::Rgb565, 0xf800)] {
        let mut driver = Driver::with_primary(1, format);
        driver.fill(Rect::new(0, 0, 1, 1), 0x1234);
        let image = driver.bitmap(1, 1, &[0x00ff_0000], false);
        driver.copy(Rect::new(1, 0, 2, 1), image, Rect::new(0, 0, 1, 1));
        driver.copy_bits(Rect::new(2, 0, 4, 1), 0, 0);
        driver.device.poll().unwrap();
        let picture = driver.device.pixels(0).unwrap();
        assert_eq!(picture.format, format);
        assert_eq!(picture.pixels[..4], [0x1234, red, 0x1234, red]);
    }
}

#[test]
fn only_what_the_clip_lets_through_is_drawn() {
    let mut driver = Driver::with_primary(7, SurfaceFormat::Xrgb);
    let rects = [Rect::new(1, 0, 2, 1), Rect::new(1, 0, 3, 1), Rect::new(-5, 1, 1, 2)];
    let chunk = DataChunk { data_size: U32::new(48), ..DataChunk::default() };
    let data = driver.place(&[ClipRects { count: U32::new(3), chunk }.as_bytes(), rects.as_bytes()].concat());
    let clip = Clip { kind: U32::new(ClipKind::Rects.code()), data };
    let head = DrawableHead { clip, ..DrawableHead::new(1, 0, Rect::new(0, 0, 4, 2), Effect::Blend) };
    let inversion = Drawable::new(head, &Operation::Invers(Mask::default()));
    driver.push(CommandKind::Draw, inversion.as_bytes());
    driver.device.poll().unwrap();
    let picture = driver.device.pixels(0).unwrap();
    assert_eq!(picture.pixels[..4], [0, 0x00ff_ffff, 0x00ff_ffff, 0]);
    let below = WIDTH as usize;
    assert_eq!(picture.pixels[below..below + 2], [0x00ff_ffff, 0]);
}

#[test]
fn a_surface_is_copied_as_it_was_when_the_copy_was_pushed() {
    for seed in 0..20 {
        let mut driver = Driver::with_primary(seed, SurfaceFormat::Xrgb);
        let shape = SurfaceShape {
            format: U32::new(SurfaceFormat::Rgb565.code()),
            width: U32::new(4),
            height: U32::new(4),
            stride: I32::new(8),
            data: driver.place(&[0; 32]),
        };
        let area = Rect::new(0, 0, 4, 4);
        driver.surface(3, SurfaceCommandKind::Create, shape);
        driver.draw(3, area, Effect::Opaque, &fill(0xf800));
        let descriptor = ImageDescriptor { kind: ImageKind::Surface.code(), ..ImageDescriptor::default() };
        let body = SurfaceImage { surface_id: U32::new(3) };
        let image = driver.place(&[descriptor.as_bytes(), body.as_bytes(), &[0; 26]].concat());
        let surface_deps = [3, -1, -1].map(I32::new);
        let head = DrawableHead { surface_deps, ..DrawableHead::new(1, 0, area, Effect::Opaque) };
        driver.push(CommandKind::Draw, Drawable::new(head, &copy(image, area)).as_bytes());
        driver.draw(3, area, Effect::Opaque, &fill(0x07e0));
        driver.device.poll().unwrap();
        assert_eq!(driver.device.pixels(0).unwrap().pixels[0], 0x00ff_0000, "seed {seed}");
        assert_eq!(driver.device.pixels(3).unwrap().pixels[0], 0x07e0);
        assert_eq!(driver.device.violations(), []);
    }
}

#[test]
fn bitmaps_with_palettes_are_decoded_row_by_row_from_either_end() {
    let cases = [
        (BitmapFormat::Bit1Be, 0b0100_0000, 0b1000_0000),
        (BitmapFormat::Bit1Le, 0b0000_0010, 0b0000_0001),
        (BitmapFormat::Bit4Be, 0x01, 0x10),
        (BitmapFormat::Bit4Le, 0x10, 0x01),
    ];
    for (format, first, last) in cases {
        for (flags, expected) in [(Bitmap::TOP_DOWN, [[5, 6], [6, 5]]), (0, [[6, 5], [5, 6]])] {
            let mut driver = Driver::with_primary(0, SurfaceFormat::Xrgb);
            let header = PaletteHeader { count: U16::new(2), ..PaletteHeader::default() };
            let colors = [5, 6].map(U32::new);
            let palette = driver.place(&[header.as_bytes(), colors.as_bytes()].concat());
            let bitmap = Bitmap {
                format: format.code(),
                flags: Bitmap::DIRECT | flags,
                width: U32::new(2),
                height: U32::new(2),
                stride: U32::new(3),
                palette,
                data: driver.place(&[first, 0, 0, last, 0, 0]),
            };
            let image = driver.image(&bitmap);
            let area = Rect::new(0, 0, 2, 2);
            driver.copy(area, image, area);
            driver.device.poll().unwrap();
            let pixels = driver.device.pixels(0).unwrap().pixels;
            let below = WIDTH as usize;
            assert_eq!([&pixels[..2], &pixels[below..below + 2]], [&expected[0], &expected[1]], "{format:?}");
        }
    }
}
