//! Typing on a client's keyboard: characters to scan codes, one key at a time.
//!
//! A PS/2 keyboard holds 16 bytes; a client that types faster than the guest reads loses keys. Therefore each key is
//! sent when the guest's kernel has reported the one before.

use anyhow::{Context, Result};

use crate::client::StockClient;
use crate::deadline::Deadline;
use crate::guest::Guest;

/// The keys of a US keyboard by their scan code (set 1), which is also the Linux key code: from code 2, in order.
const ROWS: [(u32, &str); 4] =
    [(2, "1234567890-="), (16, "qwertyuiop[]\n"), (30, "asdfghjkl;'"), (44, "zxcvbnm,./")];
const SHIFTED: [(char, char); 4] = [('>', '.'), ('<', ','), ('_', '-'), (':', ';')];
const LEFT_SHIFT: u32 = 42;
const SPACE: u32 = 57;

/// Types `text` at the client and waits until the guest has seen every key. The guest reads input events.
pub fn type_text(client: &mut StockClient, guest: &mut Guest, text: &str, deadline: Deadline) -> Result<()> {
    for letter in text.chars() {
        let (code, shift) = key(letter).with_context(|| format!("no key for {letter:?}"))?;
        if shift {
            press(client, guest, LEFT_SHIFT, true, deadline)?;
        }
        press(client, guest, code, true, deadline)?;
        press(client, guest, code, false, deadline)?;
        if shift {
            press(client, guest, LEFT_SHIFT, false, deadline)?;
        }
    }
    Ok(())
}

/// Types `text` at the client without looking whether anybody takes it: for firmware, which tells nobody. Seven keys at most,
/// one more for Enter: each takes two of the keyboard's bytes.
pub fn type_blindly(client: &mut StockClient, text: &str) -> Result<()> {
    for letter in text.chars() {
        let (code, shift) = key(letter).with_context(|| format!("no key for {letter:?}"))?;
        let keys = [Some(LEFT_SHIFT).filter(|_| shift), Some(code)].into_iter().flatten();
        for code in keys.clone() {
            client.key(code, true)?;
        }
        for code in keys.rev() {
            client.key(code, false)?;
        }
    }
    Ok(())
}

fn press(
    client: &mut StockClient,
    guest: &mut Guest,
    code: u32,
    down: bool,
    deadline: Deadline,
) -> Result<()> {
    client.key(code, down)?;
    guest.input(&format!("key {code} {}", u8::from(down)), deadline)
}

/// The key for a character, and whether shift has to be held.
fn key(letter: char) -> Option<(u32, bool)> {
    if letter == ' ' {
        return Some((SPACE, false));
    }
    if let Some((_, plain)) = SHIFTED.iter().find(|(shifted, _)| *shifted == letter) {
        return key(*plain).map(|(code, _)| (code, true));
    }
    let shift = letter.is_ascii_uppercase();
    let plain = letter.to_ascii_lowercase();
    let code =
        ROWS.iter().find_map(|(first, row)| (*first..).zip(row.chars()).find(|(_, key)| *key == plain));
    code.map(|(code, _)| (code, shift))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_have_their_keys() {
        assert_eq!(key('a'), Some((30, false)));
        assert_eq!(key('M'), Some((50, true)));
        assert_eq!(key('>'), Some((52, true)));
        assert_eq!(key('\n'), Some((28, false)));
        assert_eq!(key('/'), Some((53, false)));
        assert_eq!(key('é'), None);
    }
}
