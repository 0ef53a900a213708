//! Replaying a recorded device: `spice-replay.h`.
//!
//! A host reads commands one by one, puts them into its rings, and gives each back when the server releases
//! it: the command's release information holds the pointer that was given out. Calls of the recorded host
//! that stand between commands are made on the way.

use std::collections::HashMap;
use std::ffi::{c_int, c_void};
use std::io::{self, BufReader, Read};
use std::sync::{Mutex, MutexGuard, PoisonError};

use host_server::display::handle::Handle;
use host_server::guest::device::PrimarySurface;
use recording::{Command, EventKind, Memory, Message, Recording};
use tracing::warn;

use super::display::with_state;
use crate::layout::qxl::{QXLCommandExt, QXLInstance};
use crate::pointer::{Held, Instance};
use crate::server::DisplayState;

entries! {
    /// A replay of the recording in a `FILE`, for a device with so many surfaces. The file stays open until
    /// the replay is freed. Null when it is no recording.
    fn spice_replay_new(file: File, nsurfaces: c_int) -> Held<SpiceReplay>, or Held::NULL => {
        if file.0.is_null() {
            return Held::NULL;
        }
        match Recording::open(BufReader::new(file), u32::try_from(nsurfaces).unwrap_or(0)) {
            Ok(recording) => Held::give(SpiceReplay::new(file, recording)),
            Err(error) => {
                warn!("the recording cannot be replayed: {error}");
                Held::NULL
            }
        }
    }

    /// The next command, after the calls that come before it have been made on `instance`. Null at the end.
    fn spice_replay_next_cmd(replay: Held<SpiceReplay>, instance: Instance<QXLInstance>) -> Held<QXLCommandExt>, or Held::NULL => {
        replay.get().map_or(Held::NULL, |replay| replay.next_command(instance))
    }

    /// Frees a command that the server has released.
    fn spice_replay_free_cmd(replay: Held<SpiceReplay>, cmd: Held<QXLCommandExt>), or () => {
        if let Some(replay) = replay.get() {
            replay.free(cmd);
        }
    }

    /// Frees a replay with all of its commands, and closes its file.
    fn spice_replay_free(replay: Held<SpiceReplay>), or () => {
        drop(replay.take());
    }
}

unsafe extern "C" {
    fn fread(to: *mut c_void, size: usize, count: usize, file: *mut c_void) -> usize;
    fn fclose(file: *mut c_void) -> c_int;
}

/// C's `FILE`, which is the replay's from its beginning to its end.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct File(*mut c_void);

// SAFETY: C's library locks a file in each call, and only the replay uses it.
unsafe impl Send for File {}
// SAFETY: as above.
unsafe impl Sync for File {}

impl Read for File {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // SAFETY: an open file by the header's contract, and so many bytes of room.
        Ok(unsafe { fread(buffer.as_mut_ptr().cast(), 1, buffer.len(), self.0) })
    }
}

/// `SpiceReplay` of the C interface. Commands are read on one thread and freed on another.
pub struct SpiceReplay {
    /// Not held while the display is called: it releases commands before it answers.
    recording: Mutex<Recording<BufReader<File>>>,
    file: File,
    commands: Mutex<HashMap<usize, Outstanding>>,
    /// The primary surface's pixels, while there is one.
    primary: Mutex<Option<Memory>>,
}

/// A command that the host has not given back.
struct Outstanding {
    #[allow(dead_code, reason = "held for its address")]
    memory: Memory,
    destroys: Option<u32>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SpiceReplay {
    fn new(file: File, recording: Recording<BufReader<File>>) -> Self {
        Self { recording: Mutex::new(recording), file, commands: Mutex::default(), primary: Mutex::default() }
    }

    fn next_command(&self, instance: Instance<QXLInstance>) -> Held<QXLCommandExt> {
        loop {
            let event = lock(&self.recording).next_event();
            match event {
                Ok(Some(event)) => match event.kind {
                    EventKind::Command(command) => return self.give_out(command),
                    EventKind::Message(message) => {
                        with_state(instance, |state| self.make_call(state, message));
                    }
                },
                Ok(None) => return Held::NULL,
                Err(error) => {
                    warn!("the replay ends here: {error}");
                    return Held::NULL;
                }
            }
        }
    }

    fn give_out(&self, command: Command) -> Held<QXLCommandExt> {
        let Command { kind, layout, destroys } = command;
        let held = Held::give(QXLCommandExt::default());
        let name = held.pointer().expose_provenance();
        let mut memory = layout.into_memory(name as u64);
        let command =
            QXLCommandExt { data: memory.address(), r#type: kind as u32, ..QXLCommandExt::default() };
        // SAFETY: ours until it is returned.
        unsafe { held.pointer().write(command) };
        lock(&self.commands).insert(name, Outstanding { memory, destroys });
        held
    }

    fn free(&self, command: Held<QXLCommandExt>) {
        let outstanding = lock(&self.commands).remove(&command.pointer().addr());
        // One that is not outstanding was freed before, or is none of ours.
        let Some(Outstanding { memory, destroys }) = outstanding else { return };
        drop((memory, command.take()));
        if let Some(surface) = destroys {
            lock(&self.recording).release(surface);
        }
    }

    /// The calls that the original replays: it leaves asynchronous destructions out, and destroys what is
    /// left of them before the next creation.
    fn make_call(&self, state: &DisplayState, message: Message) {
        let display = state.display.handle();
        match message {
            Message::CreatePrimary { surface, asynchronous: _ } => self.create_primary(state, &surface),
            Message::DestroyPrimary { asynchronous: false } => self.destroy_primary(display),
            Message::DestroySurfaces { asynchronous: false } => {
                display.destroy_surfaces();
                drop(lock(&self.primary).take());
            }
            Message::DestroyPrimary { .. }
            | Message::DestroySurfaces { .. }
            | Message::ResetCursor
            | Message::ResetImageCache
            | Message::Start
            | Message::Stop
            | Message::OutOfMemory
            | Message::Wakeup
            | Message::Other(_) => {}
        }
    }

    fn destroy_primary(&self, display: &Handle) {
        if lock(&self.primary).is_some() {
            display.destroy_primary();
        }
        drop(lock(&self.primary).take());
    }

    fn create_primary(&self, state: &DisplayState, surface: &recording::PrimarySurface) {
        self.destroy_primary(state.display.handle());
        let recording::PrimarySurface {
            width,
            height,
            stride,
            format,
            position: _,
            mouse_mode,
            flags,
            kind: _,
            pixels,
        } = surface;
        let mut memory = Memory::zeroed(pixels.len());
        memory.bytes_mut().copy_from_slice(pixels);
        let address = memory.address();
        let surface = PrimarySurface {
            width: *width,
            height: *height,
            stride: *stride,
            format: *format,
            flags: *flags,
            address,
            group: 0,
            hardware_cursor: *mouse_mode != 0,
        };
        *lock(&self.primary) = Some(memory);
        state.display.handle().create_primary(surface);
    }
}

impl Drop for SpiceReplay {
    fn drop(&mut self) {
        for (name, _) in lock(&self.commands).drain() {
            let command = std::ptr::with_exposed_provenance_mut::<QXLCommandExt>(name);
            drop(Held::from_exposed(command).take());
        }
        // SAFETY: open since the replay began, and not used after this.
        unsafe { fclose(self.file.0) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    unsafe extern "C" {
        fn tmpfile() -> *mut c_void;
        fn fwrite(from: *const c_void, size: usize, count: usize, file: *mut c_void) -> usize;
        fn rewind(file: *mut c_void);
    }

    fn file(content: &[u8]) -> File {
        // SAFETY: no arguments.
        let file = unsafe { tmpfile() };
        assert!(!file.is_null());
        // SAFETY: an open file and so many bytes.
        assert_eq!(unsafe { fwrite(content.as_ptr().cast(), 1, content.len(), file) }, content.len());
        // SAFETY: an open file.
        unsafe { rewind(file) };
        File(file)
    }

    #[test]
    fn a_file_that_is_no_recording_gives_no_replay() {
        let file = file(b"something else\n");
        // SAFETY: an open file.
        assert!(unsafe { spice_replay_new(file, 16) }.get().is_none());
        // SAFETY: still ours, as there is no replay.
        unsafe { fclose(file.0) };
    }

    #[test]
    fn an_empty_recording_ends_at_once() {
        // SAFETY: an open file.
        let replay = unsafe { spice_replay_new(file(b"SPICE_REPLAY 1\n"), 16) };
        assert!(replay.get().is_some());
        let nobody = Instance::null();
        // SAFETY: a replay and no instance.
        assert!(unsafe { spice_replay_next_cmd(replay, nobody) }.get().is_none());
        // SAFETY: a command that is none.
        unsafe { spice_replay_free_cmd(replay, Held::NULL) };
        // SAFETY: not used after this.
        unsafe { spice_replay_free(replay) };
    }
}
