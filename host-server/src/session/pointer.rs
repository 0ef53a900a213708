//! The guest's pointer: which mouse mode is possible, which one holds, and what a client's buttons are called
//! by the host.

use std::collections::BTreeMap;

use wire::inputs::{Button, ButtonMask};
use wire::main::{MouseMode, MouseModes};

use crate::display::PrimaryShape;

/// What decides the mouse mode.
///
/// Client mode is possible when the guest has a tablet and exactly one display, or an agent that moves the pointer, and
/// the guest's driver gives the pointer's shape to the device. It begins only when a client asks for it.
#[derive(Debug)]
pub(super) struct Pointer {
    displays: BTreeMap<u8, Option<PrimaryShape>>,
    tablet: bool,
    /// Whether the guest's agent is there and may move the pointer.
    agent: bool,
    /// Whether the displays allow it, as of the last change of a primary surface.
    displays_allow: bool,
    size: (u32, u32),
    allowed: bool,
    mode: MouseMode,
}

/// What a client's pointer moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// The mouse, by distances.
    Mouse,
    /// The tablet, to positions.
    Tablet,
    /// The guest's agent, to positions.
    Agent,
}

/// What a change has led to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PointerChange {
    /// Clients have to hear of the modes.
    pub(super) announce: bool,
    /// Displays have to hear of the mode.
    pub(super) mode_changed: bool,
    /// The tablet has to hear of its size in pixels.
    pub(super) tablet_size: Option<(u32, u32)>,
}

impl Pointer {
    pub(super) const fn new() -> Self {
        Self {
            displays: BTreeMap::new(),
            tablet: false,
            agent: false,
            displays_allow: false,
            size: (0, 0),
            allowed: false,
            mode: MouseMode::SERVER,
        }
    }

    pub(super) const fn mode(&self) -> MouseMode {
        self.mode
    }

    /// What clients move. A tablet that can do it comes before the agent: it works without anybody in the guest.
    pub(super) fn target(&self) -> Target {
        match self.mode {
            MouseMode::CLIENT if self.agent && !self.has_usable_tablet() => Target::Agent,
            MouseMode::CLIENT => Target::Tablet,
            _ => Target::Mouse,
        }
    }

    /// A tablet has no notion of several displays.
    fn has_usable_tablet(&self) -> bool {
        self.tablet && self.displays.len() == 1
    }

    /// The modes as clients are told.
    pub(super) const fn modes(&self) -> MouseModes {
        let client = if self.allowed { MouseMode::CLIENT.0 } else { 0 };
        MouseModes { supported: MouseMode::SERVER.0 | client, current: self.mode }
    }

    pub(super) fn add_display(&mut self, display: u8) -> PointerChange {
        self.displays.insert(display, None);
        self.update()
    }

    pub(super) fn remove_display(&mut self, display: u8) -> PointerChange {
        self.displays.remove(&display);
        self.primaries_changed()
    }

    pub(super) fn set_primary(&mut self, display: u8, surface: Option<PrimaryShape>) -> PointerChange {
        let Some(known) = self.displays.get_mut(&display) else { return PointerChange::default() };
        *known = surface;
        self.primaries_changed()
    }

    pub(super) fn set_tablet(&mut self, present: bool) -> PointerChange {
        self.tablet = present;
        let change = self.update();
        PointerChange { tablet_size: (present && self.allowed).then_some(self.size), ..change }
    }

    pub(super) fn set_agent(&mut self, moves_pointer: bool) -> PointerChange {
        self.agent = moves_pointer;
        self.update()
    }

    /// A client asks for a mode.
    pub(super) fn request(&mut self, mode: MouseMode) -> PointerChange {
        let possible = mode == MouseMode::SERVER || (mode == MouseMode::CLIENT && self.allowed);
        if !possible || mode == self.mode {
            return PointerChange::default();
        }
        self.mode = mode;
        PointerChange { announce: true, mode_changed: true, tablet_size: None }
    }

    /// The first display with a primary surface decides; while none has one, nothing stands against it.
    fn primaries_changed(&mut self) -> PointerChange {
        let first = self.displays.values().find_map(|shape| *shape);
        let allow = !self.displays.is_empty() && first.is_none_or(|shape| shape.hardware_cursor);
        if !allow && !self.displays_allow {
            return self.update();
        }
        self.size = first.filter(|_| allow).map_or((0, 0), |shape| (shape.width, shape.height));
        self.displays_allow = allow;
        let change = self.update();
        PointerChange { tablet_size: (self.tablet && self.allowed).then_some(self.size), ..change }
    }

    fn update(&mut self) -> PointerChange {
        let allowed = (self.agent || self.has_usable_tablet()) && self.displays_allow;
        if allowed == self.allowed {
            return PointerChange::default();
        }
        self.allowed = allowed;
        let mode_changed = !allowed && self.mode == MouseMode::CLIENT;
        if mode_changed {
            self.mode = MouseMode::SERVER;
        }
        PointerChange { announce: true, mode_changed, tablet_size: None }
    }
}

/// The host's bits for buttons: left 1, right 2, middle 4, and the side buttons one place higher than the
/// protocol has them, as the original hands them to hosts.
pub(super) const fn host_buttons(buttons: ButtonMask) -> u32 {
    const MIDDLE_AND_SIDES: u16 = ButtonMask::MIDDLE.0 | 0xffe0;
    (buttons.0 & ButtonMask::LEFT.0) as u32
        | ((buttons.0 & MIDDLE_AND_SIDES) as u32) << 1
        | (buttons.0 & ButtonMask::RIGHT.0) as u32 >> 1
}

/// The agent's bits for buttons: from 1 on left, middle, right, wheel up and down, side and extra.
pub(super) const fn agent_buttons(buttons: ButtonMask) -> u32 {
    const MAIN: u16 = ButtonMask::LEFT.0 | ButtonMask::MIDDLE.0 | ButtonMask::RIGHT.0;
    const SIDES: u16 = ButtonMask::SIDE.0 | ButtonMask::EXTRA.0;
    ((buttons.0 & (MAIN | SIDES)) as u32) << 1
}

/// The agent's bit for a step of the wheel that a press stands for.
pub(super) const fn agent_wheel(button: Button) -> u32 {
    match button {
        Button::UP => (ButtonMask::UP.0 as u32) << 1,
        Button::DOWN => (ButtonMask::DOWN.0 as u32) << 1,
        _ => 0,
    }
}

/// Steps of the wheel that a press stands for: -1 for up, 1 for down.
pub(super) const fn wheel_steps(button: Button) -> i32 {
    match button {
        Button::UP => -1,
        Button::DOWN => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(hardware_cursor: bool) -> Option<PrimaryShape> {
        Some(PrimaryShape { width: 800, height: 600, hardware_cursor })
    }

    fn ready() -> Pointer {
        let mut pointer = Pointer::new();
        pointer.add_display(0);
        pointer.set_tablet(true);
        pointer
    }

    #[test]
    fn a_tablet_and_a_surface_with_a_cursor_allow_client_mode() {
        let mut pointer = ready();
        let change = pointer.set_primary(0, shape(true));
        assert_eq!(
            change,
            PointerChange { announce: true, mode_changed: false, tablet_size: Some((800, 600)) }
        );
        assert_eq!(pointer.modes().supported, 3);
        assert_eq!(pointer.mode(), MouseMode::SERVER, "nobody has asked for it");
        assert!(pointer.request(MouseMode::CLIENT).mode_changed);
        assert_eq!(pointer.mode(), MouseMode::CLIENT);
    }

    #[test]
    fn client_mode_ends_with_its_reasons() {
        for end in [
            (|pointer| pointer.set_tablet(false)) as fn(&mut Pointer) -> PointerChange,
            |pointer| pointer.set_primary(0, shape(false)),
            |pointer| pointer.add_display(1),
            |pointer| pointer.remove_display(0),
        ] {
            let mut pointer = ready();
            pointer.set_primary(0, shape(true));
            pointer.request(MouseMode::CLIENT);
            let change = end(&mut pointer);
            assert!(change.announce && change.mode_changed);
            assert_eq!(pointer.mode(), MouseMode::SERVER);
        }
    }

    #[test]
    fn the_agent_takes_the_place_of_a_tablet_that_is_not_there_or_of_no_use() {
        let mut pointer = Pointer::new();
        pointer.add_display(0);
        pointer.set_primary(0, shape(true));
        assert!(pointer.set_agent(true).announce);
        assert_eq!((pointer.modes().supported, pointer.target()), (3, Target::Mouse));
        pointer.request(MouseMode::CLIENT);
        assert_eq!(pointer.target(), Target::Agent);
        assert_eq!(
            pointer.set_tablet(true),
            PointerChange { tablet_size: Some((800, 600)), ..Default::default() }
        );
        assert_eq!(pointer.target(), Target::Tablet);
        assert_eq!(pointer.add_display(1), PointerChange::default());
        assert_eq!(pointer.target(), Target::Agent, "a tablet does not know displays");
        let change = pointer.set_agent(false);
        assert!(change.announce && change.mode_changed);
        assert_eq!(pointer.target(), Target::Mouse);
    }

    #[test]
    fn a_mode_that_is_not_possible_is_not_taken() {
        let mut pointer = ready();
        assert_eq!(pointer.request(MouseMode::CLIENT), PointerChange::default());
        assert_eq!(pointer.request(MouseMode(77)), PointerChange::default());
        assert_eq!(pointer.mode(), MouseMode::SERVER);
    }

    #[test]
    fn the_tablet_hears_of_every_size() {
        let mut pointer = ready();
        pointer.set_primary(0, shape(true));
        assert_eq!(pointer.set_primary(0, None).tablet_size, Some((0, 0)));
        assert_eq!(pointer.set_primary(0, shape(true)).tablet_size, Some((800, 600)));
    }

    #[test]
    fn buttons_have_the_hosts_bits() {
        assert_eq!(host_buttons(ButtonMask::LEFT), 1);
        assert_eq!(host_buttons(ButtonMask::RIGHT), 2);
        assert_eq!(host_buttons(ButtonMask::MIDDLE), 4);
        assert_eq!(host_buttons(ButtonMask::SIDE), 64);
        assert_eq!(host_buttons(ButtonMask::UP.with(ButtonMask::DOWN)), 0);
    }

    #[test]
    fn buttons_have_the_agents_bits() {
        assert_eq!(agent_buttons(ButtonMask(u16::MAX)), 0b1100_1110);
        assert_eq!(agent_wheel(Button::UP) | agent_wheel(Button::DOWN), 0b11_0000);
        assert_eq!(agent_wheel(Button::SIDE), 0);
    }
}
