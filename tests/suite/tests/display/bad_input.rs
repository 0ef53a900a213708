//! Commands that lie: each is dropped, comes back, and nothing else happens.

use host_server::display::handle::Call;
use host_server::guest::device::PrimarySurface;
use image::geometry::{Rect, Size};
use proptest::prelude::*;
use qxl::chunk::DataChunk;
use qxl::command::CommandKind;
use qxl::drawable::{Drawable, DrawableHead, Effect, Operation};
use qxl::image::{BitmapFormat, ImageDescriptor, ImageKind};
use qxl::memslot::PhysAddr;
use qxl::operation::{Copy, CopyBits, rop};
use suite::client::Client;
use suite::scene::Scene;
use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes, IntoBytes};

const SIZE: Size = Size::new(64, 64);

/// The last byte of the guest's memory.
const END: u64 = (64 << 20) - 1;

fn address(slot: u64, generation: u64, offset: u64) -> PhysAddr {
    PhysAddr::new(slot << 56 | generation << 48 | offset)
}

/// Whether the display still works, with all commands given back.
fn assert_alive(scene: &mut Scene) {
    let mut client = Client::join(&scene.handle, 1);
    scene.fill(Rect::of_size(SIZE), 0x77);
    scene.settle_with(&mut [&mut client]);
    assert_eq!(client.screen().unwrap().longs().unwrap().rows().next().unwrap()[0], 0x77);
    client.leave();
    scene.settle();
}

#[test]
fn addresses_that_lead_nowhere() {
    let mut scene = Scene::new(SIZE);
    for bad in [
        PhysAddr::NULL,
        PhysAddr::new(u64::MAX),
        address(1, 1, 64),
        address(2, 0, 64),
        address(9, 0, 64),
        address(255, 0, 64),
        address(1, 0, END),
        address(1, 0, END - 189),
        address(1, 0, END + 1),
        address(1, 0, 0xffff_ffff_ffff),
    ] {
        for kind in 0..7 {
            scene.guest.submit_at(kind, bad);
        }
    }
    scene.settle();
    assert_eq!(scene.guest.waiting(), 0);
    assert_alive(&mut scene);
}

#[test]
fn another_slot_group_is_not_the_guests() {
    let mut scene = Scene::new(SIZE);
    for group in [0, 2, u32::MAX] {
        scene.call(Call::MonitorsConfig { address: address(1, 0, 64).bits(), group });
    }
    assert_alive(&mut scene);
}

/// Whether the memory of every command has come back, in whatever order.
fn assert_given_back(scene: &Scene) {
    let mut released = scene.guest.released();
    released.sort_unstable();
    assert_eq!(released, scene.guest.submitted());
}

/// A copy of a bitmap whose rows start in this chunk.
fn copy_of_chunks(scene: &Scene, chunk: PhysAddr, width: u32, height: u32) {
    let descriptor = ImageDescriptor {
        kind: ImageKind::Bitmap.code(),
        width: U32::new(width),
        height: U32::new(height),
        ..ImageDescriptor::default()
    };
    let bitmap = qxl::image::Bitmap {
        format: BitmapFormat::Bit32.code(),
        width: U32::new(width),
        height: U32::new(height),
        stride: U32::new(width.wrapping_mul(4)),
        data: chunk,
        ..qxl::image::Bitmap::default()
    };
    let image = scene.guest.store(&[descriptor.as_bytes(), bitmap.as_bytes()].concat());
    let area = qxl::geometry::Rect::new(0, 0, 16, 16);
    let copy = Copy { source: image, source_area: area, rop: U16::new(rop::PUT), ..Copy::default() };
    scene.guest.draw(0, Rect::new(0, 0, 16, 16), Effect::Opaque, &Operation::Copy(copy));
}

#[test]
fn chunk_lists_without_an_end() {
    let mut scene = Scene::new(SIZE);
    // A chunk that follows itself, empty and with a byte; two that follow each other.
    for size in [0, 1] {
        let chunk =
            scene.guest.store(DataChunk { data_size: U32::new(size), ..DataChunk::default() }.as_bytes());
        let mut circle = DataChunk { data_size: U32::new(size), ..DataChunk::default() };
        circle.next_chunk = chunk;
        scene.guest.overwrite(chunk, circle.as_bytes());
        copy_of_chunks(&scene, chunk, 16, 16);
    }
    let first = scene.guest.store(&[0; 20]);
    let second = scene.guest.store(DataChunk { next_chunk: first, ..DataChunk::default() }.as_bytes());
    scene.guest.overwrite(first, DataChunk { next_chunk: second, ..DataChunk::default() }.as_bytes());
    copy_of_chunks(&scene, first, 16, 16);
    scene.settle();
    assert_given_back(&scene);
    assert_alive(&mut scene);
}

#[test]
fn chunks_of_the_wrong_size() {
    let mut scene = Scene::new(SIZE);
    for size in [0, 1023, 1025, u32::MAX] {
        let mut bytes = DataChunk { data_size: U32::new(size), ..DataChunk::default() }.as_bytes().to_vec();
        bytes.extend([0x11; 1024]);
        let chunk = scene.guest.store(&bytes);
        copy_of_chunks(&scene, chunk, 16, 16);
    }
    // Sizes whose product overflows.
    let chunk = scene.guest.store(&[0; 20]);
    for (width, height) in [(0, 16), (16, 0), (u32::MAX, u32::MAX), (0x4000_0000, 4), (1, u32::MAX)] {
        copy_of_chunks(&scene, chunk, width, height);
    }
    scene.settle();
    assert_given_back(&scene);
    assert_alive(&mut scene);
}

#[test]
fn rectangles_outside_the_surface_and_the_image() {
    let mut scene = Scene::new(SIZE);
    let extremes = [i32::MIN, -1, 0, 1, 64, 65, i32::MAX];
    for left in extremes {
        for right in extremes {
            scene.fill(Rect::new(left, left, right, right), 1);
            let operation = Operation::CopyBits(CopyBits { source: qxl::geometry::Point::new(left, right) });
            scene.guest.draw(0, Rect::new(0, 0, 8, 8), Effect::Opaque, &operation);
        }
    }
    scene.settle();
    assert_given_back(&scene);
    assert_alive(&mut scene);
}

#[test]
fn surfaces_that_cannot_be() {
    let mut scene = Scene::new(SIZE);
    let primary = scene.guest.primary(64, 64);
    for bad in [
        PrimarySurface { width: u32::MAX, ..primary },
        PrimarySurface { height: u32::MAX, ..primary },
        PrimarySurface { width: 0, ..primary },
        PrimarySurface { stride: i32::MIN, ..primary },
        PrimarySurface { stride: 3, ..primary },
        PrimarySurface { format: 33, ..primary },
        PrimarySurface { address: address(1, 0, END).bits(), ..primary },
        PrimarySurface { group: 77, ..primary },
    ] {
        scene.call(Call::CreatePrimary(bad));
        scene.fill(Rect::new(0, 0, 1, 1), 1);
        scene.settle();
    }
    scene.call(Call::CreatePrimary(primary));
    assert_alive(&mut scene);
}

#[test]
fn endless_faults_do_not_fill_the_log() {
    // The log is counted by its writer; here it matters that the display keeps up.
    let mut scene = Scene::new(SIZE);
    for _ in 0..20_000 {
        scene.guest.submit_at(1, PhysAddr::NULL);
    }
    scene.settle();
    assert_eq!(scene.guest.waiting(), 0);
    assert_alive(&mut scene);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Drawings of random bytes, with their first pointers mended to lead somewhere every other time.
    #[test]
    fn random_drawings(bytes in proptest::collection::vec(any::<u8>(), 191), mend in any::<bool>(), kind in 0..15_u8) {
        let mut scene = Scene::new(SIZE);
        let mut drawable = Drawable::read_from_bytes(&bytes).expect("any bytes");
        drawable.head.kind = kind;
        if mend {
            drawable.head = DrawableHead {
                kind,
                ..DrawableHead::new(1, 0, qxl::geometry::Rect::new(0, 0, 32, 32), Effect::Opaque)
            };
        }
        scene.guest.submit(CommandKind::Draw, drawable.as_bytes());
        scene.guest.submit(CommandKind::Surface, &bytes);
        scene.guest.submit(CommandKind::Update, &bytes);
        scene.guest.submit_cursor(&bytes);
        scene.settle();
        prop_assert!(scene.guest.released().len() >= 3);
        scene.fill(Rect::new(0, 0, 1, 1), 1);
        scene.settle();
        prop_assert_eq!(scene.guest.waiting(), 0);
    }
}
