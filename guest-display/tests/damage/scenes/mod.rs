//! What people do on screens, and what it may cost.

mod flips;
mod moves;
mod text;
mod video;

use guest_display::damage::{Progress, Translator};
use guest_display::geometry::{Point, Rect};

use crate::device::{Cost, Device};
use crate::frame::Frame;

/// A screen with something on it.
pub struct Screen {
    translator: Translator,
    pub device: Device,
    pub frame: Frame,
}

impl Screen {
    pub fn showing(frame: Frame) -> Self {
        let translator = Translator::new(frame.width, frame.height, 1).expect("there is memory");
        let device = Device::new(frame.width, frame.height);
        let mut screen = Self { translator, device, frame };
        screen.show_all();
        screen
    }

    /// Tells damage, everywhere, without drawing.
    pub fn merge(&mut self) {
        self.translator.merge(&self.frame, Point::default(), &[self.frame.area()]);
    }

    /// What it costs to show what has changed in `damage`.
    pub fn show(&mut self, damage: &[Rect]) -> Cost {
        self.translator.merge(&self.frame, Point::default(), damage);
        assert_eq!(self.translator.emit(&mut self.device), Ok(Progress::Done));
        assert!(self.device.picture == self.frame, "the device shows something else");
        self.device.take_cost()
    }

    pub fn show_all(&mut self) -> Cost {
        self.show(&[self.frame.area()])
    }

    /// Shows another frame of the same size, whole.
    pub fn flip(&mut self, frame: &Frame) -> Cost {
        self.frame.clone_from(frame);
        self.show_all()
    }

    /// Nothing was sent that was not needed.
    #[track_caller]
    pub fn assert_cheap(cost: Cost, commands: usize, bytes: usize) {
        assert!(cost.commands() <= commands, "more than {commands} commands: {cost:?}");
        assert!(cost.bytes() <= bytes, "{} bytes, more than {bytes}: {cost:?}", cost.bytes());
    }
}
