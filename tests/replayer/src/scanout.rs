//! What a host shows in graphics memory: how the verb `gl` spells it.

use anyhow::{Context, Result, bail};

/// One thing that the host does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanoutCall {
    /// It shows a buffer of that width and height, each byte of which has the value.
    Show(u32, u32, u8),
    /// It shows none.
    End,
    /// It has drawn there: column, row, width and height.
    Draw([u32; 4]),
}

impl ScanoutCall {
    /// `show WIDTH HEIGHT BYTE`, `end`, `draw X Y WIDTH HEIGHT`.
    ///
    /// # Errors
    /// It is none of these.
    pub fn parse(words: &[&str]) -> Result<Self> {
        let number = |text: &str| text.parse().with_context(|| format!("`{text}` is no number"));
        Ok(match words {
            ["show", width, height, byte] => Self::Show(number(width)?, number(height)?, byte.parse()?),
            ["end"] => Self::End,
            ["draw", x, y, width, height] => {
                Self::Draw([number(x)?, number(y)?, number(width)?, number(height)?])
            }
            _ => bail!("`{}` is nothing that a host does with graphics memory", words.join(" ")),
        })
    }
}
