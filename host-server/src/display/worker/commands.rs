//! Commands of the device's rings.

use std::panic::{AssertUnwindSafe, catch_unwind};

use image::geometry::Size;
use qxl::command::CommandKind;
use qxl::memslot::PhysAddr;
use wire::drawable::SurfaceId;

use super::{BATCH, Worker};
use crate::display::backing::Backing;
use crate::display::engine::NewSurface;
use crate::display::lookahead::{Step, Submitted};
use crate::fault::GuestFault;
use crate::guest::command::{Command, Draw, ImageAddress, SurfaceShape};
use crate::guest::device::{CommandExt, Release};
use crate::guest::fetch::{self, Described};
use crate::guest::parse;

/// What becomes of a command's memory when the command has been performed.
enum Disposal {
    /// It goes back to the guest.
    Release,
    /// It stays as long as the surface that the command created.
    KeepWith(SurfaceId),
}

impl Worker {
    /// Reads a command of the cursor's ring and gives its memory back.
    fn cursor_command(&mut self, ext: CommandExt) {
        let release = self.release_of(ext);
        self.guarded(|worker| {
            let command = parse::cursor_command(&worker.memory, ext)?;
            worker.record_command(ext);
            worker.pointer.apply(command, worker.client_mouse);
            Ok(())
        });
        if let Some(release) = release {
            self.device.release(release);
        }
    }

    /// Reads a batch of commands of both rings, the cursor's first; returns how many. Those of the display wait
    /// to be performed.
    pub(super) fn read_batch(&mut self) -> usize {
        let mut count = 0;
        while count < BATCH {
            if let Some(ext) = self.device.next_cursor_command() {
                self.cursor_command(ext);
            } else if let Some(ext) = self.device.next_command() {
                self.display_command(ext, false);
            } else {
                break;
            }
            count += 1;
        }
        self.drop_covered(None);
        count
    }

    /// Performs commands that were in flight when the machine's state was saved.
    pub(super) fn restore(&mut self, commands: Vec<CommandExt>) {
        for ext in commands {
            if ext.kind == CommandKind::Cursor.code() {
                self.cursor_command(ext);
            } else {
                self.display_command(ext, true);
            }
        }
        self.perform_all();
    }

    /// Reads a command of the display's ring. Pixels of surfaces `restored` from a saved machine are in its
    /// memory.
    fn display_command(&mut self, ext: CommandExt, restored: bool) {
        let release = self.release_of(ext);
        let group = ext.group;
        let step = self.guarded(|worker| {
            let command = parse::command(&worker.memory, ext)?;
            worker.record_command(ext);
            Ok(match command {
                Command::Draw(draw) => Step::Draw(worker.describe(draw, group)?),
                command => Step::Other { command, group, restored },
            })
        });
        // Checks of a drawing depend on surfaces, and those on what comes before.
        let changes_surfaces = matches!(step, Some(Step::Other { .. }));
        self.lookahead.push(step.unwrap_or(Step::Nothing), release);
        if changes_surfaces {
            self.drop_covered(None);
            self.perform_all();
        }
    }

    /// Gives the memory of drawings back that will not be seen. `ends` is a surface that ends after them.
    pub(super) fn drop_covered(&mut self, ends: Option<SurfaceId>) {
        for release in self.lookahead.drop_covered(ends) {
            self.device.release(release);
        }
    }

    /// Performs every command that has been read.
    pub(super) fn perform_all(&mut self) {
        while let Some(submitted) = self.lookahead.pop() {
            self.perform(submitted);
        }
    }

    /// Performs commands that have been read until a client's pipe is full.
    pub(super) fn perform_some(&mut self) {
        while !self.engine.is_full()
            && let Some(submitted) = self.lookahead.pop()
        {
            self.perform(submitted);
        }
    }

    /// Performs a command and gives its memory back, now or when its surface goes.
    fn perform(&mut self, submitted: Submitted) {
        let Submitted { step, release } = submitted;
        let disposal = match step {
            Step::Draw(draw) => self.guarded(|worker| worker.draw(draw)),
            Step::Other { command, group, restored } => {
                self.guarded(|worker| worker.perform_other(command, group, restored))
            }
            Step::Nothing => None,
        };
        match (release, disposal) {
            (Some(release), Some(Disposal::KeepWith(surface))) => {
                self.surface_releases.insert(surface, release);
            }
            (Some(release), Some(Disposal::Release) | None) => self.device.release(release),
            (None, _) => {}
        }
    }

    fn draw(&mut self, draw: Draw<Described>) -> Result<Disposal, GuestFault> {
        let now = self.now();
        self.engine.submit(draw, &self.buffers, now)?;
        Ok(Disposal::Release)
    }

    /// Runs one step of a command; a fault or a panic ends the step, and no more.
    fn guarded<T>(&mut self, step: impl FnOnce(&mut Self) -> Result<T, GuestFault>) -> Option<T> {
        match catch_unwind(AssertUnwindSafe(|| step(self))) {
            Ok(Ok(outcome)) => return Some(outcome),
            Ok(Err(fault)) => self.faults.guest(&fault),
            Err(_) => self.faults.panicked("a command"),
        }
        None
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
    fn perform_other(
        &mut self,
        command: Command,
        group: u32,
        restored: bool,
    ) -> Result<Disposal, GuestFault> {
        match command {
            Command::Draw(_) => {}
            Command::Update { surface, area, id } => {
                let outcome = self.engine.update_area(surface, &area, false, 0);
                self.device.notify_update(id);
                outcome?;
            }
            Command::Message(text) => self.faults.message(&text),
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
