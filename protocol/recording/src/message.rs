//! The calls of the host that a recording holds: where they stand between the commands, and for a
//! primary surface also what it was.

use std::io::BufRead;

use crate::error::Error;
use crate::input::Input;
use crate::text::Text;

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

/// The calls by their numbers in the original server.
pub mod call {
    /// An area is drawn.
    pub const UPDATE_AREA: u32 = 1;
    /// Commands may have arrived.
    pub const WAKEUP: u32 = 2;
    /// The guest has no memory left.
    pub const OUT_OF_MEMORY: u32 = 3;
    /// The machine runs.
    pub const START: u32 = 8;
    /// The machine stops.
    pub const STOP: u32 = 9;
    /// Who draws the pointer.
    pub const MOUSE_MODE: u32 = 15;
    /// A memory slot is added.
    pub const ADD_SLOT: u32 = 16;
    /// A memory slot is removed.
    pub const REMOVE_SLOT: u32 = 17;
    /// All memory slots are removed.
    pub const RESET_SLOTS: u32 = 18;
    /// All surfaces are destroyed.
    pub const DESTROY_SURFACES: u32 = 19;
    /// The primary surface is created.
    pub const CREATE_PRIMARY: u32 = 20;
    /// The primary surface is destroyed.
    pub const DESTROY_PRIMARY: u32 = 21;
    /// No pointer.
    pub const RESET_CURSOR: u32 = 22;
    /// Images are forgotten.
    pub const RESET_IMAGE_CACHE: u32 = 23;
    /// A surface is destroyed.
    pub const DESTROY_SURFACE: u32 = 24;
    /// Commands of a restored machine.
    pub const LOAD_COMMANDS: u32 = 25;
    /// [`UPDATE_AREA`], asynchronously.
    pub const UPDATE_AREA_ASYNC: u32 = 26;
    /// [`ADD_SLOT`], asynchronously.
    pub const ADD_SLOT_ASYNC: u32 = 27;
    /// [`DESTROY_SURFACES`], asynchronously.
    pub const DESTROY_SURFACES_ASYNC: u32 = 28;
    /// [`CREATE_PRIMARY`], asynchronously.
    pub const CREATE_PRIMARY_ASYNC: u32 = 29;
    /// [`DESTROY_PRIMARY`], asynchronously.
    pub const DESTROY_PRIMARY_ASYNC: u32 = 30;
    /// [`DESTROY_SURFACE`], asynchronously.
    pub const DESTROY_SURFACE_ASYNC: u32 = 31;
    /// All surfaces are drawn.
    pub const FLUSH_SURFACES: u32 = 32;
    /// An arrangement of monitors.
    pub const MONITORS: u32 = 35;
    /// The guest's driver is unloaded.
    pub const DRIVER_UNLOAD: u32 = 36;
    /// The display ends.
    pub const END: u32 = 40;
}

impl Message {
    /// Its number, one of [`call`].
    pub const fn number(&self) -> u32 {
        match self {
            Self::CreatePrimary { asynchronous: false, .. } => call::CREATE_PRIMARY,
            Self::CreatePrimary { asynchronous: true, .. } => call::CREATE_PRIMARY_ASYNC,
            Self::DestroyPrimary { asynchronous: false } => call::DESTROY_PRIMARY,
            Self::DestroyPrimary { asynchronous: true } => call::DESTROY_PRIMARY_ASYNC,
            Self::DestroySurfaces { asynchronous: false } => call::DESTROY_SURFACES,
            Self::DestroySurfaces { asynchronous: true } => call::DESTROY_SURFACES_ASYNC,
            Self::ResetCursor => call::RESET_CURSOR,
            Self::ResetImageCache => call::RESET_IMAGE_CACHE,
            Self::Start => call::START,
            Self::Stop => call::STOP,
            Self::OutOfMemory => call::OUT_OF_MEMORY,
            Self::Wakeup => call::WAKEUP,
            Self::Other(number) => *number,
        }
    }
}

/// Reads what follows the event line of a call.
pub(crate) fn read<R: BufRead>(input: &mut Input<R>, number: u32) -> Result<Message, Error> {
    Ok(match number {
        call::WAKEUP => Message::Wakeup,
        call::OUT_OF_MEMORY => Message::OutOfMemory,
        call::START => Message::Start,
        call::STOP => Message::Stop,
        call::DESTROY_SURFACES => Message::DestroySurfaces { asynchronous: false },
        call::CREATE_PRIMARY => Message::CreatePrimary { surface: primary(input)?, asynchronous: false },
        call::DESTROY_PRIMARY => Message::DestroyPrimary { asynchronous: false },
        call::RESET_CURSOR => Message::ResetCursor,
        call::RESET_IMAGE_CACHE => Message::ResetImageCache,
        call::DESTROY_SURFACES_ASYNC => Message::DestroySurfaces { asynchronous: true },
        call::CREATE_PRIMARY_ASYNC => Message::CreatePrimary { surface: primary(input)?, asynchronous: true },
        call::DESTROY_PRIMARY_ASYNC => Message::DestroyPrimary { asynchronous: true },
        other => Message::Other(other),
    })
}

/// Writes what follows the event line of a primary surface's creation.
pub(crate) fn write(text: &mut Text, surface: &PrimarySurface) {
    let PrimarySurface { width, height, stride, format, position, mouse_mode, flags, kind, pixels } = surface;
    text.line(format_args!("{width} {height} {stride} {format}"));
    text.line(format_args!("{position} {mouse_mode} {flags} {kind}"));
    text.block("data", pixels);
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
