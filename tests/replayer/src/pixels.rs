//! Pixels of surfaces in the guest's memory, where the library puts them when the host asks for an area.
//!
//! The session looks at them to compare libraries byte by byte, also what no client is ever shown: surfaces
//! that are off the screen, and the fourth bytes of pixels.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use openssl::hash::{MessageDigest, hash};

/// A surface's shape, as the command or the call that created it has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// `SPICE_SURFACE_FMT_*`.
    pub format: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Bytes from row to row; negative if the bottom row comes first.
    pub stride: i32,
}

/// A surface's pixels, as they lie in memory.
#[derive(Debug)]
pub struct Pixels {
    /// Which surface.
    pub surface: u32,
    /// Its shape.
    pub shape: Shape,
    /// The rows in the order of memory, without padding.
    pub rows: Vec<u8>,
}

impl Shape {
    /// Reads what follows the number, the kind and the flags in a surface command.
    pub(crate) fn of_command(command: &[u8]) -> Option<Self> {
        const AT: usize = 17;
        let word = |index: usize| command.get(AT + 4 * index..)?.first_chunk().copied();
        Some(Self {
            format: u32::from_le_bytes(word(0)?),
            width: u32::from_le_bytes(word(1)?),
            height: u32::from_le_bytes(word(2)?),
            stride: i32::from_le_bytes(word(3)?),
        })
    }

    /// The rows of a surface whose memory begins with `memory`'s first byte. Bits of a row's last byte that belong to
    /// no pixel are 0.
    pub(crate) fn rows(&self, memory: &[u8]) -> Vec<u8> {
        // The low bits of a format are the bits of its pixels.
        let bits = self.width as usize * (self.format & 0x3f) as usize;
        let (whole, rest) = (bits / 8, bits % 8);
        let mut rows = Vec::with_capacity(self.height as usize * bits.div_ceil(8));
        for row in memory.chunks(self.stride.unsigned_abs().max(1) as usize).take(self.height as usize) {
            rows.extend_from_slice(row.get(..whole).unwrap_or(row));
            if rest > 0 {
                rows.extend(row.get(whole).map(|byte| byte & ((1 << rest) - 1)));
            }
        }
        rows
    }
}

impl Pixels {
    /// The MD5 of the pixels.
    ///
    /// # Errors
    /// OpenSSL does not have it.
    pub fn digest(&self) -> Result<String> {
        let digest = hash(MessageDigest::md5(), &self.rows)?;
        Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Writes the pixels to a file of a folder, which is named by the surface's number.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let path = folder.join(self.surface.to_string());
        fs::write(&path, &self.rows).with_context(|| format!("cannot write {}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_is_left_out() {
        let shape = Shape { format: 1, width: 10, height: 2, stride: -4 };
        assert_eq!(shape.rows(&[0x12, 0xff, 9, 9, 0x34, 0xfd, 9, 9]), [0x12, 3, 0x34, 1]);
        let words = Shape { format: 80, width: 1, height: 2, stride: 4 };
        assert_eq!(words.rows(&[1, 2, 9, 9, 3, 4, 9, 9]), [1, 2, 3, 4]);
    }
}
