//! What the model shows equals what was drawn, whatever its dice say.
#![allow(clippy::unwrap_used, reason = "a test stops when something fails")]

mod driver;

use driver::{Driver, HEIGHT, WIDTH};
use proptest::prelude::*;
use qxl::geometry::Rect;
use qxl::surface::SurfaceFormat;

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
    assert_eq!(driver.ram.get::<zerocopy::little_endian::U32>(last_row).unwrap().get(), 0x0012_3456);
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
