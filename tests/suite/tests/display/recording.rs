//! What a display gives to the recorder.

use std::path::PathBuf;
use std::sync::Arc;

use host_server::display::handle::Call;
use host_server::recorder::Recorder;
use image::geometry::{Rect, Size};
use qxl::command::{CommandExt, CommandKind};
use qxl::drawable::{CompatDrawable, CompatDrawableHead, Drawable, DrawableHead, Effect, Operation};
use qxl::memslot::PhysAddr;
use qxl::operation::{Brush, Copy, Fill, Paint, rop};
use recording::{Event, EventKind, Message, Recording};
use suite::scene::Scene;
use zerocopy::IntoBytes;
use zerocopy::little_endian::U16;

const SIZE: Size = Size::new(64, 64);

/// A display whose deeds are recorded.
struct Recorded {
    scene: Scene,
    path: PathBuf,
}

impl Recorded {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("suite-{}-{name}.rec", std::process::id()));
        let scene = Scene::new(SIZE);
        scene.handle.record(Arc::new(Recorder::to_file(&path, None).unwrap()));
        Self { scene, path }
    }

    /// What was recorded, when everything has ended, without wakeups.
    fn end(self) -> Vec<EventKind> {
        drop(self.scene);
        let bytes = std::fs::read(&self.path).unwrap();
        std::fs::remove_file(&self.path).unwrap();
        let events = Recording::open(bytes.as_slice(), 1024).unwrap();
        let kinds = events.map(|event| {
            let Event { kind, .. } = event.unwrap();
            kind
        });
        kinds.filter(|kind| *kind != EventKind::Message(Message::Wakeup)).collect()
    }
}

/// The structure of a recorded drawing.
fn drawing(event: &EventKind) -> Vec<u8> {
    let EventKind::Command(command) = event else { panic!("{event:?} is no drawing") };
    let mut memory = vec![0; command.layout.size()];
    assert!(command.layout.place(&mut memory, 0, 0));
    memory
}

fn fill() -> Operation {
    Operation::Fill(Fill {
        brush: Brush::new(Paint::Solid(0x77)),
        rop: U16::new(rop::PUT),
        ..Fill::default()
    })
}

#[test]
fn a_call_stands_behind_the_commands_that_it_waits_for() {
    let mut recorded = Recorded::new("order");
    let scene = &mut recorded.scene;
    scene.settle();
    scene.fill(Rect::of_size(SIZE), 1);
    scene.fill(Rect::of_size(SIZE), 2);
    scene.call(Call::DestroyPrimary);
    let primary = scene.guest.primary(32, 16);
    scene.call(Call::CreatePrimary(primary));
    let events = recorded.end();
    let [first, second, EventKind::Message(destroy), EventKind::Message(create)] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert_ne!(drawing(first), drawing(second));
    assert_eq!(*destroy, Message::DestroyPrimary { asynchronous: true });
    let Message::CreatePrimary { surface, asynchronous: true } = create else { panic!("{create:?}") };
    assert_eq!((surface.width, surface.height, surface.pixels.len()), (32, 16, 32 * 16 * 4));
}

#[test]
fn broken_commands_are_left_out() {
    let mut recorded = Recorded::new("broken");
    let scene = &mut recorded.scene;
    let all = qxl::geometry::Rect::new(0, 0, 64, 64);
    let nowhere = Operation::Copy(Copy { source: PhysAddr::new(u64::MAX), ..Copy::default() });
    scene.guest.submit_at(CommandKind::Draw.code(), PhysAddr::new(u64::MAX));
    scene.guest.submit_at(77, PhysAddr::new(u64::MAX));
    scene.guest.submit(
        CommandKind::Draw,
        Drawable::new(DrawableHead::new(0, 0, all, Effect::Opaque), &nowhere).as_bytes(),
    );
    scene.fill(Rect::of_size(SIZE), 1);
    scene.settle();
    let events = recorded.end();
    let [only] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(drawing(only)[13], 1, "the fill");
}

#[test]
fn a_drawing_of_the_first_revision_is_recorded_as_one_of_today() {
    let mut recorded = Recorded::new("first-revision");
    let all = qxl::geometry::Rect::new(0, 0, 64, 64);
    let today = Drawable::new(DrawableHead::new(0, 0, all, Effect::Opaque), &fill());
    let DrawableHead { effect, kind, bbox, .. } = today.head;
    let head = CompatDrawableHead { effect, kind, bbox, ..CompatDrawableHead::default() };
    let compat = CompatDrawable { head, body: today.body };
    let address = recorded.scene.guest.store(compat.as_bytes());
    recorded.scene.handle.call_async(
        Call::LoadCommands(vec![host_server::guest::device::CommandExt {
            address: address.bits(),
            kind: CommandKind::Draw.code(),
            group: 1,
            flags: CommandExt::COMPAT,
        }]),
        99,
    );
    recorded.scene.settle();
    let events = recorded.end();
    let [drawn, EventKind::Message(Message::Other(recording::call::LOAD_COMMANDS))] = events.as_slice()
    else {
        panic!("{events:?}")
    };
    assert_eq!(drawing(drawn), today.as_bytes());
}
