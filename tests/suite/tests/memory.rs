//! Memory that stays flat, measured as what is allocated: a program of its own, whose tests wait for each other.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use host_server::display::handle::Call;
use image::geometry::{Rect, Size};
use peak_alloc::PeakAlloc;
use qxl::command::CommandKind;
use qxl::drawable::{Drawable, DrawableHead, Effect, Operation};
use qxl::image::{ImageDescriptor, ImageKind, SurfaceImage};
use qxl::memslot::PhysAddr;
use qxl::operation::{Brush, Copy, Fill, Mask, Paint, rop};
use qxl::surface::{SurfaceCommand, SurfaceCommandKind, SurfaceShape};
use suite::client::Client;
use suite::scene::Scene;
use suite::session;
use vdagent::assembly::RawMessage;
use wire::main::{AgentTokens, ClientMessage};
use zerocopy::IntoBytes;
use zerocopy::little_endian::{I32, U16, U32, U64};

/// How often something happens while memory is watched.
const CYCLES: usize = 20_000;

/// Bytes by which memory may grow all the same. Were the smallest structure kept in each cycle, they would be
/// more.
const NOISE: usize = 16 << 10;

const PRIMARY: Size = Size::new(64, 64);

/// A surface that would be missed: 64 KiB of pixels, of which 20 000 have more than 1 GiB.
const SIDE: u32 = 128;

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

fn alone() -> MutexGuard<'static, ()> {
    static RUNNING: Mutex<()> = Mutex::new(());
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs cycles until memory has been claimed that is used again and again, then as many as are watched; what happens
/// every hundred cycles is `rest`.
fn assert_flat(mut cycle: impl FnMut(&mut Scene), mut rest: impl FnMut(&mut Scene), scene: &mut Scene) {
    let mut run = |cycles: usize| {
        for index in 1..=cycles {
            cycle(scene);
            if index % 100 == 0 {
                rest(scene);
                scene.guest.forget();
            }
        }
    };
    run(CYCLES / 10);
    let before = ALLOCATED.current_usage();
    run(CYCLES);
    let grown = ALLOCATED.current_usage().saturating_sub(before);
    assert!(grown <= NOISE, "{grown} bytes more than {before}");
}

/// Addresses of the commands by which a guest makes a surface, draws on it, shows it, and destroys it.
fn life_of_a_surface(scene: &Scene) -> [(CommandKind, PhysAddr); 4] {
    const ID: u32 = 5;
    let guest = &scene.guest;
    let shape = SurfaceShape {
        format: U32::new(32),
        width: U32::new(SIDE),
        height: U32::new(SIDE),
        stride: I32::new(SIDE as i32 * 4),
        data: guest.store(&vec![0; (SIDE * SIDE * 4) as usize]),
    };
    let command = |kind: SurfaceCommandKind, shape| {
        let kind = kind.code();
        guest.store(
            SurfaceCommand { surface_id: U32::new(ID), kind, shape, ..SurfaceCommand::default() }.as_bytes(),
        )
    };
    let draw = |surface, size: Size, operation: &Operation| {
        let all = Rect::of_size(size);
        let bbox = qxl::geometry::Rect::new(all.left, all.top, all.right, all.bottom);
        guest.store(Drawable::new(DrawableHead::new(1, surface, bbox, Effect::Opaque), operation).as_bytes())
    };
    let fill = Fill { brush: Brush::new(Paint::Solid(7)), rop: U16::new(rop::PUT), mask: Mask::default() };
    let image = ImageDescriptor {
        id: U64::new(0),
        kind: ImageKind::Surface.code(),
        flags: 0,
        width: U32::new(SIDE),
        height: U32::new(SIDE),
    };
    let image =
        guest.store(&[image.as_bytes(), SurfaceImage { surface_id: U32::new(ID) }.as_bytes()].concat());
    let side = PRIMARY.width as i32;
    let source_area = qxl::geometry::Rect::new(0, 0, side, side);
    let copy = Copy { source: image, source_area, rop: U16::new(rop::PUT), ..Copy::default() };
    [
        (CommandKind::Surface, command(SurfaceCommandKind::Create, shape)),
        (CommandKind::Draw, draw(ID, Size::new(SIDE, SIDE), &Operation::Fill(fill))),
        (CommandKind::Draw, draw(0, PRIMARY, &Operation::Copy(copy))),
        (CommandKind::Surface, command(SurfaceCommandKind::Destroy, SurfaceShape::default())),
    ]
}

fn submit(scene: &Scene, commands: &[(CommandKind, PhysAddr)]) {
    commands.iter().for_each(|(kind, address)| scene.guest.submit_at(kind.code(), *address));
}

#[test]
fn surfaces_that_come_and_go_leave_nothing_behind() {
    let _alone = alone();
    let mut scene = Scene::new(PRIMARY);
    let mut client = Client::join(&scene.handle, 1);
    scene.settle_with(&mut [&mut client]);
    let life = life_of_a_surface(&scene);
    let mut created = 0;
    let cycle = |scene: &mut Scene| {
        submit(scene, &life);
        scene.settle_with(&mut [&mut client]);
        created += client.received().iter().filter(|message| message.name() == "SurfaceCreate").count();
        client.forget();
    };
    assert_flat(cycle, |_| (), &mut scene);
    assert!(created > CYCLES, "the client has got {created}");
}

#[test]
fn surfaces_of_which_a_client_hears_late_leave_nothing_behind() {
    let _alone = alone();
    let mut scene = Scene::new(PRIMARY);
    let mut late = Client::join(&scene.handle, 1);
    scene.settle_with(&mut [&mut late]);
    let life = life_of_a_surface(&scene);
    let rest = |scene: &mut Scene| {
        while scene.guest.waiting() > 0 {
            scene.pass(Duration::from_millis(50));
        }
        scene.settle_with(&mut [&mut late]);
        late.forget();
    };
    assert_flat(|scene| submit(scene, &life), rest, &mut scene);
    assert!(!late.is_closed(), "the client is there all the time");
}

#[test]
fn changes_of_the_primary_surface_leave_nothing_behind() {
    let _alone = alone();
    let mut scene = Scene::new(PRIMARY);
    let mut client = Client::join(&scene.handle, 1);
    scene.settle_with(&mut [&mut client]);
    let primary = scene.guest.primary(PRIMARY.width, PRIMARY.height);
    let cycle = |scene: &mut Scene| {
        scene.call(Call::DestroyPrimary);
        scene.call(Call::CreatePrimary(primary));
        scene.settle_with(&mut [&mut client]);
        client.forget();
    };
    assert_flat(cycle, |_| (), &mut scene);
}

#[test]
fn a_client_that_leaves_more_than_twenty_thousand_changes_unread_goes() {
    let _alone = alone();
    let mut scene = Scene::new(PRIMARY);
    let mut paused = Client::join(&scene.handle, 1);
    scene.settle_with(&mut [&mut paused]);
    let forget_images = |scene: &mut Scene, count: usize| {
        for cookie in 0..count {
            scene.handle.call_async(Call::ResetImageCache, cookie as u64);
        }
        scene.pass(Duration::from_secs(2));
        scene.guest.forget();
    };
    forget_images(&mut scene, CYCLES);
    assert!(!paused.is_closed());
    /// More may be on their way than in the queue: twice the window of acknowledged messages.
    const ON_THEIR_WAY: usize = 40;
    forget_images(&mut scene, ON_THEIR_WAY + 1);
    assert!(paused.is_closed());
    let before = ALLOCATED.current_usage();
    (0..10).for_each(|_| forget_images(&mut scene, CYCLES / 10));
    assert!(ALLOCATED.current_usage() <= before + NOISE);
}

/// A message's header of 60 MiB, as a chunk of the agent's port.
fn endless_message() -> Vec<u8> {
    let header = RawMessage { kind: 4, opaque: 0, data: bytes::Bytes::new() }.header();
    let mut chunk = [1_u32.to_le_bytes(), 20_u32.to_le_bytes()].concat();
    chunk.extend_from_slice(&header[..16]);
    chunk.extend_from_slice(&(60_u32 << 20).to_le_bytes());
    chunk
}

#[test]
fn agents_and_clients_that_come_and_go_leave_nothing_behind() {
    let _alone = alone();
    let mut scene = session::Scene::new();
    let mut cycle = || {
        scene.open_port(true);
        let mut client = scene.join();
        client.send(&ClientMessage::AgentStart(AgentTokens { count: u32::MAX }).encode());
        scene.settle();
        scene.port.written.extend(endless_message());
        scene.wake();
        let piece = RawMessage { kind: 4, opaque: 0, data: vec![0; 100].into() }.encode().slice(..50);
        client.send(&ClientMessage::AgentData(piece).encode());
        scene.settle();
        client.read(usize::MAX);
        scene.leave(client);
        scene.open_port(false);
        scene.port.received.clear();
        scene.actions.clear();
    };
    (0..CYCLES / 10).for_each(|_| cycle());
    let before = ALLOCATED.current_usage();
    (0..CYCLES).for_each(|_| cycle());
    let grown = ALLOCATED.current_usage().saturating_sub(before);
    assert!(grown <= NOISE, "{grown} bytes more than {before}");
}

#[test]
fn what_clients_leave_unread_of_an_agent_that_writes_byte_by_byte_is_bounded() {
    let _alone = alone();
    let mut scene = session::Scene::new();
    scene.open_port(true);
    let mut client = scene.join();
    client.send(&ClientMessage::AgentStart(AgentTokens { count: u32::MAX }).encode());
    scene.settle();
    scene.port.written.extend(endless_message());
    scene.wake();
    let byte = [1_u32.to_le_bytes().as_slice(), &1_u32.to_le_bytes(), &[0]].concat();
    let before = ALLOCATED.current_usage();
    let mut write = |rounds: usize| {
        for _ in 0..rounds {
            // What it could not write yet stays in the guest.
            if scene.port.written.is_empty() {
                scene.port.written.extend(byte.repeat(1000));
            }
            scene.wake();
        }
        (scene.port.written.is_empty(), ALLOCATED.current_usage().saturating_sub(before))
    };
    let (all_read, held) = write(100);
    assert!(!all_read, "it has to wait");
    assert!((1 << 20..16 << 20).contains(&held), "{held} bytes");
    let (_, later) = write(1000);
    assert!(later <= held + NOISE, "{later} bytes after {held}");
    client.read(usize::MAX);
    scene.wake();
    assert!(scene.port.written.is_empty() && !client.is_closed(), "it goes on");
}
