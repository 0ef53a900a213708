//! The commands that a guest puts into its rings.

use std::io::BufRead;

use crate::arena::{Arena, Fields, Layout, Place};
use crate::drawable;
use crate::error::{Error, ErrorKind};
use crate::input::Input;
use crate::picture::Parts;
use crate::surfaces::Surfaces;

const UPDATE_SIZE: usize = 32;
const MESSAGE_HEAD_SIZE: usize = 8;
const SURFACE_SIZE: usize = 41;
const CURSOR_COMMAND_SIZE: usize = 150;
/// What stands in front of a cursor's first chunk: its header and the size of its shape.
const CURSOR_HEAD_SIZE: usize = 22;
/// `QXL_SURF_FLAG_KEEP_DATA`.
const KEEP_DATA: u32 = 1;

/// One command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// What it asks for.
    pub kind: CommandKind,
    /// Its structures.
    pub layout: Layout,
    /// The surface that it destroys; its id is given out again after [`crate::Recording::release`].
    pub destroys: Option<u32>,
}

/// `QXL_CMD_*`: the type of a command in its ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum CommandKind {
    /// Draws on a surface.
    Draw = 1,
    /// Asks for an area to be rendered.
    Update = 2,
    /// Changes or moves the pointer; the only kind of the cursor ring.
    Cursor = 3,
    /// A line for the host's log.
    Message = 4,
    /// Creates or destroys a surface.
    Surface = 5,
}

impl CommandKind {
    /// The kind that a ring has as this number.
    pub const fn of(code: u32) -> Option<Self> {
        Some(match code {
            1 => Self::Draw,
            2 => Self::Update,
            3 => Self::Cursor,
            4 => Self::Message,
            5 => Self::Surface,
            _ => return None,
        })
    }
}

/// Reads the command that follows its event line.
pub(crate) fn read<R: BufRead>(
    input: &mut Input<R>,
    surfaces: &mut Surfaces,
    kind: i128,
) -> Result<Command, Error> {
    let mut arena = Arena::default();
    let mut parts = Parts { input, arena: &mut arena, surfaces };
    let mut destroys = None;
    let kind = match kind {
        1 => {
            let place = parts.reserve(drawable::SIZE)?;
            parts.drawable(place)?;
            CommandKind::Draw
        }
        2 => {
            let place = parts.reserve(UPDATE_SIZE)?;
            parts.update(place)?;
            CommandKind::Update
        }
        3 => {
            let place = parts.reserve(CURSOR_COMMAND_SIZE)?;
            parts.cursor_command(place)?;
            CommandKind::Cursor
        }
        4 => {
            parts.message()?;
            CommandKind::Message
        }
        5 => {
            let place = parts.reserve(SURFACE_SIZE)?;
            destroys = parts.surface(place)?;
            CommandKind::Surface
        }
        other => {
            let other = i64::try_from(other).unwrap_or(i64::MAX);
            return Err(parts.input.error(ErrorKind::Command(other)));
        }
    };
    Ok(Command { kind, layout: arena.finish(), destroys })
}

impl<R: BufRead> Parts<'_, R> {
    fn update(&mut self, place: Place) -> Result<(), Error> {
        self.input.marker("update")?;
        let mut fields = Fields::default();
        fields.u64(0);
        self.rect("rect area", &mut fields)?;
        self.u32("update_id", &mut fields)?;
        let recorded = self.input.field("surface_id")?;
        fields.u32(self.surfaces.find(recorded).map_err(|kind| self.input.error(kind))?);
        self.arena.fill(place, fields);
        Ok(())
    }

    /// The text of a message ends with a byte of 0, which is not recorded.
    fn message(&mut self) -> Result<(), Error> {
        self.reserve(MESSAGE_HEAD_SIZE)?;
        self.input.block("message", &mut self.arena.bytes)?;
        self.arena.bytes.push(0);
        Ok(())
    }

    fn surface(&mut self, place: Place) -> Result<Option<u32>, Error> {
        self.input.marker("surface_cmd")?;
        let recorded = self.input.field("surface_id")?;
        let kind = self.input.field("type")?;
        let flags = self.input.field("flags")?;
        let mut fields = Fields::default();
        fields.u64(0);
        let destroyed = match kind {
            0u8 => {
                let mut description = Fields::default();
                self.new_surface(flags, &mut description)?;
                let id = self.surfaces.create(recorded).map_err(|kind| self.input.error(kind))?;
                fields.u32(id).u8(kind).u32(flags).append(description);
                None
            }
            1 => {
                let id = self.surfaces.destroy(recorded).map_err(|kind| self.input.error(kind))?;
                fields.u32(id).u8(kind).u32(flags);
                Some(id)
            }
            other => {
                return Err(self.input.error(ErrorKind::Range { field: "type", value: other.into() }));
            }
        };
        self.arena.fill(place, fields);
        Ok(destroyed)
    }

    fn new_surface(&mut self, flags: u32, fields: &mut Fields) -> Result<(), Error> {
        self.u32("u.surface_create.format", fields)?;
        self.u32("u.surface_create.width", fields)?;
        let height: u32 = self.input.field("u.surface_create.height")?;
        let stride: i32 = self.input.field("u.surface_create.stride")?;
        fields.u32(height).i32s(&[stride]);
        let size = u64::from(height) * u64::from(stride.unsigned_abs());
        let pixels = if flags & KEEP_DATA != 0 {
            let pixels = self.flat("data")?;
            self.expect_size("the surface", size, pixels.bytes)?;
            pixels.place
        } else {
            self.reserve(usize::try_from(size).unwrap_or(usize::MAX))?
        };
        fields.address(Some(pixels));
        Ok(())
    }

    fn cursor_command(&mut self, place: Place) -> Result<(), Error> {
        self.input.marker("cursor_cmd")?;
        let kind = self.input.field("type")?;
        let mut fields = Fields::default();
        fields.u64(0).u8(kind);
        match kind {
            0 => {
                self.position(&mut fields)?;
                self.u8("u.set.visible", &mut fields)?;
                let shape = self.cursor()?;
                fields.address(Some(shape));
            }
            1 => self.position(&mut fields)?,
            2 => {}
            3 => {
                self.u16("u.trail.length", &mut fields)?;
                self.u16("u.trail.frequency", &mut fields)?;
            }
            other => {
                return Err(self.input.error(ErrorKind::Range { field: "type", value: other.into() }));
            }
        }
        self.arena.fill(place, fields);
        Ok(())
    }

    fn position(&mut self, fields: &mut Fields) -> Result<(), Error> {
        let [x, y] = self.input.numbers("point16")?;
        fields.u16(self.input.fit("x", x)?).u16(self.input.fit("y", y)?);
        Ok(())
    }

    fn cursor(&mut self) -> Result<Place, Error> {
        let mut head = Fields::default();
        head.u64(self.input.field("header.unique")?);
        for key in ["header.type", "header.width", "header.height", "header.hot_spot_x", "header.hot_spot_y"]
        {
            self.u16(key, &mut head)?;
        }
        // The guest's own number; what the chunks hold is what counts.
        let _: u32 = self.input.field("data_size")?;
        let chain = self.chain("cursor", CURSOR_HEAD_SIZE)?;
        head.u32(self.input.fit("data_size", i128::from(chain.bytes))?);
        self.arena.fill(chain.place, head);
        Ok(chain.place)
    }
}
