//! Scanouts: graphics memory that clients on this host are given, and that all others see as a picture.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::Duration;

use host_server::display::handle::Call;
use host_server::display::scanout::draws::Draws;
use host_server::display::scanout::{Planes, Scanout};
use host_server::guest::region::Region;
use image::geometry::{Point, Rect, Size};
use rustix::fs::{MemfdFlags, memfd_create};
use suite::client::Client;
use suite::scene::Scene;
use wire::capability::display::{GL_SCANOUT, GL_SCANOUT2};
use wire::display::{ClientMessage, GlDraw, ServerMessage};

const SIZE: Size = Size { width: 64, height: 48 };

/// Graphics memory: a file without a name, in which each pixel tells its row and column.
struct Memory(File);

#[derive(Debug)]
struct Pixels(File);

impl Region for Pixels {
    fn read(&self, offset: u64, out: &mut [u8]) {
        self.0.read_exact_at(out, offset).unwrap();
    }

    fn write(&self, _: u64, _: &[u8]) {}

    fn host_address(&self, _: u64) -> usize {
        0
    }
}

fn open(descriptor: &Arc<OwnedFd>, length: u64) -> Result<Arc<dyn Region>, String> {
    let file = File::from(descriptor.try_clone().unwrap());
    assert!(file.metadata().unwrap().len() >= length);
    Ok(Arc::new(Pixels(file)))
}

impl Memory {
    fn new(seed: u32) -> Self {
        let memory = Self(memfd_create("scanout", MemfdFlags::CLOEXEC).unwrap().into());
        memory.paint(Rect::of_size(SIZE), seed);
        memory
    }

    fn pixel(seed: u32, x: i32, y: i32) -> u32 {
        (seed << 16) | (y.unsigned_abs() << 8) | x.unsigned_abs()
    }

    fn paint(&self, area: Rect, seed: u32) {
        for y in area.top..area.bottom {
            for x in area.left..area.right {
                let offset = (y.unsigned_abs() * SIZE.width + x.unsigned_abs()) * 4;
                self.0.write_all_at(&Self::pixel(seed, x, y).to_le_bytes(), offset.into()).unwrap();
            }
        }
    }

    fn scanout(&self) -> Scanout {
        Scanout {
            size: SIZE,
            planes: Planes::one(SIZE.width * 4),
            fourcc: Scanout::XRGB8888,
            modifier: Scanout::NO_MODIFIER,
            top_down: true,
            descriptors: vec![Arc::new(self.0.try_clone().unwrap().into())],
            open,
        }
    }
}

/// A display without a primary surface.
fn scene() -> Scene {
    let mut scene = Scene::new(SIZE);
    scene.call(Call::DestroyPrimary);
    scene
}

fn completed(scene: &Scene) -> Vec<u64> {
    scene.guest.completed().into_iter().filter(|cookie| *cookie >= 1000).collect()
}

/// What a client has been told of graphics memory.
fn told(client: &Client) -> Vec<ServerMessage> {
    let is_told = |message: &&ServerMessage| {
        matches!(
            message,
            ServerMessage::GlScanoutUnix(_) | ServerMessage::GlScanout2Unix(_) | ServerMessage::GlDraw(_)
        )
    };
    client.received().iter().filter(is_told).cloned().collect()
}

fn draw(x: u32, y: u32, width: u32, height: u32) -> ServerMessage {
    ServerMessage::GlDraw(GlDraw { x, y, width, height })
}

/// The first pixel in which the client's screen is not what `expected` says.
fn difference(client: &Client, expected: impl Fn(i32, i32) -> u32) -> Option<(i32, i32)> {
    let screen = client.screen().unwrap().longs().unwrap();
    let places = (0..48).flat_map(|y| (0..64).map(move |x| (x, y)));
    let at = |(x, y): (i32, i32)| screen.pixel(Point::new(x, y)).unwrap() & 0x00ff_ffff;
    places.into_iter().find(|place| at(*place) != expected(place.0, place.1))
}

#[test]
fn a_client_on_this_host_gets_the_memory_and_the_draws() {
    let mut scene = scene();
    let mut client = Client::join_here(&scene.handle, 1, &[GL_SCANOUT]);
    let memory = Memory::new(1);
    scene.handle.set_scanout(Some(memory.scanout()));
    scene.handle.draw_scanout_async(Rect::new(1, 2, 11, 22), 1000);
    scene.settle_with(&mut [&mut client]);
    let [ServerMessage::GlScanoutUnix(scanout), drawn] = &told(&client)[..] else {
        panic!("{:?}", told(&client))
    };
    assert_eq!((scanout.width, scanout.height, scanout.stride), (64, 48, 256));
    assert_eq!(*drawn, draw(1, 2, 10, 20));
    assert!(client.screen().is_none(), "it needs no pixels");
    let received = File::from(client.descriptors[0].try_clone().unwrap());
    memory.paint(Rect::new(0, 0, 1, 1), 9);
    let mut pixel = [0; 4];
    received.read_exact_at(&mut pixel, 0).unwrap();
    assert_eq!(u32::from_le_bytes(pixel), Memory::pixel(9, 0, 0), "it is the same memory");
    assert!(completed(&scene).is_empty());
    client.send(&ClientMessage::GlDrawDone);
    scene.settle();
    assert_eq!(completed(&scene), [1000]);
    client.send(&ClientMessage::GlDrawDone);
    scene.settle();
    assert_eq!(completed(&scene), [1000], "once");
}

#[test]
fn what_lies_amid_a_buffer_or_in_planes_is_for_clients_that_know_planes_and_pixels_for_others() {
    let mut scene = scene();
    let mut old = Client::join_here(&scene.handle, 1, &[GL_SCANOUT]);
    let mut new = Client::join_here(&scene.handle, 2, &[GL_SCANOUT, GL_SCANOUT2]);
    let memory = Memory::new(1);
    let mut show = |scanout: Scanout, old: &mut Client, new: &mut Client| {
        old.forget();
        new.forget();
        scene.handle.set_scanout(Some(scanout));
        scene.handle.draw_scanout_async(Rect::of_size(SIZE), 1000);
        scene.settle_with(&mut [old, new]);
        new.send(&ClientMessage::GlDrawDone);
        if !told(old).is_empty() {
            old.send(&ClientMessage::GlDrawDone);
        }
        scene.settle_with(&mut [old, new]);
    };
    show(memory.scanout(), &mut old, &mut new);
    assert!(matches!(&told(&old)[..], [ServerMessage::GlScanoutUnix(_), ServerMessage::GlDraw(_)]));
    assert!(matches!(&told(&new)[..], [ServerMessage::GlScanout2Unix(_), ServerMessage::GlDraw(_)]));

    // All but the first row.
    let stride = SIZE.width * 4;
    let planes = Planes { offsets: [stride, 0, 0, 0], ..Planes::one(stride) };
    let amid = Scanout { size: Size::new(64, 47), planes, ..memory.scanout() };
    show(amid.clone(), &mut old, &mut new);
    assert!(told(&old).is_empty());
    let screen = old.screen().unwrap().longs().unwrap();
    assert_eq!(screen.pixel(Point::new(5, 0)).unwrap() & 0x00ff_ffff, Memory::pixel(1, 5, 1));
    let [ServerMessage::GlScanout2Unix(given), ServerMessage::GlDraw(_)] = told(&new)[..] else {
        panic!("{:?}", told(&new))
    };
    assert_eq!((given.planes, given.descriptors, given.offsets[0]), (1, 1, stride));

    let planes = Planes { count: 2, offsets: [0, 64, 0, 0], strides: [stride, stride, 0, 0] };
    let descriptors = [memory.scanout().descriptors, memory.scanout().descriptors].concat();
    show(Scanout { planes, descriptors, ..memory.scanout() }, &mut old, &mut new);
    assert!(told(&old).is_empty() && old.screen().is_none(), "it cannot be read");
    assert!(matches!(&told(&new)[..], [ServerMessage::GlScanout2Unix(given), _] if given.descriptors == 2));
    assert_eq!(new.descriptors.len(), 4, "one, one and two");

    show(amid, &mut old, &mut new);
    assert!(old.screen().is_some());
    show(memory.scanout(), &mut old, &mut new);
    assert!(matches!(&told(&old)[..], [ServerMessage::GlScanoutUnix(_), ServerMessage::GlDraw(_)]));
    assert!(old.screen().is_none() && new.screen().is_none());
}

#[test]
fn a_descriptor_is_closed_when_nobody_needs_it() {
    let mut scene = scene();
    let mut client = Client::join_here(&scene.handle, 1, &[GL_SCANOUT]);
    let mut remote = Client::join(&scene.handle, 2);
    let scanout = Memory::new(1).scanout();
    let descriptor = Arc::downgrade(&scanout.descriptors[0]);
    scene.handle.set_scanout(Some(scanout));
    scene.handle.draw_scanout_async(Rect::of_size(SIZE), 1000);
    scene.settle_with(&mut [&mut client, &mut remote]);
    scene.handle.set_scanout(None);
    scene.settle_with(&mut [&mut client, &mut remote]);
    assert_eq!(descriptor.strong_count(), 1, "the client's");
    client.descriptors.clear();
    assert_eq!(descriptor.strong_count(), 0);
}

#[test]
fn of_scanouts_that_a_client_does_not_read_one_is_kept() {
    let mut scene = scene();
    let mut client = Client::join_here(&scene.handle, 1, &[GL_SCANOUT]);
    scene.settle_with(&mut [&mut client]);
    client.acknowledges = false;
    let weak: Vec<_> = (0..500)
        .map(|seed| {
            let scanout = Memory::new(seed).scanout();
            let weak = Arc::downgrade(&scanout.descriptors[0]);
            scene.handle.set_scanout(Some(scanout));
            scene.settle();
            weak
        })
        .collect();
    let held = weak.iter().filter(|weak| weak.strong_count() > 0).count();
    assert!(held <= 41, "{held}: the window's, and the newest");
    client.acknowledges = true;
    scene.settle_with(&mut [&mut client]);
    client.leave();
    scene.settle();
    assert_eq!(weak.iter().filter(|weak| weak.strong_count() > 0).count(), 1, "the display's");
}

#[test]
fn a_client_that_joins_later_is_shown_what_is_there() {
    let mut scene = scene();
    let memory = Memory::new(1);
    scene.handle.set_scanout(Some(memory.scanout()));
    scene.handle.draw_scanout_async(Rect::of_size(SIZE), 1000);
    scene.settle();
    assert_eq!(completed(&scene), [1000], "nobody looks");
    let mut client = Client::join_here(&scene.handle, 1, &[GL_SCANOUT]);
    let mut remote = Client::join(&scene.handle, 2);
    let mut plain = Client::join_here(&scene.handle, 3, &[]);
    scene.settle_with(&mut [&mut client, &mut remote, &mut plain]);
    assert!(matches!(&told(&client)[..], [ServerMessage::GlScanoutUnix(_), ServerMessage::GlDraw(_)]));
    for other in [&remote, &plain] {
        assert!(told(other).is_empty() && other.descriptors.is_empty());
        assert_eq!(difference(other, |x, y| Memory::pixel(1, x, y)), None);
    }
    assert!(client.screen().is_none());
}

#[test]
fn a_slow_client_holds_up_one_draw_and_is_then_told_of_all_that_it_missed() {
    let mut scene = scene();
    let mut slow = Client::join_here(&scene.handle, 1, &[GL_SCANOUT]);
    let mut quick = Client::join_here(&scene.handle, 2, &[GL_SCANOUT]);
    let memory = Memory::new(1);
    scene.handle.set_scanout(Some(memory.scanout()));
    scene.handle.draw_scanout_async(Rect::new(0, 0, 4, 4), 1000);
    scene.settle_with(&mut [&mut slow, &mut quick]);
    quick.send(&ClientMessage::GlDrawDone);
    scene.pass(Draws::PATIENCE - Duration::from_millis(1));
    assert!(completed(&scene).is_empty());
    scene.pass(Duration::from_millis(1));
    assert_eq!(completed(&scene), [1000]);

    scene.handle.draw_scanout_async(Rect::new(8, 8, 12, 12), 1001);
    scene.settle_with(&mut [&mut slow, &mut quick]);
    quick.send(&ClientMessage::GlDrawDone);
    scene.handle.draw_scanout_async(Rect::new(20, 2, 24, 4), 1002);
    scene.settle_with(&mut [&mut slow, &mut quick]);
    assert_eq!(completed(&scene), [1000, 1001], "nobody waits for the slow one");
    quick.leave();
    scene.settle();
    assert_eq!(completed(&scene), [1000, 1001, 1002], "nor for one that has gone");
    slow.forget();
    slow.send(&ClientMessage::GlDrawDone);
    scene.settle_with(&mut [&mut slow]);
    assert_eq!(told(&slow), [draw(8, 2, 16, 10)]);
}

#[test]
fn remote_clients_see_what_is_drawn_and_other_buffers() {
    let mut scene = scene();
    let mut client = Client::join(&scene.handle, 1);
    let memory = Memory::new(1);
    scene.handle.set_scanout(Some(memory.scanout()));
    scene.handle.draw_scanout_async(Rect::of_size(SIZE), 1000);
    scene.settle_with(&mut [&mut client]);
    assert_eq!(difference(&client, |x, y| Memory::pixel(1, x, y)), None);

    let changed = Rect::new(10, 5, 20, 9);
    memory.paint(changed, 2);
    scene.handle.draw_scanout_async(changed, 1001);
    scene.settle_with(&mut [&mut client]);
    let inside = |x, y| changed.contains(&Rect::new(x, y, x + 1, y + 1));
    assert_eq!(difference(&client, |x, y| Memory::pixel(if inside(x, y) { 2 } else { 1 }, x, y)), None);

    let flipped = Memory::new(3);
    scene.handle.set_scanout(Some(Scanout { top_down: false, ..flipped.scanout() }));
    scene.handle.draw_scanout_async(Rect::new(0, 0, 1, 1), 1002);
    scene.settle_with(&mut [&mut client]);
    assert_eq!(difference(&client, |x, y| Memory::pixel(3, x, 47 - y)), None, "all of it, from the bottom");
    assert_eq!(completed(&scene), [1000, 1001, 1002]);
    let created = |message: &&ServerMessage| matches!(message, ServerMessage::SurfaceCreate(_));
    assert_eq!(client.received().iter().filter(created).count(), 1, "one surface for both buffers");
}

#[test]
fn a_primary_surface_of_the_guest_takes_the_place_of_a_scanout() {
    let mut scene = scene();
    let mut client = Client::join(&scene.handle, 1);
    let memory = Memory::new(1);
    scene.handle.set_scanout(Some(memory.scanout()));
    scene.handle.draw_scanout_async(Rect::of_size(SIZE), 1000);
    scene.settle();
    let primary = scene.guest.primary(SIZE.width, SIZE.height);
    scene.call(Call::CreatePrimary(primary));
    scene.fill(Rect::of_size(SIZE), 7);
    scene.handle.draw_scanout_async(Rect::of_size(SIZE), 1001);
    scene.settle_with(&mut [&mut client]);
    assert_eq!(difference(&client, |_, _| 7), None);
    scene.settle();
    scene.call(Call::DestroyPrimary);
    scene.handle.draw_scanout_async(Rect::new(0, 0, 1, 1), 1002);
    scene.settle_with(&mut [&mut client]);
    assert_eq!(difference(&client, |x, y| Memory::pixel(1, x, y)), None);
    scene.handle.set_scanout(None);
    scene.settle_with(&mut [&mut client]);
    assert!(client.screen().is_none());
    assert_eq!(completed(&scene), [1000, 1001, 1002]);
}

#[test]
fn draws_without_a_scanout_and_outside_of_it_are_done_at_once() {
    let mut scene = scene();
    let mut client = Client::join_here(&scene.handle, 1, &[GL_SCANOUT]);
    scene.handle.draw_scanout_async(Rect::of_size(SIZE), 1000);
    scene.handle.set_scanout(Some(Memory::new(1).scanout()));
    scene.handle.draw_scanout_async(Rect::new(64, 0, 65, 1), 1001);
    scene.settle_with(&mut [&mut client]);
    assert_eq!(completed(&scene), [1000, 1001]);
    assert_eq!(told(&client).len(), 1);
}
