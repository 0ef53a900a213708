//! How long the model keeps commands, and how they come back.

mod driver;

use driver::{Driver, HEIGHT, WIDTH};
use proptest::prelude::*;
use qxl::command::{Command, CommandKind};
use qxl::cursor::CursorAction;
use qxl::drawable::Effect;
use qxl::geometry::Rect;
use qxl::ioport::IoPort;
use qxl::memslot::PhysAddr;
use qxl::model::Violation;
use qxl::monitors::{Head, MonitorsConfig};
use qxl::ram::{RamHeader, interrupt};
use qxl::ring::SharedMemory;
use qxl::surface::{SurfaceCommandKind, SurfaceFormat, SurfaceShape};
use zerocopy::IntoBytes;
use zerocopy::little_endian::{I32, U16, U32};

fn screen() -> Rect {
    Rect::new(0, 0, WIDTH.cast_signed(), HEIGHT.cast_signed())
}

fn driver(seed: u64) -> Driver {
    Driver::with_primary(seed, SurfaceFormat::Xrgb)
}

#[test]
fn a_cursor_is_kept_until_another_shape_replaces_it() {
    let mut driver = driver(3);
    let first = driver.set_cursor(7);
    let moved = driver.cursor(CursorAction::Move(qxl::geometry::Point16::new(9, 9)));
    let hidden = driver.cursor(CursorAction::Hide);
    for _ in 0..50 {
        driver.settle();
    }
    assert_eq!(driver.released.len(), 2);
    assert!(driver.released.contains(&moved) && driver.released.contains(&hidden));
    assert_eq!(driver.device.pointer().shape, Some(first));
    assert!(!driver.device.pointer().visible);

    let second = driver.set_cursor(8);
    driver.settle();
    assert_eq!(driver.released.last(), Some(&first));
    driver.port(IoPort::DestroyPrimary, 0).unwrap();
    assert_eq!(driver.device.pointer().shape, None);
    for _ in 0..500 {
        driver.device.poll().unwrap();
    }
    driver.reclaim();
    assert_eq!(driver.released.last(), Some(&second));
}

#[test]
fn a_drawing_is_kept_until_it_is_covered() {
    let mut driver = driver(0);
    let below = driver.fill(Rect::new(0, 0, 4, 4), 1);
    let beside = driver.fill(Rect::new(10, 10, 14, 14), 2);
    driver.port(IoPort::NotifyCommand, 0).unwrap();
    driver.flush_releases();
    assert_eq!(driver.released, []);

    driver.draw(0, Rect::new(0, 0, 8, 8), Effect::Blend, &driver::fill(3));
    driver.port(IoPort::NotifyCommand, 0).unwrap();
    driver.flush_releases();
    assert_eq!(driver.released, [], "a drawing that mixes covers nothing");

    let cover = driver.fill(Rect::new(0, 0, 8, 8), 4);
    driver.port(IoPort::NotifyCommand, 0).unwrap();
    driver.flush_releases();
    assert!(driver.released.contains(&below));
    assert!(!driver.released.contains(&beside) && !driver.released.contains(&cover));
}

#[test]
fn update_area_and_flush_give_drawings_back() {
    for port in [IoPort::UpdateArea, IoPort::FlushSurfacesAsync] {
        let mut driver = driver(5);
        let drawn = driver.fill(screen(), 1);
        driver.put_header(core::mem::offset_of!(RamHeader, update_area), &screen());
        driver.port(port, 0).unwrap();
        driver.flush_releases();
        assert_eq!(driver.released, [drawn]);
    }
}

#[test]
fn out_of_memory_gives_drawings_back_when_the_driver_has_taken_the_last_ones() {
    let mut driver = driver(5);
    driver.fill(Rect::new(0, 0, 1, 1), 1);
    driver.port(IoPort::NotifyOom, 0).unwrap();
    let later = driver.fill(Rect::new(5, 5, 6, 6), 2);
    driver.port(IoPort::NotifyOom, 0).unwrap();
    driver.reclaim();
    assert_eq!(driver.released.len(), 1);
    driver.port(IoPort::NotifyOom, 0).unwrap();
    driver.reclaim();
    assert_eq!(driver.released.last(), Some(&later));
}

#[test]
fn the_creation_of_a_surface_is_kept_until_its_destruction() {
    let mut driver = driver(1);
    let data = driver.place(&[0; 64]);
    let shape = SurfaceShape {
        format: U32::new(SurfaceFormat::Argb.code()),
        width: U32::new(4),
        height: U32::new(4),
        stride: I32::new(16),
        data,
    };
    let creation = driver.surface(5, SurfaceCommandKind::Create, shape);
    driver.settle();
    assert_eq!(driver.released, []);
    assert_eq!(driver.device.pixels(5).unwrap().pixels.len(), 16);
    let destruction = driver.surface(5, SurfaceCommandKind::Destroy, SurfaceShape::default());
    driver.settle();
    driver.released.sort_unstable();
    assert_eq!(driver.released, [creation, destruction]);
    assert!(driver.device.pixels(5).is_none());
}

#[test]
fn a_command_that_changes_while_it_is_owned_is_found() {
    let mut driver = driver(2);
    let image = driver.bitmap(2, 2, &[1, 2, 3, 4], false);
    let id = driver.copy(Rect::new(0, 0, 2, 2), image, Rect::new(0, 0, 2, 2));
    driver.port(IoPort::NotifyCommand, 0).unwrap();
    driver.ram.write(driver.offset(image) - 1, &[0xee]).unwrap();
    driver.device.pixels(0);
    assert_eq!(driver.device.violations(), [Violation::ChangedWhileOwned { id }]);
}

#[test]
fn a_command_that_is_pushed_twice_is_found() {
    let mut driver = driver(2);
    let id = driver.fill(screen(), 1);
    let command = Command::new(CommandKind::Draw, PhysAddr::new(id));
    driver.push_raw(&command);
    let _ = driver.device.poll();
    assert_eq!(driver.device.violations(), [Violation::PushedTwice(PhysAddr::new(id))]);
}

#[test]
fn asynchronous_ports_end_later_and_one_at_a_time() {
    let mut driver = driver(2);
    let mask = core::mem::offset_of!(RamHeader, int_mask);
    driver.put_header(mask, &U32::new(interrupt::IO_COMMAND));
    driver.port(IoPort::FlushSurfacesAsync, 0).unwrap();
    assert!(!driver.device.interrupt_line());
    let busy =
        Violation::AsyncBusy { port: IoPort::DestroyAllSurfacesAsync, current: IoPort::FlushSurfacesAsync };
    assert_eq!(driver.port(IoPort::DestroyAllSurfacesAsync, 0), Err(busy));
    driver.device.poll().unwrap();
    assert!(driver.device.interrupt_line());
    let pending = core::mem::offset_of!(RamHeader, int_pending);
    driver.device.ram_header().store(pending, 0);
    driver.device.poll().unwrap();
    assert!(!driver.device.interrupt_line());
}

#[test]
fn interrupts_tell_of_releases_and_of_room() {
    let mut driver = driver(2);
    let pending = core::mem::offset_of!(RamHeader, int_pending);
    let header = driver.device.ram_header();
    driver.put_header(core::mem::offset_of!(RamHeader, int_mask), &U32::new(u32::MAX));

    driver.cursor(CursorAction::Hide);
    driver.port(IoPort::NotifyCursor, 0).unwrap();
    driver.port(IoPort::FlushRelease, 0).unwrap();
    assert_eq!(header.load(pending), interrupt::DISPLAY, "the consumer of fresh rings is woken");
    assert!(driver.device.interrupt_line());

    header.store(pending, 0);
    let nothing = Command::default();
    while driver.rings.cursor.push(&nothing).is_ok() {}
    assert_eq!(driver.rings.cursor.must_wait(), Ok(true));
    let _ = driver.device.poll();
    assert_eq!(header.load(pending) & interrupt::CURSOR, interrupt::CURSOR);
    assert_eq!(driver.rings.cursor.free(), Ok(32));
}

#[test]
fn monitors_are_taken_over_from_memory() {
    let mut driver = driver(2);
    let config = MonitorsConfig { count: U16::new(2), max_allowed: U16::new(4) };
    let head = |id, x| Head { id: U32::new(id), x: U32::new(x), ..Head::default() };
    let heads = [head(0, 0), head(1, 20)];
    let at = driver.place(&[config.as_bytes(), heads.as_bytes()].concat());
    driver.put_header(core::mem::offset_of!(RamHeader, monitors_config), &at);
    driver.port(IoPort::MonitorsConfigAsync, 0).unwrap();
    assert_eq!(driver.device.monitors(), heads);
}

#[test]
fn a_reset_forgets_everything() {
    let mut driver = driver(2);
    driver.set_cursor(1);
    driver.fill(screen(), 1);
    driver.port(IoPort::Reset, 0).unwrap();
    assert_eq!(driver.device.owned_commands(), 0);
    assert!(driver.device.pixels(0).is_none());
    let rings = qxl::ring::GuestRings::attach(&driver.device.ram_header()).unwrap();
    assert!(rings.commands.is_drained().unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn releases_are_a_permutation_of_the_commands(seed: u64, count in 1..150usize) {
        let mut driver = driver(seed);
        let mut pushed = Vec::new();
        for n in 0..count {
            let at = i32::try_from(n).unwrap() % 20;
            pushed.push(match n % 5 {
                0 => driver.cursor(CursorAction::Hide),
                1 => driver.copy_bits(Rect::new(at, at, at + 3, at + 3), 0, 0),
                _ => driver.fill(Rect::new(at, 0, at + 5, 5), 1),
            });
            driver.reclaim();
        }
        driver.settle();
        driver.settle();
        prop_assert_eq!(driver.device.violations(), &[]);
        driver.released.sort_unstable();
        pushed.sort_unstable();
        prop_assert_eq!(&driver.released, &pushed);
    }
}

#[test]
fn releases_come_out_of_order_for_some_seed() {
    let in_order = |seed| {
        let mut driver = driver(seed);
        let pushed: Vec<_> = (0..20).map(|_| driver.fill(screen(), 1)).collect();
        driver.settle();
        driver.settle();
        driver.released == pushed
    };
    assert!((0..10).any(|seed| !in_order(seed)));
}
