//! The pointer: its shape as a program in the guest has made it, and as a client has been told to draw it.

use anyhow::{Context, Result};
use serde_json::Value;

use crate::picture::Fingerprint;

/// What a pointer looks like, without transparent margins on the right and below.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PointerShape {
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    /// The pixel that points, from the upper left corner.
    pub hot: (usize, usize),
    /// Of red, green, blue and alpha of every pixel.
    pub fingerprint: Fingerprint,
}

/// The pointer that the server has told a client of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ServerPointer {
    /// None while it is hidden.
    pub shape: Option<PointerShape>,
    /// The pixel of the screen that it points to, as of the server's last word.
    pub at: (i64, i64),
}

impl PointerShape {
    /// The one in the guest's line "POINTER WIDTHxHEIGHT X,Y FINGERPRINT".
    pub(crate) fn told(line: &str) -> Result<Self> {
        let pair = |word: Option<&str>, between| -> Option<(usize, usize)> {
            let (one, other) = word?.split_once(between)?;
            Some((one.parse().ok()?, other.parse().ok()?))
        };
        let mut words = line.split_whitespace().skip_while(|word| *word != "POINTER").skip(1);
        let size = pair(words.next(), 'x');
        let hot = pair(words.next(), ',');
        let (width, height) = size.with_context(|| format!("no pointer's size: {line}"))?;
        let hot = hot.with_context(|| format!("no pointer's hot spot: {line}"))?;
        Ok(PointerShape { width, height, hot, fingerprint: Fingerprint::told(line)? })
    }

    /// The shape of `columns` pixels in a row, four bytes each, alpha last.
    fn of(pixels: &[u8], columns: usize, hot: (usize, usize)) -> Self {
        let pixels = pixels.as_chunks::<4>().0;
        let seen: Vec<usize> = (0..pixels.len())
            .filter(|position| pixels.get(*position).is_some_and(|[.., alpha]| *alpha != 0))
            .collect();
        let columns = columns.max(1);
        let width = seen.iter().map(|position| position % columns + 1).max().unwrap_or(0);
        let height = seen.iter().map(|position| position / columns + 1).max().unwrap_or(0);
        let rows = pixels.chunks(columns).take(height).filter_map(|row| row.get(..width));
        let bytes: Vec<u8> = rows.flatten().flatten().copied().collect();
        PointerShape { width, height, hot, fingerprint: Fingerprint::of(&bytes) }
    }
}

impl ServerPointer {
    /// What the client says of it, and its pixels.
    pub(crate) fn told(event: &Value, pixels: &[u8]) -> Result<Self> {
        let number = |name: &str| event[name].as_i64().with_context(|| format!("the pointer has no {name}"));
        let size = |name| Ok::<_, anyhow::Error>(usize::try_from(number(name)?)?);
        let shape = PointerShape::of(pixels, size("width")?, (size("hot-x")?, size("hot-y")?));
        Ok(ServerPointer {
            shape: (event["shown"] == true).then_some(shape),
            at: (number("x")?, number("y")?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transparent_margins_do_not_count() {
        let event = serde_json::json!({
            "shown": true, "width": 3, "height": 2, "hot-x": 1, "hot-y": 0, "x": 7, "y": -1,
        });
        let pixels: Vec<u8> = [[1, 2, 3, 255], [4, 5, 6, 9], [0; 4], [0; 4], [0; 4], [0; 4]].concat();
        let pointer = ServerPointer::told(&event, &pixels).unwrap();
        let fingerprint = Fingerprint::of(&[1, 2, 3, 255, 4, 5, 6, 9]);
        assert_eq!(pointer.at, (7, -1));
        assert_eq!(pointer.shape, Some(PointerShape { width: 2, height: 1, hot: (1, 0), fingerprint }));
    }

    #[test]
    fn the_guests_line_is_read() {
        let shape = PointerShape::told("[1.0] x POINTER 24x20 5,7 00000000000000ff").unwrap();
        assert_eq!((shape.width, shape.height, shape.hot), (24, 20, (5, 7)));
        assert!(PointerShape::told("POINTER-ENTERED").is_err());
        assert!(PointerShape::told("POINTER 24x20 00").is_err());
    }
}
