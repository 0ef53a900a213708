//! Any sequence of what a driver may ask for and a device may do.

use guest_display::geometry::{Point, Rect};
use guest_display::{Device, Head};
use proptest::prelude::*;

use crate::board::Board;
use crate::frame::{Frame, Shape};
use crate::{empty, settle, started};

#[derive(Clone, Debug)]
enum Step {
    /// Heads side by side, each that wide and high.
    Screen(Vec<(u32, u32)>),
    Paint {
        head: usize,
        area: Rect,
        color: u32,
        is_noise: bool,
    },
    Scroll {
        by: u32,
    },
    Cursor {
        side: u32,
        color: u32,
    },
    Move(i32, i32),
    Hide,
    Poll,
    Flush,
    Starve,
    Sleep,
    Reset,
}

fn step() -> impl Strategy<Value = Step> {
    let area = (0u32..90, 0u32..70, 1u32..80, 1u32..60);
    let paint = (0usize..3, area, any::<u32>(), any::<bool>()).prop_map(
        |(head, (left, top, width, height), color, is_noise)| Step::Paint {
            head,
            area: Rect::new(left, top, left + width, top + height),
            color,
            is_noise,
        },
    );
    prop_oneof![
        2 => proptest::collection::vec((1u32..80, 1u32..70), 0..4).prop_map(Step::Screen),
        10 => paint,
        4 => (1u32..20).prop_map(|by| Step::Scroll { by }),
        2 => (1u32..40, any::<u32>()).prop_map(|(side, color)| Step::Cursor { side, color: color % 4 }),
        2 => (-10i32..200, -10i32..200).prop_map(|(x, y)| Step::Move(x, y)),
        1 => Just(Step::Hide),
        6 => Just(Step::Poll),
        3 => Just(Step::Flush),
        1 => Just(Step::Starve),
        1 => Just(Step::Sleep),
        1 => Just(Step::Reset),
    ]
}

/// The device and what it should show.
struct Desk {
    board: Board,
    device: Device<Board>,
    heads: Vec<Rect>,
    screen: Frame,
}

impl Desk {
    fn take(&mut self, step: &Step) {
        let device = &mut self.device;
        match step {
            Step::Screen(sizes) => self.arrange(sizes),
            Step::Paint { head, area, color, is_noise } => self.paint(*head, *area, *color, *is_noise),
            Step::Scroll { by } => self.scroll(*by),
            Step::Cursor { side, color } => {
                device.set_cursor(&Shape { side: *side, color: *color }, Point { x: 1, y: 1 }).unwrap();
            }
            Step::Move(x, y) => drop(device.move_cursor(*x, *y).unwrap()),
            Step::Hide => drop(device.hide_cursor().unwrap()),
            Step::Poll => self.board.poll(),
            Step::Flush => drop(device.flush().unwrap()),
            Step::Starve => drop(device.starve().unwrap()),
            Step::Sleep => {
                device.suspend();
                device.resume().unwrap();
            }
            Step::Reset => self.board.reset(),
        }
    }

    fn arrange(&mut self, sizes: &[(u32, u32)]) {
        let mut left = 0;
        self.heads.clear();
        for (width, height) in sizes {
            self.heads.push(Rect::new(left, 0, left + width, *height));
            left += width;
        }
        let heads: Vec<Head> = self.heads.iter().map(|area| Head { area: *area }).collect();
        self.device.set_screen(&heads).unwrap();
        if left > 0 {
            let height = self.heads.iter().map(|head| head.bottom).max().unwrap();
            let mut screen = Frame::new(left, height);
            screen.keep(&self.screen);
            // What no head shows is black.
            for gap in self.heads.iter().map(|head| Rect { top: head.bottom, bottom: height, ..*head }) {
                screen.paint(gap, |_, _| 0);
            }
            self.screen = screen;
        }
    }

    /// A frame of a head with what the screen has there, changed in an area.
    fn paint(&mut self, head: usize, area: Rect, color: u32, is_noise: bool) {
        let Some(place) = self.heads.get(head).copied() else { return };
        let inside = Rect::new(
            place.left + area.left,
            place.top + area.top,
            (place.left + area.right).min(place.right),
            (place.top + area.bottom).min(place.bottom),
        );
        let noise = |x: u32, y: u32| (x * 31 + y * 17 + 1).wrapping_mul(color | 1);
        self.screen.paint(inside, |x, y| if is_noise { noise(x, y) } else { color });
        self.show(head, &[area]);
    }

    fn scroll(&mut self, by: u32) {
        let Some(place) = self.heads.first().copied() else { return };
        let old = self.screen.clone();
        let moved = Rect { bottom: place.bottom.saturating_sub(by), ..place };
        self.screen.paint(moved, |x, y| old.pixels[((y + by) * old.width + x) as usize]);
        self.show(0, &[Rect::new(0, 0, 1000, 1000)]);
    }

    fn show(&mut self, head: usize, damage: &[Rect]) {
        let place = self.heads[head];
        let mut frame = Frame::new(place.width(), place.height());
        let screen = &self.screen;
        frame.paint(Rect::new(0, 0, 1000, 1000), |x, y| {
            screen.pixels[((place.top + y) * screen.width + place.left + x) as usize]
        });
        self.device.update(head, &frame, damage).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_device_shows_what_it_was_given(seed: u64, steps in proptest::collection::vec(step(), 1..60)) {
        let (board, device) = started(seed);
        let mut desk = Desk { board, device, heads: Vec::new(), screen: Frame::new(0, 0) };
        desk.arrange(&[(80, 60)]);
        for step in &steps {
            desk.take(step);
        }
        settle(&desk.board, &mut desk.device);
        desk.board.assert_content();
        let pixels = desk.board.pixels();
        prop_assert_eq!(pixels.is_none(), desk.heads.is_empty());
        if let Some(pixels) = pixels {
            prop_assert_eq!(pixels, desk.screen.pixels.clone());
        }
        empty(&desk.board, &mut desk.device);
        prop_assert_eq!(desk.board.model.borrow().owned_commands(), 0);
        prop_assert_eq!(desk.device.statistics().outstanding, 0);
        desk.board.assert_content();
    }
}
