//! One client's inputs channel: keys and mouse events in, lamps and acknowledgements out.

use bytes::Bytes;
use vdagent::MouseState;
use wire::inputs::{
    ClientMessage, KeyModifiers, MOTION_ACK_BUNCH, Modifiers, MouseButtons, MouseMotion, MousePosition,
    ServerMessage,
};

use super::Action;
use super::keyboard::KeyboardState;
use super::pointer::{Target, agent_buttons, agent_wheel, host_buttons, wheel_steps};
use crate::channel::connection::Connection;
use crate::fault::ClientFault;

/// The server's end of an inputs channel.
#[derive(Debug)]
pub(super) struct InputsChannel {
    connection: Connection,
    /// Motions and positions since the last acknowledgement.
    motions: u32,
    /// What the agent was last told of the client's pointer.
    pointer: MouseState,
}

/// What a message leads to, beside actions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Effects {
    /// The lamps should be told to clients again in a while.
    pub(super) lamps: bool,
    /// Where the agent is to move the pointer.
    pub(super) pointer: Option<MouseState>,
}

impl InputsChannel {
    /// Begins with the guest's lamps.
    pub(super) fn begin(connection: Connection, lamps: Modifiers) -> Self {
        let channel = Self { connection, motions: 0, pointer: MouseState::default() };
        channel.send(&ServerMessage::Init(KeyModifiers { modifiers: lamps }));
        channel
    }

    /// Tells the client of the guest's lamps.
    pub(super) fn send_lamps(&self, lamps: Modifiers) {
        self.send(&ServerMessage::KeyModifiers(KeyModifiers { modifiers: lamps }));
    }

    /// Handles one message of the client, whose pointer moves `target`.
    ///
    /// # Errors
    /// When it is none that an inputs channel has, or malformed: the client has to go.
    pub(super) fn on_message(
        &mut self,
        kind: u16,
        body: Bytes,
        keyboard: &mut KeyboardState,
        target: Target,
        actions: &mut Vec<Action>,
    ) -> Result<Effects, ClientFault> {
        let mut effects = Effects::default();
        match ClientMessage::decode(kind, body)? {
            ClientMessage::KeyDown(key) | ClientMessage::KeyUp(key) => {
                let code = key.code.to_le_bytes();
                effects.lamps = push_keys(code.iter().take_while(|byte| **byte != 0), keyboard, actions);
            }
            ClientMessage::KeyScancode(bytes) => effects.lamps = push_keys(bytes.iter(), keyboard, actions),
            ClientMessage::KeyModifiers(wanted) => {
                keyboard.bring_in_line(wanted.modifiers, actions);
                effects.lamps = true;
            }
            ClientMessage::MouseMotion(MouseMotion { dx, dy, buttons }) => {
                self.acknowledge_motion();
                if target == Target::Mouse {
                    actions.push(Action::MouseMotion { dx, dy, dz: 0, buttons: host_buttons(buttons) });
                }
            }
            ClientMessage::MousePosition(position) => {
                self.acknowledge_motion();
                effects.pointer = self.on_position(position, target, actions);
            }
            ClientMessage::MousePress(press) => effects.pointer = self.on_press(press, target, actions),
            ClientMessage::MouseRelease(release) => {
                effects.pointer = self.on_release(release, target, actions);
            }
            ClientMessage::Base(_) => {}
        }
        Ok(effects)
    }

    fn on_position(
        &mut self,
        position: MousePosition,
        target: Target,
        actions: &mut Vec<Action>,
    ) -> Option<MouseState> {
        let MousePosition { x, y, buttons, display: display_id } = position;
        match target {
            Target::Mouse => None,
            Target::Tablet => {
                actions.push(Action::TabletPosition { x, y, buttons: host_buttons(buttons) });
                None
            }
            Target::Agent => {
                self.pointer = MouseState { x, y, buttons: agent_buttons(buttons), display_id };
                Some(self.pointer)
            }
        }
    }

    fn on_press(
        &mut self,
        press: MouseButtons,
        target: Target,
        actions: &mut Vec<Action>,
    ) -> Option<MouseState> {
        let MouseButtons { button, buttons } = press;
        let (dz, down) = (wheel_steps(button), host_buttons(buttons));
        actions.push(match target {
            Target::Mouse => Action::MouseMotion { dx: 0, dy: 0, dz, buttons: down },
            Target::Tablet => Action::TabletWheel { dz, buttons: down },
            Target::Agent => return self.agent_has(agent_buttons(buttons) | agent_wheel(button)),
        });
        None
    }

    fn on_release(
        &mut self,
        release: MouseButtons,
        target: Target,
        actions: &mut Vec<Action>,
    ) -> Option<MouseState> {
        let MouseButtons { button: _, buttons } = release;
        actions.push(match target {
            Target::Mouse => Action::MouseButtons(host_buttons(buttons)),
            Target::Tablet => Action::TabletButtons(host_buttons(buttons)),
            Target::Agent => return self.agent_has(agent_buttons(buttons)),
        });
        None
    }

    fn agent_has(&mut self, buttons: u32) -> Option<MouseState> {
        self.pointer.buttons = buttons;
        Some(self.pointer)
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
        fn feed(&mut self, message: &ClientMessage, target: Target) -> Vec<Action> {
            let (actions, effects) = self.effects(message, target);
            assert_eq!(effects.pointer, None);
            actions
        }

        fn effects(&mut self, message: &ClientMessage, target: Target) -> (Vec<Action>, Effects) {
            let mut actions = Vec::new();
            let frame = message.encode();
            let (kind, body) = (frame.kind(), frame.to_body());
            let effects = self.channel.on_message(kind, body, &mut self.keyboard, target, &mut actions);
            (actions, effects.unwrap())
        }

        fn sent(&self) -> Vec<ServerMessage> {
            let mut parcels = Vec::new();
            self.outlet.take(&mut parcels);
            let decode = |frame: &Frame| ServerMessage::decode(frame.kind(), frame.to_body()).unwrap();
            parcels.iter().map(|parcel| decode(&parcel.frame)).collect()
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
        assert_eq!(rig.feed(&down, Target::Mouse), [Action::ScanCode(0xe0), Action::ScanCode(0x1d)]);
        let up = ClientMessage::KeyScancode(Bytes::from_static(&[0xe0, 0x9d]));
        assert_eq!(rig.feed(&up, Target::Mouse), [Action::ScanCode(0xe0), Action::ScanCode(0x9d)]);
    }

    #[test]
    fn four_motions_are_acknowledged_once() {
        let mut rig = rig();
        rig.sent();
        let motion = ClientMessage::MouseMotion(MouseMotion { dx: 1, dy: -1, buttons: ButtonMask::LEFT });
        for _ in 0..7 {
            let actions = rig.feed(&motion, Target::Mouse);
            assert_eq!(actions, [Action::MouseMotion { dx: 1, dy: -1, dz: 0, buttons: 1 }]);
        }
        assert_eq!(rig.sent(), [ServerMessage::MouseMotionAck]);
        assert_eq!(rig.feed(&motion, Target::Tablet), []);
        assert_eq!(rig.sent(), [ServerMessage::MouseMotionAck], "also when nothing moves");
    }

    #[test]
    fn the_wheel_goes_to_the_device_of_the_mode() {
        let mut rig = rig();
        let press = MouseButtons { button: Button::UP, buttons: ButtonMask::NONE };
        let press = ClientMessage::MousePress(press);
        let mouse = Action::MouseMotion { dx: 0, dy: 0, dz: -1, buttons: 0 };
        assert_eq!(rig.feed(&press, Target::Mouse), [mouse]);
        assert_eq!(rig.feed(&press, Target::Tablet), [Action::TabletWheel { dz: -1, buttons: 0 }]);
        let release = MouseButtons { button: Button::RIGHT, buttons: ButtonMask::RIGHT };
        let release = ClientMessage::MouseRelease(release);
        assert_eq!(rig.feed(&release, Target::Mouse), [Action::MouseButtons(2)]);
        assert_eq!(rig.feed(&release, Target::Tablet), [Action::TabletButtons(2)]);
    }

    #[test]
    fn positions_count_in_client_mode_only() {
        let mut rig = rig();
        let position = MousePosition { x: 10, y: u32::MAX, buttons: ButtonMask::MIDDLE, display: 9 };
        let position = ClientMessage::MousePosition(position);
        assert_eq!(rig.feed(&position, Target::Mouse), []);
        let moved = Action::TabletPosition { x: 10, y: u32::MAX, buttons: 4 };
        assert_eq!(rig.feed(&position, Target::Tablet), [moved]);
    }

    #[test]
    fn the_agent_is_told_the_whole_state_of_the_pointer() {
        let mut rig = rig();
        let mut told = |message: &ClientMessage| {
            let (actions, effects) = rig.effects(message, Target::Agent);
            assert_eq!(actions, []);
            effects.pointer
        };
        let held = ButtonMask::LEFT.with(ButtonMask::RIGHT);
        let position = MousePosition { x: 10, y: 20, buttons: held, display: 3 };
        let state = MouseState { x: 10, y: 20, buttons: 0b1010, display_id: 3 };
        assert_eq!(told(&ClientMessage::MousePosition(position)), Some(state));
        let press = MouseButtons { button: Button::UP, buttons: ButtonMask::MIDDLE };
        let wheel = MouseState { buttons: 0b1_0100, ..state };
        assert_eq!(told(&ClientMessage::MousePress(press)), Some(wheel));
        let release = MouseButtons { button: Button::UP, buttons: ButtonMask::MIDDLE };
        let released = MouseState { buttons: 0b100, ..state };
        assert_eq!(told(&ClientMessage::MouseRelease(release)), Some(released));
        let motion = MouseMotion { dx: 1, dy: 1, buttons: ButtonMask::NONE };
        assert_eq!(told(&ClientMessage::MouseMotion(motion)), None);
    }
}
