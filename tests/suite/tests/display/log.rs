//! The log: one line for each fault that says whose it is, and not a thousand for a thousand faults.

use std::fmt::Write;
use std::sync::{Arc, Mutex};

use image::geometry::Size;
use qxl::memslot::PhysAddr;
use suite::client::Client;
use suite::scene::Scene;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Keeps warnings and errors as lines.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

struct Message<'a>(&'a mut String);

impl Visit for Message<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            let _ = write!(self.0, "{value:?}");
        }
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = String::new();
        event.record(&mut Message(&mut line));
        self.0.lock().unwrap().push(line);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn logged(steps: impl FnOnce()) -> Vec<String> {
    let lines = Lines::default();
    tracing::subscriber::with_default(lines.clone(), steps);
    let lines = lines.0.lock().unwrap();
    lines.clone()
}

const SIZE: Size = Size::new(64, 64);

#[test]
fn a_fault_of_the_guest_is_one_line_that_says_so() {
    let lines = logged(|| {
        let mut scene = Scene::new(SIZE);
        scene.guest.submit_at(77, PhysAddr::new(1 << 56 | 64));
        scene.settle();
    });
    assert_eq!(lines, ["guest fault: unknown display command 77; the command was dropped"]);
}

#[test]
fn twenty_thousand_faults_are_not_twenty_thousand_lines() {
    let lines = logged(|| {
        let mut scene = Scene::new(SIZE);
        for _ in 0..20_000 {
            scene.guest.submit_at(77, PhysAddr::new(1 << 56 | 64));
        }
        scene.settle();
    });
    assert!((16..40).contains(&lines.len()), "{} lines", lines.len());
}

#[test]
fn a_fault_of_a_client_is_one_line_that_names_it() {
    let lines = logged(|| {
        let mut scene = Scene::new(SIZE);
        let mut client = Client::join(&scene.handle, 5);
        client.send_raw(999, bytes::Bytes::new());
        scene.settle();
        assert!(client.is_closed());
    });
    let [line] = &lines[..] else { panic!("{lines:?}") };
    assert!(line.starts_with("client 5: client fault: ") && line.contains("999"), "{line}");
}

#[test]
fn a_display_in_good_order_says_nothing() {
    let lines = logged(|| {
        let mut scene = Scene::new(SIZE);
        let mut client = Client::join(&scene.handle, 1);
        scene.fill(image::geometry::Rect::of_size(SIZE), 1);
        scene.settle_with(&mut [&mut client]);
        client.leave();
        scene.settle();
    });
    assert!(lines.is_empty(), "{lines:?}");
}
