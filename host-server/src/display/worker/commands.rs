//! Commands of the device's rings.

use std::panic::{AssertUnwindSafe, catch_unwind};

use image::geometry::Size;
use qxl::command::CommandKind;
use qxl::memslot::PhysAddr;
use wire::drawable::SurfaceId;

use super::{BATCH, Worker};
use crate::display::backing::Backing;
use crate::display::engine::NewSurface;
use crate::display::lookahead::{Lookahead, Submitted};
use crate::fault::GuestFault;
use crate::guest::command::{Command, Draw, ImageAddress, SurfaceShape};
use crate::guest::device::{CommandExt, Release};
use crate::guest::fetch::{self, Described};
use crate::guest::parse;

/// What becomes of a command's memory when the command has been performed.
enum Disposal {
    /// It goes back to the guest.
    Release,
    /// It waits with its drawing.
    Wait,
    /// It stays as long as the surface that the command created.
    KeepWith(SurfaceId),
}

impl Worker {
    /// Reads a command of the cursor's ring and gives its memory back.
    fn cursor_command(&mut self, ext: CommandExt) {
        let release = self.release_of(ext);
        self.guarded(|worker| {
            let command = parse::cursor_command(&worker.memory, ext)?;
            worker.pointer.apply(command, worker.client_mouse);
            Ok(Disposal::Release)
        });
        if let Some(release) = release {
            self.device.release(release);
        }
    }

    /// Reads and performs a batch of commands of both rings, the cursor's first; returns how many.
    pub(super) fn read_batch(&mut self) -> usize {
        let mut lookahead = Lookahead::default();
        let mut count = 0;
        while count < BATCH {
            if let Some(ext) = self.device.next_cursor_command() {
                self.cursor_command(ext);
            } else if let Some(ext) = self.device.next_command() {
                self.display_command(ext, false, &mut lookahead);
            } else {
                break;
            }
            count += 1;
        }
        self.perform_draws(&mut lookahead);
        count
    }

    /// Performs commands that were in flight when the machine's state was saved.
    pub(super) fn restore(&mut self, commands: Vec<CommandExt>) {
        let mut lookahead = Lookahead::default();
        for ext in commands {
            if ext.kind == CommandKind::Cursor.code() {
                self.cursor_command(ext);
            } else {
                self.display_command(ext, true, &mut lookahead);
            }
        }
        self.perform_draws(&mut lookahead);
    }

    /// Reads a command of the display's ring. Drawings wait in `lookahead`; everything else is performed after
    /// them, and its memory goes back to the guest, now or when its surface goes. Pixels of surfaces
    /// `restored` from a saved machine are in its memory.
    fn display_command(&mut self, ext: CommandExt, restored: bool, lookahead: &mut Lookahead) {
        let release = self.release_of(ext);
        let disposal = self.guarded(|worker| match parse::command(&worker.memory, ext)? {
            Command::Draw(draw) => {
                let draw = worker.describe(draw, ext.group)?;
                lookahead.push(draw, release);
                Ok(Disposal::Wait)
            }
            other => {
                worker.perform_draws(lookahead);
                worker.perform(other, ext.group, restored)
            }
        });
        match (release, disposal) {
            (Some(release), Disposal::KeepWith(surface)) => {
                self.surface_releases.insert(surface, release);
            }
            (Some(release), Disposal::Release) => {
                // Memory goes back in the order of the commands.
                self.perform_draws(lookahead);
                self.device.release(release);
            }
            (None, _) | (_, Disposal::Wait) => {}
        }
    }

    /// Performs the drawings that will be seen and gives the memory of all of them back.
    fn perform_draws(&mut self, lookahead: &mut Lookahead) {
        for Submitted { draw, release, hidden } in lookahead.take() {
            if !hidden {
                self.guarded(|worker| {
                    let Draw { drawable, self_bitmap, colors_are_16_bit } = draw;
                    let drawable = drawable.try_map(|image| image.copy(&worker.buffers))?;
                    worker.engine.draw(Draw { drawable, self_bitmap, colors_are_16_bit })?;
                    Ok(Disposal::Release)
                });
            }
            if let Some(release) = release {
                self.device.release(release);
            }
        }
    }

    /// Runs one step of a command; a fault or a panic ends the step, and no more.
    fn guarded(&mut self, step: impl FnOnce(&mut Self) -> Result<Disposal, GuestFault>) -> Disposal {
        match catch_unwind(AssertUnwindSafe(|| step(self))) {
            Ok(Ok(disposal)) => return disposal,
            Ok(Err(fault)) => self.faults.guest(&fault),
            Err(_) => self.faults.panicked("a command"),
        }
        Disposal::Release
    }

    fn release_of(&mut self, ext: CommandExt) -> Option<Release> {
        match self.memory.group(ext.group).host_address(PhysAddr::new(ext.address)) {
            Ok(host_address) => Some(Release { host_address, group: ext.group }),
            Err(fault) => {
                self.faults.guest(&fault);
                None
            }
        }
    }

    /// Performs a command that is not a drawing.
    fn perform(&mut self, command: Command, group: u32, restored: bool) -> Result<Disposal, GuestFault> {
        match command {
            Command::Draw(_) => {}
            Command::Update { surface, area, id } => {
                let outcome = self.engine.update_area(surface, &area, false, 0);
                self.device.notify_update(id);
                outcome?;
            }
            Command::Message(text) => tracing::info!(text, "message of the guest"),
            Command::CreateSurface { surface, shape } => {
                self.create_surface(surface, &shape, group, restored)?;
                return Ok(Disposal::KeepWith(surface));
            }
            Command::DestroySurface(surface) => self.destroy_surface(surface)?,
        }
        Ok(Disposal::Release)
    }

    /// Finds the images of a drawing, and checks what can be checked before their pixels are copied.
    fn describe(&self, draw: Draw<ImageAddress>, group: u32) -> Result<Draw<Described>, GuestFault> {
        let Draw { drawable, self_bitmap, colors_are_16_bit } = draw;
        self.engine.check_target(&drawable)?;
        let memory = self.memory.group(group);
        let drawable = drawable.try_map(|at| fetch::describe(memory, at, colors_are_16_bit))?;
        Ok(Draw { drawable, self_bitmap, colors_are_16_bit })
    }

    fn create_surface(
        &mut self,
        surface: SurfaceId,
        shape: &SurfaceShape,
        group: u32,
        keep: bool,
    ) -> Result<(), GuestFault> {
        if surface == SurfaceId::PRIMARY {
            return Err(GuestFault::new("surface command for the primary surface"));
        }
        let new = self.new_surface(shape, group, keep)?;
        self.engine.create_surface(surface, new)
    }

    pub(super) fn new_surface(
        &self,
        shape: &SurfaceShape,
        group: u32,
        keep: bool,
    ) -> Result<NewSurface, GuestFault> {
        let (region, offset) = self.memory.group(group).resolve(shape.data, shape.bytes.into())?;
        Ok(NewSurface {
            format: shape.format,
            size: Size::new(shape.width, shape.height),
            backing: Backing {
                region: region.clone(),
                offset,
                stride: shape.stride.unsigned_abs(),
                bottom_up: shape.stride < 0,
            },
            keep_data: shape.keep_data || keep,
        })
    }

    pub(super) fn destroy_surface(&mut self, surface: SurfaceId) -> Result<(), GuestFault> {
        let existed = self.engine.destroy_surface(surface);
        if let Some(release) = self.surface_releases.remove(&surface) {
            self.device.release(release);
        }
        if existed {
            Ok(())
        } else {
            Err(GuestFault::new(format_args!("surface {} does not exist", surface.0)))
        }
    }
}
