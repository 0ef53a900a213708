//! The guest's keyboard as its clients press it: which keys are down, and which lamps should be on.
//!
//! Codes are bytes of AT scan code set 1: 0xe0 to 0xe2 begin a longer code, bit 7 means that the key goes up.
//! All clients share one keyboard.

use wire::inputs::Modifiers;

use super::Action;

const RELEASE: u8 = 0x80;
const EXTENDED: u8 = 0xe0;

const SCROLL_LOCK: u8 = 0x46;
const NUM_LOCK: u8 = 0x45;
const CAPS_LOCK: u8 = 0x3a;

/// The lock keys, each with its lamp, in the order in which the original brings them in line.
const LOCKS: [(u8, Modifiers); 3] = [
    (SCROLL_LOCK, Modifiers::SCROLL_LOCK),
    (NUM_LOCK, Modifiers::NUM_LOCK),
    (CAPS_LOCK, Modifiers::CAPS_LOCK),
];

/// Keys and lamps.
#[derive(Debug)]
pub(super) struct KeyboardState {
    /// Bit `n` is set while the key with code `n` is down.
    plain: u128,
    /// The same for keys behind 0xe0.
    extended: u128,
    /// The prefix that the last byte was, or 0.
    prefix: u8,
    /// What the lamps are, or will be when the guest has handled the keys.
    lamps: Modifiers,
    /// Lock keys that are down.
    locks_down: Modifiers,
}

impl KeyboardState {
    pub(super) const fn new() -> Self {
        Self { plain: 0, extended: 0, prefix: 0, lamps: Modifiers::NONE, locks_down: Modifiers::NONE }
    }

    /// The lamps, as far as they are known.
    pub(super) const fn lamps(&self) -> Modifiers {
        self.lamps
    }

    /// The guest has switched its lamps.
    pub(super) const fn set_lamps(&mut self, lamps: Modifiers) {
        self.lamps = lamps;
    }

    /// A client sends one byte; whether a lock key has gone down, so that the lamps may be wrong for a moment.
    pub(super) fn push(&mut self, code: u8, actions: &mut impl Extend<Action>) -> bool {
        self.track(code);
        actions.extend([Action::ScanCode(code)]);
        self.follow_locks(code)
    }

    /// A client wants these lamps: presses the lock keys that it takes, except those that are down anyway.
    pub(super) fn bring_in_line(&mut self, wanted: Modifiers, actions: &mut impl Extend<Action>) {
        for (code, lamp) in LOCKS {
            if self.locks_down.contains(lamp) || wanted.contains(lamp) == self.lamps.contains(lamp) {
                continue;
            }
            for byte in [code, code | RELEASE] {
                self.track(byte);
                actions.extend([Action::ScanCode(byte)]);
            }
            self.lamps = Modifiers(self.lamps.0 ^ lamp.0);
        }
    }

    /// Lets go of all keys: nobody is there any more to do it.
    pub(super) fn release_all(&mut self, actions: &mut impl Extend<Action>) {
        for code in held(std::mem::take(&mut self.plain)) {
            actions.extend([Action::ScanCode(code | RELEASE)]);
        }
        for code in held(std::mem::take(&mut self.extended)) {
            actions.extend([Action::ScanCode(EXTENDED), Action::ScanCode(code | RELEASE)]);
        }
        self.prefix = 0;
        self.locks_down = Modifiers::NONE;
    }

    fn track(&mut self, code: u8) {
        if (0xe0..=0xe2).contains(&code) {
            self.prefix = code;
            return;
        }
        let keys = match std::mem::take(&mut self.prefix) {
            0 => &mut self.plain,
            EXTENDED => &mut self.extended,
            // Pause and its like have no code for going up.
            _ => return,
        };
        let key = 1 << (code & !RELEASE);
        if code & RELEASE == 0 {
            *keys |= key;
        } else {
            *keys &= !key;
        }
    }

    fn follow_locks(&mut self, code: u8) -> bool {
        let Some((_, lamp)) = LOCKS.into_iter().find(|(lock, _)| *lock == code & !RELEASE) else {
            return false;
        };
        if code & RELEASE != 0 {
            self.locks_down = self.locks_down.without(lamp);
            return false;
        }
        if self.locks_down.contains(lamp) {
            return false;
        }
        self.locks_down = self.locks_down.with(lamp);
        self.lamps = Modifiers(self.lamps.0 ^ lamp.0);
        true
    }
}

fn held(keys: u128) -> impl Iterator<Item = u8> {
    (0..RELEASE).filter(move |code| keys & (1 << code) != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(actions: &[Action]) -> Vec<u8> {
        actions
            .iter()
            .map(|action| match action {
                Action::ScanCode(code) => *code,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn keys_that_are_down_are_let_go() {
        let mut keyboard = KeyboardState::new();
        let mut ignored = Vec::new();
        // A down, B down and up, right control (extended) down, pause (no way up).
        for code in [0x1e, 0x30, 0xb0, 0xe0, 0x1d, 0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5] {
            keyboard.push(code, &mut ignored);
        }
        let mut actions = Vec::new();
        keyboard.release_all(&mut actions);
        assert_eq!(codes(&actions), [0x9e, 0xe0, 0x9d]);
        actions.clear();
        keyboard.release_all(&mut actions);
        assert!(actions.is_empty());
    }

    #[test]
    fn a_lock_key_switches_its_lamp_once_for_each_press() {
        let mut keyboard = KeyboardState::new();
        let mut actions = Vec::new();
        assert!(keyboard.push(CAPS_LOCK, &mut actions));
        assert!(!keyboard.push(CAPS_LOCK, &mut actions), "a repeat");
        assert_eq!(keyboard.lamps(), Modifiers::CAPS_LOCK);
        keyboard.push(CAPS_LOCK | RELEASE, &mut actions);
        assert!(keyboard.push(CAPS_LOCK, &mut actions));
        assert_eq!(keyboard.lamps(), Modifiers::NONE);
    }

    #[test]
    fn lamps_are_brought_in_line_by_their_keys() {
        let mut keyboard = KeyboardState::new();
        keyboard.set_lamps(Modifiers::NUM_LOCK);
        let mut actions = Vec::new();
        keyboard.bring_in_line(Modifiers::NUM_LOCK.with(Modifiers::CAPS_LOCK), &mut actions);
        assert_eq!(codes(&actions), [CAPS_LOCK, CAPS_LOCK | RELEASE]);
        actions.clear();
        keyboard.bring_in_line(Modifiers::NUM_LOCK.with(Modifiers::CAPS_LOCK), &mut actions);
        assert!(actions.is_empty());
    }

    #[test]
    fn a_lock_key_that_is_down_is_left_alone() {
        let mut keyboard = KeyboardState::new();
        let mut actions = Vec::new();
        keyboard.push(NUM_LOCK, &mut actions);
        actions.clear();
        keyboard.bring_in_line(Modifiers::NONE, &mut actions);
        assert!(actions.is_empty());
    }
}
