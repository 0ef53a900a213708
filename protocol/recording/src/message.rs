//! The calls of the host that a recording holds: where they stand between the commands, and for a
//! primary surface also what it was.

use std::io::BufRead;

use crate::error::Error;
use crate::input::Input;

/// A call of the host. Of all but the creation of a primary surface the recording keeps no arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// The primary surface is created. The recorded host may have called the asynchronous form.
    CreatePrimary {
        /// What it is.
        surface: PrimarySurface,
        /// Whether the host waited for a completion.
        asynchronous: bool,
    },
    /// The primary surface is destroyed.
    DestroyPrimary {
        /// Whether the host waited for a completion.
        asynchronous: bool,
    },
    /// All surfaces are destroyed, the primary one included.
    DestroySurfaces {
        /// Whether the host waited for a completion.
        asynchronous: bool,
    },
    /// The cursor is hidden and forgotten.
    ResetCursor,
    /// The cached images of the device are forgotten.
    ResetImageCache,
    /// The machine runs.
    Start,
    /// The machine is stopped.
    Stop,
    /// The guest waits for commands to be released.
    OutOfMemory,
    /// The guest has rung the bell; the ring may have been filled long before.
    Wakeup,
    /// Any other call, by its number in the original server: memory slots, areas, configurations, all
    /// without their arguments.
    Other(u32),
}

/// What a primary surface is created from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrimarySurface {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Bytes from row to row; negative when the first row lies last in memory.
    pub stride: i32,
    /// `SPICE_SURFACE_FMT_*`.
    pub format: u32,
    /// Where the surface lies among the guest's displays; not used by servers.
    pub position: u32,
    /// Whether the guest draws its own pointer.
    pub mouse_mode: u32,
    /// `QXL_SURF_FLAG_*`: 1 when the pixels count from the start.
    pub flags: u32,
    /// `QXL_SURF_TYPE_*`: 0.
    pub kind: u32,
    /// `height * |stride|` bytes, as they were when the surface was created.
    pub pixels: Vec<u8>,
}

impl PrimarySurface {
    /// A black surface of 32 bits a pixel, with the first row first in memory.
    pub fn black(width: u32, height: u32) -> Self {
        let stride = i32::try_from(width.saturating_mul(4)).unwrap_or(i32::MAX);
        let bytes = (height as usize).saturating_mul(stride.unsigned_abs() as usize);
        Self {
            width,
            height,
            stride,
            format: 32,
            position: 0,
            mouse_mode: 1,
            flags: 0,
            kind: 0,
            pixels: vec![0; bytes],
        }
    }
}

/// Reads what follows the event line of a call.
pub(crate) fn read<R: BufRead>(input: &mut Input<R>, number: u32) -> Result<Message, Error> {
    Ok(match number {
        2 => Message::Wakeup,
        3 => Message::OutOfMemory,
        8 => Message::Start,
        9 => Message::Stop,
        19 => Message::DestroySurfaces { asynchronous: false },
        20 => Message::CreatePrimary { surface: primary(input)?, asynchronous: false },
        21 => Message::DestroyPrimary { asynchronous: false },
        22 => Message::ResetCursor,
        23 => Message::ResetImageCache,
        28 => Message::DestroySurfaces { asynchronous: true },
        29 => Message::CreatePrimary { surface: primary(input)?, asynchronous: true },
        30 => Message::DestroyPrimary { asynchronous: true },
        other => Message::Other(other),
    })
}

fn primary<R: BufRead>(input: &mut Input<R>) -> Result<PrimarySurface, Error> {
    use crate::error::ErrorKind::{Size, TooLarge};

    let [width, height, stride, format] = input.numbers("")?;
    let [position, mouse_mode, flags, kind] = input.numbers("")?;
    let mut surface = PrimarySurface {
        width: input.fit("width", width)?,
        height: input.fit("height", height)?,
        stride: input.fit("stride", stride)?,
        format: input.fit("format", format)?,
        position: input.fit("position", position)?,
        mouse_mode: input.fit("mouse_mode", mouse_mode)?,
        flags: input.fit("flags", flags)?,
        kind: input.fit("type", kind)?,
        pixels: Vec::new(),
    };
    let expected = u64::from(surface.height) * u64::from(surface.stride.unsigned_abs());
    let limit = input.limits.command_bytes;
    let size = usize::try_from(expected).ok().filter(|size| *size <= limit);
    let size = size.ok_or_else(|| input.error(TooLarge { limit }))?;
    let found = input.block("data", &mut surface.pixels)?;
    // A server that could not map the surface records no pixels.
    if found != 0 && found != size {
        return Err(input.error(Size { what: "the primary surface", expected, found: found as u64 }));
    }
    surface.pixels.resize(size, 0);
    Ok(surface)
}
