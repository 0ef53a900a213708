//! What a display tells the recorder, if there is one: each command that it takes, and each call when it has
//! been made, behind the commands that the call waited for.

use recording::{Entry, Message, call};

use super::Worker;
use crate::display::handle::{Call, Completion};
use crate::guest::device::CommandExt;
use crate::guest::record;
use crate::recorder::Recorder;

impl Worker {
    /// The recorder, while it works.
    fn recorder(&self) -> Option<&Recorder> {
        self.recorder.as_deref().filter(|recorder| recorder.is_going())
    }

    pub(super) fn record_command(&self, ext: CommandExt) {
        let Some(recorder) = self.recorder() else { return };
        match record::command(&self.memory, ext) {
            Ok(entry) => recorder.record(&entry),
            Err(omission) => tracing::debug!(%omission, "a command is not recorded"),
        }
    }

    pub(super) fn record_message(&self, message: &Message) {
        if let Some(recorder) = self.recorder() {
            recorder.record(&Entry::message(message));
        }
    }

    pub(super) fn record_entry(&self, entry: Option<Entry>) {
        if let (Some(recorder), Some(entry)) = (self.recorder(), entry) {
            recorder.record(&entry);
        }
    }

    /// What is recorded of a call that is about to be made: a primary surface's pixels are those from before.
    pub(super) fn entry_of(&self, call: &Call, completion: &Completion) -> Option<Entry> {
        self.recorder()?;
        let asynchronous = matches!(completion, Completion::Cookie(_));
        let either = |call, call_async| Message::Other(if asynchronous { call_async } else { call });
        let message = match call {
            Call::CreatePrimary(surface) => {
                return record::create_primary(&self.memory, surface, asynchronous);
            }
            Call::AddSlot(_) => either(call::ADD_SLOT, call::ADD_SLOT_ASYNC),
            Call::RemoveSlot { .. } => Message::Other(call::REMOVE_SLOT),
            Call::ResetSlots => Message::Other(call::RESET_SLOTS),
            Call::DriverUnload => Message::Other(call::DRIVER_UNLOAD),
            Call::DestroyPrimary => Message::DestroyPrimary { asynchronous },
            Call::DestroySurface(_) => either(call::DESTROY_SURFACE, call::DESTROY_SURFACE_ASYNC),
            Call::DestroySurfaces => Message::DestroySurfaces { asynchronous },
            Call::UpdateArea { .. } => either(call::UPDATE_AREA, call::UPDATE_AREA_ASYNC),
            Call::FlushSurfaces => Message::Other(call::FLUSH_SURFACES),
            Call::MonitorsConfig { .. } => Message::Other(call::MONITORS),
            Call::ResetImageCache => Message::ResetImageCache,
            Call::ResetCursor => Message::ResetCursor,
            Call::Stop => Message::Stop,
            Call::LoadCommands(_) => Message::Other(call::LOAD_COMMANDS),
            Call::ShutDown => Message::Other(call::END),
        };
        Some(Entry::message(&message))
    }
}
