//! What the model does with the elements of the two rings.

use super::Device;
use super::canvas::Canvas;
use super::drawing::drawing;
use super::guest::{Reader, Slots, after, place, release_place};
use super::pointer::gesture;
use super::releases::Held;
use super::violation::Violation;
use crate::command::{Command, CommandKind, MAX_MESSAGE_BYTES, Message, UpdateCommand};
use crate::memslot::PhysAddr;
use crate::ram::interrupt;
use crate::rom::Rom;
use crate::surface::{KEEP_DATA, SurfaceCommand, SurfaceCommandKind, checked_shape};

impl Device {
    /// Takes everything from both rings, and asks to be woken by what comes next: or, like a server that
    /// stays awake for some time, does not, and finds it in its next [`Device::poll`].
    pub(super) fn be_woken(&mut self) {
        if self.random.below(2) == 0 {
            self.drain_cursor_ring();
            self.drain_command_ring();
        } else {
            self.take_commands();
        }
    }

    /// Takes everything from both rings, and asks to be woken by what comes next.
    pub(super) fn take_commands(&mut self) {
        loop {
            self.drain_cursor_ring();
            self.drain_command_ring();
            // Whatever came while the wish was being written is taken at once.
            let cursor = self.rings.cursor.must_wait();
            let commands = self.rings.commands.must_wait();
            match (cursor, commands) {
                (Ok(true), Ok(true)) => return,
                (Err(fault), _) | (_, Err(fault)) => {
                    self.violations.push(fault.into());
                    return;
                }
                _ => {}
            }
        }
    }

    fn drain_command_ring(&mut self) {
        loop {
            let popped = self.rings.commands.pop().map_err(Violation::from);
            let Some(Some((command, wake))) = self.report(popped) else { return };
            self.wake(wake, interrupt::DISPLAY);
            let result = self.carry_out(&command, false);
            self.report(result);
        }
    }

    fn drain_cursor_ring(&mut self) {
        loop {
            let popped = self.rings.cursor.pop().map_err(Violation::from);
            let Some(Some((command, wake))) = self.report(popped) else { return };
            self.wake(wake, interrupt::CURSOR);
            let result = self.carry_out(&command, true);
            self.report(result);
        }
    }

    /// Checks a command, does it, and releases it unless it is still needed. A wrong one is released too,
    /// when its id can be told.
    fn carry_out(&mut self, command: &Command, from_cursor_ring: bool) -> Result<(), Violation> {
        let kind = CommandKind::try_from(command.kind.get())
            .ok()
            .filter(|kind| *kind != CommandKind::Nop && (*kind == CommandKind::Cursor) == from_cursor_ring);
        let kind = kind.ok_or(Violation::CommandKind(command.kind.get()))?;
        let held = self.hold(command.data)?;
        match kind {
            CommandKind::Draw => self.draw(held),
            CommandKind::Update => self.update(held),
            CommandKind::Message => self.message(held),
            CommandKind::Surface => self.surface(held),
            CommandKind::Cursor => self.cursor(held),
            CommandKind::Nop => Ok(()),
        }
    }

    /// Takes possession of the command at `address`.
    fn hold(&mut self, address: PhysAddr) -> Result<Held, Violation> {
        let (place, id) = release_place(&self.slots, address)?;
        if id == 0 {
            return Err(Violation::ReleaseId);
        }
        if !self.owned.insert(address.bits()) {
            return Err(Violation::PushedTwice(address));
        }
        Ok(Held { address, id, place, footprint: Default::default() })
    }

    /// Reads the command with `read`, remembering its bytes. When that fails the command is released.
    fn read<T>(
        &mut self,
        mut held: Held,
        read: impl FnOnce(&mut Reader<'_>, PhysAddr) -> Result<T, Violation>,
    ) -> Result<(T, Held), Violation> {
        let mut reader = Reader::new(&self.slots);
        match read(&mut reader, held.address) {
            Ok(value) => {
                held.footprint = reader.into_footprint();
                Ok((value, held))
            }
            Err(violation) => {
                self.done([held]);
                Err(violation)
            }
        }
    }

    fn draw(&mut self, held: Held) -> Result<(), Violation> {
        let (drawing, held) = self.read(held, drawing)?;
        if let Err(violation) = self.display.check(&drawing) {
            self.done([held]);
            return Err(violation);
        }
        let done = self.display.draw(drawing, held);
        self.done(done);
        Ok(())
    }

    fn update(&mut self, held: Held) -> Result<(), Violation> {
        let (update, held) = self.read(held, |reader, at| reader.structure::<UpdateCommand>(at))?;
        let rendered = self.display.render_all();
        self.done(rendered);
        self.done([held]);
        let surface = update.surface_id.get();
        self.display.canvas(surface).ok_or(Violation::UnknownSurface(surface))?;
        // The ROM is larger than its structure.
        let _ = self.rom.put(core::mem::offset_of!(Rom, update_id), &update.update_id);
        Ok(())
    }

    fn message(&mut self, held: Held) -> Result<(), Violation> {
        let (text, held) = self.read(held, |reader, at| {
            let text = after::<Message>(at);
            let len = reader.bytes_after(text)?.min(MAX_MESSAGE_BYTES);
            // Only the text itself is the command's, not what lies behind it.
            let mark = reader.mark();
            let bytes = reader.bytes(text, len)?;
            reader.forget_since(mark);
            Ok(bytes)
        })?;
        self.done([held]);
        if text.contains(&0) { Ok(()) } else { Err(Violation::Message) }
    }

    fn cursor(&mut self, held: Held) -> Result<(), Violation> {
        let (gesture, held) = self.read(held, gesture)?;
        let done = self.pointer.act(&gesture, held);
        self.done(done);
        Ok(())
    }

    fn surface(&mut self, held: Held) -> Result<(), Violation> {
        let (command, held) = self.read(held, |reader, at| reader.structure::<SurfaceCommand>(at))?;
        let number = command.surface_id.get();
        let result = match SurfaceCommandKind::try_from(command.kind) {
            Err(_) => Err(Violation::SurfaceCommandKind(command.kind)),
            Ok(_) if number >= self.config.surfaces => Err(Violation::UnknownSurface(number)),
            Ok(SurfaceCommandKind::Create) => match self.new_canvas(number, &command) {
                Ok(canvas) => {
                    self.display.create(number, canvas, Some(held));
                    return Ok(());
                }
                Err(violation) => Err(violation),
            },
            Ok(SurfaceCommandKind::Destroy) if self.display.canvas(number).is_none() => {
                Err(Violation::UnknownSurface(number))
            }
            Ok(SurfaceCommandKind::Destroy) => {
                let done = self.display.destroy(number);
                self.done(done);
                Ok(())
            }
        };
        self.done([held]);
        result
    }

    fn new_canvas(&self, number: u32, command: &SurfaceCommand) -> Result<Canvas, Violation> {
        if self.display.canvas(number).is_some() {
            return Err(Violation::SurfaceExists(number));
        }
        let shape = &command.shape;
        let fields = (shape.format.get(), shape.width.get(), shape.height.get(), shape.stride.get());
        canvas(&self.slots, fields, shape.data, command.flags.get())
    }
}

/// The surface of that format, width, height and stride at `address`.
pub(super) fn canvas(
    slots: &Slots,
    (format, width, height, stride): (u32, u32, u32, i32),
    address: PhysAddr,
    flags: u32,
) -> Result<Canvas, Violation> {
    let (format, bytes) = checked_shape(format, width, height, stride)?;
    let memory = place(slots, address, u64::from(bytes))?;
    Ok(Canvas::new((format, width, height, stride), memory, flags & KEEP_DATA != 0))
}
