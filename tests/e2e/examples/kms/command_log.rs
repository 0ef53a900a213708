//! QEMU's log of the QXL commands that a guest gives (`-global qxl-vga.cmdlog=1`, on its standard error), and what they took
//! of the ring and of the device's memory.
//!
//! A bitmap counts with its rows. A bitmap whose image number was seen before counts nothing: its bytes are still there. Number
//! zero says that it has none; upstream's driver gives no other.

use std::collections::HashSet;

use serde::Serialize;

/// About the size of a command and of an image's description in the device's memory: both are small beside their pixels.
const COMMAND: u64 = 192;
const DESCRIPTION: u64 = 48;

/// What was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Given {
    pub(crate) commands: u64,
    pub(crate) images: u64,
    /// Images that were there already.
    pub(crate) images_again: u64,
    pub(crate) bytes: u64,
}

/// Counts the lines of a log. Lines that are no commands count nothing.
pub(crate) fn count(log: &str) -> Given {
    let mut given = Given::default();
    let mut seen = HashSet::new();
    for line in log.lines().filter(|line| line.contains(": cmd @ ")) {
        given.commands += 1;
        given.bytes += COMMAND;
        for image in line.split("(id ").skip(1) {
            let image = image.split(')').next().unwrap_or_default();
            let number = image.split_whitespace().next().unwrap_or_default();
            given.images += 1;
            if number != "0" && !seen.insert(number.to_owned()) {
                given.images_again += 1;
                continue;
            }
            given.bytes += DESCRIPTION + field(image, "stride").unwrap_or(0) * field(image, "y").unwrap_or(0);
        }
    }
    given
}

/// The number after a word.
fn field(text: &str, name: &str) -> Option<u64> {
    let mut words = text.split_whitespace();
    words.find(|word| *word == name)?;
    words.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_images_count_once() {
        let line = |id: &str| {
            format!(
                "1 qxl-0/cmd: cmd @ 0x1 draw: surface_id 0 type copy src 1 (id {id} type 0 flags 0 width 4 height 2, fmt 8 flags 4 x 4 y 2 stride 16 palette 0 data 7) area\n"
            )
        };
        let given = count(&format!("noise\n{}{}{}{}", line("5"), line("5"), line("0"), line("0")));
        assert_eq!((given.commands, given.images, given.images_again), (4, 4, 1));
        assert_eq!(given.bytes, 4 * COMMAND + 3 * (DESCRIPTION + 32));
    }
}
