//! Whatever is damaged, refused and lost: in the end the device shows what programs have drawn.

use std::cell::RefCell;

use guest_display::damage::{Framebuffer, Progress, Refused, Sink, Translator};
use guest_display::geometry::{Point, Rect};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::device::Device;
use crate::frame::Frame;
use crate::paint::{line, noise, texture};

/// Something that happens to a screen.
#[derive(Clone, Debug)]
enum Event {
    /// A program draws, and says where.
    Draw { brush: Brush, at: Point, damage: Vec<Rect> },
    /// The device takes so many drawings and refuses the next one.
    Emit { room: usize },
    /// The device loses an area.
    Lose(Rect),
    /// All of the frame but a margin scrolls, and all of it is told.
    Scroll { margin: u32, dx: u32, dy: u32, back: bool },
    /// One of a few whole pictures, as films and games show them, several times in turn, and some of it is told again.
    Film { first: u32, count: u32, again: Vec<Rect>, emits: bool },
    /// The other head's frame is damaged.
    OtherHead(Vec<Rect>),
}

#[derive(Clone, Debug)]
enum Brush {
    Fill {
        width: u32,
        height: u32,
        color: u32,
    },
    Noise {
        width: u32,
        height: u32,
        seed: u32,
    },
    Text {
        columns: u32,
        number: u32,
    },
    /// Pixels of the frame itself, as scrolling and dragging do it.
    Copy {
        from: Rect,
    },
    Dots {
        count: u32,
        seed: u32,
    },
}

const FRAME: (u32, u32) = (320, 272);
const OTHER: (u32, u32) = (60, 200);

fn rects() -> impl Strategy<Value = Rect> {
    let edge = || prop_oneof![8 => 0..260_u32, 1 => Just(0), 1 => any::<u32>()];
    prop_oneof![
        4 => (edge(), edge(), edge(), edge()).prop_map(|(a, b, c, d)| Rect::new(a, b, c, d)),
        4 => (0..320_u32, 0..272_u32, 1..320_u32, 1..272_u32).prop_map(|(x, y, w, h)| Rect::new(x, y, x + w, y + h)),
        2 => Just(Rect::new(0, 0, FRAME.0, FRAME.1)),
    ]
}

fn brushes() -> impl Strategy<Value = Brush> {
    let side = || prop_oneof![1..20_u32, 20..230_u32];
    prop_oneof![
        (side(), side(), 0..3_u32).prop_map(|(width, height, color)| Brush::Fill {
            width,
            height,
            color: color * 0x007F_7F7F
        }),
        (side(), side(), 0..4_u32).prop_map(|(width, height, seed)| Brush::Noise { width, height, seed }),
        (4..28_u32, 0..6_u32).prop_map(|(columns, number)| Brush::Text { columns, number }),
        rects().prop_map(|from| Brush::Copy { from }),
        (1..20_u32, any::<u32>()).prop_map(|(count, seed)| Brush::Dots { count, seed }),
    ]
}

fn events() -> impl Strategy<Value = Event> {
    let whole = Just(vec![Rect::new(0, 0, FRAME.0, FRAME.1)]);
    prop_oneof![
        6 => (brushes(), 0..320_u32, 0..272_u32, prop_oneof![whole, vec(rects(), 0..5)])
            .prop_map(|(brush, x, y, damage)| Event::Draw { brush, at: Point { x, y }, damage }),
        4 => (0..30_u32, prop_oneof![Just(0), 0..60_u32], prop_oneof![Just(0), 0..60_u32], any::<bool>())
            .prop_map(|(margin, dx, dy, back)| Event::Scroll { margin, dx, dy, back }),
        2 => (0..4_u32, 1..12_u32, vec(rects(), 0..2), any::<bool>())
            .prop_map(|(first, count, again, emits)| Event::Film { first, count, again, emits }),
        2 => (0..6_usize).prop_map(|room| Event::Emit { room }),
        3 => Just(Event::Emit { room: usize::MAX }),
        1 => rects().prop_map(Event::Lose),
        1 => vec(rects(), 0..3).prop_map(Event::OtherHead),
    ]
}

fn draw(frame: &mut Frame, brush: &Brush, at: Point) {
    let paste = |frame: &mut Frame, other: &Frame| {
        let area = Rect::new(at.x, at.y, at.x + other.width, at.y + other.height).intersection(&frame.area());
        if !area.is_empty() {
            frame.paste(&other.cut(Rect::new(0, 0, area.width(), area.height())), at.x, at.y);
        }
    };
    match *brush {
        Brush::Fill { width, height, color } => paste(frame, &Frame::new(width, height, color)),
        Brush::Noise { width, height, seed } => paste(frame, &noise(width, height, seed)),
        Brush::Text { columns, number } => {
            let mut text = Frame::new(columns * 8, 16, 0);
            line(&mut text, 0, 0, columns, number, 0);
            paste(frame, &text);
        }
        Brush::Copy { from } => {
            let from = from.intersection(&frame.area());
            if !from.is_empty() {
                let copy = frame.cut(from);
                paste(frame, &copy);
            }
        }
        Brush::Dots { count, seed } => {
            let dots = noise(count, 2, seed);
            for x in 0..count {
                let (place, color) = (dots.row(0, x, x + 1)[0], dots.row(1, x, x + 1)[0]);
                let (x, y) = (place % frame.width, place / 256 % frame.height);
                frame.fill(Rect::new(x, y, x + 1, y + 1), color);
            }
        }
    }
}

/// A frame that knows which of its pixels were read.
struct Watched<'a> {
    frame: &'a Frame,
    read: RefCell<Vec<Rect>>,
}

impl Framebuffer for Watched<'_> {
    fn width(&self) -> u32 {
        self.frame.width
    }

    fn height(&self) -> u32 {
        self.frame.height
    }

    fn read(&self, x: u32, y: u32, pixels: &mut [u32]) {
        self.read.borrow_mut().push(Rect::new(x, y, x + pixels.len() as u32, y + 1));
        self.frame.read(x, y, pixels);
    }
}

/// Both ends, and what the screen has to show.
struct Scene {
    translator: Translator,
    device: Device,
    expected: Frame,
}

impl Scene {
    /// Damage is told. All of it is read, no more than the smallest rectangle around it is, and nothing twice.
    fn merge(&mut self, frame: &Frame, origin: Point, damage: &[Rect]) {
        let watched = Watched { frame, read: RefCell::default() };
        self.translator.merge(&watched, origin, damage);
        let screen = self.expected.area();
        let visible = Rect::new(
            0,
            0,
            frame.width.min(screen.right.saturating_sub(origin.x)),
            frame.height.min(screen.bottom.saturating_sub(origin.y)),
        );
        let told: Vec<Rect> =
            damage.iter().map(|area| area.intersection(&visible)).filter(|area| !area.is_empty()).collect();
        let read = watched.read.into_inner();
        let mut was_read = Frame::new(frame.width, frame.height, 0);
        for area in &read {
            was_read.fill(*area, 1);
            let pixels = frame.cut(*area);
            self.expected.paste(&pixels, origin.x + area.left, origin.y + area.top);
        }
        assert!(told.iter().all(|area| was_read.cut(*area).pixels.iter().all(|read| *read == 1)));
        let edge = |edge: fn(&Rect) -> u32| told.iter().map(edge);
        let width = edge(|area| area.right).max().unwrap_or(0) - edge(|area| area.left).min().unwrap_or(0);
        let height = edge(|area| area.bottom).max().unwrap_or(0) - edge(|area| area.top).min().unwrap_or(0);
        assert!(read.iter().map(Rect::width).sum::<u32>() <= width * height, "read more often than once");
    }

    fn emit(&mut self, room: usize) {
        self.device.room = room;
        match self.translator.emit(&mut self.device) {
            Ok(Progress::Pending) => assert_eq!(self.device.room, 0, "gave up though there was room"),
            Ok(Progress::Done) => {
                assert!(self.device.picture == self.expected, "the device shows something else");
                let before = self.device.cost;
                assert_eq!(self.translator.emit(&mut self.device), Ok(Progress::Done));
                assert_eq!(self.device.cost, before, "drawn twice");
            }
            Err(refused) => panic!("{refused:?}"),
        }
    }
}

fn play((width, height): (u32, u32), most_pixels: usize, origins: [Point; 2], events: &[Event]) {
    let mut scene = Scene {
        translator: Translator::new(width, height, 1).expect("there is memory"),
        device: Device::new(width, height),
        expected: Frame::new(width, height, 0),
    };
    scene.device.most_pixels = most_pixels;
    let (mut frame, other) = (texture(FRAME.0, FRAME.1), noise(OTHER.0, OTHER.1, 9));
    scene.merge(&frame, origins[0], &[frame.area()]);
    scene.emit(usize::MAX);
    for event in events {
        match event {
            Event::Draw { brush, at, damage } => {
                draw(&mut frame, brush, *at);
                scene.merge(&frame, origins[0], damage);
            }
            Event::Scroll { margin, dx, dy, back } => {
                let (width, height) = (FRAME.0 - 2 * margin - dx, FRAME.1 - 2 * margin - dy);
                let (here, there) = ((*margin, *margin), (margin + dx, margin + dy));
                let (from, to) = if *back { (there, here) } else { (here, there) };
                let moved = frame.cut(Rect::new(from.0, from.1, from.0 + width, from.1 + height));
                frame.paste(&moved, to.0, to.1);
                scene.merge(&frame, origins[0], &[frame.area()]);
            }
            Event::Film { first, count, again, emits } => {
                for number in *first..first + count {
                    frame = noise(FRAME.0, FRAME.1, number % 5);
                    scene.merge(&frame, origins[0], &[frame.area()]);
                    let width = 1 + number % 40;
                    draw(
                        &mut frame,
                        &Brush::Fill { width, height: 9, color: number },
                        Point { x: 250, y: 3 },
                    );
                    scene.merge(&frame, origins[0], again);
                    if *emits {
                        scene.emit(usize::MAX);
                    }
                }
            }
            Event::OtherHead(damage) => scene.merge(&other, origins[1], damage),
            Event::Emit { room } => scene.emit(*room),
            Event::Lose(area) => {
                scene.device.lose(*area);
                scene.translator.invalidate(*area);
            }
        }
    }
    scene.emit(usize::MAX);
}

proptest! {
    #[test]
    fn the_device_shows_what_was_drawn(
        screen in prop_oneof![(1..400_u32, 1..300_u32), Just((320, 272)), Just((256, 256))],
        origin in prop_oneof![Just((0, 0)), (0..20_u32, 0..20_u32)],
        other in (0..300_u32, 0..240_u32),
        most_pixels in prop_oneof![Just(1_usize), 1000..10_000_usize, Just(70_000)],
        events in vec(events(), 1..16),
    ) {
        play(screen, most_pixels, [origin, other].map(|(x, y)| Point { x, y }), &events);
    }
}

#[test]
fn a_device_that_is_dead_is_said_to_be() {
    struct Dead;
    impl Sink for Dead {
        fn most_pixels(&self) -> usize {
            4096
        }
        fn fill(&mut self, _: Rect, _: u32) -> Result<(), Refused> {
            Err(Refused::Dead)
        }
        fn copy_bits(&mut self, _: Rect, _: Point) -> Result<(), Refused> {
            Err(Refused::Dead)
        }
        fn image<'a>(&mut self, _: Rect, _: impl Iterator<Item = &'a [u32]> + Clone) -> Result<(), Refused> {
            Err(Refused::Dead)
        }
        fn tile<'a>(
            &mut self,
            _: Rect,
            _: u64,
            _: impl Iterator<Item = &'a [u32]> + Clone,
        ) -> Result<(), Refused> {
            Err(Refused::Dead)
        }
    }
    let mut translator = Translator::new(64, 64, 1).unwrap();
    assert_eq!(translator.emit(&mut Dead), Err(Refused::Dead));
    // What is left is not lost.
    let mut device = Device::new(64, 64);
    assert_eq!(translator.emit(&mut device), Ok(Progress::Done));
    assert!(device.picture == Frame::new(64, 64, 0));
}

#[test]
fn another_size_keeps_what_fits() {
    let (mut translator, picture) = (Translator::new(100, 80, 1).unwrap(), noise(100, 80, 1));
    translator.merge(&picture, Point::default(), &[picture.area()]);
    translator.emit(&mut Device::new(100, 80)).unwrap();
    translator.resize(120, 50).unwrap();
    let mut device = Device::new(120, 50);
    assert_eq!(translator.emit(&mut device), Ok(Progress::Done));
    let mut expected = Frame::new(120, 50, 0);
    expected.paste(&picture.cut(Rect::new(0, 0, 100, 50)), 0, 0);
    assert!(device.picture == expected);
    let before = translator.checksum(expected.area());
    translator.invalidate(expected.area());
    assert_eq!(
        translator.checksum(expected.area()),
        before,
        "what shall be shown does not depend on the device"
    );
    translator.merge(&Frame::new(1, 1, 0x00FF_0000), Point { x: 7, y: 7 }, &[Rect::new(0, 0, 1, 1)]);
    assert_ne!(translator.checksum(expected.area()), before);
}

#[test]
fn screens_without_pixels_do_no_harm() {
    for (width, height) in [(0, 0), (0, 9), (9, 0)] {
        let mut translator = Translator::new(width, height, 1).unwrap();
        translator.merge(
            &noise(9, 9, 1),
            Point { x: u32::MAX, y: 0 },
            &[Rect::new(0, 0, u32::MAX, u32::MAX)],
        );
        translator.invalidate(Rect::new(0, 0, 5, 5));
        assert_eq!(translator.emit(&mut Device::new(width, height)), Ok(Progress::Done));
    }
    assert!(Translator::new(u32::MAX, u32::MAX, 1).is_err());
}
