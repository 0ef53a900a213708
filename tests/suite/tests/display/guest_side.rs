//! What the guest is promised: memory back, calls completed once and in order, its pixels when it asks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use host_server::display::handle::Call;
use host_server::display::settings::DisplaySettings;
use host_server::display::{Next, Pool, PrimaryShape, Worker};
use host_server::guest::device::PrimarySurface;
use host_server::settings::video_codecs::CodecOrder;
use host_server::settings::{Compression, ImageCompression, StreamingVideo, WanCompression};
use image::geometry::{Rect, Size};
use qxl::command::CommandKind;
use qxl::memslot::PhysAddr;
use qxl::surface::{SurfaceCommand, SurfaceCommandKind, SurfaceShape};
use suite::client::Client;
use suite::guest::{Guest, LIMITS};
use suite::scene::Scene;
use wire::display::ServerMessage;
use wire::drawable::SurfaceId;
use zerocopy::IntoBytes;
use zerocopy::little_endian::{I32, U32};

const SIZE: Size = Size::new(64, 64);
const SETTINGS: DisplaySettings = DisplaySettings {
    compression: Compression {
        images: ImageCompression::Off,
        jpeg: WanCompression::Never,
        zlib_glz: WanCompression::Never,
    },
    streaming: StreamingVideo::Off,
    video_codecs: CodecOrder::MJPEG,
};

fn surface(id: u32, kind: SurfaceCommandKind, data: PhysAddr) -> SurfaceCommand {
    let shape = SurfaceShape {
        format: U32::new(32),
        width: U32::new(16),
        height: U32::new(16),
        stride: I32::new(64),
        data,
    };
    SurfaceCommand { surface_id: U32::new(id), kind: kind.code(), shape, ..SurfaceCommand::default() }
}

#[test]
fn every_command_comes_back_at_once_though_nothing_is_drawn_yet() {
    let mut scene = Scene::new(SIZE);
    for index in 0..50 {
        scene.fill(Rect::new(index, index, index + 1, index + 1), 1);
    }
    scene.settle();
    assert_eq!(scene.guest.released(), scene.guest.submitted());
}

#[test]
fn a_surfaces_command_comes_back_when_the_surface_goes() {
    let mut scene = Scene::new(SIZE);
    let data = scene.guest.store(&[0; 1024]);
    let create = surface(5, SurfaceCommandKind::Create, data);
    let create = scene.guest.submit(CommandKind::Surface, create.as_bytes());
    scene.settle();
    assert!(scene.guest.released().is_empty(), "the surface's memory is in use");
    let destroy = surface(5, SurfaceCommandKind::Destroy, PhysAddr::NULL);
    let destroy = scene.guest.submit(CommandKind::Surface, destroy.as_bytes());
    scene.settle();
    assert_eq!(scene.guest.released(), [create.bits(), destroy.bits()]);
}

#[test]
fn destroying_all_surfaces_gives_everything_back() {
    let mut scene = Scene::new(SIZE);
    for id in 1..4 {
        let data = scene.guest.store(&[0; 1024]);
        scene.guest.submit(CommandKind::Surface, surface(id, SurfaceCommandKind::Create, data).as_bytes());
    }
    scene.settle();
    scene.call(Call::DestroySurfaces);
    let mut released = scene.guest.released();
    released.sort_unstable();
    assert_eq!(released, scene.guest.submitted());
}

#[test]
fn shutting_down_gives_everything_back() {
    let mut scene = Scene::new(SIZE);
    let data = scene.guest.store(&[0; 1024]);
    scene.guest.submit(CommandKind::Surface, surface(1, SurfaceCommandKind::Create, data).as_bytes());
    scene.settle();
    scene.handle.call_async(Call::ShutDown, 999);
    assert_eq!(scene.turn(), Next::End);
    assert_eq!(scene.guest.released(), scene.guest.submitted());
    assert_eq!(scene.guest.completed().last(), Some(&999));
}

#[test]
fn calls_are_completed_once_and_in_order() {
    let mut scene = Scene::new(SIZE);
    let before = scene.guest.completed().len();
    let area = Rect::of_size(SIZE);
    for cookie in 1000..1020 {
        let call = match cookie % 4 {
            0 => Call::FlushSurfaces,
            1 => Call::UpdateArea { surface: SurfaceId(0), area, clear_dirty: false, limit: 4 },
            2 => Call::UpdateArea { surface: SurfaceId(99), area, clear_dirty: false, limit: 4 },
            _ => Call::MonitorsConfig { address: u64::MAX, group: 9 },
        };
        scene.handle.call_async(call, cookie);
    }
    scene.settle();
    assert_eq!(scene.guest.completed()[before..], (1000..1020).collect::<Vec<_>>());
}

#[test]
fn an_area_update_reports_what_was_drawn_until_it_is_cleared() {
    let mut scene = Scene::new(SIZE);
    let rect = Rect::new(3, 4, 10, 12);
    scene.fill(rect, 9);
    let area = Rect::of_size(SIZE);
    let update = |clear_dirty| Call::UpdateArea { surface: SurfaceId(0), area, clear_dirty, limit: 4 };
    scene.call(update(false));
    scene.call(update(true));
    scene.call(update(true));
    let drawn: Vec<_> = scene.guest.updates().into_iter().map(|(_, rects)| rects).collect();
    assert_eq!(drawn, [vec![rect], vec![rect], vec![]]);
}

#[test]
fn a_primary_surface_stored_from_the_bottom_is_drawn_that_way() {
    let mut scene = Scene::new(SIZE);
    let primary = scene.guest.primary(SIZE.width, SIZE.height);
    scene.call(Call::CreatePrimary(PrimarySurface { stride: -primary.stride, ..primary }));
    scene.fill(Rect::new(0, 0, 64, 1), 0xabcd);
    scene.call(Call::FlushSurfaces);
    let bytes = scene.guest.load(primary.address, 64 * 64 * 4);
    assert_eq!(&bytes[..4], [0; 4]);
    assert_eq!(&bytes[63 * 64 * 4..][..2], [0xcd, 0xab]);
}

#[test]
fn kept_pixels_are_the_first_picture() {
    let mut scene = Scene::new(SIZE);
    let primary = scene.guest.primary(SIZE.width, SIZE.height);
    scene.guest.overwrite(PhysAddr::new(primary.address), &[0x42; 8]);
    scene.call(Call::CreatePrimary(PrimarySurface { flags: 1, ..primary }));
    let mut client = Client::join(&scene.handle, 1);
    scene.settle_with(&mut [&mut client]);
    let screen = client.screen().unwrap().longs().unwrap();
    assert_eq!(screen.rows().next().unwrap()[..3], [0x4242_4242, 0x4242_4242, 0].map(|p: u32| p & 0xff_ffff));
}

#[test]
fn a_mode_change_reaches_the_client() {
    let mut scene = Scene::new(SIZE);
    let mut client = Client::join(&scene.handle, 1);
    scene.settle_with(&mut [&mut client]);
    scene.call(Call::DestroyPrimary);
    let primary = scene.guest.primary(100, 50);
    scene.call(Call::CreatePrimary(primary));
    scene.fill(Rect::new(90, 40, 100, 50), 6);
    scene.settle_with(&mut [&mut client]);
    assert_eq!(client.screen().unwrap().size(), Size::new(100, 50));
    let created =
        client.received().iter().filter(|message| matches!(message, ServerMessage::SurfaceCreate(_))).count();
    assert_eq!(created, 2);
}

#[test]
fn an_idle_ring_is_polled_once_more_and_then_armed() {
    let mut scene = Scene::new(SIZE);
    assert!(!scene.guest.take_wakeup());
    scene.pass(std::time::Duration::from_millis(50));
    assert!(scene.guest.take_wakeup());
}

#[test]
fn a_stopped_guest_is_not_read_and_its_memory_is_complete() {
    let mut scene = Scene::new(SIZE);
    let primary = scene.guest.primary(SIZE.width, SIZE.height);
    scene.call(Call::CreatePrimary(primary));
    scene.fill(Rect::of_size(SIZE), 0x55);
    scene.call(Call::Stop);
    assert_eq!(scene.guest.load(primary.address, 4), [0x55, 0, 0, 0]);
    scene.fill(Rect::of_size(SIZE), 0x66);
    scene.settle();
    assert_eq!(scene.guest.waiting(), 1);
    scene.handle.start();
    scene.settle();
    assert_eq!(scene.guest.waiting(), 0);
}

#[test]
fn a_panic_inside_costs_a_turn_and_not_the_display() {
    let broken = Arc::new(AtomicBool::new(false));
    let guest = Guest::new(1 << 20);
    let clock = {
        let broken = broken.clone();
        let start = Instant::now();
        move || {
            assert!(!broken.swap(false, Ordering::Relaxed), "on purpose");
            start
        }
    };
    let (mut worker, handle) = Worker::new(
        0,
        guest.device(),
        LIMITS,
        SETTINGS,
        Arc::new(Pool::new(0)),
        Arc::new(|_| ()),
        Box::new(clock),
    )
    .unwrap();
    handle.call_async(Call::AddSlot(guest.slot()), 1);
    handle.call_async(Call::CreatePrimary(guest.primary(8, 8)), 2);
    handle.start();
    worker.turn();
    broken.store(true, Ordering::Relaxed);
    worker.turn();
    assert_eq!(worker.internal_errors(), 1);
    let area = Rect::new(0, 0, 8, 8);
    let update = Call::UpdateArea { surface: SurfaceId(0), area, clear_dirty: true, limit: 4 };
    handle.call_async(update, 3);
    worker.turn();
    assert_eq!(guest.completed(), [1, 2, 3]);
}

#[test]
fn each_primary_surface_says_who_draws_its_pointer_also_when_calls_wait_in_the_queue() {
    let guest = Guest::new(1 << 20);
    let told = Arc::new(Mutex::new(Vec::new()));
    let hook = {
        let told = told.clone();
        Arc::new(move |surface| told.lock().unwrap().push(surface))
    };
    let (mut worker, handle) = Worker::new(
        0,
        guest.device(),
        LIMITS,
        SETTINGS,
        Arc::new(Pool::new(0)),
        hook,
        Box::new(Instant::now),
    )
    .unwrap();
    handle.call_async(Call::AddSlot(guest.slot()), 1);
    for hardware_cursor in [true, false] {
        let primary = guest.primary(8, 4);
        handle.call_async(Call::CreatePrimary(PrimarySurface { hardware_cursor, ..primary }), 2);
    }
    worker.turn();
    let shape = |hardware_cursor| Some(PrimaryShape { width: 8, height: 4, hardware_cursor });
    assert_eq!(*told.lock().unwrap(), [shape(true), None, shape(false)]);
}
