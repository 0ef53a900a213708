//! Text as the keys of a US keyboard.

use wire::inputs::Key;

/// A character that no key types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a US keyboard has no key for {0:?}")]
pub struct UnknownKey(pub char);

/// One key, and whether shift is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyStroke {
    /// The key's code of AT set 1.
    pub scancode: u8,
    /// Whether shift is held.
    pub shift: bool,
}

/// The left shift key.
pub(crate) const SHIFT: u32 = 0x2a;

/// Rows of keys: the code of the first one, and what they type without and with shift.
const ROWS: [(u8, &str, &str); 7] = [
    (0x02, "1234567890-=", "!@#$%^&*()_+"),
    (0x0f, "\t", "\t"),
    (0x10, "qwertyuiop[]\n", "QWERTYUIOP{}\n"),
    (0x1e, "asdfghjkl;'`", "ASDFGHJKL:\"~"),
    (0x2b, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    (0x39, " ", " "),
    (0x0e, "\u{8}", "\u{8}"),
];

/// The keys that type a text; `\n` is the enter key, `\t` the tabulator, `\u{8}` backspace.
///
/// # Errors
/// The first character that no key types.
pub fn strokes(text: &str) -> Result<Vec<KeyStroke>, UnknownKey> {
    text.chars().map(stroke).collect()
}

fn stroke(character: char) -> Result<KeyStroke, UnknownKey> {
    for (first, plain, shifted) in ROWS {
        for (keys, shift) in [(plain, false), (shifted, true)] {
            let found = (first..).zip(keys.chars()).find(|(_, key)| *key == character);
            if let Some((scancode, _)) = found {
                return Ok(KeyStroke { scancode, shift });
            }
        }
    }
    Err(UnknownKey(character))
}

/// The message body for a key that goes down. Codes from 0x100 are those that follow a byte 0xe0: 0x11d is right
/// control.
pub(crate) fn pressed(code: u32) -> Key {
    Key { code: if code < 0x100 { code } else { 0xe0 | (code & 0xff) << 8 } }
}

/// The message body for a key that goes up.
pub(crate) fn released(code: u32) -> Key {
    Key { code: if code < 0x100 { code | 0x80 } else { 0x80e0 | (code & 0xff) << 8 } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_where_a_keyboard_has_them() {
        let codes: Vec<u8> = strokes("1=q\na'`\\z/ ").unwrap().iter().map(|key| key.scancode).collect();
        assert_eq!(codes, [0x02, 0x0d, 0x10, 0x1c, 0x1e, 0x28, 0x29, 0x2b, 0x2c, 0x35, 0x39]);
        assert!(strokes("A").unwrap()[0].shift);
        assert_eq!(strokes("aé"), Err(UnknownKey('é')));
    }

    #[test]
    fn extended_keys_follow_a_prefix() {
        assert_eq!(pressed(0x11d).code, 0x1de0);
        assert_eq!(released(0x11d).code, 0x9de0);
        assert_eq!(released(0x1e).code, 0x9e);
    }
}
