//! Commands that draw nothing.

use std::mem::offset_of;

use qxl::command::{CompatUpdateCommand, MAX_MESSAGE_BYTES, Message, UpdateCommand};
use qxl::cursor::{Cursor, CursorAction, CursorCommand, CursorHeader, CursorSet, CursorTrail};
use qxl::memslot::PhysAddr;
use qxl::surface::{KEEP_DATA, SurfaceCommand, SurfaceCommandKind, SurfaceShape};

use super::{DeviceMemory, Dump, Omission};
use crate::command::CommandKind;
use crate::entry::RingCommand;
use crate::text::Text;

impl<M: DeviceMemory> Dump<'_, M> {
    pub(crate) fn command(mut self, command: RingCommand) -> Result<Text, Omission> {
        let RingCommand { kind, address, first_revision } = command;
        let address = PhysAddr::new(address);
        match kind {
            CommandKind::Draw => self.drawable(address, first_revision),
            CommandKind::Update => self.update(address, first_revision),
            CommandKind::Cursor => self.cursor_command(address),
            CommandKind::Message => self.message(address),
            CommandKind::Surface => self.surface(address),
        }?;
        Ok(self.text)
    }

    fn update(&mut self, address: PhysAddr, first_revision: bool) -> Result<(), Omission> {
        let (area, id, surface) = if first_revision {
            let CompatUpdateCommand { release: _, area, update_id } = self.read(address)?;
            (area, update_id.get(), 0)
        } else {
            let UpdateCommand { release: _, area, update_id, surface_id } = self.read(address)?;
            (area, update_id.get(), surface_id.get())
        };
        self.text.line("update");
        self.text.rect("area", area);
        self.text.u32("update_id", id);
        self.text.u32("surface_id", surface);
        Ok(())
    }

    /// The text up to its 0, or as much of it as is ever read.
    fn message(&mut self, address: PhysAddr) -> Result<(), Omission> {
        let lead = size_of::<Message>();
        let available = self.memory.bytes_after(address.bits()).saturating_sub(lead as u64);
        let length = usize::try_from(available.min(MAX_MESSAGE_BYTES)).unwrap_or(0);
        let bytes = self.bytes(address, lead, length)?;
        self.text.block("message", bytes.split(|byte| *byte == 0).next().unwrap_or_default());
        Ok(())
    }

    fn surface(&mut self, address: PhysAddr) -> Result<(), Omission> {
        let SurfaceCommand { release: _, surface_id, kind, flags, shape } = self.read(address)?;
        self.text.line("surface_cmd");
        self.text.u32("surface_id", surface_id.get());
        self.text.field("type", kind);
        self.text.u32("flags", flags.get());
        match SurfaceCommandKind::try_from(kind) {
            Ok(SurfaceCommandKind::Create) => self.shape(shape, flags.get() & KEEP_DATA != 0),
            Ok(SurfaceCommandKind::Destroy) => Ok(()),
            Err(_) => Err(Omission::Unknown { field: "surface command", value: kind.into() }),
        }
    }

    fn shape(&mut self, shape: SurfaceShape, keeps_data: bool) -> Result<(), Omission> {
        let SurfaceShape { format, width, height, stride, data } = shape;
        self.text.u32("u.surface_create.format", format.get());
        self.text.u32("u.surface_create.width", width.get());
        self.text.u32("u.surface_create.height", height.get());
        self.text.field("u.surface_create.stride", stride);
        // Who reads it back has to have the memory, pixels or not.
        let size = u64::from(height.get()) * u64::from(stride.get().unsigned_abs());
        let size = usize::try_from(size).ok().filter(|size| *size <= self.bytes_left);
        let size = size.ok_or(Omission::TooLarge)?;
        if keeps_data {
            self.flat("data", data, size)?;
        }
        Ok(())
    }

    fn cursor_command(&mut self, address: PhysAddr) -> Result<(), Omission> {
        let command: CursorCommand = self.read(address)?;
        let unknown = Omission::Unknown { field: "cursor command", value: command.kind.into() };
        self.text.line("cursor_cmd");
        self.text.field("type", command.kind);
        match command.action().ok_or(unknown)? {
            CursorAction::Set(CursorSet { position, visible, shape }) => {
                self.text.point16("point16", position);
                self.text.field("u.set.visible", visible);
                self.cursor(shape)
            }
            CursorAction::Move(position) => {
                self.text.point16("point16", position);
                Ok(())
            }
            CursorAction::Hide => Ok(()),
            CursorAction::Trail(CursorTrail { length, frequency }) => {
                self.text.field("u.trail.length", length);
                self.text.field("u.trail.frequency", frequency);
                Ok(())
            }
        }
    }

    fn cursor(&mut self, address: PhysAddr) -> Result<(), Omission> {
        let Cursor { header, data_size, chunk: _ } = self.read(address)?;
        let CursorHeader { unique, kind, width, height, hot_spot_x, hot_spot_y } = header;
        self.text.field("header.unique", unique);
        self.text.field("header.type", kind);
        self.text.field("header.width", width);
        self.text.field("header.height", height);
        self.text.field("header.hot_spot_x", hot_spot_x);
        self.text.field("header.hot_spot_y", hot_spot_y);
        self.text.u32("data_size", data_size.get());
        self.chain("cursor", address, offset_of!(Cursor, chunk), None)
    }
}
