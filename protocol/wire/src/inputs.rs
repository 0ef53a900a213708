//! The inputs channel: keyboard, mouse and lamps.

use bytes::Bytes;

use crate::base;
use crate::message::{flags, messages, numbers, structure};

messages! {
    /// What the server sends.
    pub enum ServerMessage("inputs server messages") includes [
        /// What every channel has.
        Base(base::ServerMessage),
    ] {
        /// The lamps at the start.
        Init(KeyModifiers) = 101,
        /// The lamps, on each change.
        KeyModifiers(KeyModifiers) = 102,
        /// [`MOTION_ACK_BUNCH`] motions or positions are handled.
        MouseMotionAck = 111,
    }
}

messages! {
    /// What the client sends.
    pub enum ClientMessage("inputs client messages") includes [
        /// What every channel has.
        Base(base::ClientMessage),
    ] {
        /// A key goes down.
        KeyDown(Key) = 101,
        /// A key goes up.
        KeyUp(Key) = 102,
        /// The client's lamps, which the guest should follow.
        KeyModifiers(KeyModifiers) = 103,
        /// Bytes as a keyboard of AT set 1 sends them.
        KeyScancode(Bytes) = 104,
        /// The mouse moves.
        MouseMotion(MouseMotion) = 111,
        /// The pointer is somewhere.
        MousePosition(MousePosition) = 112,
        /// A button goes down.
        MousePress(MouseButtons) = 113,
        /// A button goes up.
        MouseRelease(MouseButtons) = 114,
    }
}

/// How many motions or positions one `MouseMotionAck` stands for.
pub const MOTION_ACK_BUNCH: u32 = 4;

flags! {
    /// Lamps of a keyboard.
    pub struct Modifiers(u16) {
        /// Scroll lock.
        SCROLL_LOCK = 1,
        /// Num lock.
        NUM_LOCK = 2,
        /// Caps lock.
        CAPS_LOCK = 4,
    }

    /// Buttons that are down.
    pub struct ButtonMask(u16) {
        /// The left one.
        LEFT = 1,
        /// The middle one.
        MIDDLE = 2,
        /// The right one.
        RIGHT = 4,
        /// The wheel, upwards.
        UP = 8,
        /// The wheel, downwards.
        DOWN = 16,
        /// The first side button.
        SIDE = 32,
        /// The second side button.
        EXTRA = 64,
    }
}

numbers! {
    /// One button.
    pub struct Button(u8) {
        /// None.
        INVALID = 0,
        /// The left one.
        LEFT = 1,
        /// The middle one.
        MIDDLE = 2,
        /// The right one.
        RIGHT = 3,
        /// The wheel, upwards.
        UP = 4,
        /// The wheel, downwards.
        DOWN = 5,
        /// The first side button.
        SIDE = 6,
        /// The second side button.
        EXTRA = 7,
    }
}

structure! {
    /// Body of `KeyDown` and `KeyUp`.
    #[derive(Copy, Default)]
    pub struct Key {
        /// Bytes of AT set 1, the first in the low byte: 0x1e for "A", 0x1de0 for right control. A key
        /// that goes up has bit 7 of its last byte set: 0x9e, 0x9de0.
        pub code: u32,
    }

    /// Body of the messages about lamps.
    #[derive(Copy, Default)]
    pub struct KeyModifiers {
        /// Those that are on.
        pub modifiers: Modifiers,
    }

    /// Body of [`ClientMessage::MouseMotion`].
    #[derive(Copy, Default)]
    pub struct MouseMotion {
        /// Steps to the right.
        pub dx: i32,
        /// Steps downwards.
        pub dy: i32,
        /// Buttons that are down.
        pub buttons: ButtonMask,
    }

    /// Body of [`ClientMessage::MousePosition`].
    #[derive(Copy, Default)]
    pub struct MousePosition {
        /// Pixels from the left edge of the display.
        pub x: u32,
        /// Pixels from its top edge.
        pub y: u32,
        /// Buttons that are down.
        pub buttons: ButtonMask,
        /// Which display.
        pub display: u8,
    }

    /// Body of `MousePress` and `MouseRelease`.
    #[derive(Copy, Default)]
    pub struct MouseButtons {
        /// The button that changes.
        pub button: Button,
        /// Buttons that are down afterwards.
        pub buttons: ButtonMask,
    }
}
