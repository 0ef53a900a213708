//! A surface that ends takes along what nobody has seen of it, and nothing else.

use host_server::display::handle::Call;
use image::geometry::{Rect, Size};
use qxl::command::CommandKind;
use qxl::drawable::{Effect, Operation};
use qxl::image::{ImageDescriptor, ImageKind, SurfaceImage};
use qxl::memslot::PhysAddr;
use qxl::operation::{Brush, Fill, Mask, Paint, rop};
use qxl::surface::{SurfaceCommand, SurfaceCommandKind, SurfaceShape};
use suite::client::Client;
use suite::scene::Scene;
use wire::drawable::SurfaceId;
use zerocopy::IntoBytes;
use zerocopy::little_endian::{I32, U16, U32, U64};

const SIZE: Size = Size::new(64, 64);

fn surface(scene: &Scene, id: u32, kind: SurfaceCommandKind, data: PhysAddr) {
    let shape = SurfaceShape {
        format: U32::new(32),
        width: U32::new(16),
        height: U32::new(16),
        stride: I32::new(64),
        data,
    };
    let command =
        SurfaceCommand { surface_id: U32::new(id), kind: kind.code(), shape, ..SurfaceCommand::default() };
    scene.guest.submit(CommandKind::Surface, command.as_bytes());
}

fn fill(scene: &Scene, surface: u32, rect: Rect, color: u32) {
    let fill =
        Fill { brush: Brush::new(Paint::Solid(color)), rop: U16::new(rop::PUT), mask: Mask::default() };
    scene.guest.draw(surface, rect, Effect::Opaque, &Operation::Fill(fill));
}

/// An image that stands for a surface.
fn image_of(scene: &Scene, surface: u32) -> PhysAddr {
    let descriptor = ImageDescriptor {
        id: U64::new(0),
        kind: ImageKind::Surface.code(),
        flags: 0,
        width: U32::new(16),
        height: U32::new(16),
    };
    let image = SurfaceImage { surface_id: U32::new(surface) };
    scene.guest.store(&[descriptor.as_bytes(), image.as_bytes()].concat())
}

#[test]
fn what_was_copied_from_a_surface_that_ends_is_seen() {
    let mut scene = Scene::new(SIZE);
    let mut client = Client::join(&scene.handle, 1);
    scene.settle_with(&mut [&mut client]);
    let whole = Rect::new(0, 0, 16, 16);
    let data = scene.guest.store(&[0; 1024]);
    surface(&scene, 5, SurfaceCommandKind::Create, data);
    fill(&scene, 5, whole, 0x11_2233);
    scene.copy_image(whole, image_of(&scene, 5), rop::PUT, Effect::Opaque);
    // Nobody reads this one.
    fill(&scene, 5, whole, 0x44_5566);
    surface(&scene, 5, SurfaceCommandKind::Destroy, PhysAddr::NULL);
    scene.settle_with(&mut [&mut client]);
    let late = {
        let mut late = Client::join(&scene.handle, 2);
        scene.settle_with(&mut [&mut client, &mut late]);
        late
    };
    for client in [&client, &late] {
        assert_eq!(super::pixels::client_pixels(client)[0], 0x11_2233);
    }
}

#[test]
fn what_waits_for_a_surface_that_ends_is_neither_copied_nor_sent() {
    let mut scene = Scene::new(SIZE);
    let mut client = Client::join(&scene.handle, 1);
    scene.settle_with(&mut [&mut client]);
    client.acknowledges = false;
    let before = client.drawings();
    // 40 messages are sent before the first acknowledgement; the rest waits in the client's pipe and in the ring.
    for index in 0..200 {
        let (x, y) = (index % 64, index / 64);
        fill(&scene, SurfaceId::PRIMARY.0, Rect::new(x, y, x + 1, y + 1), 7);
    }
    scene.settle();
    scene.call(Call::DestroyPrimary);
    client.acknowledges = true;
    client.read();
    scene.settle_with(&mut [&mut client]);
    assert!(client.drawings() - before <= 40, "{} drawings", client.drawings() - before);
    assert_eq!(scene.guest.released().len(), scene.guest.submitted().len());
}
