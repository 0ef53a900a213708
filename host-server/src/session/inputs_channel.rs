//! One client's inputs channel: keys and mouse events in, lamps and acknowledgements out.

use bytes::Bytes;
use wire::inputs::{
    ClientMessage, KeyModifiers, MOTION_ACK_BUNCH, Modifiers, MouseButtons, MouseMotion, MousePosition,
    ServerMessage,
};
use wire::main::MouseMode;

use super::Action;
use super::keyboard::KeyboardState;
use super::pointer::{host_buttons, wheel_steps};
use crate::channel::connection::Connection;
use crate::fault::ClientFault;

/// The server's end of an inputs channel.
#[derive(Debug)]
pub(super) struct InputsChannel {
    connection: Connection,
    /// Motions and positions since the last acknowledgement.
    motions: u32,
}

impl InputsChannel {
    /// Begins with the guest's lamps.
    pub(super) fn begin(connection: Connection, lamps: Modifiers) -> Self {
        let channel = Self { connection, motions: 0 };
        channel.send(&ServerMessage::Init(KeyModifiers { modifiers: lamps }));
        channel
    }

    /// Tells the client of the guest's lamps.
    pub(super) fn send_lamps(&self, lamps: Modifiers) {
        self.send(&ServerMessage::KeyModifiers(KeyModifiers { modifiers: lamps }));
    }

    /// Handles one message of the client; whether the lamps should be told to clients again in a while.
    ///
    /// # Errors
    /// When it is none that an inputs channel has, or malformed: the client has to go.
    pub(super) fn on_message(
        &mut self,
        kind: u16,
        body: Bytes,
        keyboard: &mut KeyboardState,
        mode: MouseMode,
        actions: &mut Vec<Action>,
    ) -> Result<bool, ClientFault> {
        let client_mode = mode == MouseMode::CLIENT;
        match ClientMessage::decode(kind, body)? {
            ClientMessage::KeyDown(key) | ClientMessage::KeyUp(key) => {
                let code = key.code.to_le_bytes();
                return Ok(push_keys(code.iter().take_while(|byte| **byte != 0), keyboard, actions));
            }
            ClientMessage::KeyScancode(bytes) => return Ok(push_keys(bytes.iter(), keyboard, actions)),
            ClientMessage::KeyModifiers(wanted) => {
                keyboard.bring_in_line(wanted.modifiers, actions);
                return Ok(true);
            }
            ClientMessage::MouseMotion(MouseMotion { dx, dy, buttons }) => {
                self.acknowledge_motion();
                if !client_mode {
                    actions.push(Action::MouseMotion { dx, dy, dz: 0, buttons: host_buttons(buttons) });
                }
            }
            ClientMessage::MousePosition(MousePosition { x, y, buttons, display: _ }) => {
                self.acknowledge_motion();
                if client_mode {
                    actions.push(Action::TabletPosition { x, y, buttons: host_buttons(buttons) });
                }
            }
            ClientMessage::MousePress(MouseButtons { button, buttons }) => {
                let (dz, buttons) = (wheel_steps(button), host_buttons(buttons));
                actions.push(if client_mode {
                    Action::TabletWheel { dz, buttons }
                } else {
                    Action::MouseMotion { dx: 0, dy: 0, dz, buttons }
                });
            }
            ClientMessage::MouseRelease(MouseButtons { button: _, buttons }) => {
                let buttons = host_buttons(buttons);
                actions.push(if client_mode {
                    Action::TabletButtons(buttons)
                } else {
                    Action::MouseButtons(buttons)
                });
            }
            ClientMessage::Base(_) => {}
        }
        Ok(false)
    }

    fn acknowledge_motion(&mut self) {
        self.motions += 1;
        if self.motions == MOTION_ACK_BUNCH {
            self.motions = 0;
            self.send(&ServerMessage::MouseMotionAck);
        }
    }

    fn send(&self, message: &ServerMessage) {
        super::send_bounded(&self.connection, message.encode());
    }
}

fn push_keys<'a>(
    codes: impl Iterator<Item = &'a u8>,
    keyboard: &mut KeyboardState,
    actions: &mut Vec<Action>,
) -> bool {
    codes.fold(false, |lamps, code| keyboard.push(*code, actions) | lamps)
}

#[cfg(test)]
mod tests {
    use wire::frame::{Frame, HeaderKind};
    use wire::inputs::{Button, ButtonMask, Key};

    use super::*;
    use crate::channel::connection::Outlet;

    struct Rig {
        channel: InputsChannel,
        keyboard: KeyboardState,
        outlet: Outlet,
    }

    fn rig() -> Rig {
        let (connection, outlet) = Connection::open(HeaderKind::Mini);
        let channel = InputsChannel::begin(connection, Modifiers::NUM_LOCK);
        Rig { channel, keyboard: KeyboardState::new(), outlet }
    }

    impl Rig {
        fn feed(&mut self, message: &ClientMessage, mode: MouseMode) -> Vec<Action> {
            let mut actions = Vec::new();
            let frame = message.encode();
            self.channel
                .on_message(frame.kind(), frame.to_body(), &mut self.keyboard, mode, &mut actions)
                .unwrap();
            actions
        }

        fn sent(&self) -> Vec<ServerMessage> {
            let mut frames: Vec<Frame> = Vec::new();
            self.outlet.take(&mut frames);
            frames.iter().map(|frame| ServerMessage::decode(frame.kind(), frame.to_body()).unwrap()).collect()
        }
    }

    #[test]
    fn it_begins_with_the_lamps() {
        let lamps = KeyModifiers { modifiers: Modifiers::NUM_LOCK };
        assert_eq!(rig().sent(), [ServerMessage::Init(lamps)]);
    }

    #[test]
    fn keys_become_their_bytes() {
        let mut rig = rig();
        let down = ClientMessage::KeyDown(Key { code: 0x1de0 });
        assert_eq!(rig.feed(&down, MouseMode::SERVER), [Action::ScanCode(0xe0), Action::ScanCode(0x1d)]);
        let up = ClientMessage::KeyScancode(Bytes::from_static(&[0xe0, 0x9d]));
        assert_eq!(rig.feed(&up, MouseMode::SERVER), [Action::ScanCode(0xe0), Action::ScanCode(0x9d)]);
    }

    #[test]
    fn four_motions_are_acknowledged_once() {
        let mut rig = rig();
        rig.sent();
        let motion = ClientMessage::MouseMotion(MouseMotion { dx: 1, dy: -1, buttons: ButtonMask::LEFT });
        for _ in 0..7 {
            let actions = rig.feed(&motion, MouseMode::SERVER);
            assert_eq!(actions, [Action::MouseMotion { dx: 1, dy: -1, dz: 0, buttons: 1 }]);
        }
        assert_eq!(rig.sent(), [ServerMessage::MouseMotionAck]);
        assert_eq!(rig.feed(&motion, MouseMode::CLIENT), []);
        assert_eq!(rig.sent(), [ServerMessage::MouseMotionAck], "also when nothing moves");
    }

    #[test]
    fn the_wheel_goes_to_the_device_of_the_mode() {
        let mut rig = rig();
        let press = MouseButtons { button: Button::UP, buttons: ButtonMask::NONE };
        let press = ClientMessage::MousePress(press);
        let mouse = Action::MouseMotion { dx: 0, dy: 0, dz: -1, buttons: 0 };
        assert_eq!(rig.feed(&press, MouseMode::SERVER), [mouse]);
        assert_eq!(rig.feed(&press, MouseMode::CLIENT), [Action::TabletWheel { dz: -1, buttons: 0 }]);
        let release = MouseButtons { button: Button::RIGHT, buttons: ButtonMask::RIGHT };
        let release = ClientMessage::MouseRelease(release);
        assert_eq!(rig.feed(&release, MouseMode::SERVER), [Action::MouseButtons(2)]);
        assert_eq!(rig.feed(&release, MouseMode::CLIENT), [Action::TabletButtons(2)]);
    }

    #[test]
    fn positions_count_in_client_mode_only() {
        let mut rig = rig();
        let position = MousePosition { x: 10, y: u32::MAX, buttons: ButtonMask::MIDDLE, display: 9 };
        let position = ClientMessage::MousePosition(position);
        assert_eq!(rig.feed(&position, MouseMode::SERVER), []);
        let moved = Action::TabletPosition { x: 10, y: u32::MAX, buttons: 4 };
        assert_eq!(rig.feed(&position, MouseMode::CLIENT), [moved]);
    }
}
